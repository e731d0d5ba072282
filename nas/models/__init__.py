"""Networks: from a config to a `torch.nn.Module`, its cost, its layers."""

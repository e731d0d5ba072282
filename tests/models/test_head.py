import torch

from nas import Dense, Head
from nas.models.head import build_head


def test_a_head_pools_maps_and_ends_in_logits():
    torch.manual_seed(0)
    head = build_head(Head(dense=(Dense(width=6, activation="linear"),), dropout=0.5), (5, 3, 2), 4).eval()
    maps = torch.randn(2, 5, 3, 2)
    torch.testing.assert_close(head(maps), head.output(head.dense1(maps.mean((2, 3)))))


def test_a_flat_head_keeps_the_places():
    head = build_head(Head(pool="flatten"), (5, 3, 2), 4)
    maps = torch.randn(2, 5, 3, 2)
    torch.testing.assert_close(head(maps.to(memory_format=torch.channels_last)), head.output(maps.flatten(1)))

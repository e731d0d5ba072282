"""The same training as nas does, as plain as can be: fp32, torch's own layers, nothing saved, nothing fused.

Shares with nas the config, the images and the definition of a trial (which parts, which order, how weights start), and
none of the code that builds and trains networks.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from nas import ConvNet, ReduceOnPlateau, TrialConfig
from nas.data.splits import Splits


def build(model: ConvNet, channels: int, side: int, classes: int) -> nn.Sequential:
    """A `ConvNet` with He's random weights and biases of zero: the same as in nas under the same torch seed."""
    layers: list[nn.Module] = []
    width = channels
    for _ in range(model.conv_layers):
        layers.append(nn.Conv2d(width, model.filters, model.kernel_size, padding=model.kernel_size // 2))
        width = model.filters
        layers += [nn.BatchNorm2d(width)] if model.batch_norm else []
        layers.append(nn.ReLU())
        if model.max_pool and side > 1:
            layers.append(nn.MaxPool2d(2))
            side //= 2
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    for _ in range(model.dense_layers):
        layers.append(nn.Linear(width, model.dense_width))
        width = model.dense_width
        layers += [nn.BatchNorm1d(width)] if model.batch_norm else []
        layers.append(nn.ReLU())
        layers += [nn.Dropout(model.dropout)] if model.dropout else []
    layers.append(nn.Linear(width, classes))
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.weight[0].numel()))
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers)


def train(config: TrialConfig, splits: Splits) -> float:
    """Validation accuracy after the last epoch; nan if the loss did not stay finite."""
    assert isinstance(config.model, ConvNet)
    train, val = splits.train, splits.val
    images, labels = _scaled(train.pixels, splits), train.labels
    val_images, val_labels = _scaled(val.pixels, splits), val.labels
    torch.manual_seed(config.seed)
    model = build(config.model, images.shape[1], images.shape[2], len(splits.info.class_names))
    optimizer = torch.optim.Adam(model.parameters(), lr=config.optimizer.lr)
    schedule = _schedule(config, optimizer)
    shuffling = torch.Generator().manual_seed(config.seed)
    accuracy = 0.0
    for _ in range(config.epochs):
        model.train()
        order = torch.randperm(len(labels), generator=shuffling)
        total = torch.zeros(())
        for batch in _batches(order, config.batch_size):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            total += loss.detach()
        if not math.isfinite(total.item()):
            return math.nan
        accuracy = _accuracy(model, val_images, val_labels)
        schedule.step(accuracy)
    return accuracy


def _scaled(pixels: Tensor, splits: Splits) -> Tensor:
    """Mean 0 and deviation 1 in each channel of the train part."""
    return (pixels.float() / 255 - splits.mean.view(-1, 1, 1)) / splits.std.view(-1, 1, 1)


def _schedule(config: TrialConfig, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.ReduceLROnPlateau:
    """torch waits for one epoch more than its patience."""
    assert isinstance(config.schedule, ReduceOnPlateau)
    factor, patience = config.schedule.factor, config.schedule.patience - 1
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau
    return plateau(optimizer, mode="max", factor=factor, patience=patience, threshold=0.0, eps=0.0)


def _batches(order: Tensor, size: int) -> Iterator[Tensor]:
    """A single image left over joins the batch before it."""
    parts = list(torch.split(order, size))
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [torch.cat(parts[-2:])]
    yield from parts


@torch.no_grad()
def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    model.eval()
    found = torch.cat([model(part).argmax(1) for part in torch.split(images, 256)])
    return float((found == labels).float().mean())

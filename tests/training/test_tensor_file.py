"""Tensors written here are what the safetensors package reads."""

import io
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, load_file
from torch import Tensor

from nas.training.tensor_file import write_tensors


def written(tensors: dict[str, Tensor]) -> bytes:
    file = io.BytesIO()
    write_tensors(file, tensors)
    return file.getvalue()


TYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
]  # fmt: skip


def test_every_type_comes_back_equal(tmp_path: Path) -> None:
    numbers = torch.arange(-3, 9).reshape(3, 4)
    tensors = {str(kind).removeprefix("torch."): numbers.to(kind) for kind in TYPES}
    (tmp_path / "a.safetensors").write_bytes(written(tensors))
    found = load_file(tmp_path / "a.safetensors")
    assert found.keys() == tensors.keys()
    assert all(found[name].dtype == own.dtype and torch.equal(found[name], own) for name, own in tensors.items())


def test_shapes_and_layouts(tmp_path: Path) -> None:
    shared = torch.arange(24.0).reshape(2, 3, 4)
    tensors = {
        "one number": torch.tensor(5),
        "none": torch.zeros(0, 3),
        "transposed": shared.mT,
        "a part": shared[:, 1],
        "tied": shared,
        "channels last": torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last),
        "learned, Größe": torch.nn.Parameter(torch.rand(3)),
    }
    found = load(written(tensors))
    assert {name: tensor.shape for name, tensor in found.items()} == {name: own.shape for name, own in tensors.items()}
    assert all(torch.equal(found[name], own) for name, own in tensors.items())


def test_no_tensor_at_all() -> None:
    assert load(written({})) == {}


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^phase is of torch\.complex128, which"):
        written({"phase": torch.zeros(2, dtype=torch.complex128)})

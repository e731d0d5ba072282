"""What a network does with an image, operation by operation: where it can be cut, and from where on it varies."""

import copy
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nas.records import Shape


@dataclass
class Call:
    """One call of a module, or of a method that is watched like one. begins, ends: how many operations had been run by
    then. taken: its only argument, None if it had others. inner: the calls that it made.
    """

    path: str
    begins: int
    taken: Tensor | None
    ends: int = 0
    given: object = None
    inner: list["Call"] = field(default_factory=list)


@dataclass(frozen=True)
class Boundary:
    """A place where one tensor passes from module to module. units: the modules before it, which run one after the
    other and nothing else does. ends: how many operations they run.
    """

    units: tuple[str, ...]
    ends: int
    tensor: Tensor


@dataclass
class _Value:
    """A tensor from the operation that made it to the last one that read it."""

    tensor: Tensor
    made: int
    read: int = 0


class Trace:
    """A network in training mode, run on the meta device, where nothing is computed.

    calls: of its modules, outermost first. weighted: the operations (from 1) that read weights or statistics.
    fixed: how many operations, from the first, do the same in every epoch: none of them reads a trained weight, draws a
    random number or keeps a statistic.
    """

    def __init__(self, network: nn.Module, shape: Shape, methods: Iterable[str] = ()) -> None:
        """shape: of an image (channels, height, width). methods: paths of those that take and give one tensor."""
        twin = _twin(network).train()
        images = torch.empty(2, *shape, device="meta")
        self.calls: list[Call] = []
        operations = _Operations([*twin.parameters(), *twin.buffers()], images)
        _watch(twin, _Record(self.calls, operations), methods)
        with torch.no_grad(), operations:
            twin(images)
        self.weighted = operations.weighted
        self.fixed = operations.fixed
        self._times = Counter(call.path for call in _all(self.calls))
        self._values = operations.values
        self._images = images

    def boundaries(self) -> Iterator[Boundary]:
        """Where the network can be cut: all that comes after needs but the tensor there. In the order of a run."""
        return (found for found in self._chain(self.calls, (), self._images, 0) if self._parts(found))

    def _chain(self, calls: Iterable[Call], before: tuple[str, ...], now: Tensor, done: int) -> Iterator[Boundary]:
        """Follow the tensor from call to call, into them too, as long as each takes just what the one before gave."""
        for call in calls:
            if call.taken is not now or call.begins != done or self._times[call.path] != 1:
                return
            yield from self._chain(call.inner, before, now, done)
            if not isinstance(call.given, Tensor):
                return
            before, now, done = (*before, call.path), call.given, call.ends
            yield Boundary(before, done, now)

    def _parts(self, boundary: Boundary) -> bool:
        """Whether no later operation reads what was made before, except the tensor that passes."""
        return not any(
            value.made <= boundary.ends < value.read and value.tensor is not boundary.tensor for value in self._values
        )


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch does not say
    """Counts operations, and notes which values each reads and makes."""

    def __init__(self, state: Iterable[Tensor], images: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0
        self.weighted: list[int] = []
        self.values = [_Value(images, made=0)]
        self._newest = {id(images): self.values[0]}
        self._state = {id(tensor): tensor for tensor in state}
        self._varies: int | None = None

    @property
    def fixed(self) -> int:
        """See `Trace`."""
        return self.count if self._varies is None else self._varies - 1

    def __torch_dispatch__(self, op: Any, _: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        varies = torch.Tag.nondeterministic_seeded in op.tags
        for tensor in _tensors((args, kwargs)):
            if id(tensor) in self._state:
                self.weighted.append(self.count)
                varies |= tensor.requires_grad
            elif id(tensor) in self._newest:
                self._newest[id(tensor)].read = self.count
        made = op(*args, **(kwargs or {}))
        for tensor in _tensors(made):
            varies |= id(tensor) in self._state  # written in place: a statistic that is kept
            self._newest[id(tensor)] = _Value(tensor, self.count)
            self.values.append(self._newest[id(tensor)])
        if varies and self._varies is None:
            self._varies = self.count
        return made


def _tensors(values: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


def _twin(network: nn.Module) -> nn.Module:
    """The same network on the meta device; the weights are not copied."""
    memo: dict[int, Any] = {
        id(weights): nn.Parameter(torch.empty_like(weights, device="meta"), requires_grad=weights.requires_grad)
        for weights in network.parameters()
    }
    memo |= {id(buffer): torch.empty_like(buffer, device="meta") for buffer in network.buffers()}
    return copy.deepcopy(network, memo)


class _Record:
    """Notes calls as they are entered and left."""

    def __init__(self, calls: list[Call], operations: _Operations) -> None:
        self._calls, self._operations = calls, operations
        self._under_way: list[Call] = []

    def enter(self, path: str, given: tuple[object, ...], named: object = None) -> None:
        alone = given[0] if len(given) == 1 and not named and isinstance(given[0], Tensor) else None
        call = Call(path, self._operations.count, alone)
        (self._under_way[-1].inner if self._under_way else self._calls).append(call)
        self._under_way.append(call)

    def leave(self, given: object) -> None:
        call = self._under_way.pop()
        call.ends, call.given = self._operations.count, given


def _watch(network: nn.Module, record: _Record, methods: Iterable[str]) -> None:
    """Note the calls of all modules inside the network, and of these methods."""
    for path, module in network.named_modules():
        if module is not network:
            module.register_forward_pre_hook(lambda _, *given, path=path: record.enter(path, *given), with_kwargs=True)
            module.register_forward_hook(lambda *given: record.leave(given[-1]))
    for path in methods:
        owner, _, name = path.rpartition(".")
        _watch_method(network.get_submodule(owner), name, path, record)


def _watch_method(owner: nn.Module, name: str, path: str, record: _Record) -> None:
    method = getattr(owner, name)

    def noted(taken: Tensor) -> object:
        record.enter(path, (taken,))
        given = method(taken)
        record.leave(given)
        return given

    owner.__dict__[name] = noted


def _all(calls: Iterable[Call]) -> Iterator[Call]:
    for call in calls:
        yield call
        yield from _all(call.inner)

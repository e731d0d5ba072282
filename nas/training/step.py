"""One optimizer step on one batch, in micro-batches where it does not fit into memory at once."""

import math

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from nas.training.out_of_memory import first_line, free_memory, is_out_of_memory
from nas.training.precision import Forward
from nas.training.random_state import GlobalRandom
from nas.training.regularise import Regulariser
from nas.training.tasks import Task


class Step:
    """Updates a model's weights, one batch at a time.

    micro_batch: how many images go through the network together at most; None for whole batches. Where memory runs out
    it is halved, for that batch and all later ones, down to one image, or two where batch norm is trained. The
    micro-batches' gradients add up to that of the batch, which sees the same images as before. What differs: batch norm
    takes its statistics of each micro-batch, and dropout draws other masks.
    """

    def __init__(
        self, forward: Forward, task: Task, optimizer: torch.optim.Optimizer, regulariser: Regulariser
    ) -> None:
        self.forward, self.task, self.optimizer, self.regulariser = forward, task, optimizer, regulariser
        self.micro_batch: int | None = None
        self._buffers = list(forward.model.buffers())
        self._before = [torch.empty_like(buffer) for buffer in self._buffers]

    def __call__(self, pixels: Tensor, labels: Tensor) -> Tensor:
        """Update the weights from a batch (see `Forward` and `Task.loss`). Returns its loss, still on the device.

        Raises:
            MemoryError: not even the smallest micro-batch fits.
            ValueError: batch norm cannot train on the one image that there is.
        """
        loss = self._add_gradients(pixels, labels)
        self.regulariser.clip_gradients()
        self.optimizer.step()
        self.regulariser.clip_weights()
        return loss

    def _add_gradients(self, pixels: Tensor, labels: Tensor) -> Tensor:
        """Try until the batch has gone through, each time from the same state of random numbers and statistics."""
        random = GlobalRandom(pixels.device)
        self._copy(self._buffers, self._before)
        while True:
            self.optimizer.zero_grad(set_to_none=True)
            try:
                return self._backward(pixels, labels)
            except (RuntimeError, MemoryError, ValueError) as error:
                if not is_out_of_memory(error):
                    _explain(error)
                    raise
                self._halve(len(labels), error)
            free_memory(pixels.device)  # not before the error is gone: its frames hold the tensors
            self._copy(self._before, self._buffers)
            random.restore()

    def _backward(self, pixels: Tensor, labels: Tensor) -> Tensor:
        """Backwards through the batch, micro-batch by micro-batch. Returns its loss."""
        count = self._parts(len(labels))
        if count == 1:
            loss = self.regulariser.penalise(self.task.loss(self.forward(pixels), labels))
            loss.backward()  # type: ignore[no-untyped-call]
            return loss.detach()
        total = torch.zeros((), device=pixels.device)
        parts = zip(pixels.tensor_split(count), labels.tensor_split(count), strict=True)
        for number, (some, theirs) in enumerate(parts):
            loss = self.task.loss(self.forward(some), theirs) * (len(theirs) / len(labels))
            if number == 0:
                loss = self.regulariser.penalise(loss)  # once for the whole batch
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _parts(self, size: int) -> int:
        """Into how many micro-batches, of nearly the same size, a batch of so many images is cut."""
        if self.micro_batch is None:
            return 1
        return max(1, min(math.ceil(size / self.micro_batch), size // self._least))

    @property
    def _least(self) -> int:
        """The fewest images that may go through the network together."""
        layers = self.forward.model.modules()
        return 2 if any(isinstance(layer, _BatchNorm) and layer.training for layer in layers) else 1

    def _halve(self, size: int, error: BaseException) -> None:
        """Let fewer images go through together than those of this batch that did not fit.

        Raises:
            MemoryError: naming the micro-batch, if it cannot be smaller.
        """
        parts = self._parts(size)
        tried = math.ceil(size / parts)
        self.micro_batch = max(self._least, tried // 2)
        if self._parts(size) == parts:
            raise MemoryError(f"not even a micro-batch of {tried} fits: {first_line(error)}") from error

    @staticmethod
    def _copy(source: list[Tensor], target: list[Tensor]) -> None:
        if source:
            torch._foreach_copy_(target, source)


def _explain(error: BaseException) -> None:
    """torch tells shapes where the size of the batch is meant.

    Raises:
        ValueError: in its place.
    """
    if "more than 1 value per channel" in str(error):
        what = "batch_size: batch norm cannot be trained on one image at a time, with nothing left of its map"
        raise ValueError(f"{what}; use 2 or more, or leave batch norm out") from error

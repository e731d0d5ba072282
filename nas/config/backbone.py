"""Published networks, whole or as a backbone with a head of one's own, and which of their layers are trained."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nas.config.fields import Positive, Share, Side
from nas.config.layers import Head
from nas.config.models import Model
from nas.config.networks import NETWORKS
from nas.space.checks import has_hole
from nas.space.config import Component, Rule
from nas.space.mistakes import near


class Unfreeze(Component, kind="unfreeze"):
    """Which of a backbone's leaf layers are trained, counted in forward order from 0. The head always is."""

    def rules(self) -> Iterator[Rule]:
        """Only its kinds can be used."""
        if type(self) is Unfreeze:
            yield "", "Unfreeze itself names no layers; use Frozen, All, Top or Slice"

    def chosen(self, layers: int) -> range:
        """The trained layers of so many. ValueError where there are none such: it says how many there are."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """How it is called as an option of a choice."""
        return self.kind


class Frozen(Unfreeze, kind="frozen"):
    """No layer of the backbone is trained."""

    def chosen(self, layers: int) -> range:
        """None."""
        return range(0)


class All(Unfreeze, kind="all"):
    """Every layer of the backbone is trained."""

    def chosen(self, layers: int) -> range:
        """All of them."""
        return range(layers)


class Top(Unfreeze, kind="top"):
    """The last `layers` leaf layers of the backbone are trained."""

    layers: Positive

    if TYPE_CHECKING:

        def __init__(self, layers: int) -> None: ...

    else:

        def __init__(self, /, layers=None, **values):
            super().__init__(**({} if layers is None else {"layers": layers}), **values)

    def chosen(self, layers: int) -> range:
        """The last ones. ValueError where there are fewer."""
        if self.layers > layers:
            raise ValueError(f"Top({self.layers}) is out of range: there are {layers} layers")
        return range(layers - self.layers, layers)

    @property
    def label(self) -> str:
        """`top_40`."""
        return self.kind if has_hole(self) else f"top_{self.layers}"


class Slice(Unfreeze, kind="slice"):
    """The leaf layers from `start` up to, not including, `stop`, as Python slices a list: -80, -40 or 0, 40."""

    start: int
    stop: int

    if TYPE_CHECKING:

        def __init__(self, start: int, stop: int) -> None: ...

    else:

        def __init__(self, /, start=None, stop=None, **values):
            given = {"start": start, "stop": stop}
            super().__init__(**{name: value for name, value in given.items() if value is not None}, **values)

    def chosen(self, layers: int) -> range:
        """Those layers. ValueError where an end is out of range, or the slice is empty or reversed."""
        start, stop = (end + layers if end < 0 else end for end in (self.start, self.stop))
        shown = f"Slice({self.start}, {self.stop})"
        if not 0 <= start <= layers or not 0 <= stop <= layers:
            raise ValueError(f"{shown} is out of range: there are {layers} layers")
        if start >= stop:
            what = "empty" if start == stop else "reversed"
            raise ValueError(f"{shown} is {what}: of {layers} layers it means {start} to {stop}")
        return range(start, stop)

    @property
    def label(self) -> str:
        """`slice_-80:-40`."""
        return self.kind if has_hole(self) else f"slice_{self.start}:{self.stop}"


class Backbone(Model, kind="backbone"):
    """A published network by its name; `nas list backbones` shows them all.

    weights: None for random ones; "imagenet" for the published ones; or the path of a file (safetensors or a state
    dict), or of a folder that holds NAME.safetensors, NAME.pth or NAME.pt. What the images must look like follows them.
    unfreeze: the layers that are trained.
    head: None keeps the network's own classifier, its last layer made for the classes; else this head on its last map.
    dropout: in the network's own classifier; None keeps the published rate.
    resize_to: height and width in pixels that images are brought to first, on the device (bilinear); None keeps them.
    """

    name: str
    weights: str | None = None
    unfreeze: Unfreeze = All()
    head: Head | None = None
    dropout: Share | None = None
    resize_to: Side | None = None

    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913
            self,
            name: str,
            *,
            weights: str | None = None,
            unfreeze: Unfreeze = ...,
            head: Head | None = None,
            dropout: float | None = None,
            resize_to: int | None = None,
            l1: float = 0.0,
            l2: float = 0.0,
        ) -> None: ...

    else:

        def __init__(self, /, name=None, **values):
            super().__init__(**({} if name is None else {"name": name}), **values)

    @property
    def label(self) -> str:
        """The network's name, as an option of a choice."""
        return self.name if isinstance(self.name, str) else self.kind

    def rules(self) -> Iterator[Rule]:
        """The network must be known, and the layers to train must be among its own."""
        if self.name not in NETWORKS:
            yield "name", f"unknown network {self.name!r}; {near(self.name, NETWORKS)}"
            return
        if self.dropout is not None and self.head is not None:
            yield "dropout", "belongs to the network's own classifier; set head.dropout instead"
        if not has_hole(self.unfreeze):
            try:
                self.unfreeze.chosen(NETWORKS[self.name].layers)
            except ValueError as error:
                yield "unfreeze", f"{error} in {self.name}; `nas show --layers {self.name}` lists them"

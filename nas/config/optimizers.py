"""What updates the weights."""

from collections.abc import Iterator

from nas.config.fields import Above0, NonNegative, Share
from nas.space.config import Component, Rule


class Optimizer(Component, kind="optimizer"):
    """What updates the weights. Frozen weights are left alone by all of it, weight decay among it."""

    lr: Above0 = 1e-3
    weight_decay: NonNegative = 0.0


class Adam(Optimizer, kind="adam"):
    """Adam (Kingma & Ba 2014) with its published defaults; weight decay is added to the gradient."""

    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Above0 = 1e-8


class AdamW(Optimizer, kind="adamw"):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter 2017)."""

    weight_decay: NonNegative = 1e-2
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Above0 = 1e-8


class SGD(Optimizer, kind="sgd"):
    """Stochastic gradient descent with momentum."""

    lr: Above0 = 0.1
    momentum: Share = 0.9
    nesterov: bool = False

    def rules(self) -> Iterator[Rule]:
        """Nesterov's method looks ahead along the momentum."""
        if self.nesterov and self.momentum == 0:
            yield "nesterov", "needs momentum above 0, got momentum=0.0; raise it"


class RMSprop(Optimizer, kind="rmsprop"):
    """Gradients divided by a moving root mean square of themselves (Tieleman & Hinton 2012)."""

    decay: Share = 0.9
    momentum: Share = 0.0
    eps: Above0 = 1e-7


class Adadelta(Optimizer, kind="adadelta"):
    """Steps scaled by the ratio of moving root mean squares of steps and gradients (Zeiler 2012)."""

    lr: Above0 = 1.0
    rho: Share = 0.95
    eps: Above0 = 1e-7

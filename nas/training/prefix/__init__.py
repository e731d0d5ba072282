"""The frozen layers at the start of a network, run once instead of in every epoch."""

from nas.training.prefix.seen import Seen as Seen
from nas.training.prefix.seen import see as see
from nas.training.prefix.seen import see_images as see_images

"""Published networks from torchvision and timm: built, adapted to images and classes, frozen by layers."""

from nas.models.backbones.build import build_backbone as build_backbone
from nas.models.backbones.net import BackboneNet as BackboneNet

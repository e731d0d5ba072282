"""What is refused before the first trial, and what a job is made of."""

import pytest

from nas import VGG19, ConvNet, Digits, SearchSpace, SpaceError, TrialConfig, choice, max_params
from nas.config import Model
from nas.models.measure import measure_cost
from nas.records import Cost
from nas.search.preparation import check_named
from nas.space.config import Config


def config(model: Model) -> TrialConfig:
    return TrialConfig(data=Digits(), model=model, epochs=1)


def measure(config: Config) -> Cost | None:
    assert isinstance(config, TrialConfig)
    return measure_cost(config.model, (1, 8, 8), 10)


def test_names_that_could_never_be_trained_are_refused_together() -> None:
    big = ConvNet(conv_layers=1, filters=32, dense_width=8)
    space = SearchSpace(
        name="named",
        template=config(ConvNet(conv_layers=1, filters=choice(4, 32), dense_width=8)),
        constraints=(max_params(500),),
        baselines={"small": config(big.replace(filters=4)), "big": config(big)},
        references={"VGG19": config(VGG19())},
    )
    with pytest.raises(SpaceError) as caught:
        check_named(space, measure)
    big_line, vgg_line = str(caught.value).splitlines()
    assert big_line.startswith("baselines.big: breaks the constraint params <= 500 with ")
    assert vgg_line.startswith("references.VGG19: VGG19 needs 32x32 pixels, got 8x8")


def test_references_lie_outside_and_need_keep_no_constraint() -> None:
    big = ConvNet(conv_layers=1, filters=32, dense_width=8)
    space = SearchSpace(
        name="named",
        template=config(ConvNet(conv_layers=1, filters=choice(4, 32), dense_width=8)),
        constraints=(max_params(500),),
        references={"big": config(big)},
    )
    check_named(space, measure)

import pytest
from torch import nn

from nas.config import SGD, Adam, All, Constant, Cosine, Frozen, Phase, ReduceOnPlateau, Top, TrialConfig
from nas.config import Backbone as BackboneConfig
from nas.training.phases import Part, parts_of, set_trained


@pytest.fixture
def backbone(config: TrialConfig) -> TrialConfig:
    return config.replace(model=BackboneConfig("mobilenet_v2", unfreeze=Frozen()))


def test_without_phases_there_is_one_part(config: TrialConfig) -> None:
    assert parts_of(config) == (Part(0, 6, Adam(lr=0.01), Constant(), None),)


def test_each_phase_lays_its_fields_over_the_part_before(backbone: TrialConfig) -> None:
    phases = (Phase(begins=0.2, unfreeze=Top(40)), Phase(begins=0.5, optimizer=SGD(), schedule=Cosine()))
    parts = parts_of(backbone.replace(phases=phases, epochs=20))
    assert parts == (
        Part(0, 4, Adam(lr=0.01), Constant(), None),
        Part(4, 10, Adam(lr=0.01), Constant(), Top(40)),
        Part(10, 20, SGD(), Cosine(), Top(40)),
    )
    assert [part.epochs for part in parts] == [4, 6, 10]


@pytest.mark.parametrize(
    ("begins", "epochs", "expected"),
    [(0.5, 10, 5), (0.26, 10, 3), (0.01, 10, 1), (0.99, 10, 9), (0.9, 2, 1), (0.1, 2, 1)],
)
def test_a_phase_begins_after_the_first_and_before_the_last_epoch(
    config: TrialConfig, begins: float, epochs: int, expected: int
) -> None:
    parts = parts_of(config.replace(phases=(Phase(begins=begins, optimizer=SGD()),), epochs=epochs))
    assert [(part.begins, part.ends) for part in parts] == [(0, expected), (expected, epochs)]


def test_a_training_of_one_epoch_has_its_last_phase_only(config: TrialConfig) -> None:
    phases = (Phase(begins=0.3, optimizer=SGD()), Phase(begins=0.6, schedule=Cosine()))
    assert parts_of(config.replace(phases=phases, epochs=1)) == (Part(0, 1, SGD(), Cosine()),)


def test_phases_that_begin_together_are_laid_over_each_other(config: TrialConfig) -> None:
    phases = (Phase(begins=0.3, optimizer=SGD(), schedule=Cosine()), Phase(begins=0.6, schedule=ReduceOnPlateau()))
    parts = parts_of(config.replace(phases=phases, epochs=2))
    assert parts == (Part(0, 1, Adam(lr=0.01), Constant()), Part(1, 2, SGD(), ReduceOnPlateau()))


def test_a_phase_that_says_nothing_is_none(config: TrialConfig) -> None:
    assert len(parts_of(config.replace(phases=(Phase(begins=0.5),)))) == 1


def test_trained_layers_are_set_by_the_model() -> None:
    class Freezable(nn.Module):
        def set_trained(self, unfreeze: object) -> None:
            self.told = unfreeze

    model = Freezable()
    set_trained(model, All())
    assert model.told == All()

"""`--gpus-per-trial auto` from the space to the share of a card, with a card that is played."""

from pathlib import Path
from typing import Any

import pytest
import ray
import torch

from nas import Adam, ConvNet, Digits, SearchSpace, TrialConfig, choice, maximize
from nas.models.measure import measure_cost
from nas.records import Cost, DataInfo, DataPlace
from nas.search.executors import card_memory, sharing
from nas.search.executors.card_memory import CardMemory, measure_steps
from nas.search.executors.cards import GIB
from nas.search.executors.sharing import share_by_memory
from nas.space.config import Config
from tests.search.conftest import Toy

PLACE = DataPlace(Path("nowhere"), Path("nowhere"))
INFO = DataInfo((1, 8, 8), tuple("0123456789"), {"train": 1000, "val": 100, "test": 100}, digest="")
MODEL = ConvNet(conv_layers=1, filters=choice(4, 8), dense_layers=0)
SPACE = SearchSpace(
    name="s",
    template=TrialConfig(data=Digits(), model=MODEL, optimizer=Adam(), batch_size=64),
    objectives=(maximize("val_accuracy"),),
)
CARD = [{"CPU": 16.0, "GPU": 1.0}]


class FakeRay:
    """Runs remote functions at once; `memory` stands for what they measure, or is an error."""

    exceptions = ray.exceptions

    def __init__(self, memory: CardMemory | Exception) -> None:
        self.memory = memory
        self.options_given: dict[str, Any] = {}
        self.asked: tuple[Any, ...] = ()

    def remote(self, function: object) -> "FakeRay":
        assert function is measure_steps
        return self

    def options(self, **options: Any) -> "FakeTask":
        self.options_given = options
        return FakeTask(self)

    def get(self, reference: object, timeout: float) -> CardMemory:
        if isinstance(self.memory, Exception):
            raise self.memory
        return self.memory


class FakeTask:
    def __init__(self, owner: FakeRay) -> None:
        self.owner = owner

    def remote(self, *given: Any) -> None:
        self.owner.asked = given


def cost_of(config: Config) -> Cost:
    assert isinstance(config, TrialConfig)
    return measure_cost(config.model, (1, 8, 8), 10)


def play(
    monkeypatch: pytest.MonkeyPatch, memory: CardMemory | Exception, nodes: list[dict[str, float]] = CARD
) -> FakeRay:
    fake = FakeRay(memory)
    monkeypatch.setattr(sharing, "ray", fake)
    monkeypatch.setattr(sharing, "alive_nodes", lambda: nodes)
    return fake


def test_the_largest_network_is_measured_with_a_card_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = play(monkeypatch, CardMemory(2 * GIB, 0, 12 * GIB))
    share = share_by_memory(SPACE, cost_of, PLACE, INFO)
    assert share is not None
    assert share.gpus == 0.25
    assert share.why == "the largest of 64 networks needs 3.0 GiB, and a card has 12.0 GiB free (measured)"
    config, shape, classes, data = fake.asked
    assert (config.model.filters, shape, classes, data) == (8, (1, 8, 8), 10, 1200 * 64)
    assert fake.options_given == {"num_cpus": 1, "num_gpus": 1, "max_retries": 0}


def test_without_cards_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, RuntimeError("must not be asked"), [{"CPU": 2.0}])
    assert share_by_memory(SPACE, cost_of, PLACE, INFO) is None


def test_what_cannot_be_trained_there_is_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, CardMemory(None, 0, 6 * GIB))
    share = share_by_memory(SPACE, cost_of, PLACE, INFO)
    assert share is not None
    assert int(1 / share.gpus) == 11  # of 0.5 GiB and a little
    assert share.why == "the largest of 64 networks needs 0.5 GiB, and a card has 6.0 GiB free (estimated)"


@pytest.mark.parametrize("error", [ray.exceptions.GetTimeoutError(), ray.exceptions.WorkerCrashedError()])
def test_no_answer_leaves_a_card_for_each_trial(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    play(monkeypatch, error)
    share = share_by_memory(SPACE, cost_of, PLACE, INFO)
    assert share is not None
    assert (share.gpus, share.why) == (1, "what the trials need could not be measured on a card")


def test_an_objective_leaves_a_card_for_each_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, RuntimeError("must not be asked"))
    own = SearchSpace(
        name="own", template=Toy(), objectives=(maximize("score"),), epochs=1, objective=lambda config, budget: iter(())
    )
    share = share_by_memory(own, lambda config: None, PLACE, None)
    assert share is not None
    assert (share.gpus, share.why) == (1, "what the trials need of a card cannot be known beforehand")


@pytest.fixture
def played_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_memory, "DEVICE", "cpu")
    allocated = iter((100, 0))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 2000))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: next(allocated))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 700)


@pytest.mark.usefixtures("played_card")
def test_a_measurement_trains_and_leaves_out_the_noise_that_it_trains_on() -> None:
    config = TrialConfig(data=Digits(), model=ConvNet(conv_layers=1, filters=4, dense_layers=0), batch_size=8)
    assert measure_steps(config, (1, 8, 8), 10, 200) == CardMemory(600, 200, 1000)


@pytest.mark.usefixtures("played_card")
def test_images_that_do_not_stay_on_the_card_are_not_counted() -> None:
    config = TrialConfig(data=Digits(), model=ConvNet(conv_layers=1, filters=4, dense_layers=0), batch_size=8)
    assert measure_steps(config, (1, 8, 8), 10, 500) == CardMemory(600, 0, 1000)


@pytest.mark.usefixtures("played_card")
def test_what_cannot_be_built_is_not_measured() -> None:
    config = TrialConfig(data=Digits(), model=ConvNet(conv_layers=1, kernel_size=9, padding="valid"), batch_size=8)
    assert measure_steps(config, (1, 8, 8), 10, 0) == CardMemory(None, 0, 1000)

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas.config import TrialConfig
from nas.training.sampling import Balanced, Rounds, Sampler, build_sampler

SIZES = {"count": st.integers(1, 20), "size": st.integers(1, 50), "epochs": st.integers(1, 6)}


def epochs_of(sampler: Sampler, epochs: int) -> list[list[int]]:
    return [sampler.next_epoch().tolist() for _ in range(epochs)]


@given(**SIZES)
def test_rounds_go_on_where_the_epoch_before_ended(count: int, size: int, epochs: int) -> None:
    dealt = epochs_of(Rounds(count, size, seed=3), epochs)
    assert [len(epoch) for epoch in dealt] == [size] * epochs
    joined = [index for epoch in dealt for index in epoch]
    whole = len(joined) // count * count
    for start in range(0, whole, count):
        assert sorted(joined[start : start + count]) == list(range(count))
    assert len(set(joined[whole:])) == len(joined) - whole


def test_an_epoch_of_all_images_is_a_permutation_of_the_generator() -> None:
    generator = torch.Generator().manual_seed(5)
    expected = [torch.randperm(30, generator=generator).tolist() for _ in range(3)]
    assert epochs_of(Rounds(30, 30, seed=5), 3) == expected


def test_balanced_draws_every_class_equally_often() -> None:
    labels = torch.tensor([0] * 90 + [2] * 9 + [3])  # class 1 has no image
    drawn = labels[Balanced(labels, 30_000, seed=1).next_epoch()].bincount(minlength=4)
    assert drawn[1] == 0
    assert drawn[[0, 2, 3]].tolist() == pytest.approx([10_000] * 3, rel=0.04)


def test_balanced_draws_each_image_of_a_class_equally_often() -> None:
    drawn = Balanced(torch.tensor([0, 0, 1]), 20_000, seed=1).next_epoch().bincount()
    assert drawn.tolist() == pytest.approx([5_000, 5_000, 10_000], rel=0.05)


@pytest.mark.parametrize("balanced", [True, False])
@given(cut=st.integers(0, 4))
def test_goes_on_from_its_state(balanced: bool, cut: int, config: TrialConfig) -> None:
    config = config.replace(class_balanced=balanced, images_per_epoch=7)
    labels = torch.arange(11) % 3
    straight = epochs_of(build_sampler(config, labels), 5)
    first, second = build_sampler(config, labels), build_sampler(config, labels)
    assert epochs_of(first, cut) == straight[:cut]
    second.load_state_dict(first.state_dict())
    assert epochs_of(second, 5 - cut) == straight[cut:]


def test_a_state_holds_no_more_than_the_rest() -> None:
    sampler = Rounds(10_000, 9_999, seed=0)
    sampler.next_epoch()
    assert sampler.state_dict()["rest"].untyped_storage().nbytes() == 8


@pytest.mark.parametrize("balanced", [True, False])
def test_the_seed_decides(balanced: bool, config: TrialConfig) -> None:
    labels = torch.arange(40) % 3
    configs = [config.replace(class_balanced=balanced, seed=seed) for seed in (1, 1, 2)]
    first, again, other = (epochs_of(build_sampler(each, labels), 2) for each in configs)
    assert first == again != other
    assert first[0] != first[1]

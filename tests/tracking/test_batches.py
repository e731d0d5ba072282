from hypothesis import given
from hypothesis import strategies as st

from nas.tracking.appearance import Point
from nas.tracking.batches import batches

sizes = st.lists(st.integers(0, 300), max_size=20)


@given(sizes, st.integers(0, 250), st.integers(0, 250))
def test_batches_hold_everything_once_in_order_within_the_limits(groups: list[int], params: int, tags: int):
    points = [[Point(str(i), 0.0, epoch, epoch) for i in range(size)] for epoch, size in enumerate(groups)]
    texts = {f"p{i}": "" for i in range(params)}
    labels = {f"t{i}": "" for i in range(tags)}
    made = list(batches(points, texts, labels))
    assert [point for batch in made for point in batch.points] == [point for group in points for point in group]
    assert dict(text for batch in made for text in batch.params) == texts
    assert dict(text for batch in made for text in batch.tags) == labels
    for batch in made:
        assert len(batch.params) <= 100
        assert len(batch.tags) <= 100
        assert 0 < len(batch.points) + len(batch.params) + len(batch.tags) <= 1000
    for epoch, size in enumerate(groups):
        assert sum(any(point.step == epoch for point in batch.points) for batch in made) == (size > 0)


def test_nothing_makes_no_batch():
    assert not list(batches([[]], {}, {}))

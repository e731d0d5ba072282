from hypothesis import given, settings
from hypothesis import strategies as st

from nas import MLP, Dense, Head
from nas.cost import head_chain
from nas.records import Cost
from tests.cost.strategies import dense_layers, heads, shares
from tests.cost.traced import formula, traced


def test_an_mlp_small_enough_to_count_by_hand():
    first = Dense(width=5, batch_norm="before", dropout=0.5)
    model = MLP(layers=(first, Dense(width=4, activation="linear")), input_dropout=0.5)
    weights = 13 * 5 + 6 * 4 + 5 * 2
    # dropout of 12; dense, norm, ReLU, dropout of 5; 4; 2
    expected = Cost(weights + 20, weights + 10, 2 * (60 + 20 + 8), 4 * (12 + 4 * 5 + 4 + 2))
    assert formula(model, (1, 3, 4), 2) == traced(model, (1, 3, 4), 2) == expected


def test_an_mlp_takes_the_rows_of_a_table():
    assert formula(MLP(layers=()), (13, 1, 1), 1) == Cost(14, 14, 26, 4)


@settings(deadline=None, max_examples=30)
@given(
    model=st.builds(MLP, layers=dense_layers, input_dropout=shares),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4)),
    classes=st.integers(1, 9),
)
def test_formula_and_trace_agree(model, shape, classes):
    assert traced(model, shape, classes) == formula(model, shape, classes)


@given(head=heads, maps=st.tuples(st.integers(1, 9), st.integers(1, 4), st.integers(1, 4)))
def test_a_head_on_maps_ends_in_the_classes(head, maps):
    assert head_chain(head, maps, 7).shape == (7,)


def test_the_layers_of_a_head_bear_readable_names():
    head = Head(pool="flatten", dense=(Dense(batch_norm="before", dropout=0.5),), dropout=0.2)
    names = "flatten dense1 dense1_norm dense1_relu dense1_dropout dropout output"
    assert list(head_chain(head, (3, 2, 2), 8).parts) == names.split()

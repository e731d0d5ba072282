import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas import SGD, Adam, Component, Config, ConvNet, Digits, SpaceError, TrialConfig
from nas.space.paths import paths, read_value, set_path

CONFIG = TrialConfig(data=Digits(), model=ConvNet(filters=8, kernel_size=3), epochs=2)


class Block(Component, kind="block_for_paths"):
    width: int = 4


class Stack(Config):
    blocks: tuple[Block, ...] = (Block(), Block(width=8))
    sides: tuple[int, ...] = (1, 2)


def test_paths_are_named_like_holes():
    found = dict(paths(CONFIG))
    assert found["model.convnet.filters"] == 8
    assert found["data.digits.val_share"] == 0.15
    assert found["optimizer.adam.lr"] == 1e-3
    assert found["epochs"] == 2
    assert found["model"] == CONFIG.model


def test_paths_lead_into_tuples():
    assert list(dict(paths(Stack()))) == [
        "blocks",
        "blocks.0",
        "blocks.0.block_for_paths.width",
        "blocks.1",
        "blocks.1.block_for_paths.width",
        "sides",
        "sides.0",
        "sides.1",
    ]


def test_one_value_is_changed_and_nothing_else():
    assert set_path(CONFIG, "model.convnet.filters", 32) == CONFIG.replace(model=ConvNet(filters=32, kernel_size=3))
    assert set_path(CONFIG, "epochs", 5) == CONFIG.replace(epochs=5)
    assert CONFIG.epochs == 2


def test_values_in_tuples_are_changed():
    assert set_path(Stack(), "blocks.1.block_for_paths.width", 9) == Stack(blocks=(Block(), Block(width=9)))
    assert set_path(Stack(), "sides.0", 7) == Stack(sides=(7, 2))


def test_a_mapping_with_a_kind_becomes_that_component():
    changed = set_path(CONFIG, "optimizer", {"kind": "sgd", "lr": 0.5})
    assert changed.optimizer == SGD(lr=0.5)
    assert CONFIG.optimizer == Adam()


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        ("model.convnet.filter", 3, "model.convnet.filter: no such value in the config; did you mean model.convnet.f"),
        ("model.convnet.filters", "x", "model.convnet.filters: must be a whole number, got 'x'"),
        ("model.convnet.filters", True, "model.convnet.filters: must be a whole number, got True"),
        (
            "model.convnet.kernel_size", 4,
            'model.convnet.kernel_size: must be odd with padding="same", got 4; change one of them',
        ),
        ("sides.0", 1.5, "sides.0: must be a whole number, got 1.5"),
        ("optimizer", {"kind": "sgdd"}, "optimizer.kind: unknown kind 'sgdd'; did you mean sgd"),
        ("optimizer", {"kind": "sgd", "lr": "x"}, "optimizer.SGD.lr: must be a number, got 'x'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_by_its_path(path, value, line):
    config = Stack() if path.startswith("sides") else CONFIG
    with pytest.raises(SpaceError) as error:
        set_path(config, path, value)
    assert str(error.value).startswith(line)


def test_a_rule_between_fields_names_the_field_that_breaks_it():
    even = CONFIG.replace(model=ConvNet(kernel_size=4, padding="valid"))
    with pytest.raises(SpaceError, match=r"^model\.convnet\.kernel_size: must be odd"):
        set_path(even, "model.convnet.padding", "same")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("32", 32), ("0.5", 0.5), ("1e-3", 1e-3), ("true", True), ("True", True), ("null", None), ("None", None),
        ("valid", "valid"), ('"valid"', "valid"), ("'7'", "7"), ("[1, 2]", (1, 2)), ("(1, 2)", (1, 2)), ("", ""),
        ('{"kind": "sgd"}', {"kind": "sgd"}), ("1_000", 1000), ("same=x", "same=x"), ("(((", "((("),
    ],
)  # fmt: skip
def test_texts_are_read_as_json_or_python_literals_else_as_they_are(text, value):
    assert read_value(text) == value
    assert type(read_value(text)) is type(value)


@given(st.text(max_size=40))
def test_reading_never_fails(text):
    read_value(text)


@given(st.sampled_from([path for path, _ in paths(CONFIG)]))
def test_setting_what_is_there_changes_nothing(path):
    assert set_path(CONFIG, path, dict(paths(CONFIG))[path]) == CONFIG

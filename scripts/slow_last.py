"""pytest plugin of scripts/test: tests marked `slow` form one group at the end, so that they run one after another."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    if is_slow(item):
        item.add_marker(pytest.mark.xdist_group("slow"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=is_slow)


def is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None

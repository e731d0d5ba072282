"""What tests of all parts may need."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.postgres import Server


@pytest.fixture(scope="session")
def postgres_server() -> "Iterator[Server]":
    """One PostgreSQL for all tests of this process. Mark tests with `xdist_group("postgres")` to share it."""
    from tests.postgres import NoPostgres, postgres

    try:
        with postgres() as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture
def postgres_url(postgres_server: "Server") -> str:
    """The URL of an empty database."""
    return postgres_server.fresh()

"""PostgreSQL for tests: the build from the package index does where the system has none; the proxy cuts and mends."""

import shutil
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.postgres import Server


def answer(url: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT 42").fetchone()
        return row and row[0]


@pytest.mark.slow
def test_without_the_systems_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(postgres, "SYSTEM", tmp_path)
    with postgres.postgres() as server:
        assert answer(server.url) == 42
        server.restart()
        assert answer(server.url) == 42
        folder = server.folder
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        answer(server.url)


@pytest.mark.xdist_group("postgres")
def test_proxy(postgres_server: Server) -> None:
    proxy = postgres_server.proxied(postgres_server.fresh())
    with psycopg.connect(proxy.url, autocommit=True) as open_one:
        proxy.cut()
        with pytest.raises(psycopg.OperationalError):
            open_one.execute("SELECT 42")
    with pytest.raises(psycopg.OperationalError):
        answer(proxy.url)
    assert answer(postgres_server.url) == 42
    proxy.mend()
    assert answer(proxy.url) == 42

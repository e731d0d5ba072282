"""A driver whose connection is lost writes again only under its lock, and everything once. Real PostgreSQL, cut off."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import optuna
import psycopg
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from sqlalchemy import Dialect, PoolProxiedConnection

from nas.search.faults import StorageError, Unavailable
from nas.search.insist import Insist
from nas.search.lock import StudyLock, study_lock
from nas.search.opening import open_study
from nas.search.storage import open_storage
from nas.search.trial_rows import read_trials
from nas.search.writer import Writer
from tests.postgres import Proxy, Server
from tests.search.conftest import toy_space

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def proxy(postgres_server: Server) -> Proxy:
    return postgres_server.proxied(postgres_server.fresh())


@pytest.fixture
def opened(proxy: Proxy) -> Iterator[RDBStorage]:
    storage = open_storage(proxy.url)
    yield storage
    storage.engine.dispose()


@pytest.fixture
def lock(opened: RDBStorage) -> Iterator[StudyLock]:
    with study_lock(opened, "toy") as held:
        held.insist = Insist(tell=lambda line: None, sleep=lambda seconds: None, patience=30)
        yield held


def stored(server: Server) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url) as connection:
        query = (
            "SELECT number, state::text, key, value_json FROM trials LEFT JOIN trial_user_attributes USING (trial_id)"
        )
        return connection.execute(query + " ORDER BY 1, 3").fetchall()


@dataclass
class Flapping:
    """Cuts the connection at commits and lets it through again at once."""

    dialect: Dialect
    proxy: Proxy
    commits: int = 0
    cut_at: Callable[[int], bool] = lambda commit: False
    moment: str = "before"

    def __post_init__(self) -> None:
        self.commit = self.dialect.do_commit
        self.dialect.do_commit = self._commit  # type: ignore[method-assign]

    def once(self) -> None:
        """At the next commit."""
        following = self.commits + 1
        self.cut_at = lambda commit: commit == following

    def _commit(self, connection: PoolProxiedConnection) -> None:
        self.commits += 1
        cut = self.cut_at(self.commits)
        if not cut or self.moment == "after":
            self.commit(connection)
        if cut:
            self.proxy.cut()
            self.proxy.mend()
            if self.moment == "before":
                self.commit(connection)
            raise psycopg.OperationalError("server closed the connection unexpectedly")


@pytest.fixture
def flapping(lock: StudyLock, proxy: Proxy) -> Flapping:
    return Flapping(lock.storage.engine.dialect, proxy)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_new_trials_are_made_once(lock: StudyLock, flapping: Flapping, postgres_server: Server, moment: str) -> None:
    flapping.moment = moment
    study = optuna.create_study(storage=Writer(lock), study_name="toy")
    study.ask()
    flapping.once()
    study.enqueue_trial({"x": 1}, user_attrs={"hash": "queued"})
    flapping.once()
    study.enqueue_trial({"x": 1}, user_attrs={"hash": "queued"})
    flapping.once()
    third = study._storage.create_new_trial(study._study_id)
    assert stored(postgres_server) == [
        (0, "RUNNING", None, None),
        (1, "WAITING", "hash", '"queued"'),
        (2, "WAITING", "hash", '"queued"'),
        (3, "RUNNING", None, None),
    ]
    assert [trial._trial_id for trial in read_trials(lock.storage, study._study_id)][3] == third


@pytest.mark.parametrize("moment", ["before", "after"])
def test_verdicts_are_written_once(lock: StudyLock, flapping: Flapping, postgres_server: Server, moment: str) -> None:
    flapping.moment = moment
    study = optuna.create_study(storage=Writer(lock), study_name="toy")
    trial = study.ask()
    flapping.once()
    trial.set_user_attr("curve", [1])
    flapping.once()
    study.tell(trial, 1.0)
    flapping.once()
    study.set_user_attr("names", {})
    assert stored(postgres_server) == [(0, "COMPLETE", "curve", "[1]")]
    assert study.user_attrs == {"names": {}}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_study_is_opened_whatever_is_lost(lock: StudyLock, flapping: Flapping, moment: str) -> None:
    flapping.moment = moment
    flapping.cut_at = lambda commit: commit % 3 == 1
    main = open_study(lock, toy_space(), "random", 0, None)
    flapping.cut_at = lambda commit: False
    assert flapping.commits > 9
    assert [trial.state for trial in main.frozen()] == [TrialState.WAITING] * 2
    assert "fingerprint" in main.study.user_attrs


def test_reads_go_on_too(lock: StudyLock, proxy: Proxy) -> None:
    main = open_study(lock, toy_space(), "random", 0, None)
    proxy.cut()
    lock.insist.sleep = lambda seconds: proxy.mend() if proxy._listener is None else None
    assert len(main.frozen()) == 2


def test_the_lock_is_taken_again_before_anything_is_written(
    lock: StudyLock, proxy: Proxy, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nas.search.lock._SECONDS_TO_DIE", 0.1)
    study = optuna.create_study(storage=Writer(lock), study_name="toy")
    trial = study.ask()
    before = stored(postgres_server)
    proxy.cut()
    with study_lock(open_storage(postgres_server.url), "toy"):
        proxy.mend()
        for change in (
            lambda: trial.set_user_attr("late", 1),
            lambda: study.ask(),
            lambda: study.set_user_attr("late", 1),
            lambda: study.tell(trial, 1.0),
        ):
            with pytest.raises(StorageError, match=r"study toy: process \d+ on .* is searching it now"):
                change()
        assert stored(postgres_server) == before
        assert study.user_attrs == {}


def test_another_driver_in_between_is_noticed(lock: StudyLock, proxy: Proxy, postgres_server: Server) -> None:
    study = optuna.create_study(storage=Writer(lock), study_name="toy")
    trial = study.ask()
    proxy.cut()
    with study_lock(open_storage(postgres_server.url), "toy") as other:
        optuna.load_study(storage=Writer(other), study_name="toy").get_trials()
    proxy.mend()
    with pytest.raises(StorageError, match="study toy: another process has had it while the storage was away"):
        trial.set_user_attr("late", 1)
    assert stored(postgres_server) == [(0, "RUNNING", None, None)]


def test_our_own_lost_session_does_not_lock_us_out(lock: StudyLock, postgres_server: Server) -> None:
    study = optuna.create_study(storage=Writer(lock), study_name="toy")
    with ExitStack() as alive:
        half_open = lock._connection.connection.dbapi_connection  # type: ignore[attr-defined]
        alive.callback(half_open.close)
        lock._connection.connection.detach()  # type: ignore[attr-defined]  # the server knows nothing of the loss
        lock._connection.invalidate()  # type: ignore[attr-defined]
        study.set_user_attr("still", "ours")
    assert study.user_attrs == {"still": "ours"}


def test_what_the_database_refuses_for_good_is_one_line(opened: RDBStorage, postgres_server: Server) -> None:
    with study_lock(opened, "toy") as held:
        study = optuna.create_study(storage=Writer(held), study_name="toy")
        postgres_server.run("DROP TABLE trials CASCADE", "nas")
        with pytest.raises(StorageError, match=r'storage postgresql.*nas:\*\*\*@.*"trials" does not exist; ') as caught:
            study.ask()
    assert not isinstance(caught.value, Unavailable)
    assert len(str(caught.value).splitlines()) == 1

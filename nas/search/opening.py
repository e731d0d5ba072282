"""Opening a study: created or continued, its fingerprint checked, its baselines and references queued once."""

import warnings
from collections.abc import Iterable, Mapping

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import RandomSampler
from optuna.storages import RDBStorage

from nas.records import DataInfo
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.search.lock import StudyLock, as_lock
from nas.search.samplers import make_sampler
from nas.search.storage import StorageError
from nas.search.writer import Writer
from nas.space.algebra import config_hash, encode
from nas.space.config import Config
from nas.space.describe import difference, fingerprint
from nas.space.mistakes import near
from nas.space.search_space import Objective, SearchSpace
from nas.space.tasks import task_of

REFERENCES = ".references"


class UnknownStudy(StorageError):
    """There is no study of that name: one line with near names."""


class StudyChanged(RuntimeError):
    """The study was begun with another space or other data: the lines say what differs."""

    def __init__(self, name: str, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        shown = "\n".join(f"  {line}" for line in self.lines)
        super().__init__(
            f"study {name}: begun with another space or other data; use --fresh or --name to start another\n{shown}"
        )


def open_study(
    storage: StudyLock | RDBStorage, space: SearchSpace, sampler: str, seed: int, data: DataInfo | None
) -> Ledger:
    """The ledger of the study, created if it is new. Baselines that it does not know yet are queued.

    storage: the lock on the study; the storage itself only where nobody else can write to it.

    Raises:
        StudyChanged: a study of this name has another fingerprint. Nothing has been changed then.
    """
    print_now = fingerprint(space, data.digest if data else "")
    lock = as_lock(storage)
    begun_with = _begun_with(lock.storage, space.name)
    _refuse_change(space.name, begun_with, print_now)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study = optuna.create_study(
            storage=Writer(lock),
            study_name=space.name,
            directions=[objective.direction for objective in space.objectives],
            load_if_exists=True,
        )
        if begun_with is None:
            study.set_metric_names([objective.metric for objective in space.objectives])
    study.sampler = make_sampler(sampler, seed + len(study.get_trials(deepcopy=False)))
    if begun_with is None:  # new, or its driver died before this point
        study.set_user_attr("objectives", [[o.metric, o.direction] for o in space.objectives])
        study.set_user_attr("fingerprint", print_now)
    ledger = Ledger(study, lock.storage, space.objectives)
    _name_and_queue(ledger, space, space.baselines, "baseline")
    _set(study, "published", {name: dict(figures) for name, figures in space.published.items()})
    if data is not None:
        _set(study, "task", task_of(space.template))
        _set(study, "class_names", list(data.class_names))
        _set(study, "counts", dict(data.counts))
    return ledger


def check_unchanged(storage: RDBStorage, space: SearchSpace) -> None:
    """What can be said about the fingerprint before the data has been read: everything but its digest.

    Raises:
        StudyChanged: the study was begun with another space.
    """
    begun_with = _begun_with(storage, space.name)
    known = find_study(storage, space.name)
    if known is not None and begun_with is None and known.get_trials(deepcopy=False):
        raise StorageError(f"study {space.name}: was not begun by nas; use another --name")
    digest = (begun_with or {}).get("data", "")
    _refuse_change(space.name, begun_with, fingerprint(space, digest))


def _begun_with(storage: RDBStorage, name: str) -> dict[str, str] | None:
    """The fingerprint of the study; None where it is new, or its driver died before it was stored."""
    known = find_study(storage, name)
    return known.user_attrs.get("fingerprint") if known else None


def _refuse_change(name: str, before: dict[str, str] | None, now: dict[str, str]) -> None:
    if before is not None and (lines := difference(before, now)):
        raise StudyChanged(name, lines)


def open_references(storage: StudyLock | RDBStorage, space: SearchSpace) -> Ledger:
    """The ledger of the references, in a study of their own, so that no sampler ever sees them; under the same lock."""
    lock = as_lock(storage)
    study = optuna.create_study(
        storage=Writer(lock),
        study_name=space.name + REFERENCES,
        load_if_exists=True,
        sampler=RandomSampler(),
        direction=space.objectives[0].direction,
    )
    ledger = Ledger(study, lock.storage, space.objectives[:1])
    _name_and_queue(ledger, space, space.references, "reference")
    return ledger


def find_study(storage: RDBStorage, name: str) -> optuna.Study | None:
    """The study of that name, None where there is none."""
    try:
        return optuna.load_study(storage=storage, study_name=name)
    except KeyError:
        return None


def require_study(storage: RDBStorage, name: str) -> optuna.Study:
    """The study of that name.

    Raises:
        UnknownStudy: there is none; near names are told.
    """
    study = find_study(storage, name)
    if study is None:
        hint = near(name, study_names(storage)) or "no study has been searched yet"
        raise UnknownStudy(f"study {name}: there is no such study; {hint}")
    return study


def study_names(storage: RDBStorage) -> list[str]:
    """All studies of the storage, without their references."""
    names = optuna.get_all_study_names(storage)
    return sorted(name for name in names if not name.endswith(REFERENCES))


def read_ledgers(storage: RDBStorage, name: str, layout: Layout | None = None) -> tuple[Ledger, Ledger | None]:
    """The ledger of a study and that of its references (None if it has none), for reading. Changes nothing.

    layout: lets records say where their findings are.

    Raises:
        UnknownStudy: there is no such study, or it is not one of nas.
    """
    study = require_study(storage, name)
    if "objectives" not in study.user_attrs:
        raise UnknownStudy(f"study {name}: was not begun by nas; choose another")
    objectives = tuple(Objective(metric, direction) for metric, direction in study.user_attrs["objectives"])
    main = Ledger(study, storage, objectives, study.user_attrs.get("names", {}), layout)
    references = find_study(storage, name + REFERENCES)
    return main, Ledger(references, storage, objectives[:1], layout=layout) if references else None


def free_name(storage: RDBStorage, name: str) -> str:
    """The name itself, or with the first number that no study bears: `name-2`, `name-3`..."""
    taken, candidate, number = set(study_names(storage)), name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def _name_and_queue(ledger: Ledger, space: SearchSpace, configs: Mapping[str, Config], kind: str) -> None:
    """Note which names each config bears, then queue those that no trial has yet; a crash between is mended here."""
    names: dict[str, list[str]] = {}
    first: dict[str, Config] = {}
    for name, config in configs.items():
        names.setdefault(config_hash(config), []).append(name)
        first.setdefault(config_hash(config), config)
    ledger.names = {**ledger.study.user_attrs.get("names", {}), **names}
    _set(ledger.study, "names", ledger.names)
    known = {frozen.user_attrs.get("hash") for frozen in ledger.outlines()}
    for digest, config in first.items():
        if digest not in known:
            params = encode(space.template, config) if kind == "baseline" else {}
            ledger.enqueue(config, params, {kind: names[digest][0]} if kind == "reference" else {})


def _set(study: optuna.Study, name: str, value: object) -> None:
    if study.user_attrs.get(name) != value:
        study.set_user_attr(name, value)

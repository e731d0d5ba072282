"""The files of MLflow runs: a trial's config, details and findings; of a study, what its data looks like."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas.job import FINDINGS
from nas.tracking.appearance import CONFIG_FILE, CONFIG_TAG, DETAILS_FILE, KIND_TAG, STUDY_TAG
from nas.tracking.record import TrialRecord

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

DATA = "data"
"""The name and kind of the run that shows a study's data."""


def write_trial_files(client: "MlflowClient", run_id: str, record: TrialRecord, known: Mapping[str, str]) -> None:
    """Store the config, unless a tag says that it is there, and what a trial that has ended left behind."""
    if record.config and CONFIG_TAG not in known:
        _write_json(client, run_id, record.config, CONFIG_FILE)
    if record.verdict is None:
        return
    if record.details:
        _write_json(client, run_id, record.details, DETAILS_FILE)
    if record.folder is not None and Path(record.folder).is_dir():
        client.log_artifacts(run_id, record.folder, FINDINGS)


def write_data_run(client: "MlflowClient", experiment: str, study: str, draw: Callable[[], Path]) -> bool:
    """Store the folder that `draw` fills in a run of its own, once for each study. Returns whether it was missing.

    A run without its end was broken off: its files are written again.
    """
    found = client.search_runs([experiment], f"tags.`{KIND_TAG}` = '{DATA}'", max_results=1)
    if found and found[0].info.status == "FINISHED":
        return False
    folder = draw()
    tags = {KIND_TAG: DATA, STUDY_TAG: study, "mlflow.source.name": "nas"}
    run = found[0] if found else client.create_run(experiment, tags=tags, run_name=DATA)
    client.log_artifacts(run.info.run_id, str(folder))
    client.set_terminated(run.info.run_id, "FINISHED")
    return True


def _write_json(client: "MlflowClient", run_id: str, data: Mapping[str, Any], name: str) -> None:
    client.log_text(run_id, json.dumps(data, indent=2, ensure_ascii=False, default=str), name)

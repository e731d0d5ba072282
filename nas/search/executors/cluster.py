"""Ray itself: started here or connected to, and its processes warmed up. Does not load Tune, which takes a second."""

import logging
import os
from typing import Any, Literal

import ray
from ray._private import node

from nas.search.executors.resources import Resources, share_out

_ENVIRONMENT = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_TRAIN_COUNT_PREEMPTION_AS_FAILURE": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "86400",
    "TUNE_MAX_PENDING_TRIALS_PG": "1",
    "TUNE_WARN_THRESHOLD_S": "60",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}

_OWN_CLUSTER = {
    # Ray's 15 lets any other process starve the trials: a study of 40 s took 9 minutes beside other work. They run at
    # the priority of the command that started them, as a script of one's own would; `nice nas search ...` is kinder.
    "RAY_worker_niceness": "0",
    # Tune runs a trial in a thread, whose memory glibc would keep apart from the main one's and hand back to the system
    # after every step, whatever `freed_memory_kept` says: ten thousand page faults a step, not one or two thousand.
    "MALLOC_ARENA_MAX": "1",
}


class _BareNode(node.Node):
    """A node without the processes that no trial needs, for which Ray has no switch: they take as long to start as all
    the others, and their memory.
    """

    def start_api_server(self, *, include_dashboard: bool | None, raise_on_failure: bool) -> None:
        """No web server, not even that for what is left of the dashboard without its pages."""

    def start_monitor(self) -> None:
        """Nothing asks for more nodes."""

    def start_log_monitor(self) -> None:
        """Nobody reads the workers' output: it stays in their files."""


def start_ray(address: str | None) -> None:
    """Start Ray here, or connect to the cluster at `address`. Takes seconds: call it in a thread of its own.

    Without an address a cluster of its own is started always (a file that an ended one left behind would otherwise
    mislead Ray), with its dashboard off. Ray 2.60 listens on all of this machine's addresses, whatever it is
    asked.
    """
    for name, value in {**_ENVIRONMENT, **(_OWN_CLUSTER if address is None else {})}.items():
        os.environ.setdefault(name, value)
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    if address is not None:
        ray.init(address=address, **options)
        return
    whole, node.Node = node.Node, _BareNode  # type: ignore[misc]
    try:
        ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1", **options)
    finally:
        node.Node = whole  # type: ignore[misc]


def alive_nodes() -> list[dict[str, float]]:
    """What each node of the connected cluster has: its `CPU`, its `GPU`."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def resources_for(jobs: int | None, gpus_per_trial: float | Literal["auto"] | None, trials: float) -> Resources:
    """Share out what the connected cluster has; see `share_out`. `auto` is a card for each trial, for the time being:
    see `share_by_memory`.
    """
    return share_out(alive_nodes(), jobs, None if gpus_per_trial == "auto" else gpus_per_trial, trials)

"""Ray itself: started here or connected to, and its processes warmed up. Does not load Tune, which takes a second."""

import contextlib
import gc
import logging
import os
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from functools import partial
from subprocess import Popen
from typing import Any, Literal

import ray
from ray import _raylet
from ray._private import node, ray_constants, services, worker

from nas.search.executors.address import answers, check_address, parse_address
from nas.search.executors.folder import RayFolder
from nas.search.executors.resources import ResourceError, Resources, share_out

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

_SYSTEM = {"gcs_server_request_timeout_seconds": 15}
"""Not 60: some calls wait so long for a dead GCS, whatever signals come; one that lives answers within milliseconds."""

_TO_CONNECT = {"RAY_gcs_server_port_wait_time_s": "1"}
"""What answers at an address may not be Ray: to be tried once, which takes up to 30 s, and not 20 times."""

CHECK_SECONDS = 2.0
MISSES = 3
"""An address that does not answer so often in a row is dead: 10 s at most, for a network may be gone for a moment."""


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


class Cluster:
    """The Ray that this process works with: its own, or the one at `address`. There is one at a time."""

    def __init__(self, address: str | None = None) -> None:
        self.address = address
        self._folder: RayFolder | None = None
        self._environment: dict[str, str | None] = {}
        self._misses = 0
        self._checked = 0.0

    def start(self) -> None:
        """Start Ray here, or connect to it. Takes seconds.

        Without an address a cluster of its own is started always, and only this process and its children can use it:
        it listens on loopback alone, with its dashboard off, and takes no call without a token that is made up here.

        Raises:
            ResourceError: it cannot be had: one line with the reason.
        """
        own = self.address is None
        if self.address is not None:
            check_address(self.address)
        self._misses = 0
        self._set({**_ENVIRONMENT, **(_OWN_CLUSTER if own else _TO_CONNECT)}, over=False)
        if own:
            self._set({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}, over=True)
        _read_token()
        try:
            self._start_own() if own else _init(address=self.address)
        except Exception as error:
            self.stop()
            raise ResourceError(self._refusal(_reason(error))) from error

    def _refusal(self, reason: str) -> str:
        if self.address is None:
            return f"Ray: could not be started here ({reason}); see what memory and disk are left"
        return (
            f"--address: the Ray cluster at {self.address} cannot be used ({reason}); "
            "check its version, and RAY_AUTH_TOKEN if it asks for a token"
        )

    def _start_own(self) -> None:
        self._folder = RayFolder()
        with _loopback_only(), _bare(), _apart():
            _init(
                address="local",
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
                _temp_dir=str(self._folder.ray),
                _system_config=_SYSTEM,
            )

    def stop(self) -> None:
        """End it, or disconnect. Nothing stays of a cluster of our own: no process, no folder, no token."""
        gc.collect()  # what Tune leaves behind calls Ray when it goes, and Ray ends a process that calls it too late
        gc.disable()
        try:
            ray.shutdown()
        finally:
            gc.enable()
        if self._folder is not None:
            self._folder.delete()
            self._folder = None
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._environment.clear()

    def trouble(self) -> str:
        """Why Ray is dead; empty while it is not. Called several times a second."""
        if self.address is None:
            return dead_process()
        if time.monotonic() - self._checked >= CHECK_SECONDS:
            self._checked = time.monotonic()
            why = self._unanswered(self.address)
            self._misses = self._misses + 1 if why else 0
            if self._misses >= MISSES:
                return f"the cluster at {self.address} does not answer ({why})"
        return ""

    def _unanswered(self, text: str) -> str:
        address = parse_address(text)
        return "not HOST:PORT" if address is None else answers(address, CHECK_SECONDS)

    def _set(self, variables: Mapping[str, str], over: bool) -> None:
        """Set variables for Ray and its processes until `stop`; without `over` the user's own count."""
        for name, value in variables.items():
            if over or name not in os.environ:
                self._environment.setdefault(name, os.environ.get(name))
                os.environ[name] = value


def _init(**options: Any) -> None:
    # Ray prints into stdout whatever its daemons complain of; nas tells the cause of a death itself
    worker.print_to_stdstream = lambda *told, **how: None
    ray.init(log_to_driver=False, logging_level=logging.ERROR, configure_logging=True, **options)


def _read_token() -> None:
    """Ray reads mode and token once, when it is imported; this is what it does when it makes up a token itself."""
    _raylet.Config.initialize("")  # type: ignore[attr-defined]
    _raylet.AuthenticationTokenLoader.instance().reset_cache()  # type: ignore[attr-defined]


@contextlib.contextmanager
def _loopback_only() -> Iterator[None]:
    """Ray takes 127.0.0.1 for a mistake, looks for the machine's address in the network and listens on all of them. On
    systems for which it has no clusters it does not, and then its processes bind to loopback.
    """
    before, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


@contextlib.contextmanager
def _bare() -> Iterator[None]:
    whole, node.Node = node.Node, _BareNode  # type: ignore[misc]
    try:
        yield
    finally:
        node.Node = whole  # type: ignore[misc]


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Ray's processes get a session of their own: a signal to the driver's group, from a terminal or a batch system, is
    for the driver to act on. Without its daemons it would take half a minute to come to its end.
    """
    ours: Any = services
    before, ours.ConsolePopen = ours.ConsolePopen, partial(ours.ConsolePopen, start_new_session=True)
    try:
        yield
    finally:
        ours.ConsolePopen = before


def dead_process() -> str:
    """Which process of our own cluster has ended, and how; empty while all run, and where it is not our own."""
    ours = worker._global_node
    dead: list[tuple[str, Popen[bytes]]] = ours.dead_processes() if ours is not None else []
    for kind, process in dead:
        code = process.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"its {kind} {how}"
    return ""


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def alive_nodes() -> list[dict[str, float]]:
    """What each node of the connected cluster has: its `CPU`, its `GPU`."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def resources_for(jobs: int | None, gpus_per_trial: float | Literal["auto"] | None, trials: float) -> Resources:
    """Share out what the connected cluster has; see `share_out`. `auto` is a card for each trial, for the time being:
    see `share_by_memory`.
    """
    return share_out(alive_nodes(), jobs, None if gpus_per_trial == "auto" else gpus_per_trial, trials)

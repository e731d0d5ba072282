"""Ray of our own takes no call from strangers: it listens on loopback alone, and wants a token that nobody is told."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from nas.search.executors.address import check_address
from tests.drills.processes import descendants, listening

STARTED = """
import json, os, sys
from nas.search.executors.cluster import Cluster
cluster = Cluster()
cluster.start()
import ray
from ray._private import worker
print(json.dumps({"address": ray.get_runtime_context().gcs_address, "folder": str(cluster._folder.path),
                  "token": os.environ["RAY_AUTH_TOKEN"], "url": worker._global_node.webui_url or ""}), flush=True)
sys.stdin.readline()
cluster.stop()
print(json.dumps({"token": "RAY_AUTH_TOKEN" in os.environ}), flush=True)
"""

STRANGER = """
import sys
from ray._raylet import GcsClient
client = GcsClient(address=sys.argv[1])
print("in", client.get_all_node_info())
"""
JOINING = """
import sys, ray
from ray._private import ray_constants
ray_constants.ENABLE_RAY_CLUSTER = False  # or it would look for 127.0.0.1 at the machine's other address
ray.init(address=sys.argv[1], log_to_driver=False)
print("in", ray.get(ray.remote(lambda: 7).remote()))
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A running one; its `pid` is that of its driver. HOME holds no token."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    env["HOME"] = str(tmp_path_factory.mktemp("home"))
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )
    assert process.stdin
    assert process.stdout
    yield {**json.loads(process.stdout.readline()), "pid": process.pid, "home": env["HOME"]}
    process.stdin.write("end\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline()) == {"token": False}
    assert process.wait(30) == 0


@pytest.mark.slow
def test_it_listens_on_loopback_alone(cluster: dict[str, Any]) -> None:
    found = {place for pid in [cluster["pid"], *descendants(cluster["pid"])] for place in listening(pid)}
    assert len(found) >= 4  # the GCS, the raylet, its object manager, the workers
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert {address for address, _ in found} <= loopback
    outside = own_address()
    for _, port in found if outside else ():
        with (
            pytest.raises((ConnectionRefusedError, TimeoutError)),
            socket.create_connection((outside, port), timeout=2),
        ):
            pass


@pytest.mark.slow
@pytest.mark.parametrize("program", [STRANGER, JOINING], ids=["lists", "submits"])
@pytest.mark.parametrize("token", [None, "0" * 64], ids=["without", "wrong"])
def test_a_stranger_gets_nothing(cluster: dict[str, Any], program: str, token: str | None, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    env |= {"HOME": str(tmp_path), "RAY_gcs_server_port_wait_time_s": "1"}
    env |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {"RAY_AUTH_MODE": "disabled"}
    done = subprocess.run(
        [sys.executable, "-c", program, cluster["address"]],
        capture_output=True, text=True, timeout=60, env=env, check=False,
    )  # fmt: skip
    assert "in " not in done.stdout
    assert "Authentication" in done.stderr


@pytest.mark.slow
def test_nobody_else_reads_its_folder_or_its_token(cluster: dict[str, Any]) -> None:
    assert Path(cluster["folder"]).stat().st_mode & 0o077 == 0
    assert not list(Path(cluster["home"]).rglob("*token*"))
    for file in Path(cluster["folder"]).rglob("*"):
        with suppress(OSError):
            assert not file.is_file() or cluster["token"].encode() not in file.read_bytes(), file
    for pid in [cluster["pid"], *descendants(cluster["pid"])]:
        assert cluster["token"].encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.slow
def test_it_answers_as_ray_does(cluster: dict[str, Any]) -> None:
    check_address(cluster["address"])


@pytest.mark.slow
def test_its_dashboard_is_off(cluster: dict[str, Any]) -> None:
    assert cluster["url"] == ""


def own_address() -> str:
    """This machine's address in its network; empty where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # sends nothing
        return str(probe.getsockname()[0])
    return ""

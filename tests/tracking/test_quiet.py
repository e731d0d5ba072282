import os
import subprocess
import sys

import pytest

ASK = """
import importlib, os
from mlflow.environment_variables import MLFLOW_MODEL_CATALOG_URI
from mlflow.telemetry.utils import FALLBACK_UI_CONFIG, is_telemetry_disabled
from nas.tracking.quiet import quiet_environment
usage = importlib.import_module("ray._common.usage.usage_lib")

def ask():
    print(is_telemetry_disabled(), bool(MLFLOW_MODEL_CATALOG_URI.get()), usage.usage_stats_enabled())

ask()
os.environ.update(quiet_environment())
ask()
print(FALLBACK_UI_CONFIG["disable_ui_telemetry"])
"""


@pytest.mark.slow
def test_the_environment_turns_off_what_is_otherwise_sent():
    """Asks the libraries themselves, in a process without any variable that this machine may have set."""
    bare = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", ASK], env=bare, capture_output=True, text=True, check=True)
    without, quiet, page_is_off = done.stdout.splitlines()
    assert without == "False True True"
    assert quiet == "True False False"
    assert page_is_off == "True"  # what MLflow's server tells its page when telemetry is disabled

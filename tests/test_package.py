"""The names of `import nas`: every one that a type checker sees can be had, and none loads early."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nas


def test_names_for_the_checker_are_the_names_at_run_time() -> None:
    tree = ast.parse(Path(nas.__file__).read_text(encoding="utf-8"))
    seen = {alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen - {None} == set(nas.__all__)


def test_every_name_can_be_had() -> None:
    assert all(getattr(nas, name).__name__ == name for name in nas.__all__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'nas' has no attribute 'ConvNett'"):
        nas.ConvNett  # type: ignore[attr-defined]  # noqa: B018


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, nas; print(*[name for name in ('pydantic', 'torch', 'ray', 'mlflow') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

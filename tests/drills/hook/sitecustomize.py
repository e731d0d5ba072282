"""On PYTHONPATH this lets a drill look at training from outside, in the driver and in every worker, and slow it down.

NAS_DRILL_JOURNAL: a file to which each epoch adds a line when it begins and one when it ends.
NAS_DRILL_EPOCH_SECONDS: how much longer epochs take, `0,0,60` the first, the second, all others.
NAS_DRILL_CHECKPOINT_SECONDS: between two checkpoints.
NAS_DRILL_WRITE_SECONDS: how long a checkpoint stays half written.

Python runs this file at its start. The product knows nothing of it: two of its classes are wrapped once loaded.
"""

import importlib.abc
import importlib.machinery
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_newest_folder = ""


def note(**facts: Any) -> None:
    """A line of the journal, written in one piece."""
    if journal := os.environ.get("NAS_DRILL_JOURNAL"):
        line = json.dumps({"folder": _newest_folder, "process": os.getpid(), "time": time.time(), **facts}) + "\n"
        descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)


def wrap_training(module: ModuleType) -> None:
    advance = module.Training.advance

    @wraps(advance)
    def noted(self: Any) -> None:
        epoch = len(self.history) + 1
        note(begins=epoch)
        seconds = os.environ.get("NAS_DRILL_EPOCH_SECONDS", "0").split(",")
        time.sleep(float(seconds[min(epoch, len(seconds)) - 1]))
        advance(self)
        note(ends=epoch)

    module.Training.advance = noted  # type: ignore[attr-defined]


def wrap_checkpoints(module: ModuleType) -> None:
    folder, write_file = module.CheckpointFolder, module.write_file
    begin = folder.__init__

    @wraps(begin)
    def noted(self: Any, path: Any, *arguments: Any, **named: Any) -> None:
        global _newest_folder
        _newest_folder = str(path)
        begin(self, path, *arguments, **named)
        if seconds := os.environ.get("NAS_DRILL_CHECKPOINT_SECONDS"):
            self.least_seconds = float(seconds)

    @wraps(write_file)
    def slowly(path: Any, write: Callable[[Any], str], **named: Any) -> Any:
        def write_and_wait(file: Any) -> str:
            name = write(file)
            file.flush()
            time.sleep(float(os.environ.get("NAS_DRILL_WRITE_SECONDS", "0")))
            return name

        return write_file(path, write_and_wait, **named)

    folder.__init__ = noted
    module.write_file = slowly  # type: ignore[attr-defined]


_WRAPPED = {"nas.training.training": wrap_training, "nas.training.checkpoint": wrap_checkpoints}


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        _WRAPPED[module.__name__](module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in _WRAPPED:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                assert spec.loader is not None
                spec.loader = _Loader(spec.loader)
                return spec
        return None


sys.meta_path.insert(0, _Finder())

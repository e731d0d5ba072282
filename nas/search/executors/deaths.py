"""What a worker process died of, from what Ray says and from the file in which a dying Python leaves its last words."""

import re
import sysconfig
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nas.job import TrialJob
from nas.records import TrialFailure

_FRAME = re.compile(r'  File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<name>.+)')
_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_SIGNALS = {
    "Segmentation fault": "SIGSEGV, segmentation fault",
    "Bus error": "SIGBUS, bus error",
    "Floating point exception": "SIGFPE, floating point exception",
    "Illegal instruction": "SIGILL, illegal instruction",
    "Aborted": "SIGABRT, aborted",
}
_RAYS_OWN_KILL = ("OutOfMemoryError", "OUT_OF_MEMORY", "OOM_KILLED", "low on memory")


@dataclass(frozen=True)
class Death:
    """again: whether the trial may have another attempt. counts: whether it may be the trial's fault."""

    failure: TrialFailure
    again: bool = True
    counts: bool = True


def death_of(job: TrialJob, told: str, out_of_memory: bool) -> Death:
    """Why the job's worker process died.

    told: what Ray says of it. out_of_memory: whether the kernel has ended a process since for want of memory.
    """
    words = _last_words(job.fault)
    if words.startswith("Timeout"):
        cause = f"timed out after {job.timeout or 0:g} s (--trial-timeout){_place(words)}"
        return Death(TrialFailure(cause, words), again=False)
    if words.startswith("Fatal Python error: "):
        error = words.partition("\n")[0].removeprefix("Fatal Python error: ")
        return Death(TrialFailure(f"{_SIGNALS.get(error, error)}{_place(words)}", words))
    if any(word in told for word in _RAYS_OWN_KILL):
        return Death(TrialFailure("out of memory: Ray ended it to keep the machine alive"))
    if "node has died" in told or "node was preempted" in told or "node was terminated" in told:
        return Death(TrialFailure("its node died"), counts=False)
    if out_of_memory:
        return Death(TrialFailure("out of memory: the kernel ended it"))
    if "SIGTERM" in told:
        return Death(TrialFailure("SIGTERM, told to end"))
    if "End of file" in told:  # of its socket: nothing was there to say goodbye
        return Death(TrialFailure("SIGKILL, or it ended itself at once"))
    return Death(TrialFailure(_last_line(told)))


def kernel_kills() -> int:
    """How many processes the kernel of this machine has ended for want of memory; 0 where it does not say."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def _last_words(file: Path) -> str:
    with suppress(OSError):
        return file.read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _place(words: str) -> str:
    """Where it happened: the innermost line of the thread concerned outside of Python's and other people's packages."""
    threads = re.split(r"\n(?=Current thread|Thread)", words)
    current = [thread for thread in threads if thread.startswith("Current thread")] or threads
    frames = [frame for thread in current for frame in _FRAME.finditer(thread)]
    if not frames:
        return ""
    own = [frame for frame in frames if not frame["file"].startswith(_INSTALLED)]
    frame = (own or frames)[0]
    return f" in {frame['name']}, {frame['file']}:{frame['line']}"


def _last_line(told: str) -> str:
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    telling = [line for line in lines if "died" in line or "Error:" in line]
    return next(iter([*telling[-1:], *lines[-1:]]), "no reason was given")

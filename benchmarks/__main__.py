"""`python -m benchmarks NAME`: run one benchmark and print its table; `--json FILE` keeps the figures."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.stats import keep
from benchmarks.workloads import WORKLOADS
from nas.environment import environment
from nas.tracking.quiet import quiet_environment

os.environ.update(quiet_environment())


def speed(arguments: argparse.Namespace) -> dict[str, Any]:
    """Verdicts an hour against the peers."""
    from benchmarks.speed import measure, place_of, prepared

    place = place_of(arguments.device, arguments.gpus_per_trial)
    sides = ["nas", *arguments.peers.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        task = prepared(arguments.workload, Path(folder), arguments.trials, arguments.scale, arguments.data)
        return measure(task, sides, place, arguments.repeats, arguments.json)


def gate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Whether the fast path judges as a plain loop does."""
    from benchmarks.gate import Plan, measure

    plan = Plan(arguments.configs, arguments.seeds, arguments.epochs, arguments.max_mflops)
    return measure(plan, arguments.jobs, arguments.json)


def overhead(arguments: argparse.Namespace) -> dict[str, Any]:
    """Control overhead of a trial against the bare training loop."""
    from benchmarks.overhead import measure

    return measure(arguments.repeats)


def first_result(arguments: argparse.Namespace) -> dict[str, Any]:
    """Time to the first result against an empty Ray Tune run."""
    from benchmarks.first_result import measure

    return measure(arguments.repeats)


def growth(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a trial costs in a large study against a small one."""
    from benchmarks.growth import measure

    return measure(arguments.trials)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    names = parser.add_subparsers(required=True, metavar="NAME")

    def add(name: str, work: Callable[[argparse.Namespace], dict[str, Any]], repeats: int) -> argparse.ArgumentParser:
        child = names.add_parser(name, help=work.__doc__, description=work.__doc__)
        child.set_defaults(work=work)
        if repeats:
            child.add_argument("--repeats", type=int, default=repeats, help="interleaved repeats (default %(default)s)")
        child.add_argument("--json", type=Path, help="write the figures to this file")
        return child

    fast = add("speed", speed, 5)
    fast.add_argument("--workload", choices=WORKLOADS, default="digits", help="default %(default)s")
    fast.add_argument("--peers", default="p1", help="p1, p0, or p1,p0 (default %(default)s)")
    fast.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    fast.add_argument("--gpus-per-trial", type=float, default=1.0, help="on cuda, of both sides (default %(default)s)")
    fast.add_argument("--trials", type=int, help="only so many of the workload's configs")
    fast.add_argument("--scale", type=float, default=1.0, help="share of the images (of digits: of the epochs)")
    fast.add_argument("--data", type=Path, help="folder of CIFAR-10, in place of images made here")
    judged = add("gate", gate, 0)
    judged.add_argument("--configs", type=int, default=30)
    judged.add_argument("--seeds", type=int, default=3)
    judged.add_argument("--epochs", type=int, default=4)
    judged.add_argument("--max-mflops", type=float, default=400.0, help="larger draws are passed over (default 400)")
    judged.add_argument("--jobs", type=int, help="processes; else one a core")
    add("overhead", overhead, 5)
    add("first-result", first_result, 5)
    add("growth", growth, 0).add_argument("--trials", type=int, default=2000, help="default %(default)s")
    return parser.parse_args()


def main() -> int:
    """Parse, run, print. Returns 1 where something did not pass."""
    arguments = parse()
    figures = {"environment": environment(), **arguments.work(arguments)}
    keep(figures, arguments.json)
    return 0 if figures.get("passed", True) else 1


if __name__ == "__main__":
    sys.exit(main())

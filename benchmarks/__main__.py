"""`python -m benchmarks NAME`: run one benchmark and print its table; `--json FILE` keeps the figures."""

import argparse
import json
import os
import sys
from pathlib import Path

from nas.environment import environment
from nas.tracking.quiet import quiet_environment

os.environ.update(quiet_environment())

NAMES = ("overhead", "first-result")


def main() -> int:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--repeats", type=int, default=3, help="interleaved repeats (default 3)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    if arguments.name == "overhead":
        from benchmarks.overhead import measure
    else:
        from benchmarks.first_result import measure
    figures = {"environment": environment(), **measure(arguments.repeats)}
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

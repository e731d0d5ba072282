"""How many cases the fuzz tests try, and how they notice a hang. `NAS_FUZZ_CASES` is 10000 in the nightly form."""

import faulthandler
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, Phase, settings

from tests.pace import check_time

CASES = int(os.environ.get("NAS_FUZZ_CASES", "100"))

fuzz = settings(
    max_examples=CASES,
    deadline=None,  # no_hang() judges the time, by the processor's clock
    database=None,
    print_blob=True,
    phases=[Phase.generate, Phase.shrink],  # to explain a failure may take minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
"""To be put on a test: `@fuzz` above `@given(...)`."""

HANG = 2.0
_LOST = 20


@contextmanager
def no_hang(seconds: float = HANG) -> Iterator[None]:
    """Fail where the block takes more of the processor than so many seconds; end the process where it never returns."""
    faulthandler.dump_traceback_later(_LOST, exit=True)
    began = time.process_time()
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
    took = time.process_time() - began
    check_time(took, seconds)

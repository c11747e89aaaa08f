"""Runs the benchmark of the store alone, a program without sockets, and reads what it prints."""

import os
import subprocess
from dataclasses import dataclass

from servers import ROOT, Failure

PROGRAM = os.environ.get("CUBBY_STORE_BENCH", str(ROOT / "build" / "tests" / "store_bench"))
RUN_TIMEOUT = 120  # seconds


@dataclass(frozen=True)
class StoreFigures:
    work: str
    unlocked: float  # operations a second of one thread that takes no locks, as in the daemon with one thread
    locked: float  # of one thread that takes them
    two_threads: float

    @property
    def ratio(self):
        return self.two_threads / self.unlocked


def measure(rounds):
    """A list of StoreFigures."""
    try:
        done = subprocess.run(
            [PROGRAM, str(rounds)], capture_output=True, text=True, timeout=RUN_TIMEOUT, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Failure(f"the store's benchmark: {error}") from None
    rows = (line.split("\t") for line in done.stdout.splitlines()[1:])
    return [StoreFigures(work, *map(float, figures)) for work, *figures in rows]

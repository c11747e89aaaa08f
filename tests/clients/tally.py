"""Counts what a test script checks and ends it with the line "N passed, N failed"."""

import os
import sys

PORT = os.environ["CUBBY_PORT"]
DEADLINE = 20  # seconds

_passed = 0
_failed = 0


def check(name, condition, detail=""):
    """One fact. When it does not hold, its name and the detail are printed."""
    global _passed, _failed
    if condition:
        _passed += 1
    else:
        _failed += 1
        print(f"not ok: {name}: {detail!r}")


def equal(name, got, want):
    check(name, got == want, f"want {want!r}, got {got!r}")


def finish():
    print(f"{_passed} passed, {_failed} failed")
    sys.exit(1 if _failed else 0)

"""A GET and a SET must not cost more instructions than recorded: fails when one costs over 10% more.

The record, expected.json, holds the instructions of one request, by the machine that the daemon is built for and the
compiler that built it: other compilers make other code. Where nothing is recorded for these there is nothing to compare
with, and the test says so. With --record it counts and records: after a change that is worth what it costs, and after
one that saves.
"""

import json
import os
import platform
import re
import sys
from pathlib import Path

from count import count

RECORD = Path(__file__).with_name("expected.json")
TOLERANCE = 0.10
HOW_TO_RECORD = "./dev test instructions --record"


def build_name(daemon):
    """What the figures hold for: "x86_64, gcc 12". A compiler leaves its name in what it compiles."""
    content = Path(daemon).read_bytes()
    # The start-up code that comes with the system is by gcc everywhere.
    for compiler, mark in (("clang", rb"clang version (\d+)\."), ("gcc", rb"GCC: \([^)]*\) (\d+)\.")):
        found = re.search(mark, content)
        if found:
            return f"{platform.machine()}, {compiler} {int(found[1])}"
    return f"{platform.machine()}, unknown compiler"


def read_record():
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def write_record(record):
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def compare(name, instructions, recorded):
    """Whether a work costs no more than it may."""
    if recorded is None:
        print(f"not ok: {name}: {instructions} instructions, not recorded: {HOW_TO_RECORD}")
        return False
    change = instructions / recorded - 1
    summary = f"{name}: {instructions} instructions a request, recorded {recorded} ({change:+.1%})"
    if change > TOLERANCE:
        print(f"not ok: {summary}")
        return False
    print(f"{summary}{f'; record the gain: {HOW_TO_RECORD}' if change < -TOLERANCE else ''}")
    return True


def test(daemon):
    """Prints the comparison and returns how many works were compared and how many of them failed."""
    record, name = read_record(), build_name(daemon)
    if name not in record:
        known = "; ".join(sorted(record)) or "nothing"
        print(f"skipped: recorded for {known}; the daemon is built for {name}. To record: {HOW_TO_RECORD}")
        return 0, 0
    counted = count(daemon)
    good = [compare(work, instructions, record[name].get(work)) for work, instructions in counted.items()]
    return len(good), good.count(False)


def main():
    daemon = os.environ.get("CUBBYD", "build/cubbyd")
    if sys.argv[1:] == ["--record"]:
        write_record({**read_record(), build_name(daemon): count(daemon)})
    elif sys.argv[1:]:
        sys.exit("usage: test_instructions.py [--record]")
    compared, failed = test(daemon)
    print(f"{compared - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

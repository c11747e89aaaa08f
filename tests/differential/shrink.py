"""Makes the history of a difference short, by running it again and again without some of its steps."""

import time
from dataclasses import replace

PATIENCE = 15  # seconds for one difference


def shrink(duel, program, difference):
    """The shortest program found in time that ends in the same difference, and that difference."""
    end = time.monotonic() + PATIENCE
    steps = program.steps[: difference.index + 1]
    found = _again(duel, program, steps, difference)
    if found is None:
        return program, difference
    length = len(steps) // 2
    while length > 0 and time.monotonic() < end:
        at = 0
        while at < len(steps) and time.monotonic() < end:
            fewer = steps[:at] + steps[at + length :]
            shorter = _again(duel, program, fewer, difference)
            if shorter is None:
                at += length
            else:
                found, steps = shorter, fewer[: shorter.index + 1]
        length //= 2
    return replace(program, steps=steps), found


def _again(duel, program, steps, difference):
    """The difference that these steps end in, if it is of the same kind."""
    found = duel.run(replace(program, steps=steps))
    return found if found and found.kind() == difference.kind() else None

"""What a server has promised to keep, from the settings that were in force.

Under appendfsync always whatever was answered is kept. Otherwise what was answered longer ago than a second is. What
was answered after the append-only file was switched off is not, until it is on again and has been rewritten.
"""

from dataclasses import dataclass, field, replace

AGE = 1.0  # seconds
BETWEEN_SYNCS = 1.0  # seconds; the last one before a kill was no longer ago, and may still be under way
NEVER = float("inf")


@dataclass
class Promise:
    """Times are of the monotonic clock, which all processes share. Periods are lists of [from, to]."""

    ended: float = NEVER  # when it was over: nothing was sent or answered after that
    aging: float = NEVER  # what was answered a second before this must be there, whatever the policy: the last sync
    always: list = field(default_factory=list)  # in which the policy was surely always
    off: list = field(default_factory=list)  # in which the file was perhaps off, or on and not rewritten yet

    def holds(self, sent, answered):
        """Whether the effect of a command must be there."""
        if answered >= self.ended or self.is_off_since(answered):
            return False
        if answered < self.aging - AGE:
            return True
        return any(begin <= sent and answered <= end for begin, end in self.always)

    def is_off_since(self, time=NEVER):
        """Whether the file is off at the end, and has been since before that time."""
        return any(begin <= time and self.ended <= end for begin, end in self.off)

    def at(self, ended, aging):
        """The same promise for an end at another time."""
        return replace(self, ended=ended, aging=aging)


def begin(periods, time):
    """A period begins, unless one is open."""
    if not periods or periods[-1][1] != NEVER:
        periods.append([time, NEVER])


def end(periods, time):
    if periods and periods[-1][1] == NEVER:
        periods[-1][1] = time

"""What clients have sent and what came for it; and whether the state that a server came back with is a moment of that
history, late enough to hold what was promised.
"""

from dataclasses import dataclass, field

from commands import SHARED_COUNT, SHARED_KEYS, own_mark
from model import SHARED_DB, Contradiction, differing, from_observed, is_transaction, step, window_of
from wire import text

NOT_ANSWERED = float("inf")


@dataclass
class Entry:
    """A command or a transaction (a list of commands). Times are of the monotonic clock."""

    command: list
    sent: float = 0
    answered: float = NOT_ANSWERED
    reply: tuple = None
    mark: int = 0  # the number of the client's shared transaction that this is


@dataclass
class Verdict:
    """What is said of the state that came back. Numbers count the entries of the client's log."""

    client: int
    failure: str = None
    sent: int = 0
    answered: int = 0
    promised: int = 0  # so many must be there
    least: int = 0  # so many surely are there
    most: int = 0  # no more than so many can be there
    certain_until: float = 0  # when the last of those was sent that surely are there
    oldest_lost: float = 0  # how many seconds before the end the oldest one was answered that is not there
    first_mark: int = 0  # how many shared transactions this client had before
    marks: list = field(default_factory=list)  # (number, sent, answered) of its shared transactions
    witnessed: list = field(default_factory=list)  # (client, number) of shared transactions that a promised answer showed
    answers: list = field(default_factory=list)  # when the entries were answered, in order


class History:
    """One client's. base: what its databases held before, as daemon.observe() gives it; offset: what is to be added to a
    time of the log for unix seconds."""

    def __init__(self, client, base, offset):
        self.client = client
        self.log = []
        self._base = base
        self._offset = offset

    def judge(self, observed, until, promise):
        """The verdict on what was observed of the own databases at some time until then (unix milliseconds). What was sent
        after the promise's end was not sent, what was answered after it was not answered."""
        log = [entry for entry in self.log if entry.sent < promise.ended]
        verdict = Verdict(self.client, sent=len(log), answered=sum(entry.answered < promise.ended for entry in log))
        verdict.promised = _count_promised(log[: verdict.answered], promise)
        verdict.first_mark = int(self._base.get((SHARED_DB, own_mark(self.client)), (b"0", None))[0])
        try:
            fitting = [
                count for count, states in self._moments(log, promise)
                if any([state.matches(observed, until) for state in states])
            ]  # fmt: skip
        except Contradiction as contradiction:
            verdict.failure = f"client {self.client}: a wrong reply before the end: {contradiction}"
            return verdict
        good = [count for count in fitting if count >= verdict.promised]
        if good:
            self._fill(verdict, log, good, promise)
            # A promise may be of entries that changed nothing, whose being there tells nothing of the others' entries.
            verdict.certain_until = log[fitting[0] - 1].sent if fitting[0] else 0
        elif fitting:
            verdict.failure = f"client {self.client}: {_loss(log, verdict, fitting[-1], promise)}"
        else:
            verdict.failure = f"client {self.client}: {self._nearest(log, verdict, observed, until, promise)}"
        return verdict

    def _moments(self, log, promise):
        """(count, possible states after so many entries), one after the other. The states change when going on."""
        states = [from_observed(self._base)]
        yield 0, states
        for count, entry in enumerate(log, 1):
            known = entry.answered < promise.ended
            window = window_of(entry.sent + self._offset, min(entry.answered, promise.ended) + self._offset)
            states = step(states, entry.command, window, entry.reply if known else None)
            yield count, states

    def _fill(self, verdict, log, good, promise):
        verdict.least, verdict.most = good[0], good[-1]
        if verdict.most < verdict.answered:
            verdict.oldest_lost = min(promise.ended, promise.aging) - log[verdict.most].answered
        verdict.marks = [(entry.mark, entry.sent, entry.answered) for entry in log if entry.mark]
        verdict.answers = [entry.answered for entry in log[: verdict.answered]]
        for entry in log[: verdict.promised]:
            if is_look(entry.command) and promise.holds(entry.sent, entry.answered):
                verdict.witnessed += _witnessed(entry, verdict)

    def _nearest(self, log, verdict, observed, until, promise):
        """In words: the moment of the history that is nearest to what was observed, and what differs."""
        best = None
        for count, states in self._moments(log, promise):
            for state in states:
                places = differing(state, observed, until)
                if best is None or len(places) <= len(best[1]):
                    best = (count, places, {place: state.data.get(place) for place in places})
        count, places, expected = best
        lines = [f"{_numbers(verdict)}; what is there was never so. Nearest is the state after {count}:"]
        lines += [f"    {place}: {_short(expected[place])} in the history, {_short(observed.get(place))} found" for place in places[:6]]
        lines += [f"    {_shown(entry)}" for entry in log[max(0, count - 3) : count + 3]]
        return "\n".join(lines)


def is_look(command):
    return is_transaction(command) and len(command) > 1 and command[1] == [b"MGET", *SHARED_KEYS]


def _count_promised(log, promise):
    """How many entries must be there: up to the last one that was promised, which takes all before it along."""
    promised = 0
    for count, entry in enumerate(log, 1):
        if promise.holds(entry.sent, entry.answered) or _is_synced(entry, promise):
            promised = count
    return promised


def _is_synced(entry, promise):
    """WAITAOF has said that what came before it is on the disk."""
    if entry.command[0] != b"WAITAOF" or promise.is_off_since(entry.answered):
        return False
    return entry.reply[0] == b"*" and entry.reply[1][0] == (b":", b"1")


def _witnessed(entry, verdict):
    values = {value for _, value in entry.reply[1][1][1]}
    if len(values) != 1:
        verdict.failure = f"client {verdict.client} has seen half of a transaction: {values}"
    return [tuple(map(int, value.split())) for value in values - {None}]


def _numbers(verdict):
    return f"{verdict.sent} sent, {verdict.answered} answered, {verdict.promised} promised"


def _loss(log, verdict, count, promise):
    ago = min(promise.ended, promise.aging) - log[count].answered
    return (
        f"{_numbers(verdict)}; what is there is the state after {count}: {verdict.promised - count} promised ones are lost, the"
        f" first was answered {ago:.4f} s before the end, the last {log[verdict.promised - 1].answered - log[count].answered:.4f} s"
        f" later:\n    {_shown(log[count])}\n    {_shown(log[verdict.promised - 1])}"
    )


def _short(value):
    shown = repr(value)
    return shown if len(shown) < 200 else f"{shown[:120]}... ({len(shown)} characters)"


def _shown(entry):
    return f"{_short(entry.command)} -> {_short(text(entry.reply)) if entry.reply else 'no reply'}"


# --- all clients together -------------------------------------------------------------------------------------------------


def judge_together(verdicts, observed, base):
    """What is wrong with the state as one of all clients: a list of texts. observed and base: everything in the databases,
    now and before. A state of one client each may be fine, and together they may never have been."""
    failures = _causes_missing(verdicts)
    shared = {key: observed.get((SHARED_DB, key), (None, None))[0] for key in (*SHARED_KEYS, SHARED_COUNT)}
    values = {shared[key] for key in SHARED_KEYS}
    if len(values) != 1:
        return [*failures, f"half of a transaction: the shared keys hold {values}"]
    marks = {verdict.client: int(observed.get((SHARED_DB, own_mark(verdict.client)), (b"0", None))[0]) for verdict in verdicts}
    new = sum(marks[verdict.client] - verdict.first_mark for verdict in verdicts)
    counted = int(shared[SHARED_COUNT] or 0) - int(base.get((SHARED_DB, SHARED_COUNT), (b"0", None))[0])
    if new != counted:
        failures.append(f"half of a transaction: {new} marks of shared transactions, but their counter says {counted}")
    for verdict in verdicts:
        for client, number in verdict.witnessed:
            if client in marks and marks[client] < number:
                failures.append(f"client {verdict.client} was shown transaction {number} of client {client}, which is lost")
    if new:
        failures += _wrong_winner(verdicts, marks, *map(int, values.pop().split()))
    return failures


def _causes_missing(verdicts):
    """What was answered before something else was sent that is there must be there, too."""
    latest = max(verdicts, key=lambda verdict: verdict.certain_until)
    failures = []
    for verdict in verdicts:
        needed = sum(answered < latest.certain_until for answered in verdict.answers)
        if verdict.most < needed:
            failures.append(
                f"client {verdict.client}: only {verdict.most} of its entries can be there, but {needed} were answered before"
                f" client {latest.client} sent one that is there"
            )
    return failures


def _wrong_winner(verdicts, marks, client, number):
    """The last shared transaction that is there is the one whose value the shared keys have."""
    if marks.get(client) != number:
        return [f"the shared keys have the value of transaction {number} of client {client}, its mark says {marks.get(client)}"]
    times = {(verdict.client, mark): (sent, answered) for verdict in verdicts for mark, sent, answered in verdict.marks}
    _, answered = times.get((client, number), (0, 0))
    failures = []
    for other, last in marks.items():
        sent, _ = times.get((other, last), (0, 0))
        if answered < sent:
            failures.append(f"transaction {number} of client {client} was answered before {last} of client {other} was sent, yet stands")
    return failures

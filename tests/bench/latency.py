"""How long requests wait while a server is busy with something else: a probe asks at a steady rate, and beside it
something large happens. Both are tests/bench/latency_probe.c, which says what a latency counts from."""

import contextlib
import json
import os
import subprocess
import time
from dataclasses import dataclass
from functools import partial

import servers
from servers import ROOT, Failure, wait_until

PROGRAM = os.environ.get("CUBBY_LATENCY_PROBE", str(ROOT / "build" / "tests" / "latency_probe"))
RUN_TIMEOUT = 120  # seconds

MARGIN = 0.3  # seconds that the probe runs before a disturbance, and after it
LEAD = 2 * MARGIN  # seconds before the first key dies, when the probe is started, which warms up first
AFTER_FLUSH = 1  # seconds in which a server may have work left

# At scale 1.
QUIET_TIME = 10  # seconds
GROWING_KEYS = 10_000_000
GROWING_RATE = 300_000  # keys a second: both servers can take them and have time to spare
DYING_KEYS = 1_000_000
LOAD_RATE = 300_000  # keys a second that may well be set: all have to be there before the first dies
LOAD_ALLOWANCE = 1  # seconds, for that, too
MANY_KEYS = 5_000_000
KEYS_ROUNDS = 3
VALUE_BYTES = 100_000_000
VALUE_ROUNDS = 3

PROBE_KEYS = 1000  # that the probe itself has set, at most
AS_FAST_AS_TAKEN = 0


@dataclass(frozen=True)
class LatencyFigures:
    work: str
    server: str
    p50: float  # milliseconds, all five
    p99: float
    p999: float
    p9999: float
    worst: float
    requests: int  # that the figures rest on
    note: str  # what the disturbance took


def measure(effort, cores, directory):
    """A list of LatencyFigures, work by work, of one server after the other."""
    figures = []
    with run_beside_load(cores):
        for study in (study_quiet, study_growing, study_dying, study_value, study_many_keys):
            for start in (servers.redis, servers.cubbyd):
                with start(directory, cores.pin(cores.server)) as server:
                    figures += study(server, effort.scale)
    # What was found with the same server stands apart; the sort keeps Redis before cubbyd.
    works = list(dict.fromkeys(each.work for each in figures))
    return sorted(figures, key=lambda each: works.index(each.work))


@contextlib.contextmanager
def run_beside_load(cores):
    """Keeps this program, and so the programs it starts, off the server's core."""
    if not cores.can_pin:
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores.load)
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def study_quiet(server, scale):
    return [probe(server, "nothing else", partial(rest, QUIET_TIME * scale))]


def study_growing(server, scale):
    keys = round(GROWING_KEYS * scale)

    def grow():
        return f"{load(server, keys, GROWING_RATE):.1f} s"

    return [probe(server, f"growing from 0 to {show_count(keys)} keys", grow)]


def study_dying(server, scale):
    keys = round(DYING_KEYS * scale)
    first_death = load_dying(server, keys)
    time.sleep(max(0, first_death - LEAD - time.time()))

    def await_death():
        wait_until(lambda: int(server.call("DBSIZE")) <= PROBE_KEYS, f"{server.name}: removing dead keys", RUN_TIMEOUT)
        return f"all gone after {time.time() - first_death:.1f} s"

    return [probe(server, f"{show_count(keys)} keys expire within 1 s", await_death)]


def load_dying(server, keys):
    """Sets keys that die within a second, half of them at once in its middle. The time when that second begins."""
    allowance = LOAD_ALLOWANCE + keys / LOAD_RATE
    while True:
        first_death = time.time() + allowance
        load(server, keys, AS_FAST_AS_TAKEN, str(round(first_death * 1000)))
        if time.time() < first_death - LEAD:
            return first_death
        # Some may be dead before the last is there.
        server.call("FLUSHALL")
        allowance *= 2


def study_value(server, scale):
    size = round(VALUE_BYTES * scale)

    def exchange():
        began = time.monotonic()
        for _ in range(VALUE_ROUNDS):
            ask(server, "SET", "big", size=size)
            ask(server, "GET", "big")
            ask(server, "SET", "big", size=size)
            ask(server, "DEL", "big")
        return f"{VALUE_ROUNDS} rounds, {(time.monotonic() - began) / VALUE_ROUNDS:.2f} s each"

    return [probe(server, f"SET, GET, SET, DEL of {show_count(size)} bytes", exchange)]


def study_many_keys(server, scale):
    """Two works that can share the keys, which take long to load."""
    keys = round(MANY_KEYS * scale)
    load(server, keys, AS_FAST_AS_TAKEN)

    def list_keys():
        took = []
        for _ in range(KEYS_ROUNDS):
            took.append(ask(server, "KEYS", "*"))
            time.sleep(took[-1])  # what was kept waiting is made up for before the next round
        return f"{KEYS_ROUNDS} times, {sum(took) / KEYS_ROUNDS:.2f} s each"

    def flush():
        took = ask(server, "FLUSHALL")
        time.sleep(AFTER_FLUSH)
        return f"answered after {took * 1000:.1f} ms"

    return [
        probe(server, f"KEYS * on {show_count(keys)} keys", list_keys),
        probe(server, f"FLUSHALL on {show_count(keys)} keys", flush),
    ]


def rest(seconds):
    time.sleep(seconds)
    return f"{seconds:.1f} s"


def probe(server, work, disturb):
    """Calls `disturb`, which returns the note, while the probe runs; the LatencyFigures of the probe."""
    with subprocess.Popen(
        [PROGRAM, "probe", str(server.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout.readline() != "ready\n":
                raise Failure(f"{work}, {server.name}: the probe cannot ask")
            time.sleep(MARGIN)
            note = disturb()
            time.sleep(MARGIN)
            output, _ = process.communicate(timeout=RUN_TIMEOUT)  # ends its input, and thereby the probe
            return LatencyFigures(work, server.name, **json.loads(output), note=note)
        except (subprocess.TimeoutExpired, ValueError):
            raise Failure(f"{work}, {server.name}: the probe did not end well") from None
        finally:
            process.kill()


def load(server, keys, rate, *death):
    return run("load", str(server.port), str(keys), str(rate), *death)


def ask(server, *words, size=0):
    """Sends a command, with a last word of `size` bytes if that is not 0."""
    return run("ask", str(server.port), str(size), *words)


def run(*arguments):
    """The seconds that the program says it took."""
    try:
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=RUN_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Failure(f"latency_probe {' '.join(arguments)}: not within {RUN_TIMEOUT} s") from None
    if done.returncode != 0:
        raise Failure(f"latency_probe {' '.join(arguments)}: {done.stderr}")
    return float(done.stdout)


def show_count(count):
    for unit, name in ((1_000_000, "M"), (1000, "K")):
        if count >= unit:
            return f"{count / unit:g}{name}"
    return str(count)

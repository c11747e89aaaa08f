"""What a snapshot costs while it is written: how long the others wait, and how much memory it takes."""

import contextlib
import re
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import data_files
import load
import servers
from latency import LatencyFigures, probe, rest, show_count
from servers import POLL, wait_until
from works import Work

VALUE_LENGTH = 100  # bytes; the keys have 16
QUIET = "nothing else"
DEADLINE = 120  # seconds for a snapshot
QUIET_TIME = 4 / 3e6  # seconds for each key in which none is written, about as long as it takes to write one
PERCENTILES = ("p50", "p99", "p999", "p9999", "worst")

# Their command, and how INFO shows that one is being written.
SNAPSHOTS = {"BGSAVE": b"rdb_bgsave_in_progress:1", "BGREWRITEAOF": b"aof_rewrite_in_progress:1"}
COPIED = {"BGSAVE": b"rdb_last_cow_size", "BGREWRITEAOF": b"aof_last_cow_size"}


@dataclass(frozen=True)
class SnapshotMemory:
    command: str
    server: str
    data: int  # bytes, all three: resident before
    extra: int
    writes: float  # keys set a second meanwhile

    @property
    def share(self):
        return self.extra / self.data


@dataclass(frozen=True)
class SnapshotFigures:
    waits: list[LatencyFigures]  # of one server after the other, QUIET first
    memory: list[SnapshotMemory]


def measure(rounds, keys, cores, directory):
    directory = Path(directory) / "snapshots"
    files = data_files.make(directory, keys, VALUE_LENGTH)
    waits, memory = [], []
    for start in (servers.redis, servers.cubbyd):
        home = data_files.start_from_base(directory / start.__name__, files.snapshot)
        pin = cores.pin(cores.two_threads)
        settings = data_files.FROM_APPEND_ONLY_FILE
        with start(home, pin, settings=settings, deadline=data_files.LOADING_DEADLINE) as server:
            waits += study_waits(server, rounds, keys)
            memory += [study_memory(server, command, keys, cores) for command in SNAPSHOTS]
    works = list(dict.fromkeys(each.work for each in waits))
    return SnapshotFigures(sorted(waits, key=lambda each: works.index(each.work)), memory)


# ---- Waits -----------------------------------------------------------------------------------------------------------


def study_waits(server, rounds, keys):
    """Medians of the rounds, for each work; in each round all are seen once."""
    works = {QUIET: partial(rest, QUIET_TIME * keys)}
    for command in SNAPSHOTS:
        works[f"{command} of {show_count(keys)} keys"] = partial(snapshot, server, command)
    found = {work: [] for work in works}
    for _ in range(rounds):
        for work, disturb in works.items():
            found[work].append(probe(server, work, disturb))
    return [median(each) for each in found.values()]


def median(figures):
    """Percentiles in the middle of all; what was asked in all of them, and the last one's note."""
    middle = {name: statistics.median(getattr(each, name) for each in figures) for name in PERCENTILES}
    return replace(figures[-1], requests=sum(each.requests for each in figures), **middle)


def snapshot(server, command):
    """Has one written. What it took, in words."""
    began = time.monotonic()
    server.call(command)
    wait_until(lambda: not is_writing(server), f"{server.name}, {command}", DEADLINE)
    return f"{time.monotonic() - began:.1f} s"


def is_writing(server):
    said = server.call("INFO", "persistence")
    return any(sign in said for sign in SNAPSHOTS.values()) or b"aof_rewrite_scheduled:1" in said


# ---- Memory ----------------------------------------------------------------------------------------------------------


class Peak:
    """Follows a server's resident memory, in a thread, while it is used in a with statement."""

    def __init__(self, server):
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self.bytes = 0

    def _follow(self):
        while not self._over.wait(POLL / 5):
            self.bytes = max(self.bytes, self._server.resident_bytes())

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


def study_memory(server, command, keys, cores):
    """While all keys are set at random, as fast as can be: what the resident memory grows by at the most, and what the
    process that writes Redis's snapshot had to copy."""
    work = Work("", 50, 16, keys, VALUE_LENGTH)
    endless = load.command_line(server, work, "set", 1_000_000_000, 1)
    with running(endless, cores.pin(cores.load_beside_two_threads)):
        enough = commands(server) + keys // 10
        wait_until(lambda: commands(server) > enough, f"{server.name}: setting keys")
        before, writes, began = server.resident_bytes(), commands(server), time.monotonic()
        with Peak(server) as peak:
            snapshot(server, command)
        writes = (commands(server) - writes) / (time.monotonic() - began)
    server.wait_until_idle()
    extra = max(0, peak.bytes - before) + copied(server, command)
    print(f"{server.name}, {command}: {extra / before:.1%} more memory", file=sys.stderr, flush=True)
    return SnapshotMemory(command, server.name, before, extra, writes)


@contextlib.contextmanager
def running(command, pin):
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin) as process:
        try:
            yield
        finally:
            process.kill()


def commands(server):
    return read_number(server.call("INFO", "stats"), b"total_commands_processed")


def copied(server, command):
    """Bytes that only the process that wrote had in the end; cubbyd has none, and tells what it had in its queue."""
    return read_number(server.call("INFO", "persistence"), COPIED[command]) if server.name == "Redis" else 0


def read_number(said, name):
    return int(re.search(rb"^%s:(\d+)" % name, said, re.MULTILINE)[1])

"""How fast keys are set while each SET goes to an append-only file: beside Redis with the same setting, and beside the
same server without a file."""

import math
import os
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import load
import servers
from compare import prepare
from load import Load, Sample
from works import APPEND_WORKS

NO_FILE, EVERYSEC, ALWAYS = POLICIES = ("no file", "everysec", "always")
SYNCS = 20  # that tell how long one takes here
SYNC_BYTES = 100

WARM_UP_REQUESTS = 2000  # ten times that in a pipeline; some servers wait for the disk after each
REQUESTS_STEP = 800  # as many from each client, in whole batches


@dataclass(frozen=True)
class AppendFigures:
    work: str
    policy: str  # EVERYSEC or ALWAYS
    redis: Sample
    cubby: Sample
    redis_alone: Sample  # without a file
    cubby_alone: Sample

    @property
    def redis_kept(self):
        """What is left of the speed without a file."""
        return self.redis.throughput / self.redis_alone.throughput

    @property
    def cubby_kept(self):
        return self.cubby.throughput / self.cubby_alone.throughput

    @property
    def to_redis(self):
        return self.cubby.throughput / self.redis.throughput


def measure(rounds, seconds, cores, directory):
    """A list of AppendFigures."""
    driver = Load(1, cores.pin(cores.load))
    with ExitStack() as stack:
        targets = {
            (start, policy): (stack.enter_context(start_with(start, policy, cores, directory)),)
            for start in (servers.redis, servers.cubbyd)
            for policy in POLICIES
        }
        for (server,) in targets.values():
            prepare(server, APPEND_WORKS[0].keys, APPEND_WORKS[0].value_length)
        return [row for work in APPEND_WORKS for row in study(work, targets, rounds, seconds, driver)]


def start_with(start, policy, cores, directory):
    if policy == NO_FILE:
        return start(directory, cores.pin(cores.server))
    home = Path(directory) / f"{start.__name__}-{policy}"
    home.mkdir()
    settings = ("--save", "", "--appendonly", "yes", "--appendfsync", policy, "--auto-aof-rewrite-percentage", "0")
    return start(home, cores.pin(cores.server), settings=settings)


def study(work, targets, rounds, seconds, driver):
    """Rows for one work. Each target is driven for as long as the others: their speeds are too far apart for as many
    requests."""
    requests = {key: choose_requests(target, work, seconds, driver) for key, target in targets.items()}
    samples = {key: [] for key in targets}
    keys = list(targets)
    for number in range(rounds):
        # Who comes first changes from round to round, so that a machine that slows down slows all.
        first = number * len(POLICIES) // 2 % len(keys)
        for key in keys[first:] + keys[:first]:
            samples[key].append(load.run(driver, targets[key], work, "set", requests[key]))
    median = {key: Sample.median(samples[key]) for key in keys}
    redis, cubby = (partial(at, median, start) for start in (servers.redis, servers.cubbyd))
    rows = [
        AppendFigures(work.name, policy, redis(policy), cubby(policy), redis(NO_FILE), cubby(NO_FILE))
        for policy in (EVERYSEC, ALWAYS)
    ]
    for row in rows:
        print(
            f"{row.work}, {row.policy}: of its own {row.cubby_kept:.2f} (Redis {row.redis_kept:.2f}),"
            f" to Redis's {row.to_redis:.2f}",
            file=sys.stderr,
            flush=True,
        )
    return rows


def at(median, start, policy):
    return median[start, policy]


def choose_requests(target, work, seconds, driver):
    warm_up = WARM_UP_REQUESTS * min(work.pipeline, 10)
    requests = load.run(driver, target, work, "set", warm_up).throughput * seconds
    return math.ceil(requests / REQUESTS_STEP) * REQUESTS_STEP


def sync_ms(directory):
    """Milliseconds in which a small write reaches the disk, in the middle of some tries."""
    took = []
    path = Path(directory) / "sync"
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(b"x" * SYNC_BYTES)
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return statistics.median(took)

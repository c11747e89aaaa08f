"""How long a server takes from its start until it has loaded what its files hold."""

import shutil
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import data_files
import servers
from latency import show_count
from servers import Failure

VALUE_LENGTH = 32  # bytes; the keys have 16


@dataclass(frozen=True)
class LoadingFigures:
    what: str
    redis: float  # seconds
    cubby: float

    @property
    def speed(self):
        """Cubbyd's, to Redis's."""
        return self.redis / self.cubby


def measure(rounds, keys, cores, directory):
    """A list of LoadingFigures. A server may use all cores."""
    directory = Path(directory) / "loading"
    files = data_files.make(directory, keys, VALUE_LENGTH)
    sources = (
        ("snapshot", data_files.start_from_snapshot, files.snapshot, data_files.FROM_SNAPSHOT),
        ("append-only file", data_files.start_from_commands, files.commands, data_files.FROM_APPEND_ONLY_FILE),
    )
    return [study(*source, rounds, keys, directory) for source in sources]


def study(name, prepare, source, settings, rounds, keys, directory):
    took = {servers.redis: [], servers.cubbyd: []}
    for number in range(rounds):
        for start in list(took)[:: -1 if number % 2 else 1]:
            home = prepare(directory / "home", source)
            took[start].append(seconds_to_load(start, home, settings, keys))
            shutil.rmtree(home)
    figures = LoadingFigures(f"{name}, {show_count(keys)} keys", *map(statistics.median, took.values()))
    print(f"loading, {figures.what}: {figures.speed:.2f} of Redis's speed", file=sys.stderr, flush=True)
    return figures


def seconds_to_load(start, home, settings, keys):
    began = time.monotonic()
    with start(home, None, settings=settings, deadline=data_files.LOADING_DEADLINE) as server:
        took = time.monotonic() - began
        if int(server.call("DBSIZE")) != keys:
            raise Failure(f"{server.name} has not loaded all keys")
    return took

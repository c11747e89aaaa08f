"""Two servers side by side, driven in turns: all works of the table, round by round."""

import math
import sys
from dataclasses import dataclass

import load
from client import Client
from load import Sample
from works import COMMANDS, WORKS, Work

WARM_UP_REQUESTS = 20_000  # ten times that in a pipeline
REQUESTS_STEP = 10_000  # a multiple of every pipeline: no batch is cut short


@dataclass(frozen=True)
class Effort:
    rounds: int
    seconds: float  # of one run, of the slower server
    requests_per_client: int  # at the least: opening the connections must not count for much


@dataclass(frozen=True)
class Comparison:
    work: Work
    command: str
    base: Sample  # medians of the rounds
    other: Sample

    def ratio(self, figure):
        return getattr(self.other, figure) / getattr(self.base, figure)


def compare(base, other, effort, pin):
    """A list of Comparison. Both servers run all the time; one idles while the other is driven."""
    comparisons = []
    keyspace = None
    for work in WORKS:
        if keyspace != (work.keys, work.value_length):
            keyspace = (work.keys, work.value_length)
            for server in (base, other):
                prepare(server, *keyspace)
        for command in COMMANDS:
            comparisons.append(compare_command(base, other, work, command, effort, pin))
    return comparisons


def prepare(server, keys, value_length):
    server.call("FLUSHALL")
    with Client(server.port) as client:
        client.fill(keys, value_length)


def compare_command(base, other, work, command, effort, pin):
    requests = choose_requests((base, other), work, command, effort, pin)
    samples = {base: [], other: []}
    for number in range(effort.rounds):
        # Who comes first changes from round to round, so that a machine that slows down slows both.
        for server in (base, other) if number % 2 == 0 else (other, base):
            samples[server].append(load.run(server, work, command, requests, pin))
    comparison = Comparison(work, command, Sample.median(samples[base]), Sample.median(samples[other]))
    print_progress(comparison)
    return comparison


def choose_requests(servers, work, command, effort, pin):
    """Warms both servers up, and finds how many requests keep the slower one busy for as long as a run should take."""
    warm_up = WARM_UP_REQUESTS * min(work.pipeline, 10)
    slower = min(load.run(server, work, command, warm_up, pin).throughput for server in servers)
    requests = max(slower * effort.seconds, work.clients * effort.requests_per_client)
    return math.ceil(requests / REQUESTS_STEP) * REQUESTS_STEP


def print_progress(comparison):
    print(
        f"{comparison.work.name}, {comparison.command.upper()}:"
        f" CPU {comparison.ratio('cpu_us'):.2f}, requests/s {comparison.ratio('throughput'):.2f}",
        file=sys.stderr,
        flush=True,
    )

"""Servers side by side, driven in turns: all works of the table, round by round."""

import math
import sys
from dataclasses import dataclass

import load
from client import Client
from load import BURST, Sample
from works import COMMANDS, WORKS, Work

WARM_UP_REQUESTS = 20_000  # ten times that in a pipeline
REQUESTS_STEP = 20_000  # a multiple of every pipeline, also when two processes share it: no batch is cut short


@dataclass(frozen=True)
class Effort:
    rounds: int
    seconds: float  # of one run, of the slowest
    # Opening thousands of connections takes longer than asking: such works have rounds and commands of their own.
    crowd_rounds: int
    crowd_commands: tuple = COMMANDS
    crowd_requests: int = 20  # of each client

    def commands(self, work):
        return self.crowd_commands if is_crowd(work) else COMMANDS


def is_crowd(work):
    return work.clients > BURST


@dataclass(frozen=True)
class Comparison:
    work: Work
    command: str
    samples: tuple[Sample, ...]  # of each target, medians of the rounds

    def figures(self, name):
        return [getattr(sample, name) for sample in self.samples]

    def ratio(self, name, base=0):
        """The last target's figure to that of an earlier one."""
        figures = self.figures(name)
        return figures[-1] / figures[base]


def compare(targets, effort, driver):
    """A list of Comparison. A target is a server, or several that share the load, in a tuple. All run all the time; the
    others idle while one is driven."""
    comparisons = []
    keyspace = None
    for work in WORKS:
        if effort.commands(work) and keyspace != (work.keys, work.value_length):
            keyspace = (work.keys, work.value_length)
            for server in (server for target in targets for server in target):
                prepare(server, *keyspace)
        for command in effort.commands(work):
            comparisons.append(compare_command(targets, work, command, effort, driver))
            print_progress(comparisons[-1])
    return comparisons


def prepare(server, keys, value_length):
    server.call("FLUSHALL")
    with Client(server.port) as client:
        client.fill(keys, value_length)


def compare_command(targets, work, command, effort, driver):
    requests = choose_requests(targets, work, command, effort, driver)
    samples = {target: [] for target in targets}
    for number in range(effort.crowd_rounds if is_crowd(work) else effort.rounds):
        # Who comes first changes from round to round, so that a machine that slows down slows all.
        first = number % len(targets)
        for target in targets[first:] + targets[:first]:
            samples[target].append(load.run(driver, target, work, command, requests))
    return Comparison(work, command, tuple(Sample.median(samples[target]) for target in targets))


def choose_requests(targets, work, command, effort, driver):
    """Warms the servers up, and finds how many requests keep the slowest busy for as long as a run should take. A crowd
    warms them up by connecting."""
    if is_crowd(work):
        requests = work.clients * effort.crowd_requests
    else:
        warm_up = WARM_UP_REQUESTS * min(work.pipeline, 10)
        slowest = min(load.run(driver, target, work, command, warm_up).throughput for target in targets)
        requests = slowest * effort.seconds
    return math.ceil(requests / REQUESTS_STEP) * REQUESTS_STEP


def print_progress(comparison):
    print(
        f"{comparison.work.name}, {comparison.command.upper()}:"
        f" CPU {comparison.ratio('cpu_us'):.2f}, requests/s {comparison.ratio('throughput'):.2f}",
        file=sys.stderr,
        flush=True,
    )

"""One run of redis-benchmark against a server, or of two against two, and what it cost."""

import os
import re
import select
import statistics
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass, fields

from client import ADDRESS
from servers import POLL, Failure

RUN_TIMEOUT = 120  # seconds
BURST = 64  # connections after which redis-benchmark sleeps for 50 ms while it opens them: 10,000 take it 8 seconds
REPORT = b"======"  # how its report begins


@dataclass(frozen=True)
class Sample:
    cpu_us: float  # microseconds of the servers' user and system time for one request
    throughput: float  # requests a second
    p50: float  # milliseconds; with a pipeline, of a whole batch
    p99: float
    p999: float

    @classmethod
    def median(cls, samples):
        return cls(*(statistics.median(getattr(sample, field.name) for sample in samples) for field in fields(cls)))


@dataclass(frozen=True)
class Load:
    """Who asks: so many processes of redis-benchmark, which share the clients and the requests."""

    processes: int
    pin: object  # see Cores.pin


class Process:
    """A redis-benchmark whose report is read while it comes: it writes to a terminal, because to a pipe it writes only
    when it ends, after its connections are closed."""

    def __init__(self, arguments, pin):
        self._terminal, its_end = os.openpty()
        try:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=its_end, stderr=its_end, preexec_fn=pin
            )
        finally:
            os.close(its_end)
        self._output = b""
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def fileno(self):
        return self._terminal

    def read(self):
        """What is there, to be called when select() says that something is."""
        try:
            piece = os.read(self._terminal, 65536)
        except OSError:  # how Linux says that nobody writes any more
            piece = b""
        self._output += piece
        self.ended = not piece

    def is_done(self):
        """Whether all requests are answered."""
        return REPORT in self._output or self.ended

    def output(self):
        """What it said; of one that has ended."""
        output = self._output.decode(errors="replace").replace("\r\n", "\n")
        if self._process.wait() != 0:
            raise Failure(f"redis-benchmark failed: {output[-500:]}")
        return output


def run(load, target, work, command, requests):
    """Has the load send that many requests to the servers of the target: two processes can ask two servers, or both the
    same one.

    Opening and closing thousands of connections does not count, or it would seem to be a part of each request."""
    with ExitStack() as stack:
        before = cpu_seconds(target)
        processes = []
        for number in range(load.processes):
            arguments = command_line(target[number % len(target)], work, command, requests, load.processes)
            processes.append(stack.enter_context(Process(arguments, load.pin)))
        if work.clients > BURST * load.processes:
            before = cpu_seconds_when_open(target, work, processes)
        after = cpu_seconds_when_done(target, processes)
        reports = [parse(process.output()) for process in processes]
    for server in target:
        server.wait_until_idle()
    return Sample((after - before) * 1e6 / requests, **merge(reports))


def command_line(server, work, command, requests, processes):
    arguments = ["redis-benchmark", "-h", ADDRESS, "-p", str(server.port), "--precision", "3"]
    arguments += ["-t", command, "-n", str(requests // processes), "-c", str(work.clients // processes)]
    arguments += ["-P", str(work.pipeline), "-d", str(work.value_length)]
    return [*arguments, "-r", str(work.keys)] if work.keys else arguments


def cpu_seconds(target):
    return sum(server.cpu_seconds() for server in target)


def cpu_seconds_when_open(target, work, processes):
    """What the servers had used just before the last connection was open; redis-benchmark asks nothing earlier."""
    used = cpu_seconds(target)
    while sum(server.connected_clients() for server in target) < work.clients:
        # Whoever says something this early has failed.
        if select.select(processes, [], [], POLL)[0]:
            break
        used = cpu_seconds(target)
    return used


def cpu_seconds_when_done(target, processes):
    """What the servers had used when the last request was answered. Waits until the processes have ended."""
    used = None
    deadline = time.monotonic() + RUN_TIMEOUT
    while running := [process for process in processes if not process.ended]:
        ready = select.select(running, [], [], max(0, deadline - time.monotonic()))[0]
        if not ready:
            raise Failure(f"redis-benchmark against {target[0].name} did not end within {RUN_TIMEOUT} s")
        for process in ready:
            process.read()
        if used is None and all(process.is_done() for process in processes):
            used = cpu_seconds(target)
    return used


def parse(output):
    """Reads redis-benchmark's long report. Its --csv has no p99.9."""
    percentiles, _, rest = output.partition("Cumulative distribution of latencies:")
    steps = re.findall(r"([\d.]+)% <= ([\d.]+) milliseconds", percentiles)
    throughput = re.search(r"throughput summary: ([\d.]+) requests per second", rest)
    summary = re.search(r"latency summary \(msec\):\s*\n([^\n]*)\n([^\n]*)", rest)
    if not (steps and throughput and summary):
        raise Failure(f"redis-benchmark said something else than expected: {output[-500:]}")
    named = dict(zip(summary[1].split(), summary[2].split()))
    return {
        "throughput": float(throughput[1]),
        "p50": float(named["p50"]),
        "p99": float(named["p99"]),
        "p999": next(float(milliseconds) for percent, milliseconds in steps if float(percent) >= 99.9),
    }


def merge(reports):
    """Of processes that share a work evenly: all is done when the slowest is done; latencies are the worse ones."""
    merged = {name: max(report[name] for report in reports) for name in ("p50", "p99", "p999")}
    return {**merged, "throughput": len(reports) * min(report["throughput"] for report in reports)}

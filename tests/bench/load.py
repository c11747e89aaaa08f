"""One run of redis-benchmark against one server, and what it cost."""

import re
import statistics
import subprocess
from dataclasses import dataclass, fields

from client import ADDRESS
from servers import Failure

RUN_TIMEOUT = 120  # seconds


@dataclass(frozen=True)
class Sample:
    cpu_us: float  # microseconds of the server's user and system time for one request
    throughput: float  # requests a second
    p50: float  # milliseconds; with a pipeline, of a whole batch
    p99: float
    p999: float

    @classmethod
    def median(cls, samples):
        return cls(*(statistics.median(getattr(sample, field.name) for sample in samples) for field in fields(cls)))


def run(server, work, command, requests, pin):
    """Has redis-benchmark send that many requests."""
    arguments = ["redis-benchmark", "-h", ADDRESS, "-p", str(server.port), "--precision", "3"]
    arguments += ["-t", command, "-n", str(requests), "-c", str(work.clients)]
    arguments += ["-P", str(work.pipeline), "-d", str(work.value_length)]
    if work.keys:
        arguments += ["-r", str(work.keys)]
    before = server.cpu_seconds()
    output = run_bounded(arguments, pin, f"{work.name} against {server.name}")
    cpu_seconds = server.cpu_seconds() - before
    server.wait_until_idle()
    return Sample(cpu_seconds * 1e6 / requests, **parse(output))


def run_bounded(arguments, pin, what):
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, errors="replace", timeout=RUN_TIMEOUT, preexec_fn=pin
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"{what}: redis-benchmark did not end within {RUN_TIMEOUT} s") from None
    if done.returncode != 0:
        raise Failure(f"{what}: redis-benchmark failed: {done.stderr or done.stdout[-500:]}")
    return done.stdout


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

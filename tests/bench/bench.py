"""Measures cubbyd beside redis-server: bench.py [quick] [cpu|threads|store|memory|latency|persistence].

Prints tables and writes doc/benchmarks.md with its charts and the table of README.md; in both documents only what
stands between the two marks is replaced. With quick it does everything once, briefly. That writes nothing, and neither
does one part alone.
"""

import resource
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import chart
import latency
import machine
import memory
import persistence
import report
import servers
import store
from compare import Effort, compare
from load import Load
from report import MemoryFigures, Results
from servers import ROOT, Cores, Failure

OPEN_FILES = 20_000  # 10,000 connections have an end here and one in the server; each process needs some more

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
EMPTY_DOCUMENT = f"# Benchmarks\n\nMeasured by `./dev bench`.\n\n{BEGIN}\n{END}\n\n## {report.EXPLANATIONS}\n"


@dataclass(frozen=True)
class Plan:
    store_rounds: int
    steady: float  # seconds for which memory must not change
    against_redis: Effort
    threads: Effort
    scale: float  # of what the latency part does, and for how long
    persistence: persistence.Effort


FULL = Plan(5, 5, Effort(5, 1.5, 3), Effort(3, 1.2, 2), 1.0, persistence.Effort(5, 1.5, 3, 1.0))
QUICK = Plan(
    1,
    1,
    Effort(1, 0.4, 1, crowd_commands=("set",), crowd_requests=10),
    Effort(1, 0.3, 1, crowd_commands=()),
    0.05,
    persistence.Effort(1, 0.4, 1, 0.05),
)


def measure_store(plan, _cores, _directory):
    return store.measure(plan.store_rounds)


def measure_memory(plan, cores, directory):
    start = (servers.redis, servers.cubbyd)
    with ExitStack() as stack:
        keyed, connected = (
            [stack.enter_context(server(directory, cores.pin(cores.server))) for server in start] for _ in range(2)
        )
        key, connection = memory.measure(keyed, connected, plan.steady, cores.pin(cores.load))
    return MemoryFigures(*key), MemoryFigures(*connection)


def measure_against_redis(plan, cores, directory):
    pin = cores.pin(cores.server)
    with servers.redis(directory, pin) as redis, servers.cubbyd(directory, pin) as cubby:
        return compare([(redis,), (cubby,)], plan.against_redis, Load(1, cores.pin(cores.load)))


def measure_threads(plan, cores, directory):
    """One thread, two daemons of one thread each, and two threads, under the same load of two processes on the same
    cores. The pair shares nothing but the machine: what two threads cost more than it is what they cost each other, and
    what the pair costs more than the one is what a crowded machine costs."""
    with ExitStack() as stack:
        start = partial(servers.cubbyd, directory, cores.pin(cores.two_threads))
        one, left, right, two = (stack.enter_context(start(threads)) for threads in (1, 1, 1, 2))
        driver = Load(2, cores.pin(cores.load_beside_two_threads))
        return compare([(one,), (left, right), (two,)], plan.threads, driver)


def measure_persistence(plan, cores, directory):
    return persistence.measure(plan.persistence, cores, directory)


# In the order in which they run.
PARTS = {
    "store": measure_store,
    "memory": measure_memory,
    "cpu": measure_against_redis,
    "threads": measure_threads,
    "latency": latency.measure,
    "persistence": measure_persistence,
}


def measure(plan, parts):
    cores = Cores()
    figures = {}
    with tempfile.TemporaryDirectory(prefix="cubby-bench-") as directory:
        for name in parts:
            say(f"== {name}")
            began = time.monotonic()
            figures[name] = PARTS[name](plan, cores, directory)
            say(f"== {name} took {time.monotonic() - began:.0f} s")
    return Results(machine.describe(), **figures)


def say(what):
    print(what, file=sys.stderr, flush=True)


def raise_open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        enough = hard == resource.RLIM_INFINITY or hard >= OPEN_FILES
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES if enough else hard, hard))


def replace_marked(text, content):
    """The text with what stands between the marks replaced; as it is when it has no marks."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{content}\n{END}{tail}" if begin and end else text


def write_documents(results):
    page = ROOT / "doc" / "benchmarks.md"
    text = page.read_text(encoding="utf-8") if page.exists() else EMPTY_DOCUMENT
    page.write_text(replace_marked(text, report.document(results)), encoding="utf-8")
    for name, drawing in chart.draw(results).items():
        (page.parent / name).write_text(drawing, encoding="utf-8")
    readme = ROOT / "README.md"
    if readme.exists():
        text = replace_marked(readme.read_text(encoding="utf-8"), report.summary(results))
        readme.write_text(text, encoding="utf-8")


def parse(arguments):
    """The plan, and the parts to measure."""
    quick = arguments[:1] == ["quick"]
    parts = arguments[1:] if quick else arguments
    if len(parts) > 1 or not set(parts) <= set(PARTS):
        sys.exit(f"usage: bench.py [quick] [{'|'.join(PARTS)}]")
    return QUICK if quick else FULL, parts or list(PARTS)


def main(arguments):
    plan, parts = parse(arguments)
    # An end by SIGTERM, too, goes through the with statements that end the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    raise_open_files()
    try:
        results = measure(plan, parts)
        print(report.terminal(results))
        if plan is FULL and len(parts) == len(PARTS):
            write_documents(results)
    except (Failure, OSError) as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Measures cubbyd beside redis-server: bench.py [quick].

Prints tables and writes doc/benchmarks.md, doc/benchmarks.svg and the table of README.md; with quick it runs for less
than two minutes and writes nothing. In both documents only what stands between the two marks is replaced.
"""

import resource
import signal
import sys
import tempfile
from dataclasses import dataclass

import chart
import machine
import memory
import report
import servers
import store
from compare import Effort, compare
from report import MemoryFigures, Results
from servers import ROOT, Cores, Failure

OPEN_FILES = 20_000  # 10,000 connections have an end here and one in the server; each process needs some more

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
EMPTY_DOCUMENT = f"# Benchmarks\n\nMeasured by `./dev bench`.\n\n{BEGIN}\n{END}\n"


@dataclass(frozen=True)
class Plan:
    against_redis: Effort
    threads: Effort
    steady: float  # seconds for which memory must not change
    store_rounds: int


FULL = Plan(Effort(3, 5, 100), Effort(3, 3, 50), 5, 5)
QUICK = Plan(Effort(1, 0.6, 10), Effort(1, 0.4, 10), 1, 1)


def say(what):
    print(f"== {what}", file=sys.stderr, flush=True)


def raise_open_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < OPEN_FILES:
        enough = hard == resource.RLIM_INFINITY or hard >= OPEN_FILES
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES if enough else hard, hard))


def measure_against_redis(effort, cores, directory):
    pin = cores.pin(cores.server)
    with servers.redis(directory, pin) as redis, servers.cubbyd(directory, pin) as cubby:
        return compare(redis, cubby, effort, cores.pin(cores.load))


def measure_threads(effort, cores, directory):
    pin = cores.pin(cores.two_threads)
    with servers.cubbyd(directory, pin, 1) as one, servers.cubbyd(directory, pin, 2) as two:
        return compare(one, two, effort, cores.pin(cores.load_beside_two_threads))


def measure_memory(steady, cores, directory):
    """Of servers that are fresh for each figure."""
    pin = cores.pin(cores.server)
    with servers.redis(directory, pin) as redis, servers.cubbyd(directory, pin) as cubby:
        key = MemoryFigures(*(memory.bytes_per_key(server, steady) for server in (redis, cubby)))
    load = cores.pin(cores.load)
    with servers.redis(directory, pin) as redis, servers.cubbyd(directory, pin) as cubby:
        connection = (memory.bytes_per_connection(server, steady, load) for server in (redis, cubby))
        return key, MemoryFigures(*connection)


def measure(plan):
    cores = Cores()
    with tempfile.TemporaryDirectory(prefix="cubby-bench-") as directory:
        say("the store alone")
        store_figures = store.measure(plan.store_rounds)
        say("memory")
        key, connection = measure_memory(plan.steady, cores, directory)
        say("cubbyd to Redis")
        against_redis = measure_against_redis(plan.against_redis, cores, directory)
        say("two threads to one")
        threads = measure_threads(plan.threads, cores, directory)
    return Results(machine.describe(), against_redis, threads, store_figures, key, connection)


def replace_marked(text, content):
    """The text with what stands between the marks replaced; as it is when it has no marks."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{content}\n{END}{tail}" if begin and end else text


def write_documents(results):
    page = ROOT / "doc" / "benchmarks.md"
    text = page.read_text(encoding="utf-8") if page.exists() else EMPTY_DOCUMENT
    page.write_text(replace_marked(text, report.document(results)), encoding="utf-8")
    page.with_suffix(".svg").write_text(chart.draw(results.against_redis), encoding="utf-8")
    readme = ROOT / "README.md"
    if readme.exists():
        text = replace_marked(readme.read_text(encoding="utf-8"), report.summary(results))
        readme.write_text(text, encoding="utf-8")


def main(arguments):
    if arguments not in ([], ["quick"]):
        sys.exit("usage: bench.py [quick]")
    # An end by SIGTERM, too, goes through the with statements that end the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    raise_open_files()
    quick = arguments == ["quick"]
    try:
        results = measure(QUICK if quick else FULL)
        print(report.terminal(results))
        if not quick:
            write_documents(results)
    except (Failure, OSError) as failure:
        sys.exit(f"bench: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main(sys.argv[1:])

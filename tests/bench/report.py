"""Tables of what was measured, as Markdown that is readable on a terminal, too."""

from dataclasses import dataclass

import report_persistence
from compare import Comparison
from latency import LatencyFigures
from memory import CONNECTIONS, VALUE_LENGTH
from persistence import PersistenceFigures
from store import StoreFigures
from table import Table, judge
from works import (
    CONNECTION_MEMORY_GOAL,
    GROWING,
    GROWING_WORST_GOAL,
    KEY_MEMORY_GOAL,
    STORE_GET_GOAL,
    TWO_THREADS_CPU_GOAL,
)

EXPLANATIONS = "Goals that are missed"  # the title of what is written by hand, below the measured part of the page

CPU_CHART = "benchmarks.svg"
THROUGHPUT_CHART = "benchmarks-throughput.svg"
LATENCY_CHART = "benchmarks-latency.svg"


@dataclass(frozen=True)
class MemoryFigures:
    """Bytes."""

    redis: float
    cubby: float

    @property
    def ratio(self):
        return self.cubby / self.redis


@dataclass(frozen=True)
class Results:
    """What was not measured is None."""

    machine: list  # pairs of text
    store: list[StoreFigures] | None = None
    memory: tuple[MemoryFigures, MemoryFigures] | None = None  # of a key, of an idle connection
    cpu: list[Comparison] | None = None  # Redis, cubbyd
    threads: list[Comparison] | None = None  # cubbyd with one thread, two such daemons, cubbyd with two threads
    latency: list[LatencyFigures] | None = None
    persistence: PersistenceFigures | None = None


# ---- The goals in one table ------------------------------------------------------------------------------------------


def judgements(results):
    """Name, figures and goal of each goal whose part was measured."""
    found = []
    if results.cpu:
        found += compared_with_redis("CPU a request to Redis's", results.cpu, "cpu_us", "cpu_goal")
        found += compared_with_redis("requests a second to Redis's", results.cpu, "throughput", "throughput_goal")
    if results.threads:
        ratios = [each.ratio("cpu_us") for each in results.threads]
        found.append(("CPU a request, two threads to one", ratios, TWO_THREADS_CPU_GOAL))
    if results.store:
        ratios = [each.ratio for each in results.store if each.work == "GET"]
        found.append(("the store alone, GET, two threads to one", ratios, STORE_GET_GOAL))
    if results.memory:
        key, connection = results.memory
        found.append(("memory of a key to Redis's", [key.ratio], KEY_MEMORY_GOAL))
        found.append(("memory of an idle connection, bytes", [connection.cubby], CONNECTION_MEMORY_GOAL))
    if results.latency:
        found += [
            (f"worst latency to Redis's, {cubby.work}", [cubby.worst / redis.worst], GROWING_WORST_GOAL)
            for redis, cubby in latency_pairs(results.latency)
            if cubby.work.startswith(GROWING)
        ]
    if results.persistence:
        found += report_persistence.judgements(results.persistence)
    return found


def compared_with_redis(name, comparisons, figure, goal):
    """One judgement for all commands of a work."""
    ratios = {}
    for each in comparisons:
        if getattr(each.work, goal):
            ratios.setdefault(each.work, []).append(each.ratio(figure))
    return [(f"{name}, {work.name}", each, getattr(work, goal)) for work, each in ratios.items()]


def goals_table(results):
    table = Table(("goal", "limit", "reached, at the worst", ""))
    for name, figures, goal in judgements(results):
        worst = min(figures) if goal.at_least else max(figures)
        limit, verdict = judge(worst, goal)
        table.add(name, limit, f"{worst:,.0f}" if worst >= 100 else f"{worst:.3f}", verdict)
    return table


# ---- The parts ------------------------------------------------------------------------------------------------------


def comparison_cells(comparison):
    return comparison.work.name, comparison.command.upper()


def redis_table(comparisons, figure, form, goal):
    """Of one figure of the two servers, their ratio and the goal of the work."""
    table = Table(("work", "", "Redis", "cubbyd", "ratio", "goal", ""), texts=2)
    for each in comparisons:
        ratio = each.ratio(figure)
        figures = (format(one, form) for one in each.figures(figure))
        table.add(*comparison_cells(each), *figures, f"{ratio:.3f}", *judge(ratio, getattr(each.work, goal)))
    return table


def load_latency_table(comparisons):
    titles = (f"{name} {server}" for name in ("p50", "p99", "p99.9") for server in ("Redis", "cubbyd"))
    table = Table(("work", "", *titles), texts=2)
    for each in comparisons:
        figures = (figure for name in ("p50", "p99", "p999") for figure in each.figures(name))
        table.add(*comparison_cells(each), *(f"{figure:.2f}" for figure in figures))
    return table


def threads_table(comparisons):
    titles = ("1 thread", "1 thread, twice", "2 threads", "2 to 1", "goal", "", "2 to twice 1")
    table = Table(("work", "", *titles), texts=2)
    for each in comparisons:
        ratio = each.ratio("cpu_us")
        table.add(
            *comparison_cells(each),
            *(f"{figure:.2f}" for figure in each.figures("cpu_us")),
            f"{ratio:.3f}",
            *judge(ratio, TWO_THREADS_CPU_GOAL),
            f"{each.ratio('cpu_us', base=1):.3f}",
        )
    return table


def threads_throughput_table(comparisons):
    table = Table(("requests a second", "", "1 thread", "1 thread, twice", "2 threads", "2 to 1"), texts=2)
    for each in comparisons:
        figures = (f"{figure:,.0f}" for figure in each.figures("throughput"))
        table.add(*comparison_cells(each), *figures, f"{each.ratio('throughput'):.2f}")
    return table


def store_table(figures):
    table = Table(("work", "1 thread, no locks", "1 thread", "2 threads", "2 to 1, no locks", "2 to 1", "goal", ""))
    for each in figures:
        table.add(
            each.work,
            *(f"{speed:,.0f}" for speed in (each.unlocked, each.locked, each.two_threads)),
            f"{each.ratio:.3f}",
            f"{each.two_threads / each.locked:.2f}",
            *judge(each.ratio, STORE_GET_GOAL if each.work == "GET" else None),
        )
    return table


def memory_table(key, connection):
    table = Table(("bytes", "Redis", "cubbyd", "ratio", "goal", ""))
    for name, figures, goal, judged in (
        (f"key of 16 bytes with {VALUE_LENGTH} bytes of value", key, KEY_MEMORY_GOAL, key.ratio),
        ("idle connection", connection, CONNECTION_MEMORY_GOAL, connection.cubby),
    ):
        table.add(name, f"{figures.redis:,.0f}", f"{figures.cubby:,.0f}", f"{figures.ratio:.2f}", *judge(judged, goal))
    return table


def latency_pairs(figures):
    """Redis and cubbyd for each work."""
    works = {}
    for each in figures:
        works.setdefault(each.work, {})[each.server] = each
    return [(pair["Redis"], pair["cubbyd"]) for pair in works.values()]


def latency_table(figures):
    titles = ("p50", "p99", "p99.9", "p99.99", "worst", "requests", "the other work", "worst to Redis's", "goal", "")
    table = Table(("beside", "", *titles), texts=2)
    for redis, cubby in latency_pairs(figures):
        ratio = cubby.worst / redis.worst
        goal = GROWING_WORST_GOAL if cubby.work.startswith(GROWING) else None
        table.add(*latency_cells(redis), "", "", "")
        table.add(*latency_cells(cubby), f"{ratio:.3f}", *judge(ratio, goal))
    return table


def latency_cells(each):
    tail = (f"{figure:.2f}" for figure in (each.p50, each.p99, each.p999, each.p9999, each.worst))
    return each.work, each.server, *tail, f"{each.requests:,}", each.note


# ---- All of it ------------------------------------------------------------------------------------------------------


def sections(results):
    """Title, explanation, tables and chart of each part that was measured."""
    found = []
    if results.cpu:
        found += redis_sections(results.cpu)
    if results.threads:
        found.append(threads_section(results.threads))
    if results.store:
        found.append(
            (
                "The store alone",
                "Operations a second on 1M keys (16 bytes, values of 32), without sockets. With one thread the daemon"
                " takes no locks; the goal is held against that.",
                [store_table(results.store)],
                None,
            )
        )
    if results.memory:
        found.append(
            (
                "Memory",
                f"Growth of the resident memory: over 1M keys, and over {CONNECTIONS:,} connections that have sent one"
                " PING (their goal is in bytes).",
                [memory_table(*results.memory)],
                None,
            )
        )
    if results.latency:
        found.append(
            (
                "Latency while something large happens",
                "Milliseconds that a request waits, counted from when it was due, of a probe that asks at a steady rate"
                " while the same server does what the first column says; one thread.",
                [latency_table(results.latency)],
                LATENCY_CHART,
            )
        )
    if results.persistence:
        found += report_persistence.sections(results.persistence)
    return found


def redis_sections(comparisons):
    return [
        (
            "CPU time a request",
            "Microseconds of user and system time of the server's process, one thread, on a core of its own. It holds"
            " where the client is the bottleneck, as it is without a pipeline. Opening and closing connections does not"
            " count.",
            [redis_table(comparisons, "cpu_us", ".2f", "cpu_goal")],
            CPU_CHART,
        ),
        (
            "Requests a second",
            "As redis-benchmark sees them: where it is the bottleneck itself, both servers look alike.",
            [redis_table(comparisons, "throughput", ",.0f", "throughput_goal")],
            THROUGHPUT_CHART,
        ),
        (
            "Latency under full load",
            "Milliseconds; with a pipeline, of a whole batch. All clients ask as fast as they are answered, so this"
            " mostly repeats the requests a second.",
            [load_latency_table(comparisons)],
            None,
        ),
    ]


def threads_section(comparisons):
    return (
        "Two threads against one",
        "CPU time in microseconds a request of cubbyd with `--threads 1`, of two such daemons with half the clients"
        " each, and of cubbyd with `--threads 2`. All run on the same two cores under the same load: two processes of"
        " redis-benchmark, on a third and fourth core if there are any; otherwise they share the two, and the scheduler"
        " decides who is where.\n\n"
        "Where four threads share two cores they crowd each other out: they are switched more often, find colder"
        " caches, and fewer requests wait at each wake-up. Two daemons suffer that like two threads do, but share no"
        " key and take no lock. So what they cost more than one thread is the crowd's, and what two threads cost more"
        " than they do (the last column) is what two threads cost each other. The goal is held against the one thread.",
        [threads_table(comparisons), threads_throughput_table(comparisons)],
        None,
    )


def terminal(results):
    parts = ["\n".join(f"{name}: {what}" for name, what in results.machine), f"Goals.\n\n{goals_table(results)}"]
    for title, explanation, tables, _ in sections(results):
        parts += [f"{title}. {explanation}", *map(str, tables)]
    return "\n\n".join(parts)


def anchor(title):
    return "#" + title.lower().replace(" ", "-")


def document(results):
    """What stands between the marks of doc/benchmarks.md."""
    machine = Table(("measured with", ""), [tuple(pair) for pair in results.machine], texts=2)
    parts = [
        str(machine),
        "All servers of a table run at the same time on the same cores and are driven in turns, round by round; a"
        " figure is the median of the rounds.",
        f"## Goals\n\nWhy one is missed stands [below]({anchor(EXPLANATIONS)}).",
        str(goals_table(results)),
    ]
    for title, explanation, tables, chart in sections(results):
        parts.append(f"## {title}\n\n{explanation}")
        parts += [f"![{title}]({chart})"] if chart else []
        parts += map(str, tables)
    return "\n\n".join(parts)


def summary(results):
    """What stands between the marks of README.md: a row for each work, SET and GET in one cell."""
    titles = ("Redis requests/s", "cubbyd requests/s", "Redis CPU µs", "cubbyd CPU µs", "CPU ratio")
    table = Table(("SET / GET", *titles))
    for pair in zip(results.cpu[::2], results.cpu[1::2]):
        redis, cubby = zip(*(each.samples for each in pair))
        table.add(
            pair[0].work.name,
            " / ".join(f"{one.throughput:,.0f}" for one in redis),
            " / ".join(f"{one.throughput:,.0f}" for one in cubby),
            " / ".join(f"{one.cpu_us:.2f}" for one in redis),
            " / ".join(f"{one.cpu_us:.2f}" for one in cubby),
            " / ".join(f"{each.ratio('cpu_us'):.2f}" for each in pair),
        )
    worst = Table(("ms, at the worst, while a probe asks beside", "Redis", "cubbyd"))
    for redis, cubby in latency_pairs(results.latency):
        worst.add(cubby.work, f"{redis.worst:.2f}", f"{cubby.worst:.2f}")
    return "\n\n".join(map(str, (table, memory_table(*results.memory), worst)))

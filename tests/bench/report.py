"""Tables of what was measured, as Markdown that is readable on a terminal, too."""

from dataclasses import dataclass, field

from compare import Comparison
from memory import CONNECTIONS, VALUE_LENGTH
from store import StoreFigures
from works import CONNECTION_MEMORY_GOAL, KEY_MEMORY_GOAL, STORE_GET_GOAL, TWO_THREADS_CPU_GOAL


@dataclass(frozen=True)
class MemoryFigures:
    """Bytes."""

    redis: float
    cubby: float


@dataclass(frozen=True)
class Results:
    machine: list  # pairs of text
    against_redis: list[Comparison]
    threads: list[Comparison]  # cubbyd with one thread and with two
    store: list[StoreFigures]
    key: MemoryFigures
    connection: MemoryFigures


@dataclass
class Table:
    titles: tuple
    rows: list = field(default_factory=list)
    texts: int = 1  # columns on the left that hold words; the others hold figures

    def add(self, *cells):
        self.rows.append(cells)

    def __str__(self):
        widths = [max(map(len, column)) for column in zip(self.titles, *self.rows)]
        rule = ["-" * w if n < self.texts else "-" * (w - 1) + ":" for n, w in enumerate(widths)]
        return "\n".join(self._line(cells, widths) for cells in (self.titles, rule, *self.rows))

    def _line(self, cells, widths):
        padded = [c.ljust(w) if n < self.texts else c.rjust(w) for n, (c, w) in enumerate(zip(cells, widths))]
        return f"| {' | '.join(padded)} |"


def judge(figure, goal):
    """Cells for a goal and whether it is met."""
    if goal is None:
        return "", ""
    return str(goal), "met" if goal.is_met(figure) else "**missed**"


def comparison_cells(comparison):
    return comparison.work.name, comparison.command.upper()


def cpu_table(comparisons):
    table = Table(("work", "", "Redis", "cubbyd", "ratio", "goal", ""), texts=2)
    for each in comparisons:
        ratio = each.ratio("cpu_us")
        figures = (f"{sample.cpu_us:.2f}" for sample in (each.base, each.other))
        table.add(*comparison_cells(each), *figures, f"{ratio:.2f}", *judge(ratio, each.work.cpu_goal))
    return table


def throughput_table(comparisons):
    table = Table(("work", "", "Redis", "cubbyd", "ratio", "goal", ""), texts=2)
    for each in comparisons:
        ratio = each.ratio("throughput")
        figures = (f"{sample.throughput:,.0f}" for sample in (each.base, each.other))
        table.add(*comparison_cells(each), *figures, f"{ratio:.2f}", *judge(ratio, each.work.throughput_goal))
    return table


def latency_table(comparisons):
    titles = (f"{name} {server}" for name in ("p50", "p99", "p99.9") for server in ("Redis", "cubbyd"))
    table = Table(("work", "", *titles), texts=2)
    for each in comparisons:
        figures = (getattr(sample, name) for name in ("p50", "p99", "p999") for sample in (each.base, each.other))
        table.add(*comparison_cells(each), *(f"{figure:.2f}" for figure in figures))
    return table


def threads_table(comparisons):
    titles = ("CPU, 1 thread", "2 threads", "ratio", "goal", "", "requests/s, 1 thread", "2 threads", "ratio")
    table = Table(("work", "", *titles), texts=2)
    for each in comparisons:
        cpu = each.ratio("cpu_us")
        table.add(
            *comparison_cells(each),
            *(f"{sample.cpu_us:.2f}" for sample in (each.base, each.other)),
            f"{cpu:.2f}",
            *judge(cpu, TWO_THREADS_CPU_GOAL),
            *(f"{sample.throughput:,.0f}" for sample in (each.base, each.other)),
            f"{each.ratio('throughput'):.2f}",
        )
    return table


def store_table(figures):
    table = Table(("work", "1 thread, no locks", "1 thread", "2 threads", "2 to 1, no locks", "2 to 1", "goal", ""))
    for each in figures:
        ratio = each.two_threads / each.unlocked
        table.add(
            each.work,
            *(f"{speed:,.0f}" for speed in (each.unlocked, each.locked, each.two_threads)),
            f"{ratio:.2f}",
            f"{each.two_threads / each.locked:.2f}",
            *judge(ratio, STORE_GET_GOAL if each.work == "GET" else None),
        )
    return table


def memory_table(key, connection):
    table = Table(("bytes", "Redis", "cubbyd", "ratio", "goal", ""))
    for name, figures, goal, judged in (
        (f"key of 16 bytes with {VALUE_LENGTH} bytes of value", key, KEY_MEMORY_GOAL, key.cubby / key.redis),
        ("idle connection", connection, CONNECTION_MEMORY_GOAL, connection.cubby),
    ):
        ratio = f"{figures.cubby / figures.redis:.2f}"
        table.add(name, f"{figures.redis:,.0f}", f"{figures.cubby:,.0f}", ratio, *judge(judged, goal))
    return table


def sections(results):
    """Title, explanation and table of each part."""
    return [
        (
            "CPU time a request",
            "Microseconds of user and system time of the server's process, one thread. It holds where the client is"
            " the bottleneck, as it is without a pipeline.",
            cpu_table(results.against_redis),
        ),
        (
            "Requests a second",
            "As redis-benchmark sees them: where it is the bottleneck itself, both servers look alike.",
            throughput_table(results.against_redis),
        ),
        ("Latency", "Milliseconds; with a pipeline, of a whole batch.", latency_table(results.against_redis)),
        (
            "Two threads against one",
            "cubbyd with `--threads 1` and with `--threads 2`, both on the same two cores: CPU time in microseconds a"
            " request. The load has a third core if there is one; otherwise it shares the second.",
            threads_table(results.threads),
        ),
        (
            "The store alone",
            "Operations a second on 1M keys (16 bytes, values of 32), without sockets. With one thread the daemon"
            " takes no locks; the goal is held against that.",
            store_table(results.store),
        ),
        (
            "Memory",
            f"Growth of the resident memory: over 1M keys, and over {CONNECTIONS:,} connections that have sent one PING"
            " (their goal is in bytes).",
            memory_table(results.key, results.connection),
        ),
    ]


def terminal(results):
    parts = [f"{title}. {explanation}\n\n{table}" for title, explanation, table in sections(results)]
    return "\n\n".join(["\n".join(f"{name}: {what}" for name, what in results.machine), *parts])


def document(results):
    """What stands between the marks of doc/benchmarks.md."""
    machine = Table(("measured with", ""), [tuple(pair) for pair in results.machine], texts=2)
    parts = [f"## {title}\n\n{explanation}\n\n{table}" for title, explanation, table in sections(results)]
    return "\n\n".join([str(machine), "![CPU time a request](benchmarks.svg)", *parts])


def summary(results):
    """What stands between the marks of README.md: a row for each work, SET and GET in one cell."""
    titles = ("Redis requests/s", "cubbyd requests/s", "Redis CPU µs", "cubbyd CPU µs", "CPU ratio")
    table = Table(("SET / GET", *titles))
    for each, get in zip(results.against_redis[::2], results.against_redis[1::2]):
        pair = (each, get)
        table.add(
            each.work.name,
            " / ".join(f"{one.base.throughput:,.0f}" for one in pair),
            " / ".join(f"{one.other.throughput:,.0f}" for one in pair),
            " / ".join(f"{one.base.cpu_us:.2f}" for one in pair),
            " / ".join(f"{one.other.cpu_us:.2f}" for one in pair),
            " / ".join(f"{one.ratio('cpu_us'):.2f}" for one in pair),
        )
    return f"{table}\n\n{memory_table(results.key, results.connection)}"

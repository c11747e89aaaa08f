"""Tables of what it costs to keep what is there."""

from append import ALWAYS, EVERYSEC
from snapshots import QUIET
from table import Table, judge
from works import ALWAYS_GOAL, EVERYSEC_GOAL, LOADING_GOAL, SNAPSHOT_MEMORY_GOAL, SNAPSHOT_WAIT_GOAL

MEBIBYTE = 1 << 20


def judgements(figures):
    """Name, figures and goal of each goal."""
    kept = [row.cubby_kept for row in figures.append if row.policy == EVERYSEC]
    synced = [row.to_redis for row in figures.append if row.policy == ALWAYS]
    waits = [ratio for server, _, ratio in with_ratios(figures.snapshots.waits) if server == "cubbyd" and ratio]
    memory = [row.share for row in figures.snapshots.memory if row.server == "cubbyd"]
    return [
        ("SET with an append-only file, everysec, to its own without", kept, EVERYSEC_GOAL),
        ("SET with an append-only file, always, to Redis's", synced, ALWAYS_GOAL),
        ("p99.9 while a snapshot is written, to its own without", waits, SNAPSHOT_WAIT_GOAL),
        ("memory that a snapshot takes, to the data", memory, SNAPSHOT_MEMORY_GOAL),
        ("speed of loading, to Redis's", [row.speed for row in figures.loading], LOADING_GOAL),
    ]


def with_ratios(waits):
    """Server, figures, and the 99.9th percentile to the server's own without a snapshot; None for that itself."""
    quiet = {each.server: each.p999 for each in waits if each.work == QUIET}
    return [(each.server, each, each.p999 / quiet[each.server] if each.work != QUIET else None) for each in waits]


def sections(figures):
    """As report.sections()."""
    return [
        (
            "Append-only file",
            "SET, requests a second, with one thread on a core of its own, its threads for the disk included."
            f" Rewrites are off. A small write reached this disk in {figures.sync_ms:.2f} ms, in the middle of some"
            " tries. Behind \"kept\" stands the part of the same server's speed without a file.",
            [append_table(figures.append)],
            None,
        ),
        (
            "While a snapshot is written",
            "Milliseconds that a request waits, as above, with an append-only file (everysec) and values of 100 bytes;"
            " the server may use two cores, which the probe shares with it where there are no others. The other table"
            " has what is resident on top of the data while all keys are set at random, as fast as can be; to Redis's"
            " that of its child is added.",
            [waits_table(figures.snapshots.waits), memory_table(figures.snapshots.memory)],
            None,
        ),
        (
            "Loading",
            "Seconds from a server's start to its first answer, on all cores, with the files in the system's cache:"
            " keys of 16 bytes, values of 32 that do not get smaller when they are compressed.",
            [loading_table(figures.loading)],
            None,
        ),
    ]


def append_table(rows):
    titles = ("Redis", "cubbyd", "ratio", "goal", "", "Redis kept", "cubbyd kept", "goal", "", "CPU µs", "without")
    table = Table(("work", "", *titles), texts=2)
    for row in rows:
        table.add(
            row.work,
            row.policy,
            f"{row.redis.throughput:,.0f}",
            f"{row.cubby.throughput:,.0f}",
            f"{row.to_redis:.3f}",
            *judge(row.to_redis, ALWAYS_GOAL if row.policy == ALWAYS else None),
            f"{row.redis_kept:.3f}",
            f"{row.cubby_kept:.3f}",
            *judge(row.cubby_kept, EVERYSEC_GOAL if row.policy == EVERYSEC else None),
            f"{row.cubby.cpu_us:.2f}",
            f"{row.cubby_alone.cpu_us:.2f}",
        )
    return table


def waits_table(waits):
    titles = ("p50", "p99", "p99.9", "p99.99", "worst", "requests", "the other work", "p99.9 to without", "goal", "")
    table = Table(("beside", "", *titles), texts=2)
    for server, each, ratio in with_ratios(waits):
        tail = (f"{figure:.2f}" for figure in (each.p50, each.p99, each.p999, each.p9999, each.worst))
        judged = ratio is not None and server == "cubbyd"
        verdict = judge(ratio, SNAPSHOT_WAIT_GOAL) if judged else ("", "")
        shown = "" if ratio is None else f"{ratio:.2f}"
        table.add(each.work, server, *tail, f"{each.requests:,}", each.note, shown, *verdict)
    return table


def memory_table(rows):
    table = Table(("while keys are set", "", "data, MiB", "on top, MiB", "part", "SET a second", "goal", ""), texts=2)
    for row in rows:
        sizes = (f"{size / MEBIBYTE:,.0f}" for size in (row.data, row.extra))
        verdict = judge(row.share, SNAPSHOT_MEMORY_GOAL if row.server == "cubbyd" else None)
        table.add(row.command, row.server, *sizes, f"{row.share:.3f}", f"{row.writes:,.0f}", *verdict)
    return table


def loading_table(rows):
    table = Table(("from", "Redis", "cubbyd", "speed to Redis's", "goal", ""))
    for row in rows:
        verdict = judge(row.speed, LOADING_GOAL)
        table.add(row.what, f"{row.redis:.2f}", f"{row.cubby:.2f}", f"{row.speed:.2f}", *verdict)
    return table

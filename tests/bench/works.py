"""What is measured: the works that redis-benchmark drives, and the goal beside each figure."""

from dataclasses import dataclass

COMMANDS = ("set", "get")
KEYS = 1_000_000  # where keys are random, and where memory is measured


@dataclass(frozen=True)
class Goal:
    limit: float
    at_least: bool = False

    def __str__(self):
        limit = f"{self.limit:,.0f}" if self.limit >= 100 else f"{self.limit:.2f}"
        return f"{'≥' if self.at_least else '≤'} {limit}"

    def is_met(self, figure):
        return figure >= self.limit if self.at_least else figure <= self.limit


@dataclass(frozen=True)
class Work:
    name: str
    clients: int
    pipeline: int
    keys: int  # how many keys are drawn from at random; 0 is always the same key
    value_length: int  # bytes
    cpu_goal: Goal | None = None  # of the ratio of CPU time a request, cubbyd to Redis
    throughput_goal: Goal | None = None  # of the ratio of requests a second


WORKS = (
    Work("50 clients", 50, 1, 0, 3, Goal(0.90)),
    Work("50 clients, 1M keys, 100 B", 50, 1, KEYS, 100, Goal(0.90)),
    Work("10,000 clients", 10_000, 1, 0, 3, Goal(0.83)),
    Work("pipeline 16, 1M keys", 50, 16, KEYS, 3, Goal(0.50), Goal(1.55, at_least=True)),
    Work("pipeline 100, 1M keys", 50, 100, KEYS, 3, Goal(0.27), Goal(3.8, at_least=True)),
)

# What goes to an append-only file.
APPEND_WORKS = (Work("50 clients, 1M keys", 50, 1, KEYS, 3), Work("pipeline 16, 1M keys", 50, 16, KEYS, 3))

TWO_THREADS_CPU_GOAL = Goal(1.15)  # CPU time a request, two threads to one
STORE_GET_GOAL = Goal(1.8, at_least=True)  # operations a second, two threads to one
KEY_MEMORY_GOAL = Goal(0.80)  # ratio to Redis
CONNECTION_MEMORY_GOAL = Goal(1024)  # bytes
GROWING = "growing"  # how the name of the latency part's work begins that has a goal
GROWING_WORST_GOAL = Goal(1.0)  # ratio to Redis of the worst latency
EVERYSEC_GOAL = Goal(0.90, at_least=True)  # requests a second of SET, to its own without a file
ALWAYS_GOAL = Goal(1.2, at_least=True)  # requests a second of SET, to Redis's
SNAPSHOT_WAIT_GOAL = Goal(1.2)  # 99.9th percentile while a snapshot is written, to its own without
SNAPSHOT_MEMORY_GOAL = Goal(0.10)  # of the data, on top of it
LOADING_GOAL = Goal(1.5, at_least=True)  # speed, to Redis's

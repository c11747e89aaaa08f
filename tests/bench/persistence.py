"""What it costs to keep what is there: the append-only file, snapshots, and loading at the start."""

from dataclasses import dataclass

import append
import loading
import snapshots
from append import AppendFigures
from loading import LoadingFigures
from snapshots import SnapshotFigures

SNAPSHOT_KEYS = 3_000_000
LOADING_KEYS = 5_000_000


@dataclass(frozen=True)
class Effort:
    append_rounds: int
    append_seconds: float  # of one run
    rounds: int  # of the other two
    scale: float  # of the numbers of keys


@dataclass(frozen=True)
class PersistenceFigures:
    sync_ms: float  # until a small write is on the disk
    append: list[AppendFigures]
    snapshots: SnapshotFigures
    loading: list[LoadingFigures]


def measure(effort, cores, directory):
    return PersistenceFigures(
        append.sync_ms(directory),
        append.measure(effort.append_rounds, effort.append_seconds, cores, directory),
        snapshots.measure(effort.rounds, round(SNAPSHOT_KEYS * effort.scale), cores, directory),
        loading.measure(effort.rounds, round(LOADING_KEYS * effort.scale), cores, directory),
    )

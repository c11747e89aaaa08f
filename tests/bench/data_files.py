"""Files that both servers start from: made once, with commands that are written by hand and a snapshot that cubbyd makes
of them."""

import base64
import os
import random
from dataclasses import dataclass
from pathlib import Path

import servers

BATCH = 1000  # commands written together
SEED = 1
NOISE_BYTES = 3 << 18  # of text that does not get smaller when it is compressed, as with most of what people store
STRIDE = 37  # bytes between the values of two keys, in that text
INCREMENT, BASE = "appendonly.aof.1.incr.aof", "appendonly.aof.1.base.rdb"
SNAPSHOT = "dump.rdb"
LOADING_DEADLINE = 120  # seconds

FROM_SNAPSHOT = ("--save", "", "--appendonly", "no")
FROM_APPEND_ONLY_FILE = ("--save", "", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0")


@dataclass(frozen=True)
class DataFiles:
    commands: Path  # an append-only file: a SET for each key
    snapshot: Path  # the same keys


def make(directory, keys, value_length):
    directory.mkdir()
    commands = directory / INCREMENT
    write_commands(commands, keys, value_length)
    home = start_from_commands(directory / "maker", commands)
    with servers.cubbyd(home, None, settings=FROM_APPEND_ONLY_FILE, deadline=LOADING_DEADLINE) as maker:
        maker.call("SAVE")
    return DataFiles(commands, home / SNAPSHOT)


def write_commands(path, keys, value_length):
    noise = base64.b64encode(random.Random(SEED).randbytes(NOISE_BYTES))
    places = len(noise) - value_length
    form = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%%012d\r\n$%d\r\n%%s\r\n" % value_length
    with path.open("wb") as file:
        for first in range(0, keys, BATCH):
            numbers = range(first, min(first + BATCH, keys))
            starts = [number * STRIDE % places for number in numbers]
            values = [noise[start : start + value_length] for start in starts]
            file.write(b"".join([form % pair for pair in zip(numbers, values)]))


def start_from_commands(home, commands):
    """A directory whose append-only file is these commands."""
    return append_only_directory(home, {INCREMENT: commands}, f"file {INCREMENT} seq 1 type i\n")


def start_from_base(home, snapshot):
    """A directory whose append-only file is this snapshot, and nothing since."""
    listed = f"file {BASE} seq 1 type b\nfile {INCREMENT} seq 1 type i\n"
    append_only_directory(home, {BASE: snapshot}, listed)
    (home / "appendonlydir" / INCREMENT).touch()
    return home


def start_from_snapshot(home, snapshot):
    home.mkdir()
    os.link(snapshot, home / SNAPSHOT)
    return home


def append_only_directory(home, files, manifest):
    directory = home / "appendonlydir"
    directory.mkdir(parents=True)
    for name, source in files.items():
        os.link(source, directory / name)
    (directory / "appendonly.aof.manifest").write_text(manifest, encoding="ascii")
    return home

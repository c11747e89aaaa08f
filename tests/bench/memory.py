"""What a key and an idle connection cost of a server's resident memory."""

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from client import Client
from servers import Failure
from works import KEYS

VALUE_LENGTH = 32  # bytes; the keys have 16
CONNECTIONS = 10_000

POLL = 0.25  # seconds
PATIENCE = 5
TOLERANCE = 64 * 1024  # bytes that are no change


def settle(targets, steady):
    """Resident bytes of each server, once none has changed for `steady` seconds: buffers are given back some time
    later. Not all servers become steady; one is waited for at most PATIENCE times as long."""
    end = time.monotonic() + PATIENCE * steady
    since, resident = time.monotonic(), resident_bytes(targets)
    while time.monotonic() < min(since + steady, end):
        time.sleep(POLL)
        now = resident_bytes(targets)
        if any(abs(after - before) > TOLERANCE for before, after in zip(resident, now)):
            since, resident = time.monotonic(), now
    return resident


def resident_bytes(targets):
    return [server.resident_bytes() for server in targets]


def measure(keyed, connected, steady, pin):
    """Bytes for each key of the servers `keyed`, and for each connection of the servers `connected`. All are fresh, and
    settle at the same time."""
    before = settle([*keyed, *connected], steady)
    with ExitStack() as stack:
        for server in keyed:
            fill(server)
        for server in connected:
            stack.enter_context(idle_connections(server, pin))
        after = settle([*keyed, *connected], steady)
    growth = [now - then for then, now in zip(before, after)]
    return [each / KEYS for each in growth[: len(keyed)]], [each / CONNECTIONS for each in growth[len(keyed) :]]


def fill(server):
    with Client(server.port) as client:
        client.fill(KEYS, VALUE_LENGTH)
    keys = int(server.call("DBSIZE"))
    if keys != KEYS:
        raise Failure(f"{server.name} has {keys} keys, not {KEYS}")


@contextmanager
def idle_connections(server, pin):
    """Opened by another process: its memory and its descriptors are not the benchmark's."""
    helper = Path(__file__).with_name("idle.py")
    with subprocess.Popen(
        [sys.executable, helper, str(server.port), str(CONNECTIONS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=pin,
    ) as process:
        try:
            if process.stdout.readline() != b"ready\n":
                raise Failure(f"{server.name}: cannot open {CONNECTIONS} connections")
            yield
        finally:
            process.stdin.close()

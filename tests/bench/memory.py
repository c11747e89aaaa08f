"""What a key and an idle connection cost of a server's resident memory."""

import subprocess
import sys
import time
from pathlib import Path

from client import Client
from servers import Failure
from works import KEYS

VALUE_LENGTH = 32  # bytes; the keys have 16
CONNECTIONS = 10_000

POLL = 0.25  # seconds
DEADLINE = 30  # seconds for memory to settle
TOLERANCE = 64 * 1024  # bytes that are no change


def settled(server, steady):
    """Resident bytes, once they have not changed for `steady` seconds: servers give buffers back a while later."""
    end = time.monotonic() + DEADLINE
    since, resident = time.monotonic(), server.resident_bytes()
    while time.monotonic() < min(since + steady, end):
        time.sleep(POLL)
        now = server.resident_bytes()
        if abs(now - resident) > TOLERANCE:
            since, resident = time.monotonic(), now
    return resident


def bytes_per_key(server, steady):
    before = settled(server, steady)
    with Client(server.port) as client:
        client.fill(KEYS, VALUE_LENGTH)
    keys = int(server.call("DBSIZE"))
    if keys != KEYS:
        raise Failure(f"{server.name} has {keys} keys, not {KEYS}")
    return (settled(server, steady) - before) / KEYS


def bytes_per_connection(server, steady, pin):
    """Opened by another process: its memory and its descriptors are not the benchmark's."""
    before = settled(server, steady)
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
            return (settled(server, steady) - before) / CONNECTIONS
        finally:
            process.stdin.close()

"""DEBUG DIGEST: the same commands leave the same digest in cubbyd and in redis-server."""

import random
import subprocess
import tempfile
import time

import redis

from tally import DEADLINE, check, equal, finish
from with_daemon import accepts, cubby_command, end, ready_port, redis_command

SEED = 20
STEPS = 2000
KEYS = 50


def start(command, port, directory):
    """The process and a client of it; waits until it listens."""
    log_path = f"{directory}/{command[0].rsplit('/', 1)[-1]}.log"
    with open(log_path, "w", encoding="utf-8") as log:
        daemon = subprocess.Popen(
            [*command, "--enable-debug-command", "yes"], cwd=directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    deadline = time.monotonic() + DEADLINE
    while port is None and time.monotonic() < deadline:
        with open(log_path, encoding="utf-8") as log:
            port = ready_port(log.read())
        time.sleep(0.01)
    client = redis.Redis(host="127.0.0.1", port=port, socket_timeout=DEADLINE)
    while time.monotonic() < deadline and not accepts(port):
        time.sleep(0.01)
    return daemon, client


def some_command(dice):
    key = f"key:{dice.randrange(KEYS)}"
    value = dice.choice([str(dice.randrange(-(2**40), 2**40)), "", "text", dice.randbytes(dice.randrange(3000))])
    return dice.choice(
        [
            ["SET", key, value],
            ["SET", key, value, "EX", 10000],
            ["APPEND", key, value],
            ["SETRANGE", key, dice.randrange(100), value],
            ["INCR", key],
            ["DEL", key],
            ["PERSIST", key],
            ["EXPIRE", key, 10000],
            ["RENAME", key, f"key:{dice.randrange(KEYS)}"],
            ["SELECT", dice.randrange(3)],
        ]
    )


def outcome(connection, command):
    connection.send_command(*command)
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return str(error)


def digests_agree(ours, theirs):
    dice = random.Random(SEED)
    one, other = ours.connection_pool.get_connection("_"), theirs.connection_pool.get_connection("_")
    for step in range(STEPS):
        command = some_command(dice)
        equal(f"{command[0]} in step {step}", outcome(one, command), outcome(other, command))
        if step % 100 == 99:
            digest = outcome(one, ["DEBUG", "DIGEST"])
            equal(f"the digest after step {step}", digest, outcome(other, ["DEBUG", "DIGEST"]))
            check("a digest of something", digest.strip(b"0") != b"")
    values = ["DEBUG", "DIGEST-VALUE", *(f"key:{i}" for i in range(KEYS))]
    equal("digests of values", outcome(one, values), outcome(other, values))
    one.disconnect()
    other.disconnect()


with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
    daemons = []
    try:
        for make, home in ((cubby_command, ours), (redis_command, theirs)):
            daemons.append(start(*make(), home))
        digests_agree(daemons[0][1], daemons[1][1])
    except FileNotFoundError as missing:
        print(f"skipped: {missing}")
    finally:
        for process, _ in daemons:
            check("it ends well", end(process))
finish()

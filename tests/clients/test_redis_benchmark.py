"""redis-benchmark in small runs: every request answered, no error, the figures printed."""

import re
import subprocess

from tally import DEADLINE, PORT, check, equal, finish


def benchmark(*arguments):
    done = subprocess.run(
        ["redis-benchmark", "-p", PORT, *arguments], capture_output=True, text=True, timeout=6 * DEADLINE
    )
    return done.returncode, done.stdout + done.stderr


def check_run(name, tests, *arguments):
    status, said = benchmark("-q", *arguments)
    equal(f"{name}: exit status", status, 0)
    check(f"{name}: no error", "rror" not in said and "WARNING" not in said, said)
    for test in tests:
        check(f"{name}: {test}", re.search(rf"{test}[^\r\n]*: [0-9.]+ requests per second", said), said)


check_run("no pipeline", ["SET", "GET"], "-t", "set,get", "-n", "10000", "-c", "50")
check_run("pipeline", ["SET", "GET"], "-t", "set,get", "-n", "50000", "-P", "16", "-r", "10000", "-d", "100")
check_run("deep pipeline", ["SET", "GET"], "-t", "set,get", "-n", "50000", "-P", "1000", "-c", "5")
check_run("many clients", ["SET", "GET"], "-t", "set,get", "-n", "10000", "-c", "1000")
check_run("threads", ["SET", "GET"], "-t", "set,get", "-n", "20000", "--threads", "2")
check_run("RESP3", ["SET", "GET"], "-t", "set,get", "-n", "5000", "-3")
check_run("other commands", ["PING_INLINE", "PING_MBULK", "INCR", "MSET"], "-t", "ping,incr,mset", "-n", "5000")
check_run("a command of one's own", ["SETRANGE"], "-n", "5000", "-r", "100", "SETRANGE", "key:__rand_int__", "5", "abc")
finish()

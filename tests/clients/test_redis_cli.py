"""redis-cli, as people use it: one command, standard input, its interactive mode, and its tools."""

import os
import pty
import re
import select
import subprocess
import time

from tally import DEADLINE, PORT, check, equal, finish

KEYS = 1000


def cli(*arguments, stdin=""):
    """What redis-cli prints."""
    done = subprocess.run(
        ["redis-cli", "-p", PORT, *arguments], input=stdin, capture_output=True, text=True, timeout=DEADLINE
    )
    return done.stdout + done.stderr


def one_command_each():
    equal("PING", cli("PING"), "PONG\n")
    equal("SET", cli("SET", "greeting", "hello world"), "OK\n")
    equal("GET", cli("GET", "greeting"), "hello world\n")
    equal("GET of nothing", cli("GET", "nothing"), "\n")
    equal("SET with a TTL", cli("SET", "brief", "x", "EX", "100"), "OK\n")
    check("TTL", cli("TTL", "brief") in ("100\n", "99\n"))
    equal("INCR", cli("INCR", "counter"), "1\n")
    equal("an error", cli("INCR", "greeting").strip(), "ERR value is not an integer or out of range")
    check("an unknown command", cli("NOSUCH", "thing").startswith("ERR unknown command 'NOSUCH'"))
    equal("another db", cli("-n", "3", "DBSIZE"), "0\n")
    equal("the value from standard input", cli("-x", "SET", "from-stdin", stdin="a\r\nb"), "OK\n")
    equal("its length", cli("STRLEN", "from-stdin"), "4\n")
    equal("RESP3", cli("-3", "GET", "greeting"), "hello world\n")
    check("INFO", "redis_version:" in cli("INFO"))


def commands_from_standard_input():
    answers = cli(stdin="SET a 1\nINCR a\nMGET a nothing\n")
    equal("a script of commands", answers, "OK\n2\n2\n\n")


def read_until(terminal, text, seen=""):
    """Reads the terminal until the text has come; what came."""
    end = time.monotonic() + DEADLINE
    while text not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536).decode()
            except OSError:  # the other side has closed
                break
    return seen


def interactive_mode():
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {**os.environ, "TERM": "dumb", "REDISCLI_HISTFILE": "/dev/null"}
        os.execvpe("redis-cli", ["redis-cli", "-p", PORT], environment)
    check("a prompt", f"127.0.0.1:{PORT}> " in read_until(terminal, "> "))
    for command, answer in (
        ("SET town Berlin", "OK"),
        ("GET town", '"Berlin"'),
        ("GET nothing", "(nil)"),
        ("STRLEN town", "(integer) 6"),
        ("MGET town nothing", '1) "Berlin"'),
        ("INCR town", "(error) ERR value is not an integer"),
        ("SELECT 2", f"127.0.0.1:{PORT}[2]> "),
        ("HELLO 3", '"proto" => (integer) 3'),
        ("GET town", "(nil)"),
    ):
        os.write(terminal, command.encode() + b"\n")
        seen = read_until(terminal, answer)
        check(f"interactive {command}", answer in seen, seen)
    os.write(terminal, b"QUIT\n")
    read_until(terminal, "never said")
    os.close(terminal)
    equal("its exit status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)


def mass_insertion():
    stream = "".join(
        f"*3\r\n$3\r\nSET\r\n${len(key)}\r\n{key}\r\n$5\r\nvalue\r\n" for key in (f"mass:{i}" for i in range(KEYS))
    )
    said = cli("--pipe", stdin=stream)
    check("--pipe", f"errors: 0, replies: {KEYS}" in said, said)


def walks_over_the_keys():
    found = cli("--scan", "--pattern", "mass:*").split()
    equal("--scan finds each key once or more", len(set(found)), KEYS)
    cli("SET", "mass:big", "x" * 5000)
    said = cli("--bigkeys")
    check("--bigkeys names the biggest", re.search(r"Biggest string found .*mass:big.* has 5000 bytes", said), said)
    said = cli("--memkeys")
    check("--memkeys names it", "mass:big" in said, said)


def running_statistics():
    started = subprocess.Popen(
        ["redis-cli", "-p", PORT, "-i", "0.05", "--stat"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = [started.stdout.readline().decode() for _ in range(5)]
    started.kill()
    started.wait()
    check("--stat shows lines of numbers", all(re.match(r"\d+\s+\S+[KMG]?\s+\d+", line) for line in lines[2:]), lines)


def first_lines(arguments, done, meanwhile):
    """What a mode that has no end prints until it has said the text; meanwhile() is called again and again."""
    tool, output = pty.openpty()
    started = subprocess.Popen(["redis-cli", "-p", PORT, *arguments], stdin=subprocess.DEVNULL, stdout=output)
    os.close(output)
    seen = ""
    end = time.monotonic() + DEADLINE
    while done not in seen and time.monotonic() < end:
        meanwhile()
        if select.select([tool], [], [], 0.05)[0]:
            seen += os.read(tool, 65536).decode()
    started.kill()
    started.wait()
    os.close(tool)
    return seen


def endless_modes():
    for arguments, done, command in (
        (["MONITOR"], '"SET" "watched" "by redis-cli"', ["SET", "watched", "by redis-cli"]),
        (["SUBSCRIBE", "news"], '"hello"', ["PUBLISH", "news", "hello"]),
        (["PSUBSCRIBE", "n*"], '"hello"', ["PUBLISH", "news", "hello"]),
        (["SSUBSCRIBE", "news"], '"hello"', ["SPUBLISH", "news", "hello"]),
        (["--latency", "-i", "0.05"], "samples", ["PING"]),
    ):
        seen = first_lines(arguments, done, lambda words=command: cli(*words))
        check(f"redis-cli {arguments[0]}", done in seen, seen)


def hot_keys():
    check("--hotkeys without LFU", "LFU maxmemory policy is not selected" in cli("--hotkeys"))
    cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lfu")
    cli(stdin="GET mass:big\n" * KEYS)
    said = cli("--hotkeys")
    check("--hotkeys names the hottest", re.search(r"hot key found with counter: \d+\s+keyname: .?mass:big", said), said)
    cli("CONFIG", "SET", "maxmemory-policy", "noeviction")


def repeated_command():
    equal("a repeated command", cli("-r", "3", "-i", "0.01", "PING"), "PONG\n" * 3)


one_command_each()
commands_from_standard_input()
interactive_mode()
mass_insertion()
walks_over_the_keys()
running_statistics()
endless_modes()
hot_keys()
repeated_command()
finish()

"""Counts the instructions that the whole daemon spends on one request, with valgrind's tool callgrind.

The daemon runs under callgrind from its start to its end and is driven through a socket, one work after the other. A
PING between two works is the border: callgrind writes down what it has counted so far, and begins again at zero, at the
very instruction where the PING's handler is entered (--dump-before). So start-up is not counted, no work counts for
another, and nothing reaches into the running process from outside. callgrind_control does, and needs ptrace for it
while the daemon waits for its socket, which containers may forbid.

What varies between two runs is kept small:
- Periodic work is counted as often as it falls due in the time that a work takes, so a busy machine counts more of it.
  It can only add: of several rounds the least counts. The search for expired keys, 50 times a second, is switched off.
- The seed of the hash is new at each start, so the chains differ. Over some thousand keys that is less than 0.2%.
- A pipeline is sent whole and its replies are read before the next one is sent: the daemon takes each with one read.

What the kernel does in the daemon's system calls is not seen by callgrind and not counted. What libc, libuv and the
allocator do is.
"""

import glob
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "clients"))
from with_daemon import DEADLINE, end, wait_ready  # noqa: E402 (found by the line above)

BORDER = "ping_command"  # the handler at whose entry callgrind closes an account
ROUNDS = 10
KEYS = 2000
VALUE = "v" * 32
PRESENT = "key:{:012}"
MISSING = "not:{:012}"


@dataclass(frozen=True)
class Work:
    name: str
    command: str
    key: str
    pipeline: int
    reply: bytes

    def request(self, number):
        words = [self.command, self.key.format(number)]
        if self.command == "SET":
            words.append(VALUE)
        return (f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)).encode()


OK = b"+OK\r\n"
ONE = b":1\r\n"
NIL = b"$-1\r\n"
BULK = f"${len(VALUE)}\r\n{VALUE}\r\n".encode()
WORKS = [  # in this order: the first one makes the keys of the others, the last one removes them
    Work("SET of a new key, pipeline 100", "SET", PRESENT, 100, OK),
    Work("SET, pipeline 100", "SET", PRESENT, 100, OK),
    Work("SET, one at a time", "SET", PRESENT, 1, OK),
    Work("GET, pipeline 100", "GET", PRESENT, 100, BULK),
    Work("GET, one at a time", "GET", PRESENT, 1, BULK),
    Work("GET of a missing key, pipeline 100", "GET", MISSING, 100, NIL),
    Work("DEL, pipeline 100", "DEL", PRESENT, 100, ONE),
]


def exchange(client, request, reply):
    """Sends the request and reads as many bytes as the reply has; they must be the reply."""
    client.sendall(request)
    got = b""
    while len(got) < len(reply):
        some = client.recv(len(reply) - len(got))
        if not some:
            raise RuntimeError("the daemon closed the connection")
        got += some
    if got != reply:
        raise RuntimeError(f"want {reply[:80]!r}, got {got[:80]!r}")


def do_work(client, work):
    for first in range(0, KEYS, work.pipeline):
        numbers = range(first, first + work.pipeline)
        exchange(client, b"".join(map(work.request, numbers)), work.reply * work.pipeline)


def drive(port):
    """Does all works in every round, a border before and after each."""
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as client:
        exchange(client, b"DEBUG SET-ACTIVE-EXPIRE 0\r\n", OK)
        exchange(client, b"PING\r\n", b"+PONG\r\n")
        for work in WORKS * ROUNDS:
            do_work(client, work)
            exchange(client, b"PING\r\n", b"+PONG\r\n")


def read_account(path):
    """The instructions of one account."""
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("summary:"):
                return int(line.split()[1])
    raise RuntimeError(f"callgrind wrote no summary to {os.path.basename(path)}")


def read_accounts(directory):
    """The instructions between each border and the next, in the order in which the works were done."""
    paths = glob.glob(os.path.join(directory, "account.[0-9]*"))
    paths.sort(key=lambda path: int(path.rsplit(".", 1)[1]))
    # The first account is that of the start-up, the last one, from the last border to the end, has no number.
    if len(paths) != len(WORKS) * ROUNDS + 1:
        raise RuntimeError(f"callgrind wrote {len(paths)} accounts: does {BORDER} still answer PING?")
    return [read_account(path) for path in paths[1:]]


def run_works(daemon, directory, log_path):
    """Has callgrind write its accounts of all works to the directory."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/account", f"--dump-before={BORDER}"]
    command += [os.path.abspath(daemon), "--threads", "1", "--bind", "127.0.0.1", "--port", "0", "--log-format", "json"]
    # What persistence costs depends on a disk, and on when its thread gets a turn.
    command += ["--enable-debug-command", "local", "--appendonly", "no", "--save", ""]
    with open(log_path, "w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        port = wait_ready(process, log_path, None)
        if port is None:
            raise RuntimeError("the daemon did not start")
        drive(port)
    finally:
        ended_well = end(process)
    if not ended_well:
        raise RuntimeError(f"the daemon ended with exit status {process.returncode}")


def count(daemon):
    """The instructions of one request, by the names of the works."""
    with tempfile.TemporaryDirectory() as directory:
        log_path = os.path.join(directory, "output.log")
        try:
            run_works(daemon, directory, log_path)
            accounts = read_accounts(directory)
        except (OSError, RuntimeError):
            if os.path.exists(log_path):
                with open(log_path, encoding="utf-8", errors="replace") as log:
                    print(f"---- the log of valgrind and the daemon\n{log.read()[-8192:]}----")
            raise
    return {work.name: round(min(accounts[i :: len(WORKS)]) / KEYS) for i, work in enumerate(WORKS)}

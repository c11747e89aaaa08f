"""The servers that are measured: starting them on a port and cores of their own, what they use, ending them."""

import os
import platform
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from client import ADDRESS, Client

ROOT = Path(__file__).resolve().parents[2]
CUBBYD = os.environ.get("CUBBYD", str(ROOT / "build" / "cubbyd"))

DEADLINE = 10  # seconds for a server to start, to become idle, to end
POLL = 0.05  # seconds between two looks
MAX_CLIENTS = 12_000
KEEPS_NOTHING = ("--save", "", "--appendonly", "no")  # what is measured without a disk, whatever the defaults are

LINUX = platform.system() == "Linux"


class Failure(Exception):
    """Something that cannot be measured, in words for whoever runs the benchmark."""


class Cores:
    """Who runs where: servers on the first usable core, what drives them on another. Where the system cannot pin a
    process (macOS) or has one core only, everybody runs anywhere.

    A server of two threads has two cores. What drives it has others if there are any. If not, it is left to the
    scheduler who is where, for all servers alike: a load pinned to the second core would slow down the one of the two
    threads that is there, and leave a server of one thread alone."""

    def __init__(self):
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        self.can_pin = len(usable) >= 2
        self.server = usable[:1]
        self.load = usable[1:2]
        self.two_threads = usable[:2]
        self.load_beside_two_threads = usable[2:4] or usable[:2]

    def pin(self, cores):
        """What a child calls before it becomes another program; None when there is nothing to do."""
        return (lambda: os.sched_setaffinity(0, cores)) if self.can_pin else None


def wait_until(condition, what, deadline=DEADLINE):
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {deadline} s")
        time.sleep(POLL)


class Server:
    """A running server, which has `deadline` seconds to load what it has. To be used in a with statement, which ends it
    whatever happens."""

    def __init__(self, name, command, pin, directory, deadline):
        self.name = name
        self._deadline = deadline
        self._command = command
        self._pin = pin
        self._directory = directory
        self._process = None
        self._control = None
        self.port = free_port()

    def __enter__(self):
        self._log = Path(self._directory) / f"{self.port}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self.port)],
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=self._pin,
            )
        try:
            wait_until(self._answers, f"{self.name}: starting", self._deadline)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._control:
            self._control.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self):
        if self._process.poll() is not None:
            raise Failure(f"{self.name} ended at once:\n{self._log.read_text(errors='replace')}")
        try:
            self._control = Client(self.port)
            return self._control.call("PING") == b"PONG"
        except OSError:
            return False

    def call(self, *words):
        return self._control.call(*words)

    def connected_clients(self):
        """Besides the one that asks."""
        return int(re.search(rb"^connected_clients:(\d+)", self.call("INFO", "clients"), re.MULTILINE)[1]) - 1

    def wait_until_idle(self):
        """Until the clients of the run before are gone: closing 10,000 of them takes a while."""
        wait_until(lambda: self.connected_clients() == 0, f"{self.name}: closing connections")

    def cpu_seconds(self):
        """User and system time since the start."""
        if LINUX:
            # What clock_getcpuclockid(3) gives for a process: nanoseconds, where /proc/PID/stat has hundredths.
            return time.clock_gettime(~self._process.pid << 3 | 2)
        return parse_ps_time(self._ps("time="))

    def resident_bytes(self):
        if LINUX:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            return int(re.search(r"^VmRSS:\s*(\d+) kB", status, re.MULTILINE)[1]) * 1024
        return int(self._ps("rss=")) * 1024

    def _ps(self, column):
        return subprocess.run(
            ["ps", "-o", column, "-p", str(self._process.pid)], capture_output=True, text=True, check=True
        ).stdout.strip()


def parse_ps_time(text):
    """Seconds of what ps shows as [[days-]hours:]minutes:seconds."""
    days, _, clock = text.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + int(days or 0) * 86400


def free_port():
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


def redis(directory, pin, settings=KEEPS_NOTHING, deadline=DEADLINE):
    command = ["redis-server", "--bind", ADDRESS, "--maxclients", str(MAX_CLIENTS)]
    return Server("Redis", [*command, *settings], pin, directory, deadline)


def cubbyd(directory, pin, threads=1, settings=KEEPS_NOTHING, deadline=DEADLINE):
    command = [CUBBYD, "--bind", ADDRESS, "--threads", str(threads), "--timeout", "0"]
    return Server("cubbyd", [*command, "--maxclients", str(MAX_CLIENTS), *settings], pin, directory, deadline)

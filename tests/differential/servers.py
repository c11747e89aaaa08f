"""A redis-server and a cubbyd, set up alike, each with a directory, a log and a free port of its own."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "clients"))
import with_daemon

CUBBYD = os.path.abspath(os.environ.get("CUBBYD", "build/cubbyd"))

# A megabyte is the smallest limit that Redis takes: values stay small enough to be compared after each step.
ALIKE = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--enable-debug-command", "yes",
         "--proto-max-bulk-len", "1048576", "--timeout", "0", "--maxclients", "1000"]  # fmt: skip


class Server:
    """A running server, to be used in a with statement. ended_well says afterwards whether its exit status was 0."""

    def __init__(self, name, command, port, environment=None):
        self.name = name
        self.port = port
        self.ended_well = False
        self._command = command
        self._environment = {**os.environ, **(environment or {})}

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory()
        self._log = os.path.join(self._directory.name, "output.log")
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._directory.name, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment,
            )  # fmt: skip
        self.port = with_daemon.wait_ready(self._process, self._log, self.port)
        if self.port is None:
            with_daemon.end(self._process)
            raise RuntimeError(f"{self.name} did not start:\n{self.log()}")
        return self

    def __exit__(self, *_):
        self.ended_well = with_daemon.end(self._process)
        if not self.ended_well:
            print(f"---- {self.name}: exit status {self._process.returncode}\n{self.log()}----")
        self._directory.cleanup()

    def log(self):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return log.read()[-8192:]


def redis(*settings):
    port = with_daemon.free_port()
    return Server("redis-server", ["redis-server", "--port", str(port), *ALIKE, *settings], port)


def cubby(threads, *settings):
    command = [CUBBYD, "--port", "0", "--log-format", "json", "--threads", str(threads), *ALIKE, *settings]
    return Server(f"cubbyd with {threads} threads", command, None)

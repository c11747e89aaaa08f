"""A redis-server or a cubbyd on a directory that outlives it: started, killed, started again on the same data."""

import os
import signal
import subprocess
import time

import with_daemon
import wire

CUBBYD = os.path.abspath(os.environ.get("CUBBYD", "build/cubbyd"))
DEADLINE = 30  # seconds to start and to load, or to end; the sanitizers are slow
POLL = 0.005

ALIKE = ["--bind", "127.0.0.1", "--timeout", "0", "--enable-debug-command", "yes", "--databases", "16"]


class DidNotStart(Exception):
    """The server has ended instead; the text is its log."""


class Daemon:
    """One server program with its settings, and the directory that it keeps its data in. kind: "redis-server", or
    "cubbyd" with a number of threads. The log of all its runs goes to log_path; environment: variables that are added."""

    def __init__(self, kind, directory, settings=(), threads=1, environment=None, log_path=None):
        self.kind = kind
        self.name = kind if kind == "redis-server" else f"{kind}, threads {threads}"
        self.directory = directory
        self.settings = list(settings)
        self.environment = dict(environment or {})
        self.port = None
        self.process = None
        self.log_path = log_path or os.path.join(os.path.dirname(directory), os.path.basename(directory) + ".log")
        self._threads = threads
        self._log_starts = 0

    def launch(self, *more_settings):
        """Starts it without waiting for anything."""
        port = with_daemon.free_port() if self.kind == "redis-server" else 0
        if self.kind == "redis-server":
            command = ["redis-server", "--port", str(port)]
        else:
            command = [CUBBYD, "--port", "0", "--log-format", "json", "--threads", str(self._threads)]
        self.port = port or None
        self._log_starts = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*command, *ALIKE, "--dir", self.directory, *self.settings, *more_settings],
                cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **self.environment},
            )  # fmt: skip

    def start(self, *more_settings):
        """Starts it and waits until it has loaded its data."""
        self.launch(*more_settings)
        self.wait_loaded()
        return self

    def wait_loaded(self):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and self.process.poll() is None:
            if self.port is None:
                self.port = with_daemon.ready_port(self.log())
            if self.port is not None and self._answers():
                return
            time.sleep(POLL)
        alive = self.process.poll() is None
        self.kill()
        raise DidNotStart(f"{self.name} did not {'load in time' if alive else 'start'}:\n{self.log()[-4096:]}")

    def _answers(self):
        try:
            connection = self.connect()
            reply = connection.ask(b"GET", b"nothing")
            connection.close()
            return reply[0] == b"$"
        except (OSError, wire.Silence):
            return False

    def connect(self):
        """A new client. OSError: the server is gone."""
        try:
            return wire.Connection(self.port)
        except ValueError as error:  # the first reply has not come
            raise ConnectionError("the server has ended the connection") from error

    def kill(self):
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def terminate(self):
        """SIGTERM, and another one if cubbyd refuses to end because its disk has failed; the exit status, None when it had to
        be killed."""
        self.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None and time.monotonic() < end:
            if "not shutting down" in self.log():
                self.process.send_signal(signal.SIGTERM)
                break
            time.sleep(0.01)
        return self.wait_ended()

    def wait_ended(self):
        """Waits for it to end by itself; the exit status, None when it had to be killed."""
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def log(self):
        """What the last run has logged."""
        with open(self.log_path, "rb") as log:
            log.seek(self._log_starts)
            return log.read().decode(errors="replace")


def observe(connection):
    """Everything in the databases: (database, key) -> (value, end of life in unix milliseconds or None); and when that was
    seen, in unix milliseconds."""
    connection.send_all([words for database in range(16) for words in ([b"SELECT", b"%d" % database], [b"KEYS", b"*"])])
    places = []
    for database in range(16):
        assert connection.receive() == (b"+", b"OK")
        places += [(database, key) for _, key in connection.receive()[1]]
    connection.send_all([
        words
        for database, key in places
        for words in ([b"SELECT", b"%d" % database], [b"GET", key], [b"PEXPIRETIME", key])
    ])  # fmt: skip
    seen = {}
    for place in places:
        _, (_, value), (_, end) = [connection.receive() for _ in range(3)]
        # A key that has died between the two has no end any more; that it was there is not said of it then.
        if value is not None and end != b"-2":
            seen[place] = (value, None if end == b"-1" else int(end))
    connection.ask(b"SELECT", b"0")
    return seen, int(time.time() * 1000)


def info(connection):
    """INFO's fields. OSError: the server is gone."""
    reply = connection.ask(b"INFO", b"everything")
    if reply == wire.CLOSED:
        raise ConnectionError("the server has ended the connection")
    lines = reply[1].decode(errors="replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def has_command(connection, name):
    """Whether the server knows the command."""
    return connection.ask(b"COMMAND", b"INFO", name)[1][0][1] is not None


def wait_for(condition, what, deadline=DEADLINE):
    """Waits until the condition holds; what it gave. AssertionError when it does not in time."""
    end = time.monotonic() + deadline
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline} s")
        time.sleep(POLL)
    return result

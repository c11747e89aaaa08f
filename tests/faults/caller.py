"""A client of one server in the tests of faults: its commands become a history, and it waits while it is refused."""

import time

import wire
from daemon import info, wait_for
from history import Entry, History
from model import is_refused, is_transaction

PATIENCE = 20  # seconds for a reply, and for a server to go on by itself when what was wrong is over


class Gone(Exception):
    """The server has ended the connection."""


class Caller:
    def __init__(self, daemon, base):
        self.daemon = daemon
        self.history = History(0, base, time.time() - time.monotonic())
        self.refusals = []  # the texts that came
        self._connection = self._connect()

    def _connect(self):
        try:
            return self.daemon.connect()
        except OSError as error:
            raise Gone from error

    def close(self):
        self._connection.close()

    def ask(self, *words, patience=PATIENCE):
        """A command that is in no history."""
        self._connection.send(list(words))
        reply = self._connection.receive(patience)
        if reply == wire.CLOSED:
            raise Gone
        return reply

    def info(self):
        try:
            return info(self._connection)
        except OSError as error:
            raise Gone from error

    def run_once(self, command):
        """A command or a transaction of the history; the reply. One without a reply in time is in it without."""
        entry = Entry(command, sent=time.monotonic())
        self.history.log.append(entry)
        commands = [[b"MULTI"], *command, [b"EXEC"]] if is_transaction(command) else [command]
        self._connection.send_all(commands)
        for _ in commands:
            reply = self._connection.receive(PATIENCE)
        if reply == wire.CLOSED:
            raise Gone
        entry.reply, entry.answered = reply, time.monotonic()
        return reply

    def run(self, command):
        """The same until it is not refused."""
        end = time.monotonic() + PATIENCE
        while is_refused(reply := self.run_once(command)):
            self.refusals.append(reply[1].decode())
            if time.monotonic() > end:
                raise AssertionError(f"writes are still refused: {self.refusals[-1]}")
            time.sleep(0.02)
        return reply

    def _wait_for_field(self, field, value):
        wait_for(lambda: self.info().get(field) == value, f"{field}:{value}", PATIENCE)

    def save(self):
        """BGSAVE until it has gone well."""
        self._until_done(b"BGSAVE", "rdb_bgsave_in_progress", "rdb_last_bgsave_status")

    def rewrite(self):
        self._until_done(b"BGREWRITEAOF", "aof_rewrite_in_progress", "aof_last_bgrewrite_status")

    def _until_done(self, command, in_progress, status):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.ask(command)
            self._wait_for_field(in_progress, "0")
            fields = self.info()
            if fields[status] == "ok" and fields.get("aof_rewrite_scheduled") == "0":
                return
            time.sleep(0.02)
        raise AssertionError(f"{command.decode()} does not go well")

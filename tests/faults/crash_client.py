"""A client of the crash test, in a process of its own: it works until the server is gone, and is asked then what it says of
the state that the server came back with.
"""

import random
import time
import traceback
from dataclasses import dataclass

import wire
from commands import Draw, look, own_mark, shared_transaction
from history import Entry, History
from model import SHARED_DB, is_transaction

MOST_AT_ONCE = 24  # commands in one pipeline
PATIENCE = 60  # seconds for a reply


@dataclass
class Order:
    """What a client does in a round. base: what its databases hold at the beginning (see daemon.observe)."""

    port: int
    databases: list
    base: dict
    seed: str
    alone: bool  # nobody else works
    pause: float  # seconds between two pipelines, at most


def work(number, order):
    """Sends random commands until the connection ends; the history that this makes."""
    history = History(number, order.base, time.time() - time.monotonic())
    try:
        connection = wire.Connection(order.port)
    except (OSError, ValueError, wire.Silence):
        return history
    try:
        Worker(number, order, history, connection).work()
    except OSError:
        pass
    finally:
        connection.close()
    return history


class Worker:
    def __init__(self, number, order, history, connection):
        self._number = number
        self._order = order
        self._history = history
        self._connection = connection
        self._chance = random.Random(f"{order.seed} {number}")
        self._marks = int(order.base.get((SHARED_DB, own_mark(number)), (b"0", None))[0])

    def work(self):
        known = self._connection.ask(b"COMMAND", b"INFO", b"WAITAOF")
        if known == wire.CLOSED:
            return
        self._draw = Draw(self._chance, self._order.databases, self._order.alone, known[1][0][1] is not None)
        batch = [Entry(self._draw.select())]
        while self._exchange(batch):
            batch = [self._next() for _ in range(self._depth())]
            if self._order.pause and self._chance.random() < 0.3:
                time.sleep(self._chance.random() * self._order.pause)

    def _depth(self):
        return 1 if self._chance.random() < 0.5 else self._chance.randint(2, MOST_AT_ONCE)

    def _next(self):
        kind = self._chance.random()
        if self._order.alone or kind > 0.07:
            return Entry(self._draw.next())
        if kind > 0.05:
            return Entry(look(self._draw))
        self._marks += 1
        return Entry(shared_transaction(self._draw, self._number, self._marks), mark=self._marks)

    def _exchange(self, batch):
        """Sends what the entries say and waits for the replies. False: the connection has ended."""
        commands = []
        for entry in batch:
            commands += [[b"MULTI"], *entry.command, [b"EXEC"]] if is_transaction(entry.command) else [entry.command]
        now = time.monotonic()
        for entry in batch:
            entry.sent = now
        self._history.log += batch
        self._connection.send_all(commands)
        for entry in batch:
            if is_transaction(entry.command):
                for _ in range(1 + len(entry.command)):
                    self._connection.receive(PATIENCE)
            reply = self._connection.receive(PATIENCE)
            if reply == wire.CLOSED:
                return False
            entry.reply, entry.answered = reply, time.monotonic()
        return True


def serve(number, pipe):
    """A client's process: does what the pipe says, an Order or the arguments of History.judge."""
    history = None
    try:
        while (order := pipe.recv()) is not None:
            if isinstance(order, Order):
                history = work(number, order)
                pipe.send(len(history.log))
            else:
                pipe.send(history.judge(*order))
    except Exception:
        pipe.send(traceback.format_exc())

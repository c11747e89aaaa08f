"""Runs a program on redis-server and on cubbyd, a step on both and then the next, and compares what they answer.

The happy path: both get the step's command, both answer, the answers are equal once differences.py has taken away what
is meant to differ. What other connections receive meanwhile (messages, invalidations, the end of the connection) is
compared too, after each step.

Redis says how much there is to come: it runs on one thread, so once it has answered PINGs on another connection,
all that a command caused has arrived. cubbyd then has a deadline to send as much. What it sends too much is found with
a later step, or at the end of the program.
"""

import time
from dataclasses import dataclass

import differences
import wire
from generators import server
from registry import IdOf
from wire import CLOSED, Connection, is_confirmation, is_push
from words import Common

DEADLINE = 3  # seconds for what Redis has sent and cubbyd has not yet
DATABASES = 16
QUEUED = (b"+", b"QUEUED")


@dataclass
class Difference:
    index: int  # of the step; the number of steps when the databases differ at the end
    what: str
    redis: object
    cubby: object

    def kind(self):
        """Differences of one kind are shown once."""
        return self.what


class Side:
    """One of the servers, as a program sees it."""

    def __init__(self, server):
        self.name = server.name
        self.port = server.port
        self.control = Connection(server.port)
        self.connections = {}
        self.commands = {name.decode().lower() for _, name in self.control.ask(b"COMMAND", b"LIST")[1]}
        self._settings = {name: value for (_, name), (_, value) in self._pairs(b"CONFIG", b"GET", b"*")}
        self.common = None

    def _pairs(self, *words):
        return differences.pairs_of(self.control.ask(*words))

    def meet(self, other):
        """Finds out what both have."""
        # Redis has DEBUG's subcommands, but not in its table.
        debug = {name for name in self.commands ^ other.commands if name.startswith("debug|")}
        commands = ((self.commands & other.commands) | debug) - set(differences.NOT_COMPARED)
        self.common = Common(frozenset(commands), frozenset(set(self._settings) & set(other._settings)))

    def begin(self, cast):
        """Empty databases, the settings of the start, new connections."""
        self.end()
        self.control.ask(b"FLUSHALL")
        for name in server.CHANGED_SETTINGS & set(self._settings):
            self.control.ask(b"CONFIG", b"SET", name, self._settings[name])
        self.control.ask(b"CONFIG", b"SET", b"notify-keyspace-events", b"KEAmn")
        self.control.ask(b"DEBUG", b"SET-ACTIVE-EXPIRE", b"0")
        self.cast = cast
        for who in cast:
            self._open(who)

    def end(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}
        self._wait_until_alone()

    def _wait_until_alone(self):
        """A thread of cubbyd may hear later than another that its client has gone; until then it is listed and counted."""
        end = time.monotonic() + DEADLINE
        while b"\r\nconnected_clients:1\r\n" not in self.control.ask(b"INFO", b"clients")[1]:
            if time.monotonic() > end:
                raise wire.Silence
            time.sleep(0.001)

    def _open(self, who):
        self.connections[who] = Connection(self.port, self.cast[who])

    def id_of(self, who):
        if who not in self.connections:
            self._open(who)
        return self.connections[who].id

    def name_of(self, identity):
        """The connection with that id, for replies that hold ids."""
        return next((who for who, one in self.connections.items() if one.id == identity), None)

    def send(self, step):
        words = [b"%d" % self.id_of(word.who) if isinstance(word, IdOf) else word for word in step.words]
        if step.who not in self.connections:
            self._open(step.who)
        self.connections[step.who].send(words)

    def receive_one(self, who):
        """The reply to the step's command, and pushes that came before it."""
        items = [self.connections[who].receive()]
        while is_push(items[-1]) and not is_confirmation(items[-1]):
            items.append(self.connections[who].receive())
        return items

    def settle(self, rounds):
        """For redis-server: afterwards all that it has to send has arrived."""
        for _ in range(rounds):
            self.control.ask(b"PING")

    def collect(self, items):
        """Adds to the items of each connection what is there; forgets connections that have ended."""
        for who, connection in list(self.connections.items()):
            came = [item for item in connection.receive_available() if not _is_monitored_ping(item)]
            if came:
                items.setdefault(who, []).extend(came)
            if connection.closed:
                del self.connections[who]

    def collect_as_many(self, items, expected):
        """Collects until there is as much as expected on each connection, or the deadline is over."""
        end = time.monotonic() + DEADLINE
        self.collect(items)
        while missing := [who for who in expected if len(items.get(who, [])) < len(expected[who])]:
            left = end - time.monotonic()
            if left < 0 or missing[0] not in self.connections:
                return
            self.connections[missing[0]].wait(min(left, 0.1))
            self.collect(items)

    def data(self):
        """All that the databases hold: (database, key) -> (value, time of death)."""
        found = {}
        death = differences.near(differences.SECONDS * 1000)
        for database in range(DATABASES):
            self.control.ask(b"SELECT", b"%d" % database)
            _, (_, keys) = self.control.ask(b"SCAN", b"0", b"COUNT", b"1000000")[1]
            for _, key in keys:
                found[database, key] = (
                    self.control.ask(b"GET", key), death(None, self.control.ask(b"PEXPIRETIME", key), None),
                )  # fmt: skip
        self.control.ask(b"SELECT", b"0")
        return found

    def digest(self):
        """What DEBUG DIGEST says of all databases. Redis counts the dead keys in that have not been removed: data(), in
        which SCAN removes them, is to be called before."""
        return self.control.ask(b"DEBUG", b"DIGEST")


def _is_monitored_ping(item):
    """Whether a client that called MONITOR sees the PINGs that this module asks redis-server alone."""
    line = differences.MONITORED.fullmatch(item[1]) if item[0] == b"+" else None
    return line is not None and line.group(2) == b'"PING"'


class Duel:
    def __init__(self, redis_server, cubby_server):
        self.redis = Side(redis_server)
        self.cubby = Side(cubby_server)
        self.redis.meet(self.cubby)
        self.cubby.meet(self.redis)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for side in (self.redis, self.cubby):
            side.begin({})  # which sets the settings back
            side.control.close()

    def run(self, program):
        """The first difference; None when there is none."""
        for side in (self.redis, self.cubby):
            side.begin(program.cast)
        self._queues = {}
        for index, step in enumerate(program.steps):
            try:
                difference = self._run_step(index, step, program)
            except wire.Silence:
                return Difference(index, _name(step.words), "see the other", "no answer by one of the two")
            if difference:
                return difference
        return self._compare_rest(program) or self._compare_data(program)

    def _run_step(self, index, step, program):
        for side in (self.redis, self.cubby):
            side.send(step)
        redis, cubby = {}, {}
        if not program.loose:
            for side, items in ((self.redis, redis), (self.cubby, cubby)):
                items[step.who] = side.receive_one(step.who)
        if program.loose or len(program.cast) > 1:
            self.redis.settle(2 if program.loose else 1)
            self.redis.collect(redis)
            self.cubby.collect_as_many(cubby, redis)
        return self._compare(index, step, redis, cubby)

    def _compare(self, index, step, redis, cubby):
        for who in {**redis, **cubby}:
            theirs, ours = redis.get(who, []), cubby.get(who, [])
            words = step.words if who == step.who else None
            queue = self._queues.get(who, [])
            if theirs != ours and self._canonical(words, queue, theirs, self.redis) != self._canonical(
                words, queue, ours, self.cubby
            ):
                what = _name(step.words) + ("" if who == step.who else f", what {who} receives")
                return Difference(index, what, theirs, ours)
        self._keep_queue(step, redis.get(step.who, []))
        return None

    @staticmethod
    def _canonical(words, queue, items, side):
        return differences.canonical(words, queue, items, side)

    def _keep_queue(self, step, items):
        """What is queued by MULTI, for the replies of EXEC."""
        if QUEUED in items:
            self._queues.setdefault(step.who, []).append(step.words)
        elif _name(step.words) in ("multi", "exec", "discard", "reset", "quit") or CLOSED in items:
            if not (items and items[0][0] == b"-" and _name(step.words) == "multi"):
                self._queues.pop(step.who, None)

    def _compare_rest(self, program):
        """What came after the last step's comparison."""
        redis, cubby = {}, {}
        self.redis.settle(2)
        self.redis.collect(redis)
        time.sleep(0.002)
        self.cubby.collect(cubby)
        if redis != cubby:
            return Difference(len(program.steps), "what comes after the last step", redis, cubby)
        return None

    def _compare_data(self, program):
        theirs, ours = (side.data() for side in (self.redis, self.cubby))
        if theirs != ours:
            keys = [key for key in {**theirs, **ours} if theirs.get(key) != ours.get(key)]
            return Difference(
                len(program.steps), "the databases at the end",
                {key: theirs.get(key) for key in keys}, {key: ours.get(key) for key in keys},
            )  # fmt: skip
        theirs, ours = (side.digest() for side in (self.redis, self.cubby))
        if theirs != ours:
            return Difference(len(program.steps), "the digests at the end", theirs, ours)
        return None


def _name(words):
    """The command's name in lower case, with its subcommand."""
    return differences.full_name(words)

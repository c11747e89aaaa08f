"""One of the clients of the long mixed test: a process that does everything at once, with a log to be replayed.

What is in the databases afterwards is determined, although eight clients work at the same time: a client's random
commands are on keys that start with its own name, and what clients share they change by steps whose order does not
matter (INCRBY, SETBIT). So the logs of all clients, replayed one after the other, end in the same data, and each reply
to a command on own keys must be the same in the replay.

    own keys      random commands of all kinds, in transactions and alone
    transfers     MULTI takes from one shared counter and gives to another: whoever reads both sees the sum 0
    watched       WATCH, GET, MULTI, SET, EXEC counts a shared counter up: no count may be lost
    publishing    numbered messages: a subscriber gets each publisher's in order, none missing
    caching       an invalidation for each own key that another connection changed
    walks         a whole SCAN finds each own key
"""

import random
import time

import differences
import registry
import wire
from words import Common, Words

CLIENTS = 8
GROUPS = ("strings", "bits", "expiry", "keys")
# What has no place in a log: it concerns everybody's keys, tells a time, is chance, or (differences.py) depends on which
# command has made the value.
NOT_REPLAYED = {"flushall", "flushdb", "swapdb", "randomkey", "keys", "scan", "dbsize", "ttl", "pttl", "expiretime", "pexpiretime",
                "object|idletime", "object|freq", "object|help", "object|encoding", "object|refcount"}  # fmt: skip
# Ends of life that are a day and more away: no key dies while the test runs, however long it does.
FAR_SECONDS = (b"100000", b"2000000000")
CHUNK = 400  # commands of a replay that are sent at once
COUNTERS = 4


class OwnWords(Words):
    """Keys of one client, times far away."""

    def __init__(self, chance, common, name):
        super().__init__(chance, common)
        self._prefix = name + b":"

    def key(self):
        return self._prefix + super().key()

    def seconds(self):
        return self.chance.choice(FAR_SECONDS)


def is_replayable(command):
    """Whether a moment more or less makes no difference to it, nor does what the one or the other does with dead keys."""
    relative = differences.full_name(command) in ("expire", "pexpire")
    compares = {word.upper() for word in command[3:]} & {b"GT", b"LT"}
    left_out = differences.leaves_a_dead_key(command) or differences.is_left_out(command, [])
    return not (relative and compares) and not left_out


class Client:
    """A client: its connections and its log of (command, reply), None for a reply that others have a part in."""

    def __init__(self, number, port, seed):
        self.name = b"client%d" % number
        self.failures = []
        self.done = 0
        self._number = number
        self._chance = random.Random(f"{seed} {number}")
        self._log = []
        self._main = wire.Connection(port, 2 + number % 2)
        self.commands = {name.decode().lower() for _, name in self._main.ask(b"COMMAND", b"LIST")[1]}
        self._words = OwnWords(self._chance, Common(frozenset(self.commands), frozenset()), self.name)
        self._drawn = [name for group in GROUPS for name in registry.group_names(group)
                       if name in self.commands - NOT_REPLAYED - set(differences.NOT_COMPARED)]  # fmt: skip
        self._activities = {self._one_command: 84, self._walk: 0.3, self._count: 4}
        self._other_connections = []
        if "multi" in self.commands:
            self._activities |= {self._transaction: 4, self._transfer: 2, self._look_at_transfers: 1}
        if "watch" in self.commands:
            self._activities |= {self._watched_count: 2}
        if "psubscribe" in self.commands:
            self._subscribe(port)
        if "client|tracking" in self.commands:
            self._track(port)

    def close(self):
        for connection in [self._main, *self._other_connections]:
            connection.close()

    def work(self, seconds):
        """Does one thing after the other."""
        end = time.monotonic() + seconds
        activities, weights = list(self._activities), list(self._activities.values())
        while time.monotonic() < end and not self.failures:
            self._chance.choices(activities, weights)[0]()
            self.done += 1

    def _ask(self, *command):
        """A command that is not in the log."""
        self._main.send(list(command))
        reply = self._main.receive()
        while wire.is_message(reply):
            reply = self._main.receive()
        return reply

    def _expect(self, condition, failure):
        if not condition:
            self.failures.append(f"{self.name.decode()}: {failure}")

    # --- own keys

    def _draw(self):
        while True:
            command = registry.draw(self._chance.choice(self._drawn), self._words, spoiled=0)
            if is_replayable(command):
                return command

    def _run(self, command):
        self._log.append((command, self._ask(*command)))

    def _one_command(self):
        self._run(self._draw() if self._chance.random() > 0.02 else [b"SELECT", self._words.database()])

    def _transaction(self):
        if "watch" in self.commands and self._chance.random() < 0.4:
            self._run([b"WATCH", *self._words.keys()])
            for _ in range(self._chance.randrange(2)):
                self._run(self._draw())
        self._run([b"MULTI"])
        for _ in range(self._chance.randint(0, 6)):
            self._run(self._draw())
        self._run([b"EXEC"] if self._chance.random() < 0.9 else [b"DISCARD"])

    def _walk(self):
        pattern = self.name + b":*"
        found, cursor = set(), b"0"
        while True:
            (_, cursor), (_, keys) = self._ask(b"SCAN", cursor, b"MATCH", pattern, b"COUNT", b"20")[1]
            found |= {key for _, key in keys}
            if cursor == b"0":
                break
        there = {key for _, key in self._ask(b"KEYS", pattern)[1]}
        self._expect(found == there, f"SCAN finds {sorted(found)}, KEYS {sorted(there)}")

    # --- what is shared

    def _counter(self):
        return b"shared:%d" % self._chance.randrange(COUNTERS)

    def _share(self, *command):
        """A step whose reply depends on the others and whose effect does not."""
        reply = self._ask(*command)
        self._expect(reply[0] != b"-", f"{wire.words_text(command)}: {wire.text(reply)}")
        self._log.append((list(command), None))

    def _count(self):
        self._share(b"INCRBY", self._counter(), b"%d" % self._chance.randint(-9, 9))
        if "setbit" in self.commands:
            self._share(b"SETBIT", b"shared:bits", b"%d" % self._chance.randrange(5000), b"1")

    def _transfer(self):
        amount = b"%d" % self._chance.randint(1, 100)
        self._share(b"MULTI")
        self._share(b"INCRBY", b"shared:gains", amount)
        self._share(b"DECRBY", b"shared:losses", amount)
        self._share(b"EXEC")

    def _look_at_transfers(self):
        self._ask(b"MULTI")
        self._ask(b"GET", b"shared:gains")
        self._ask(b"GET", b"shared:losses")
        inside = [value for _, value in self._ask(b"EXEC")[1]]
        outside = [value for _, value in self._ask(b"MGET", b"shared:gains", b"shared:losses")[1]]
        for gains, losses in (inside, outside):
            self._expect(int(gains or 0) + int(losses or 0) == 0, f"half of a transaction is seen: {gains}, {losses}")

    def _watched_count(self):
        key = b"shared:watched"
        while True:
            self._ask(b"WATCH", key)
            before = self._ask(b"GET", key)[1]
            self._ask(b"MULTI")
            self._ask(b"SET", key, b"%d" % (int(before or 0) + 1))
            kind, done = self._ask(b"EXEC")
            self._expect(kind != b"-", f"EXEC of a watched count: {done}")
            if done or kind == b"-":
                break
        self._log.append(([b"INCR", key], None))

    # --- pub/sub

    def _subscribe(self, port):
        self._subscriber = wire.Connection(port, 3)
        self._subscriber.ask(b"PSUBSCRIBE", b"talk:*")
        self._other_connections.append(self._subscriber)
        self._published = 0
        self._heard = {}  # publisher -> number of its last message
        self._activities |= {self._publish: 3, self._listen: 0.5}

    def _publish(self):
        self._published += 1
        self._ask(b"PUBLISH", b"talk:" + self.name, b"%d" % self._published)

    def _listen(self):
        for reply in self._subscriber.receive_available():
            _, _, (_, channel), (_, message) = reply[1]
            number, last = int(message), self._heard.get(channel, 0)
            # The first may have been published before this client was there.
            self._expect(number == last + 1 or last == 0, f"message {number} of {channel} after {last}")
            self._heard[channel] = number

    # --- client-side caching

    def _track(self, port):
        self._cache = wire.Connection(port, 3)
        self._cache.ask(b"CLIENT", b"TRACKING", b"ON")
        self._other_connections.append(self._cache)
        self._activities |= {self._fill_and_spoil_cache: 2}

    def _fill_and_spoil_cache(self):
        """Another connection of this client reads a key, this one changes it: the other is told."""
        key = self.name + b":cached"
        database = self._words.database()
        self._cache.send([b"SELECT", database])
        self._cache.send([b"GET", key])
        replies = 0
        while replies < 2:
            replies += not wire.is_message(self._cache.receive())
        self._run([b"SELECT", database])
        self._run([b"SET", key, self._words.value()])
        push = self._cache.receive()
        self._expect(
            wire.is_message(push) and (b"$", key) in (push[1][1][1] or []),
            f"{key} was changed, and instead of an invalidation came {wire.text(push)}",
        )

    # --- replaying

    def replay(self, port):
        """Does the same on redis-server, where all replies to commands on own keys must be the same."""
        other = wire.Connection(port, self._main.protocol)
        other.ask(b"SELECT", self._replay_database)
        queue = []
        for at in range(0, len(self._log), CHUNK):
            chunk = self._log[at : at + CHUNK]
            other.send_all([command for command, _ in chunk])
            for command, reply in chunk:
                self._compare(command, queue, reply, other.receive())
                if command[0] == b"SELECT":
                    self._replay_database = command[1]
        other.close()
        self._log = []

    _replay_database = b"0"

    def _compare(self, command, queue, ours, theirs):
        if ours is None or ours == theirs or self.failures:
            return
        self._expect(False, f"{wire.words_text(command)}\n  redis-server: {wire.text(theirs)}\n  cubbyd:       {wire.text(ours)}")

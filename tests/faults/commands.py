"""Random commands of one client on the databases that it owns: few keys, so that commands meet on them."""

import time

from model import SHARED, SHARED_DB

NUMBERS = [b"n%d" % i for i in range(4)]
FLOATS = [b"f%d" % i for i in range(2)]
TEXTS = [b"t%d" % i for i in range(6)]
BIG = [b"big%d" % i for i in range(2)]
KEYS = NUMBERS + TEXTS + BIG
SHARED_KEYS = [SHARED + b"%d" % i for i in range(3)]
SHARED_COUNT = SHARED + b"count"


def own_mark(client):
    """The key in the shared database that says how many of a client's shared transactions there have been."""
    return b"mark:%d" % client


class Draw:
    """Draws commands. databases: the client's own; alone: nobody else is there, so FLUSHALL is nobody's loss."""

    def __init__(self, chance, databases, alone, has_waitaof):
        self.chance = chance
        self._databases = databases
        self._kinds = list(WEIGHTS)
        self._weights = list(WEIGHTS.values())
        if alone:
            self._kinds.append(lambda draw: [b"FLUSHALL", draw.one_of(b"ASYNC", b"SYNC")])
            self._weights.append(0.1)
        self._outside = [(Draw.command, 78), (Draw.transaction, 8), (Draw.select, 4)]
        if has_waitaof:
            self._outside.append((lambda draw: [b"WAITAOF", b"1", b"0", b"0"], 0.15))

    def one_of(self, *choices):
        return self.chance.choice(choices)

    def next(self):
        """A command, or a transaction: a list of commands."""
        kinds, weights = zip(*self._outside)
        return self.chance.choices(kinds, weights)[0](self)

    def command(self):
        return self.chance.choices(self._kinds, self._weights)[0](self)

    def transaction(self):
        commands = [self.command() for _ in range(self.chance.randint(1, 6))]
        if self.chance.random() < 0.3:
            commands.insert(self.chance.randrange(len(commands)), self.select())
        return commands

    def select(self):
        return [b"SELECT", self.database()]

    # --- words

    def database(self):
        return b"%d" % self.chance.choice(self._databases)

    def key(self):
        return self.chance.choice(KEYS)

    def small_key(self):
        return self.chance.choice(NUMBERS + TEXTS)

    def value(self):
        kind = self.chance.random()
        if kind < 0.3:
            return b"%d" % self.chance.choice((0, 1, -5, 100, 9999, 40000, -70000, 1 << 31, -(1 << 63), (1 << 63) - 1))
        if kind < 0.6:
            return b"value %d" % self.chance.randrange(1 << 30)
        if kind < 0.9:
            return self.chance.randbytes(self.chance.randint(0, 40))
        if kind < 0.985:
            return bytes([self.chance.randrange(256)]) * self.chance.randint(50, 500)
        return self.big_value()

    def big_value(self):
        length = self.chance.choice((3000, 20000, 40000, 150000))
        return self.chance.randbytes(length // 8) * 8

    def milliseconds(self):
        """A time to live: soon, far away or over."""
        return self.chance.choice((self.chance.randint(1, 400), 1_000_000, 2_000_000_000, 1))

    def unix_milliseconds(self):
        now = int(time.time() * 1000)
        return self.chance.choice((now + self.chance.randint(-5, 400), now + 1_000_000, now - 5000))

    def lifetime(self):
        return self.chance.choice((
            [b"PX", b"%d" % self.milliseconds()], [b"PXAT", b"%d" % self.unix_milliseconds()],
            [b"EX", b"%d" % self.chance.choice((1, 5000))], [b"EXAT", b"%d" % (int(time.time()) + 3000)],
        ))  # fmt: skip

    def maybe(self, words, probability=0.3):
        return words if self.chance.random() < probability else []

    def keys(self):
        return [self.key() for _ in range(self.chance.randint(1, 3))]

    def pairs(self):
        return [word for key in self.keys() for word in (key, self.value())]


def _set(draw):
    options = draw.chance.choice(([], [], draw.lifetime(), [b"KEEPTTL"]))
    return [b"SET", draw.key(), draw.value(), *options, *draw.maybe([draw.one_of(b"NX", b"XX")], 0.1), *draw.maybe([b"GET"], 0.05)]


def _getex(draw):
    return [b"GETEX", draw.key(), *draw.chance.choice((draw.lifetime(), [b"PERSIST"], []))]


def _setrange(draw):
    at = draw.chance.choice((0, 1, 7, 300, 2500, 30000))
    part = draw.chance.randbytes(draw.chance.randint(1, 60))
    return [b"SETRANGE", draw.chance.choice(BIG + TEXTS[:1]), b"%d" % at, part]


def _bitfield(draw):
    operations = []
    for _ in range(draw.chance.randint(1, 3)):
        operations += [draw.one_of(b"SET", b"INCRBY"), b"u8", b"#%d" % draw.chance.randrange(40), b"%d" % draw.chance.randrange(256)]
    return [b"BITFIELD", draw.key(), *operations]


def _bitop(draw):
    how = draw.one_of(b"AND", b"OR", b"XOR", b"NOT")
    sources = 1 if how == b"NOT" else draw.chance.randint(1, 3)
    return [b"BITOP", how, draw.small_key(), *[draw.small_key() for _ in range(sources)]]


def _expire(draw):
    return [b"EXPIRE", draw.key(), b"%d" % draw.chance.choice((1, 1000, 0, -1)), *draw.maybe([draw.one_of(b"NX", b"XX")])]


# How often each is drawn.
WEIGHTS = {
    _set: 20,
    lambda draw: [b"SETNX", draw.key(), draw.value()]: 1,
    lambda draw: [b"SETEX", draw.key(), b"1000", draw.value()]: 1,
    lambda draw: [b"PSETEX", draw.key(), b"%d" % draw.milliseconds(), draw.value()]: 2,
    lambda draw: [b"GET", draw.key()]: 8,
    lambda draw: [b"GETSET", draw.key(), draw.value()]: 1,
    lambda draw: [b"GETDEL", draw.key()]: 1,
    _getex: 2,
    lambda draw: [b"APPEND", draw.key(), draw.chance.randbytes(draw.chance.randint(0, 20))]: 4,
    _setrange: 4,
    lambda draw: [b"STRLEN", draw.key()]: 1,
    lambda draw: [b"INCR", draw.chance.choice(NUMBERS)]: 8,
    lambda draw: [b"INCRBY", draw.key(), b"%d" % draw.chance.randint(-1000, 1000)]: 3,
    lambda draw: [b"DECRBY", draw.chance.choice(NUMBERS), b"%d" % draw.chance.randint(1, 1000)]: 2,
    lambda draw: [b"INCRBYFLOAT", draw.chance.choice(FLOATS), draw.one_of(b"0.25", b"-0.5", b"3", b"1.75")]: 2,
    lambda draw: [b"SETBIT", draw.key(), b"%d" % draw.chance.randrange(3000), draw.one_of(b"0", b"1")]: 3,
    _bitfield: 2,
    _bitop: 2,
    lambda draw: [b"MSET", *draw.pairs()]: 4,
    lambda draw: [b"MSETNX", *draw.pairs()]: 1,
    lambda draw: [b"MGET", *draw.keys()]: 1,
    lambda draw: [b"DEL", *draw.keys()]: 3,
    lambda draw: [b"UNLINK", *draw.keys()]: 1,
    lambda draw: [b"EXISTS", *draw.keys()]: 1,
    _expire: 2,
    lambda draw: [b"PEXPIRE", draw.key(), b"%d" % draw.milliseconds()]: 3,
    lambda draw: [b"PEXPIREAT", draw.key(), b"%d" % draw.unix_milliseconds()]: 3,
    lambda draw: [b"PERSIST", draw.key()]: 2,
    lambda draw: [b"RENAME", draw.key(), draw.key()]: 2,
    lambda draw: [b"RENAMENX", draw.key(), draw.key()]: 1,
    lambda draw: [b"COPY", draw.key(), draw.key(), b"DB", draw.database(), *draw.maybe([b"REPLACE"], 0.7)]: 2,
    lambda draw: [b"MOVE", draw.key(), draw.database()]: 2,
    lambda draw: [b"SWAPDB", draw.database(), draw.database()]: 0.5,
    lambda draw: [b"FLUSHDB", draw.one_of(b"ASYNC", b"SYNC")]: 0.3,
}


def shared_transaction(draw, client, count):
    """What all clients write: the same value to the same keys, and how often. Inside stands something of the client's own."""
    value = b"%d %d" % (client, count)
    commands = [[b"SELECT", b"%d" % SHARED_DB]]
    commands += [[b"SET", key, value] for key in SHARED_KEYS]
    commands += [[b"INCR", SHARED_COUNT], [b"SET", own_mark(client), b"%d" % count], draw.select(), draw.command()]
    return commands


def look(draw):
    """Reads what is shared."""
    return [[b"SELECT", b"%d" % SHARED_DB], [b"MGET", *SHARED_KEYS], draw.select()]

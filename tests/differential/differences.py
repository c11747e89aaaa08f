"""The one place that says where cubbyd is meant to answer otherwise than redis-server 7.0, and why.

Three tables: commands that are not compared at all, single calls that are left out, and rules. A rule names commands,
gives a reason, and turns a reply into what of it must be equal. Errors are compared as they are.
"""

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Callable

from wire import is_message

SECONDS = 5  # by how much times may differ that each server counts from its own now
SOON = 600  # seconds: a key that dies earlier could die while a program runs

# Commands with subcommands.
CONTAINERS = {b"client", b"command", b"config", b"debug", b"memory", b"object", b"pubsub", b"slowlog", b"latency",
              b"function", b"module", b"script", b"cluster"}  # fmt: skip


def full_name(words):
    """The command's name in lower case; of a container with the subcommand."""
    name = words[0].lower()
    if name in CONTAINERS and len(words) > 1 and isinstance(words[1], bytes):
        name += b"|" + words[1].lower()
    return name.decode("latin-1")


# --- commands that are not compared ------------------------------------------------------------------------------------

NOT_COMPARED = {
    "delifeq": "Valkey's, Redis has no such command",
    "client|setinfo": "of Redis 7.2",
    "client|no-touch": "of Redis 7.2",
    "waitaof": "of Redis 7.2",
    "sort": "a store of strings has nothing to sort: an error says so",
    "sort_ro": "a store of strings has nothing to sort: an error says so",
    "save": "its effect is a file: tests/integration/test_save.c and tests/faults/interop.py compare those",
    "bgsave": "likewise, and whether one is under way is chance",
    "bgrewriteaof": "likewise; with appendonly no it is refused, for the base would be out of date at once",
    "debug|reload": "likewise: tests/integration/test_reload.c has it, with what it answers and what is there afterwards",
    "debug|loadaof": "likewise",
    "debug|assert": "ends the server",
    "debug|panic": "ends the server",
    "debug|segfault": "ends the server",
}

# --- calls that are left out -------------------------------------------------------------------------------------------


def _integer(word):
    try:
        return int(word) if isinstance(word, bytes) else None
    except ValueError:
        return None


def _is_set_with_seconds(words, _steps):
    return full_name(words) == "set" and len(words) == 4 and _integer(words[3]) is not None


# Where a command has its time: its index (of an option: behind it), and its unit in milliseconds.
_TIMES = {"expire": (2, 1000), "setex": (2, 1000), "pexpire": (2, 1), "psetex": (2, 1), "restore": (2, 1)}
_TIME_OPTIONS = {b"EX": 1000, b"PX": 1}


def _lifetimes(words):
    """In milliseconds."""
    name = full_name(words)
    times = []
    if name in _TIMES:
        index, unit = _TIMES[name]
        times = [(word, unit) for word in words[index : index + 1]]
    if name in ("set", "getex"):
        times = [(after, _TIME_OPTIONS.get(word.upper())) for word, after in zip(words, words[1:])]
    return {_integer(word) * unit for word, unit in times if unit and _integer(word)}


def _ends_soon(words, _steps):
    return any(0 < lifetime < SOON * 1000 for lifetime in _lifetimes(words))


def _compares_equal_lifetimes(words, steps):
    if full_name(words) not in ("expire", "pexpire") or not {word.upper() for word in words[3:]} & {b"GT", b"LT"}:
        return False
    return any(_lifetimes(words) & _lifetimes(step.words) for step in steps)


def _has_a_cursor_with_a_zero_byte(words, _steps):
    return full_name(words) == "scan" and len(words) > 1 and b"\0" in words[1]


def _overflows_in_redis(words, _steps):
    numbers = [_integer(word) for word in words[2:]]
    return full_name(words) == "bitfield" and any(number and abs(number) >= 1 << 62 for number in numbers)


def _meets_a_dead_key(words, steps):
    return full_name(words) in ("randomkey", "scan") and any(leaves_a_dead_key(step.words) for step in steps)


def _watches_a_dead_key(words, steps):
    return full_name(words) == "watch" and any(leaves_a_dead_key(step.words) and step.words[1] in words for step in steps)


def leaves_a_dead_key(words):
    """SET with a time in the past makes a key that only the next look at it removes."""
    options = {word.upper() for word in words[3:] if isinstance(word, bytes)}
    return full_name(words) == "set" and options & {b"EXAT", b"PXAT"}


def _withdraws_half_a_reply(words, steps):
    return full_name(words) == "client|reply" and any(full_name(step.words) == "multi" for step in steps)


def _has_a_malformed_range(words, _steps):
    name = full_name(words)
    at = {"bitcount": 2, "bitpos": 3}.get(name, len(words) + 1)
    if len(words) < at:
        return False
    numbers, unit = words[at : at + 2], words[at + 2 :]
    optional = name == "bitpos" or len(numbers) != 1
    units = not unit or (len(unit) == 1 and unit[0].upper() in (b"BYTE", b"BIT"))
    bit = name == "bitcount" or words[2] in (b"0", b"1")
    return not (optional and units and bit and all(_is_int64(word) for word in numbers))


def _is_int64(word):
    number = _integer(word)
    return number is not None and str(number).encode() == word and -(1 << 63) <= number < 1 << 63


def _comes_after(name, earlier):
    return lambda words, steps: full_name(words) == name and any(full_name(step.words) == earlier for step in steps)


LEFT_OUT = (
    (_comes_after("swapdb", "client|tracking"), "cubby tells those who cache that the databases are others now, Redis does not"),
    (_comes_after("quit", "client|reply"), "after CLIENT REPLY OFF Redis waits for a reply to have been sent before it closes"),
    (_has_a_malformed_range, "7.2 looks at the arguments of BITCOUNT and BITPOS before it looks for the key, 7.0 afterwards"),
    (_is_set_with_seconds, "SET key value seconds is cubby's extension"),
    (_ends_soon, "each server has its own clock, and both would have to be asked at the same time"),
    (_compares_equal_lifetimes, "which of two equal lives ends later is chance: a millisecond may have gone by or not"),
    (_has_a_cursor_with_a_zero_byte, "Redis does not see what stands behind the zero byte"),
    (_overflows_in_redis, "the subtraction with which Redis looks for an overflow overflows itself"),
    (_meets_a_dead_key, "RANDOMKEY and SCAN remove the dead keys that they meet: of the first it is chance which those are, and"
     " cubby's SCAN leaves them to whoever asks for them, or to the cleaner"),
    (_watches_a_dead_key, "WATCH removes a dead key, so that its going is no change any more; Redis leaves it, and remembers"
     " that it was dead"),
    (_withdraws_half_a_reply, "CLIENT REPLY OFF within a transaction: Redis has sent the start of EXEC's reply already"),
)


def is_left_out(words, steps):
    """Whether a program does without this command after these steps."""
    return any(matches(words, steps) for matches, _ in LEFT_OUT)


# --- rules -------------------------------------------------------------------------------------------------------------


class Near:
    """A number that may be a little more or less."""

    def __init__(self, number, tolerance):
        self.number = number
        self.tolerance = tolerance

    def __eq__(self, other):
        return isinstance(other, Near) and abs(self.number - other.number) <= self.tolerance

    def __repr__(self):
        return f"about {self.number}"


@dataclass
class Rule:
    commands: tuple
    reason: str
    reduce: Callable  # (words, reply, side) -> what must be equal


def near(tolerance):
    def reduce(_words, reply, _side):
        number = int(reply[1])
        return (reply[0], Near(number, tolerance)) if number >= 0 else reply

    return reduce


def shape(_words, reply, _side=None):
    """The types alone; of an aggregate the kinds of elements that it has."""
    kind, value = reply
    if isinstance(value, list):
        return (kind, sorted({repr(shape(None, element)) for element in value}))
    return (kind, value is None)


def kind_only(_words, reply, _side):
    return reply[0]


def any_order(_words, reply, _side=None):
    return (reply[0], sorted(reply[1], key=repr))


def whole_scan(words, reply, _side):
    """SCAN 0 COUNT 1000 returns all keys; of other calls only the types are the same."""
    cursor, keys = reply[1]
    if words[1].strip(b"0+-") or b"1000" not in words or cursor != (b"$", b"0"):
        return (reply[0], cursor[0], keys[0])
    return (reply[0], cursor, any_order(words, keys))


def names_for_ids(_words, reply, side):
    kind, value = reply
    if isinstance(value, list):
        return (kind, [names_for_ids(_words, element, side) for element in value])
    who = side.name_of(int(value)) if kind == b":" else None
    return (kind, who) if who else reply


def pairs_of(reply):
    """The fields of a map, which is a list of names and values in RESP2."""
    return list(zip(reply[1][::2], reply[1][1::2]))


def without(*fields):
    def reduce(_words, reply, _side):
        return (reply[0], [pair for pair in pairs_of(reply) if pair[0][1] not in fields])

    return reduce


def common_settings(_words, reply, side):
    return (reply[0], sorted((pair for pair in pairs_of(reply) if pair[0][1] in side.common.settings), key=repr))


def common_commands(_words, reply, side):
    names = {name[1].decode().lower() for name in reply[1]}
    # Redis does not list the subcommands of DEBUG.
    return (reply[0], sorted(name for name in names & side.common.commands if not name.startswith("debug|")))


# Fields of CLIENT LIST that are the same on both servers.
CLIENT_FIELDS = (b"name", b"db", b"sub", b"psub", b"multi", b"resp", b"user", b"flags")


def client_lines(_words, reply, side):
    """Without those who are being closed: one that has got its last reply may be listed for a moment more."""
    lines = [_client_line(line, side) for line in reply[1].split(b"\n") if line]
    return (reply[0], sorted(repr(line) for line in lines if b"c" not in line[b"flags"]))


def _client_line(line, side):
    fields = dict(field.partition(b"=")[::2] for field in line.split(b" ") if b"=" in field)
    kept = {name: fields.get(name) for name in CLIENT_FIELDS}
    # RESET ends CLIENT NO-EVICT since 7.2.
    kept[b"flags"] = fields[b"flags"].replace(b"e", b"") or b"N"
    redirected = fields.get(b"redir", b"-1")
    kept[b"redir"] = side.name_of(int(redirected)) or redirected
    return kept


# MONITOR's lines: time, database and address, command.
MONITORED = re.compile(rb"[\d.]+ \[(\d+) [^\]]*\] (.*)", re.DOTALL)

RULES = (
    Rule(("keys", "pubsub|channels", "pubsub|shardchannels"), "hash tables have no order", any_order),
    Rule(("scan",), "hash tables have no order, and a cursor is the server's own", whole_scan),
    Rule(("randomkey",), "chance", shape),
    Rule(("ttl", "expiretime"), "each server reads its own clock", near(SECONDS)),
    Rule(("pttl", "pexpiretime"), "each server reads its own clock", near(SECONDS * 1000)),
    Rule(("object|idletime",), "in Redis small numbers share one object, which is as old as the server", kind_only),
    Rule(("object|freq",), "a counter that grows by chance", near(10)),
    Rule(("client|id", "client|getredir", "client|trackinginfo"), "each server counts its clients", names_for_ids),
    Rule(("client|list", "client|info"), "addresses, ages, sizes of buffers; fields of 7.2", client_lines),
    Rule(("hello",), "the server's version and the number of the client", without(b"server", b"version", b"id")),
    Rule(("config|get",), "hash tables have no order; each server has settings of its own", common_settings),
    Rule(("time", "lastsave", "info", "lolwut", "memory|doctor", "memory|malloc-stats", "memory|usage", "debug|object"), "what a server measures or says of itself", shape),
    Rule(("slowlog|get", "slowlog|len", "latency|latest", "latency|doctor", "latency|histogram", "latency|history",
          "latency|graph", "latency|reset", "memory|stats", "debug|htstats", "debug|htstats-key", "debug|sdslen", "function|stats"),
         "as much as there is to show", kind_only),
    Rule(("client|help", "command|help", "config|help", "debug|help", "memory|help", "object|help", "slowlog|help",
          "latency|help", "pubsub|help", "module|help", "function|help", "script|help", "cluster|help"), "in words of its own", shape),
    Rule(("command", "command|count"), "each server has commands of its own", kind_only),
    Rule(("command|list",), "each server has commands of its own", common_commands),
    Rule(("command|info", "command|docs"), "compared by introspection.py", kind_only),
)  # fmt: skip

_RULES = {name: rule for rule in RULES for name in rule.commands}


def canonical(words, queue, items, side):
    """What of a connection's replies must be equal. words: the command, None when another connection received them;
    queue: the commands that MULTI has queued."""
    if words is not None:
        items = _canonical_replies(words, queue, items, side)
        items = sorted(items, key=_is_message)
        if len(words) == 1 and full_name(words) in ("unsubscribe", "punsubscribe", "sunsubscribe"):
            items = _in_any_order(items)
    return _patterns_in_order([_monitored(item) for item in items])


def _in_any_order(items):
    """Leaving all channels goes over a hash table."""
    if not all(isinstance(item[1], list) and len(item[1]) == 3 for item in items):
        return items
    kinds, channels, counts = zip(*(item[1] for item in items))
    return [(b"unsubscribed", (kinds, sorted(channels, key=repr), counts))]


def _monitored(item):
    """A line of MONITOR without the time and the client's address; anything else, what a rule has left of a reply
    included, as it is."""
    is_line = isinstance(item, tuple) and item[0] == b"+" and isinstance(item[1], bytes)
    line = MONITORED.fullmatch(item[1]) if is_line else None
    return line.groups() if line else item


def _is_message(item):
    """7.0 sends what a client publishes to itself before the command's reply, 7.2 behind it."""
    return isinstance(item, tuple) and isinstance(item[1], list) and is_message(item)


def _patterns_in_order(items):
    """One message that matches several patterns of a client comes in the order of Redis's hash table of patterns: such
    runs are sorted."""
    ordered = []
    for message, run in groupby(items, key=_pattern_message):
        ordered += sorted(run, key=repr) if message else run
    return ordered


def _pattern_message(item):
    """Channel and text of a message that came by a pattern; None for anything else."""
    if not isinstance(item, tuple) or not isinstance(item[1], list) or len(item[1]) != 4:
        return None
    kind, _, channel, message = item[1]
    return (channel, message) if kind == (b"$", b"pmessage") else None


def _canonical_replies(words, queue, items, side):
    if full_name(words) == "exec" and queue and items and items[0][0] == b"*" and len(queue) == len(items[0][1] or ()):
        return _canonical_exec(queue, items, side)
    return [_canonical_reply(words, reply, side) for reply in items]


CONFIRM_EACH = {"subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"}


def _canonical_exec(queue, items, side):
    """EXEC's array has a place for each command that was queued. One that confirms several channels fills more of them,
    and the last replies stand behind the array."""
    reduced = [(b"*", len(queue))]
    replies = items[0][1] + items[1:]
    for words in queue:
        refused = bool(replies) and replies[0][0] == b"-"
        count = len(words) - 1 if full_name(words) in CONFIRM_EACH and len(words) > 2 and not refused else 1
        reduced += [_canonical_reply(words, reply, side) for reply in replies[:count]]
        replies = replies[count:]
    return reduced + replies


def _canonical_reply(words, reply, side):
    rule = _RULES.get(full_name(words))
    if rule is None or reply == (b"+", b"QUEUED") or reply[0] in b"->":
        return reply
    try:
        return rule.reduce(words, reply, side)
    except (ValueError, IndexError, TypeError):
        return reply

"""Keys whatever they hold: deleting, renaming, copying, walking, dumping."""

import payload
from registry import group

command = group("keys")

PATTERNS = (b"*", b"a", b"?", b"key:*", b"key:[12]", b"key:[^1]", b"[a-c]", b"\\a", b"", b"*x", b"[", b"key:[2-1]", b"**",
            b"{tag}*", b"[^", b"a\\")  # fmt: skip
TYPES = (b"string", b"STRING", b"list", b"hash", b"nosuch", b"")


def pattern(words):
    return words.one_of(*PATTERNS)


@command("del", "unlink", "exists", "touch")
def several_keys(words):
    return words.keys()


@command("type", "object|encoding", "object|refcount", "object|idletime", "object|freq", "dump")
def key_alone(words):
    return [words.key()]


@command("randomkey", "dbsize", "object|help")
def nothing(_words):
    return []


@command("rename", "renamenx")
def two_keys(words):
    return [words.key(), words.key()]


@command("keys")
def keys(words):
    return [pattern(words)]


@command("scan")
def scan(words):
    cursor = b"0" if words.maybe(0.9) else words.garbage()
    count = b"1000" if words.maybe(0.9) else words.integer()
    everything = [] if words.maybe(0.1) else [words.option(b"COUNT"), count]
    return [cursor] + everything + words.options([b"MATCH", pattern(words)], [b"TYPE", words.one_of(*TYPES)])


@command("copy")
def copy(words):
    database = words.database() if words.maybe(0.9) else words.integer()
    return [words.key(), words.key()] + words.options([words.option(b"DB"), database], [words.option(b"REPLACE")])


@command("move")
def move(words):
    return [words.key(), words.database() if words.maybe(0.9) else words.integer()]


@command("swapdb")
def swapdb(words):
    return [words.database(), words.database() if words.maybe(0.9) else words.integer()]


@command("flushdb", "flushall")
def flush(words):
    return words.one_of([], [words.option(b"SYNC")], [words.option(b"ASYNC")])


@command("restore")
def restore(words):
    ttl, absolute = words.one_of(
        (b"0", []), (b"0", []), (words.milliseconds(), []), (words.unix_milliseconds(), [words.option(b"ABSTTL")])
    )
    data = payload.of_string(words.value())
    if words.maybe(0.1):
        data = payload.damage(data, words.chance)
    idle = [b"IDLETIME", words.small() if words.maybe(0.9) else words.integer()]
    frequency = [b"FREQ", words.small(255) if words.maybe(0.9) else words.integer()]
    options = words.options([words.option(b"REPLACE")], probability=0.7) + words.options(
        idle, frequency, probability=0.1
    )
    return [words.key(), ttl, data] + absolute + options

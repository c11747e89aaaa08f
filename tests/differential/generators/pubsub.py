"""Channels and patterns."""

from registry import group

command = group("pubsub")

CHANNELS = (b"news", b"news.a", b"news.b", b"other", b"", b"\x00\xff", b"{tag}x")
PATTERNS = (b"*", b"news*", b"news.?", b"n[ae]ws", b"other", b"\\*", b"", b"[")


def channel(words):
    return words.one_of(*CHANNELS)


def pattern(words):
    return words.one_of(*PATTERNS)


@command("subscribe", "ssubscribe")
def subscribe(words):
    return words.some(lambda: channel(words))


@command("psubscribe")
def psubscribe(words):
    return words.some(lambda: pattern(words))


@command("unsubscribe", "sunsubscribe")
def unsubscribe(words):
    return words.some(lambda: channel(words), 0, 3)


@command("punsubscribe")
def punsubscribe(words):
    return words.some(lambda: pattern(words), 0, 3)


@command("publish", "spublish")
def publish(words):
    return [channel(words), words.text()]


@command("pubsub|channels", "pubsub|shardchannels")
def pubsub_channels(words):
    return [pattern(words)] if words.maybe() else []


@command("pubsub|numsub", "pubsub|shardnumsub")
def pubsub_numsub(words):
    return words.some(lambda: channel(words), 0, 3)


@command("pubsub|numpat", "pubsub|help")
def nothing(_words):
    return []

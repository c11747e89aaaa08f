"""Times to live."""

from registry import group

command = group("expiry")


@command("ttl", "pttl", "expiretime", "pexpiretime", "persist")
def key_alone(words):
    return [words.key()]


def condition(words):
    return words.options([words.option(b"NX", b"XX", b"GT", b"LT")], probability=0.4) + words.options(
        [b"NX"], [b"XX"], [b"GT"], [b"LT"], probability=0.04
    )


@command("expire")
def expire(words):
    return [words.key(), words.seconds()] + condition(words)


@command("pexpire")
def pexpire(words):
    return [words.key(), words.milliseconds()] + condition(words)


@command("expireat")
def expireat(words):
    return [words.key(), words.unix_seconds()] + condition(words)


@command("pexpireat")
def pexpireat(words):
    return [words.key(), words.unix_milliseconds()] + condition(words)

"""Strings as arrays of bits."""

from registry import group

command = group("bits")

# Seven bits more than a megabyte, the servers' proto-max-bulk-len, and its neighbours.
FAR_BITS = (b"8388607", b"8388608", b"4294967295", b"4294967296", b"-1", b"9223372036854775807")


def bit_offset(words):
    return words.small(200) if words.maybe(0.92) else words.one_of(*FAR_BITS)


def bit(words):
    return words.one_of(b"0", b"1") if words.maybe(0.95) else words.one_of(b"2", b"-1", b"x", b"")


@command("setbit")
def setbit(words):
    return [words.key(), bit_offset(words), bit(words)]


@command("getbit")
def getbit(words):
    return [words.key(), bit_offset(words)]


def bit_range(words):
    unit = [words.option(b"BYTE", b"BIT")] if words.maybe(0.6) else []
    return [words.offset(), words.offset()] + unit


@command("bitcount")
def bitcount(words):
    return [words.key()] + (bit_range(words) if words.maybe(0.8) else [])


@command("bitpos")
def bitpos(words):
    place = words.one_of([], [words.offset()], bit_range(words), bit_range(words))
    return [words.key(), bit(words)] + place


@command("bitop")
def bitop(words):
    if words.maybe(0.2):
        return [words.option(b"NOT"), words.key(), words.key()]
    return [words.option(b"AND", b"OR", b"XOR", b"NOT"), words.key()] + words.keys(1, 5)


def field_type(words):
    if words.maybe(0.04):
        return words.one_of(b"i65", b"u64", b"u0", b"i0", b"x8", b"u", b"", b"i-1", b"u8x")
    bits = words.chance.randint(1, 64)
    return b"i%d" % bits if bits == 64 or words.maybe() else b"u%d" % bits


def field_offset(words):
    mark = b"#" if words.maybe(0.3) else b""
    return mark + (words.small(70) if words.maybe(0.95) else words.one_of(b"-1", b"x", b"", b"9223372036854775807"))


def field_get(words):
    return [words.option(b"GET"), field_type(words), field_offset(words)]


def field_change(words):
    return [words.option(b"SET", b"INCRBY"), field_type(words), field_offset(words), words.integer()]


def field_overflow(words):
    kind = words.option(b"WRAP", b"SAT", b"FAIL") if words.maybe(0.95) else b"NONE"
    return [words.option(b"OVERFLOW"), kind]


@command("bitfield")
def bitfield(words):
    steps = words.some(lambda: words.one_of(field_get, field_change, field_change, field_overflow)(words), 0, 5)
    return [words.key()] + [word for step in steps for word in step]


@command("bitfield_ro")
def bitfield_ro(words):
    steps = words.some(lambda: field_get(words) if words.maybe(0.95) else field_change(words), 0, 4)
    return [words.key()] + [word for step in steps for word in step]

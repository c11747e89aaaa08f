"""SET, GET and what else reads and writes strings."""

from registry import group

command = group("strings")


@command("get", "strlen", "incr", "decr", "getdel")
def key_alone(words):
    return [words.key()]


@command("setnx", "getset", "append")
def key_and_value(words):
    return [words.key(), words.value()]


@command("set")
def set_with_options(words):
    lifetime = words.one_of([], [], words.lifetime(), [words.option(b"KEEPTTL")])
    condition = words.one_of([], [], [words.option(b"NX", b"XX")])
    contradiction = words.options([b"NX"], [b"XX"], [b"KEEPTTL"], words.lifetime(), probability=0.03)
    options = words.options(lifetime, condition, [words.option(b"GET")], probability=0.5)
    return [words.key(), words.value()] + options + contradiction


@command("getex")
def getex(words):
    options = words.one_of([], words.lifetime(), [words.option(b"PERSIST")])
    return [words.key()] + options + words.options([b"PERSIST"], words.lifetime(), probability=0.03)


@command("setex")
def setex(words):
    return [words.key(), words.seconds(), words.value()]


@command("psetex")
def psetex(words):
    return [words.key(), words.milliseconds(), words.value()]


@command("mget")
def mget(words):
    return words.keys()


@command("mset", "msetnx")
def keys_and_values(words):
    return [word for key in words.keys() for word in (key, words.value())]


@command("incrby", "decrby")
def key_and_integer(words):
    return [words.key(), words.integer()]


@command("incrbyfloat")
def incrbyfloat(words):
    return [words.key(), words.floating()]


@command("getrange", "substr")
def getrange(words):
    return [words.key(), words.offset(), words.offset()]


@command("setrange")
def setrange(words):
    offset = words.small(60) if words.maybe(0.9) else words.integer()
    return [words.key(), offset, words.text()]


@command("lcs")
def lcs(words):
    options = words.options(
        [words.option(b"LEN")], [words.option(b"IDX")], [b"MINMATCHLEN", words.offset()], [words.option(b"WITHMATCHLEN")]
    )
    return [words.key(), words.key()] + options

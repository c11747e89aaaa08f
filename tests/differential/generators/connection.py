"""What a connection says of itself and of the others. Connection b is there to be listed, unblocked and killed."""

from registry import IdOf, group

command = group("connection")

NAMES = (b"", b"ann", b"bob", b"with space", b"new\nline", b"\xff", b"a-long-name-" * 3)


@command("ping")
def ping(words):
    return words.some(words.text, 0, 1)


@command("echo")
def echo(words):
    return [words.text()]


@command("select")
def select(words):
    return [words.database() if words.maybe(0.9) else words.garbage()]


@command("auth")
def auth(words):
    return words.one_of([b"secret"], [b"default", b"secret"], [b"nobody", b"x"], [b""])


# Not spoiled: 7.0 has set the name already when it refuses what stands behind.
@command("hello", fragile=True)
def hello(words):
    version = words.one_of(b"2", b"3", b"3", b"1", b"4", words.garbage())
    options = words.options([words.option(b"SETNAME"), words.one_of(*NAMES)], [b"AUTH", b"default", b"x"], probability=0.2)
    return words.one_of([], [version], [version] + options)


@command("quit", "reset", "client|id", "client|getname", "client|info", "client|help", "client|unpause")
def nothing(_words):
    return []


@command("client|setname")
def client_setname(words):
    return [words.one_of(*NAMES)]


@command("client|list")
def client_list(words):
    return words.one_of([], [], [b"TYPE", words.option(b"NORMAL", b"PUBSUB", b"MASTER", b"REPLICA", b"NOSUCH")],
                        [b"ID", IdOf("a"), IdOf("b")], [b"ID", b"999999"], [b"ID"], [words.garbage()])  # fmt: skip


@command("client|kill", fragile=True)
def client_kill(words):
    if words.maybe(0.2):
        return [words.one_of(b"127.0.0.1:1", b"", b"ADDR", b"nosuch")]
    who = words.one_of([b"ID", IdOf("b")], [b"ID", IdOf("b")], [b"ID", b"999999"], [b"ID", b"x"], [b"ID", b"0"],
                       [b"ID", b"-1"])  # fmt: skip
    others = words.options(
        [words.option(b"TYPE"), words.one_of(b"normal", b"pubsub", b"nosuch", b"slave")],
        [words.option(b"USER"), words.one_of(b"default", b"nobody")],
        [words.option(b"ADDR"), b"127.0.0.1:1"],
        [words.option(b"LADDR"), b"127.0.0.1:1"],
        [words.option(b"SKIPME"), words.one_of(b"yes", b"no", b"maybe")],
        [b"ID"],
        [b"NOSUCH", b"x"],
        probability=0.1,
    )
    return who + others


# Only what is refused: after a pause, even of no time at all, it is chance when the next command runs.
@command("client|pause", fragile=True)
def client_pause(words):
    time = words.one_of(b"-1", b"x", b"", b"1.5", b"9223372036854775808")
    return words.one_of([time], [time, words.option(b"WRITE", b"ALL", b"NOSUCH")], [b"0", b"NOSUCH"])


@command("client|reply", fragile=True)
def client_reply(words):
    return [words.option(b"ON", b"ON", b"SKIP", b"OFF", b"NOSUCH")]


@command("client|unblock")
def client_unblock(words):
    who = words.one_of(IdOf("a"), IdOf("b"), b"999999", b"x")
    return [who] + words.options([words.option(b"TIMEOUT", b"ERROR", b"NOSUCH")])


@command("client|no-evict", "client|no-touch")
def client_no_evict(words):
    return [words.option(b"ON", b"OFF", b"NOSUCH")]


@command("client|setinfo")
def client_setinfo(words):
    return [words.one_of(b"LIB-NAME", b"LIB-VER", b"NOSUCH"), words.one_of(b"lib", b"1.0", b"", b"a b")]

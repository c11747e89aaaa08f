"""The server: its settings, its figures, its commands' descriptions, and the tools for looking inside."""

import registry
from registry import IdOf, group

command = group("server")

SECTIONS = (b"server", b"clients", b"memory", b"persistence", b"stats", b"replication", b"cpu", b"commandstats",
            b"latencystats", b"errorstats", b"cluster", b"keyspace", b"modules", b"all", b"default", b"everything",
            b"nosuch", b"")  # fmt: skip
SETTINGS = (b"maxclients", b"timeout", b"databases", b"proto-max-bulk-len", b"maxmemory", b"maxmemory-policy",
            b"slowlog-log-slower-than", b"slowlog-max-len", b"latency-monitor-threshold", b"maxmemory-samples",
            b"lfu-log-factor", b"lfu-decay-time", b"hz", b"lazyfree-lazy-user-del", b"tracking-table-max-keys",
            b"latency-tracking", b"notify-keyspace-events", b"active-expire-effort", b"maxmemory-clients",
            b"client-output-buffer-limit", b"appendonly", b"nosuch", b"")  # fmt: skip
# Settings that may be changed to these values without a consequence for what follows; the last word is refused.
CHANGES = (
    (b"maxmemory-samples", b"5", b"10", b"0", b"x"), (b"lfu-log-factor", b"10", b"0", b"-1"),
    (b"lfu-decay-time", b"1", b"5", b"x"), (b"slowlog-max-len", b"128", b"0", b"x"), (b"hz", b"10", b"50", b"x"),
    (b"lazyfree-lazy-user-del", b"yes", b"no", b"maybe"), (b"lazyfree-lazy-user-flush", b"no", b"yes", b"2"),
    (b"latency-monitor-threshold", b"0", b"1000000", b"-1"), (b"tracking-table-max-keys", b"1000000", b"0", b"-1"),
    (b"maxmemory-policy", b"noeviction", b"nosuch"), (b"maxmemory", b"0", b"100gb", b"1x"),
    (b"active-expire-effort", b"1", b"10", b"11"), (b"databases", b"16"), (b"nosuch", b"1"), (b"", b""),
    (b"slowlog-log-slower-than", b"10000000", b"-1", b"x"), (b"maxmemory-clients", b"0", b"0%", b"101%"),
    (b"client-output-buffer-limit", b"normal 0 0 0", b"pubsub 32mb 8mb 60", b"normal 0 0", b"nosuch 0 0 0"),
    (b"latency-tracking", b"yes", b"no", b"x"),
)  # fmt: skip
UNKNOWN = {b"nosuch", b""}
CHANGED_SETTINGS = {change[0] for change in CHANGES}


@command("config|help", "command|count", "command|help", "command", "time", "memory|help", "memory|doctor",
         "memory|stats", "memory|purge", "memory|malloc-stats", "slowlog|len", "slowlog|reset", "slowlog|help",
         "latency|latest", "latency|doctor", "latency|help", "lastsave", "role", "module|list", "module|help",
         "function|help", "function|list", "function|stats", "config|resetstat", "config|rewrite",
         "script|help", "asking", "readonly", "readwrite", "cluster|info", "cluster|help", "cluster|myid",
         "cluster|nodes", "cluster|slots", "cluster|shards", "acl|whoami")  # fmt: skip
def nothing(_words):
    return []


# The errors of DEBUG's subcommands are one and the same in Redis, which looks for them in a way of its own.
@command("debug|help", "debug|digest", fragile=True)
def debug_nothing(_words):
    return []


@command("info")
def info(words):
    return words.some(lambda: words.option(*SECTIONS), 0, 3)


@command("config|get")
def config_get(words):
    return words.some(lambda: words.one_of(*SETTINGS), 1, 3)


@command("config|set", fragile=True)
def config_set(words):
    changes = words.some(lambda: words.one_of(*(one for one in CHANGES if one[0] in words.settings | UNKNOWN)), 1, 2)
    arguments = [word for name, *values in changes for word in (name, words.one_of(*values))]
    return arguments if words.maybe(0.9) else arguments[:-1]


def command_name(words):
    if words.maybe(0.1):
        return words.one_of(b"nosuch", b"", b"get|x", b"config|nosuch")
    return words.one_of(*words.commands).encode()


@command("command|info", "command|docs")
def command_names(words):
    return words.some(lambda: command_name(words), 1, 3)


@command("command|list")
def command_list(words):
    kind = words.one_of(b"ACLCAT", b"PATTERN", b"MODULE", b"NOSUCH")
    value = words.one_of(b"string", b"bitmap", b"nosuch", b"get*", b"config|*", b"*", b"")
    return words.one_of([], [words.option(b"FILTERBY"), kind, value], [b"FILTERBY", kind])


@command("command|getkeys", "command|getkeysandflags")
def command_getkeys(words):
    names = (name for name in words.commands if name in registry.names() and not name.startswith("debug|"))
    # Nothing is run, so an id need not be anybody's.
    return [b"0" if isinstance(word, IdOf) else word for word in registry.draw(words.one_of(*names), words)]


@command("lolwut")
def lolwut(words):
    return words.one_of([], [b"VERSION", b"1"])


@command("debug|sleep", fragile=True)
def debug_sleep(words):
    return [words.one_of(b"0", b"0.0001")]


@command("debug|set-active-expire", fragile=True)
def debug_set_active_expire(_words):
    return [b"0"]


@command("debug|object", "debug|digest-value", "debug|sdslen", "debug|htstats-key", fragile=True)
def debug_key(words):
    return words.keys(1, 1)


@command("debug|protocol", fragile=True)
def debug_protocol(words):
    return [words.one_of(b"string", b"integer", b"double", b"null", b"array", b"set", b"map", b"attrib", b"push", b"verbatim",
                         b"true", b"false", b"bignum", b"nosuch")]  # fmt: skip


@command("debug|error", "debug|log", fragile=True)
def debug_error(words):
    return [words.one_of(b"ERR an error", b"WRONG thing", b"x")]


@command("memory|usage")
def memory_usage(words):
    return [words.key()] + words.options([words.option(b"SAMPLES"), words.integer()])


@command("slowlog|get")
def slowlog_get(words):
    return words.one_of([], [words.integer()])


@command("latency|history", "latency|graph", "latency|reset")
def latency_event(words):
    return [words.one_of(b"command", b"expire-cycle", b"nosuch")]


@command("latency|histogram")
def latency_histogram(words):
    return words.some(lambda: words.one_of(b"get", b"set", b"config|get", b"nosuch"), 0, 2)


@command("debug|populate", fragile=True)
def debug_populate(words):
    return words.one_of([b"5"], [b"5", b"filled"], [b"5", b"filled", b"30"], [b"5", b"filled", b"3"], [b"x"], [])


@command("debug|htstats", fragile=True)
def debug_htstats(words):
    return [words.database()]


@command("script|exists")
def script_exists(words):
    return words.some(words.text)


# Without a cluster each of them is refused; cubby does not look at the subcommand.
@command("cluster", fragile=True)
def cluster(words):
    return [words.one_of(b"INFO", b"MYID", b"SLOTS", b"NODES", b"SHARDS")]


@command("replicaof", "slaveof", fragile=True)
def replicaof(_words):
    return [b"NO", b"ONE"]


@command("function|flush", "script|flush")
def function_flush(words):
    return words.one_of([], [words.option(b"ASYNC", b"SYNC", b"NOSUCH")])


@command("wait", fragile=True)
def wait(words):
    return words.one_of([b"0", b"0"], [b"0", b"10"], [b"1", b"1"], [b"-1", b"0"], [b"x", b"0"], [b"0", b"-1"], [b"0", b"x"])


@group("monitor")("monitor")
def monitor(_words):
    return []


@command("shutdown", fragile=True)
def shutdown(words):
    return words.one_of([b"ABORT"], [b"NOSUCH"], [b"SAVE", b"NOSAVE"], [b"ABORT", b"NOW"], [b"NOW", b"ABORT"], [b"x", b"y"])

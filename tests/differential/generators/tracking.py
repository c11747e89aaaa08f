"""Client-side caching. The connections are those of the program "tracking": a and b are clients, r is redirected to."""

from registry import IdOf, group

command = group("tracking")

PREFIXES = (b"", b"a", b"key:", b"key:1", b"b", b"{tag}")


@command("client|tracking")
def client_tracking(words):
    if words.maybe(0.2):
        return [words.option(b"OFF")]
    mode = words.one_of([], [], [words.option(b"OPTIN")], [words.option(b"OPTOUT")], broadcast(words))
    redirect = words.options([words.option(b"REDIRECT"), words.one_of(IdOf("r"), IdOf("b"), b"0", b"999999")], probability=0.2)
    rest = words.options([words.option(b"NOLOOP")], [b"OPTIN"], [b"OPTOUT"], [b"BCAST"], [b"PREFIX", b"a"], probability=0.06)
    return [words.option(b"ON")] + mode + redirect + rest


def broadcast(words):
    prefixes = words.some(lambda: words.one_of(*PREFIXES), 0, 2)
    return [words.option(b"BCAST")] + [word for prefix in prefixes for word in (b"PREFIX", prefix)]


@command("client|caching")
def client_caching(words):
    return [words.option(b"YES", b"NO") if words.maybe(0.95) else words.garbage()]


@command("client|getredir", "client|trackinginfo")
def nothing(_words):
    return []

"""Compares what COMMAND INFO and COMMAND DOCS say of every command that both servers have.

Redis 7.2 describes some commands otherwise than 7.0, and cubby has the descriptions of 7.2: those are listed here, each
with what has changed.
"""

from differences import pairs_of
from wire import text

# What is in words of cubby's own.
NOT_COMPARED = {b"summary", b"complexity", b"subcommands"}
# The same of arguments, where 7.2 has given many another name. What counts is what is to be typed, in what order.
ARGUMENTS_NOT_COMPARED = {b"name", b"display_text", b"since", b"deprecated_since", b"summary"}

# Commands that say what Redis's do, and answer that this is not for a store of strings.
REFUSED = {"sort", "sort_ro"}

# (command, field) -> why cubby's is another one.
KNOWN = {
    ("client|kill", "arguments"): "SLAVE is not named any more, SKIPME lists YES and NO, and there is MAXAGE",
    ("bitop", "arguments"): "7.0 has the operation as any word",
    ("command|getkeys", "arguments"): "7.0 has not described them",
    ("command|getkeysandflags", "arguments"): "7.0 has not described them",
    ("config|get", "arguments"): "7.0 has the parameter in a block of its own",
    ("debug", "doc_flags"): "syscmd says that only Redis's own tools should use it",
    ("wait", "flags"): "7.0 calls it noscript, 7.2 blocking",
    ("wait", "categories"): "blocking is a category too",
    ("set", "arguments"): "SET key value SECONDS, cubby's extension",
}


def differences(redis, cubby, names):
    """Lines of text, one for each difference."""
    found = []
    for name in sorted(names - REFUSED):
        for what, describe in (("INFO", _info), ("DOCS", _docs)):
            theirs, ours = (describe(side.control.ask(b"COMMAND", what.encode(), name.encode())) for side in (redis, cubby))
            for field in {**theirs, **ours}:
                if theirs.get(field) != ours.get(field) and not _is_known(name, field, theirs):
                    found.append(
                        f"COMMAND {what} {name}: {field}\n"
                        f"  redis-server: {text(theirs.get(field))}\n  cubbyd:       {text(ours.get(field))}"
                    )
    return found


def _is_known(name, field, theirs):
    # Deprecated later than 7.0.
    deprecated = field in ("doc_flags", "deprecated_since", "replaced_by") and field not in theirs
    return deprecated or (name, field) in KNOWN


INFO_FIELDS = ("name", "arity", "flags", "first key", "last key", "step", "categories", "tips", "key specifications")


def _info(reply):
    """Field -> value; sets as sorted lists, subcommands left to themselves."""
    row = reply[1][0][1]
    if row is None:
        return {}
    fields = dict(zip(INFO_FIELDS, row))
    for name in ("flags", "categories", "tips"):
        kind, values = fields[name]
        fields[name] = (kind, sorted(value for value in values if value[1] != b"may_replicate"))  # 7.0 does not name it
    return fields


def _docs(reply):
    """Field -> value."""
    if not reply[1]:
        return {}
    fields = {name[1].decode(): value for name, value in pairs_of(reply[1][1]) if name[1] not in NOT_COMPARED}
    if "arguments" in fields:
        fields["arguments"] = _arguments(fields["arguments"])
    versions = _versions(fields.pop("history", (b"*", [])))
    return {**fields, "history": (b"*", versions)} if versions else fields


def _versions(history):
    """When something changed, up to 7.0; what, is in words of cubby's own."""
    versions = [entry[1][0] for entry in history[1]]
    return [version for version in versions if version[1] < b"7.1"]


def _arguments(reply):
    return (reply[0], [_argument(argument) for argument in reply[1]])


def _argument(reply):
    fields = []
    for name, value in pairs_of(reply):
        if name[1] == b"arguments":
            fields.append((b"*", [name, _arguments(value)]))
        elif name[1] not in ARGUMENTS_NOT_COMPARED:
            fields.append((b"*", [name, (value[0], sorted(value[1])) if isinstance(value[1], list) else value]))
    return (reply[0], fields)

"""MULTI, EXEC and WATCH. What is queued between them comes from the other groups."""

from registry import group

command = group("transactions")


@command("multi", "exec", "discard", "unwatch")
def nothing(_words):
    return []


@command("watch")
def watch(words):
    return words.keys()

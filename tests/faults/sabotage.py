"""Damage to an append-only file, as a server would do that does not keep what it promises: a test that does not notice it
is worth nothing.
"""

import os
import random


def last_increment(directory):
    """The path of the append-only file that was written to last."""
    folder = os.path.join(directory, "appendonlydir")
    names = [name for name in os.listdir(folder) if name.endswith(".incr.aof")]
    return os.path.join(folder, max(names, key=lambda name: int(name.split(".")[-3])))


def read_commands(data):
    """The commands of an append-only file: lists of (words, from, to)."""
    commands, at = [], 0
    while at < len(data):
        start, end = at, data.find(b"\r\n", at)
        if end < 0 or data[at : at + 1] != b"*":
            break
        at, words = end + 2, []
        for _ in range(int(data[start + 1 : end])):
            end = data.find(b"\r\n", at)
            if end < 0:
                return commands
            length = int(data[at + 1 : end])
            words.append(data[end + 2 : end + 2 + length])
            at = end + 4 + length
        if at > len(data):
            break
        commands.append((words, start, at))
    return commands


def _rewrite(directory, change):
    path = last_increment(directory)
    with open(path, "rb") as file:
        data = file.read()
    commands = read_commands(data)
    changed = change(data, commands) if len(commands) > 4 else data
    with open(path, "wb") as file:
        file.write(changed)
    return changed != data


def lose_tail(directory):
    """The last tenth of the file is lost."""
    return _rewrite(directory, lambda data, commands: data[: commands[-max(1, len(commands) // 10)][1]])


def lose_one(directory):
    """One command in the second half of the file is lost."""

    def change(data, commands):
        plain = [command for command in commands[len(commands) // 2 :] if command[0][0].upper() not in (b"MULTI", b"EXEC", b"SELECT")]
        if not plain:
            return data
        _, start, end = random.choice(plain[-30:])
        return data[:start] + data[end:]

    return _rewrite(directory, change)


def _transactions(commands):
    """(index of MULTI, index of EXEC)."""
    found, begin = [], None
    for index, (words, _, _) in enumerate(commands):
        if words[0].upper() == b"MULTI":
            begin = index
        elif words[0].upper() == b"EXEC" and begin is not None:
            found.append((begin, index))
    return found


def tear_transaction(directory):
    """The file ends within a transaction, of which what is there stays."""

    def change(data, commands):
        found = [(begin, end) for begin, end in _transactions(commands) if end - begin > 4]
        if not found:
            return data
        begin, end = found[-1]
        half = commands[(begin + end) // 2][2]
        return data[: commands[begin][1]] + data[commands[begin][2] : half]

    return _rewrite(directory, change)


def repeat_one(directory):
    """A command is there twice, the second time at the end of the file."""

    def change(data, commands):
        sets = [command for command in commands[: len(commands) // 2] if command[0][0].upper() in (b"SET", b"DEL", b"INCR")]
        if not sets:
            return data
        _, start, end = random.choice(sets[-20:])
        return data + data[start:end]

    return _rewrite(directory, change)


WAYS = (lose_tail, lose_one, tear_transaction, repeat_one)

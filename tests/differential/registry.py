"""Which commands have a generator.

A generator is a function that draws a command's arguments from a Words. Modules in generators/ register theirs:

    command = group("strings")

    @command("getrange", "substr")
    def range_of_a_string(words):
        return [words.key(), words.offset(), words.offset()]

A subcommand is named with its container: "object|encoding". Now and then a drawn command is spoiled, to see its errors:
an argument more or less, or garbage in the place of one. fragile=True spares a command that could then stop a server or
hold it up; its generator draws wrong arguments itself.
"""

from dataclasses import dataclass
from typing import Callable

SPOILED = 0.1  # of the drawn commands


@dataclass
class Generator:
    draw: Callable
    fragile: bool


@dataclass(frozen=True)
class IdOf:
    """A word that stands for the id of a connection, which is another number on each server."""

    who: str

    def __str__(self):
        return f"<id of {self.who}>"


_generators = {}  # name -> Generator
_groups = {}  # group -> names


def group(name):
    """The decorator with which a module registers the generators of its group."""
    _groups[name] = []

    def command(*names, fragile=False):
        def register(function):
            for full_name in names:
                assert full_name not in _generators, full_name
                _generators[full_name] = Generator(function, fragile)
                _groups[name].append(full_name)
            return function

        return register

    return command


def names():
    return set(_generators)


def group_names(name):
    return list(_groups[name])


def draw(name, words, spoiled=SPOILED):
    """A command of that name, as a list of words. spoiled: how often it is made wrong."""
    generator = _generators[name]
    command = [part.encode() for part in name.split("|")]
    if words.maybe(0.5):
        command = [part.upper() for part in command]
    command += generator.draw(words)
    if generator.fragile or not words.maybe(spoiled):
        return command
    return words.spoil(command, name.count("|") + 1)

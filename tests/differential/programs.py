"""What is run on both servers: a program is a cast of connections and the steps that they take, one after the other.

Everything about a program follows from its group, its seed, its number of steps and the commands that may be used.
"""

import random
from dataclasses import dataclass, field

import generators  # registers all of them
import registry
from differences import full_name, is_left_out
from words import Words


@dataclass
class Step:
    who: str
    words: list  # of bytes and IdOf


@dataclass
class Program:
    group: str
    seed: int
    cast: dict  # connection -> protocol
    steps: list = field(default_factory=list)
    # Whether a step may have more replies than one, or none. It costs a step more round trips.
    loose: bool = False


@dataclass
class Plan:
    """How programs of a group are made."""

    mix: dict  # group or command -> weight
    actors: str = "a"  # connections, a letter each; capitals speak the other protocol
    loose: bool = False
    beginning: list = field(default_factory=list)  # (connection, words)
    audience: str = ""  # connections that only take the first steps, and then listen


DATA = {"strings": 6, "bits": 2, "keys": 3, "expiry": 2}
PLANS = {
    "strings": Plan({"strings": 10, "expiry": 1, "keys": 1}),
    "bits": Plan({"bits": 10, "strings": 3, "keys": 0.5}),
    "keys": Plan({"keys": 10, "strings": 4, "expiry": 1, "select": 1}),
    "expiry": Plan({"expiry": 10, "strings": 4, "keys": 1}),
    "transactions": Plan({"transactions": 4, "exec": 3, **DATA, "select": 0.3, "publish": 0.3,
                          "subscribe": 0.2, "reset": 0.1}, "abC", True),
    "pubsub": Plan({"pubsub": 12, "publish": 6, "strings": 1, "ping": 1, "reset": 0.2, "quit": 0.1}, "abC", True),
    "tracking": Plan({"tracking": 3, **DATA, "transactions": 1, "reset": 0.2}, "abR", True,
                     [("r", [b"SUBSCRIBE", b"__redis__:invalidate"])]),  # fmt: skip
    "monitor": Plan({"strings": 6, "keys": 2, "transactions": 1, "echo": 1}, "aB", True, [("m", [b"MONITOR"])], "M"),
    "connection": Plan({"connection": 10, "strings": 3, "transactions": 1, "pubsub": 1}, "aB", True),
    "server": Plan({"server": 10, "strings": 3, "keys": 1, "expiry": 1}),
}  # fmt: skip

# Commands that would keep the databases empty, or take most of the time, if they came as often as the others of their
# group.
RARE = {"flushall": 0.05, "flushdb": 0.1, "swapdb": 0.3, "quit": 0.2, "client|reply": 0.3, "client|pause": 0.3,
        "debug|sleep": 0.2, "command": 0.1}  # fmt: skip

OBSERVER = "events"
EVERY_EVENT = [b"PSUBSCRIBE", b"__key*@*__:*"]


def weights(mix, usable):
    """Command -> weight. A group's weight is shared by its commands."""
    total = {}
    for name, weight in mix.items():
        try:
            members = registry.group_names(name)
        except KeyError:
            members = [name]
        for member in members:
            if member in usable:
                total[member] = total.get(member, 0) + weight * RARE.get(member, 1) / len(members)
    return total


def make(group, seed, protocol, count, common):
    """A program of the group, of what both servers have."""
    plan = PLANS[group]
    chance = random.Random(f"{group} {seed}")
    words = Words(chance, common)
    cast = {who.lower(): protocol if who.islower() else 5 - protocol for who in plan.actors + plan.audience}
    program = Program(group, seed, cast, loose=plan.loose)
    if "psubscribe" in common.commands:
        cast[OBSERVER] = protocol
        program.steps.append(Step(OBSERVER, EVERY_EVENT))
    program.steps += [Step(who, command) for who, command in plan.beginning if full_name(command) in common.commands]
    total = weights(plan.mix, common.commands)
    actors = plan.actors.lower()
    for name in chance.choices(list(total), list(total.values()), k=count):
        command = registry.draw(name, words)
        if not is_left_out(command, program.steps):
            program.steps.append(Step(chance.choice(actors), command))
    return program

"""The differential test: random programs of commands on redis-server and on cubbyd, every reply compared.

    run.py [--seed N] [--steps N] [--group NAME]... [--threads N]... [--protocol N]...

Ends with the line "N passed, N failed": a program without a difference has passed. Every command of cubbyd must have a
generator, or a reason in differences.py not to have one.
"""

import argparse
import sys
import time

import differences
import introspection
import programs
import registry
import servers
import wire
from duel import Duel
from shrink import shrink

LENGTH = 150  # steps of one program
SHOWN = 12  # differences shown for each group and daemon


def read_arguments():
    parser = argparse.ArgumentParser(description="compares cubbyd with redis-server on random commands")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other programs")
    parser.add_argument("--steps", type=int, default=3000, help="steps for each group, protocol and number of threads")
    parser.add_argument("--group", action="append", choices=list(programs.PLANS))
    parser.add_argument("--threads", action="append", type=int)
    parser.add_argument("--protocol", action="append", type=int, choices=(2, 3))
    return parser.parse_args()


def containers(names):
    return {name.partition("|")[0] for name in names if "|" in name}


class Test:
    """The run's totals, and what has been shown already."""

    def __init__(self, options):
        self.options = options
        self.passed = 0
        self.failed = 0

    def check(self, good, failure):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"not ok: {failure}", flush=True)

    def check_table(self, duel):
        """Every command has a generator (a container need not have one when its subcommands do), and describes itself
        as Redis's does."""
        commands = duel.cubby.commands
        missing = commands - registry.names() - set(differences.NOT_COMPARED) - containers(commands)
        self.check(not missing, f"no generator in tests/differential/generators/ for {', '.join(sorted(missing))}")
        described = introspection.differences(duel.redis, duel.cubby, duel.redis.commands & duel.cubby.commands)
        self.check(not described, "\n".join(described))

    def run(self):
        with servers.redis() as redis:
            for threads in self.options.threads or (1, 4):
                daemon = servers.cubby(threads)
                with daemon as cubby, Duel(redis, cubby) as duel:
                    if self.passed + self.failed == 0:
                        self.check_table(duel)
                    self.run_against(duel, threads)
                self.check(daemon.ended_well, f"{daemon.name} did not end well")

    def run_against(self, duel, threads):
        for group in self.options.group or programs.PLANS:
            for protocol in self.options.protocol or (2, 3):
                start = time.monotonic()
                self.run_group(duel, group, protocol)
                print(f"{group}, RESP{protocol}, threads {threads}: {time.monotonic() - start:.1f} s", flush=True)

    def run_group(self, duel, group, protocol):
        seen = set()
        for number in range(max(1, self.options.steps // LENGTH)):
            program = programs.make(group, self.options.seed + number, protocol, LENGTH, duel.redis.common)
            difference = duel.run(program)
            if difference is None:
                self.passed += 1
            elif difference.kind() in seen or len(seen) >= SHOWN:
                self.failed += 1
            else:
                seen.add(difference.kind())
                self.check(False, describe(duel, program, difference))


def describe(duel, program, difference):
    shorter, found = shrink(duel, program, difference)
    history = "\n".join(f"    {step.who}> {wire.words_text(step.words)}" for step in shorter.steps[: found.index + 1])
    return (
        f"{found.what} ({program.group}, seed {program.seed}, {duel.cubby.name})\n"
        f"    connections: {', '.join(f'{who} RESP{protocol}' for who, protocol in program.cast.items())}\n{history}\n"
        f"  redis-server: {show(found.redis)}\n  cubbyd:       {show(found.cubby)}"
    )


def show(items):
    return " ".join(wire.text(item) for item in items) if isinstance(items, list) else wire.text(items)


def main():
    options = read_arguments()
    print(f"seed {options.seed}", flush=True)
    test = Test(options)
    test.run()
    print(f"{test.passed} passed, {test.failed} failed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())

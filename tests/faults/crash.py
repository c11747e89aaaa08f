"""The crash test: clients work, the server is killed, and what it comes back with is compared with what they were promised.

    crash.py [--rounds N] [--seconds N] [--seed N] [--threads N]... [--policy NAME]... [--redis] [--keep DIRECTORY]

A round: up to four clients send random commands on databases of their own, and transactions on what all share, while
snapshots and rewrites run and settings change; after a random time comes kill -9 (now and then SIGTERM and then kill -9),
now and then a start that is killed, too. Then the daemon starts again on the same directory, and each client looks
whether what is in its databases is a moment of its own history, late enough to hold what was promised (history.py).

First of all the test has to notice damage: the same with redis-server, whose file is damaged after the kill
(sabotage.py). Ends with the line "N passed, N failed". --redis: redis-server is the one that is tested.
"""

import argparse
import multiprocessing
import os
import random
import sys
import threading
import time

import neighbours  # noqa: F401
import sabotage
import wire
from commands import own_mark
from crash_client import Order, serve
from daemon import Daemon, DidNotStart, info, observe, wait_for
from history import judge_together
from model import OK, SHARED, SHARED_DB
from promise import BETWEEN_SYNCS, Promise, begin, end
from workplace import workplace

CLIENTS = 4
OWN_DATABASES = 15  # the last one is shared
# Of all rounds, how many are run with this policy.
POLICIES = {"always": 0.6, "everysec": 0.25, "no": 0.15}
SABOTAGED_ROUNDS = 12  # one of these must notice


class Clients:
    """The processes of the clients."""

    def __init__(self):
        self._pipes, self._processes = [], []
        for number in range(CLIENTS):
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.Process(target=serve, args=(number, theirs), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def tell(self, number, order):
        self._pipes[number].send(order)

    def hear(self, number):
        answer = self._pipes[number].recv()
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return answer

    def end(self):
        for process in self._processes:
            process.kill()
            process.join()


def owned(observed, number, hands):
    """The part of what was observed that belongs to a client; all of it when it is alone. hands: whose databases are which."""
    mark = (SHARED_DB, own_mark(number))
    alone = len(hands) == 1
    return {
        place: found
        for place, found in observed.items()
        if place[0] in hands[number] or place == mark or (alone and not place[1].startswith(SHARED))
    }


class Operator(threading.Thread):
    """Whoever starts snapshots and changes settings while clients work; keeps the promise up to date. settles: the policy
    stays what it is."""

    def __init__(self, port, chance, promise, policy, settles=False):
        super().__init__(daemon=True)
        self._weights = (4, 4, 0 if settles else 2, 1)
        self._chance = chance
        self._promise = promise
        self._policy = policy
        self._connection = wire.Connection(port)
        self.failure = None
        self.actions = []  # (when it was answered, what, the answer), for whoever looks into a failure

    def run(self):
        try:
            while not self._connection.closed:
                time.sleep(self._chance.random() * 0.1)
                self._chance.choices((self._save, self._rewrite, self._change_policy, self._off_and_on), self._weights)[0]()
        except (OSError, KeyError, ValueError, TypeError, wire.Silence):
            pass  # the server is gone

    def _ask(self, *words):
        reply = self._connection.ask(*words)
        self.actions.append((time.monotonic(), wire.words_text(words), wire.text(reply)))
        if reply == wire.CLOSED:
            raise OSError
        return reply

    def told(self, ended):
        """The last actions in words."""
        return "\n".join(f"    {ended - when:.4f} s before the end: {what} -> {answer}" for when, what, answer in self.actions[-12:])

    def _save(self):
        self._ask(b"BGSAVE", *self._chance.choice(([], [b"SCHEDULE"])))

    def _rewrite(self):
        self._ask(b"BGREWRITEAOF")

    def _set(self, name, value):
        if self._ask(b"CONFIG", b"SET", name, value) != OK:
            self.failure = f"CONFIG SET {name.decode()} {value.decode()} was refused"

    def _change_policy(self):
        """To another policy and, after some time, back."""
        for policy in (self._chance.choice(("always", "everysec", "no")), self._policy):
            if policy != "always":
                end(self._promise.always, time.monotonic())
            self._set(b"appendfsync", policy.encode())
            if policy == "always":
                begin(self._promise.always, time.monotonic())
            time.sleep(self._chance.random() * 0.1)

    def _off_and_on(self):
        begin(self._promise.off, time.monotonic())
        self._set(b"appendonly", b"no")
        time.sleep(self._chance.random() * 0.05)
        self._set(b"appendonly", b"yes")
        asked = time.monotonic()
        while not self._is_on():
            time.sleep(0.01)
            asked = time.monotonic()
        end(self._promise.off, asked)
        self.actions.append((asked, "INFO", "it is on again"))

    def _is_on(self):
        fields = info(self._connection)
        waits = fields["aof_rewrite_in_progress"] != "0" or fields["aof_rewrite_scheduled"] != "0"
        return fields["aof_enabled"] == "1" and not waits and fields["aof_last_bgrewrite_status"] == "ok"


class Series:
    """Rounds on one directory with one daemon. damage: what is done to the directory after each kill (sabotage.py)."""

    def __init__(self, daemon, clients, policy, chance, damage=None):
        self._daemon = daemon
        self._clients = clients
        self._policy = policy
        self._chance = chance
        self._damage = damage
        self._base = {}
        self.rounds = 0
        self.entries = 0
        self.oldest_lost = 0.0
        self.failures = []

    def run(self, rounds, deadline):
        """Runs so many rounds, or until the deadline (monotonic; not before one has been run) or the first failure."""
        try:
            self._daemon.start(*self._settings())
            while self.rounds < rounds and (self.rounds == 0 or time.monotonic() < deadline) and not self.failures:
                self._round()
                self.rounds += 1
        except (DidNotStart, AssertionError) as failure:
            self.failures.append(str(failure))
        finally:
            self._daemon.kill()

    def _settings(self):
        """Of the next start."""
        settings = ["--appendonly", "yes", "--appendfsync", self._policy]
        settings += ["--auto-aof-rewrite-min-size", self._chance.choice(("20kb", "200kb", "64mb"))]
        settings += ["--auto-aof-rewrite-percentage", self._chance.choice(("10", "100"))]
        settings += ["--aof-use-rdb-preamble", self._chance.choice(("yes", "yes", "no"))]
        settings += ["--save", self._chance.choice(("", "1 10"))]
        settings += ["--rdbcompression", self._chance.choice(("yes", "no"))]
        return settings

    def _deal(self):
        """Which databases belong to whom in the next round."""
        count = self._chance.choice((1, 2, CLIENTS, CLIENTS, CLIENTS))
        databases = list(range(OWN_DATABASES))
        self._chance.shuffle(databases)
        return [sorted(databases[number::count][:4] if count > 1 else databases) for number in range(count)]

    def _duration(self):
        if self._policy != "always" and self._chance.random() < 0.2:
            return 1.1 + self._chance.random() * 0.5
        return self._chance.choice((0.02, 0.15, 0.5)) * (0.5 + self._chance.random())

    def _round(self):
        hands = self._deal()
        promise = Promise()
        if self._policy == "always":
            begin(promise.always, 0)
        pause = self._chance.choice((0, 0, 0.01))
        bases = [owned(self._base, number, hands) for number in range(len(hands))]
        operator = Operator(self._daemon.port, random.Random(self._chance.random()), promise, self._policy)
        for number, databases in enumerate(hands):
            seed = str(self._chance.random())
            self._clients.tell(number, Order(self._daemon.port, databases, bases[number], seed, len(hands) == 1, pause))
        if self._chance.random() < 0.8:
            operator.start()
        time.sleep(self._duration())
        self._kill(promise)
        self.entries += sum(self._clients.hear(number) for number in range(len(hands)))
        if operator.is_alive():
            operator.join(5)
        promise.ended = time.monotonic()
        if operator.failure:
            self.failures.append(operator.failure)
        if self._damage is not None:
            self._damage(self._daemon.directory)
        self._restart()
        self._judge(hands, promise)
        if self.failures:
            self.failures.append("actions meanwhile:\n" + operator.told(promise.aging))

    def _kill(self, promise):
        if self._chance.random() < 0.1:
            self._daemon.process.terminate()
            time.sleep(self._chance.random() * 0.05)
        promise.aging = time.monotonic() - BETWEEN_SYNCS
        self._daemon.kill()

    def _restart(self):
        settings = self._settings()
        while self._chance.random() < 0.2:
            self._daemon.launch(*settings)
            time.sleep(self._chance.random() * 0.06)
            self._daemon.kill()
        self._daemon.start(*settings)

    def _judge(self, hands, promise):
        connection = self._daemon.connect()
        observed, until = observe(connection)
        connection.close()
        for number in range(len(hands)):
            self._clients.tell(number, (owned(observed, number, hands), until, promise))
        verdicts = [self._clients.hear(number) for number in range(len(hands))]
        self.failures += [verdict.failure for verdict in verdicts if verdict.failure]
        self._look_for_strangers(hands, observed)
        if not self.failures and len(hands) > 1:
            self.failures += judge_together(verdicts, observed, self._base)
        if not promise.is_off_since():
            self.oldest_lost = max(self.oldest_lost, *(verdict.oldest_lost for verdict in verdicts), 0)
        self._base = observed

    def _look_for_strangers(self, hands, observed):
        """What nobody's is must be as it was."""
        dealt = {database for databases in hands for database in databases} | {SHARED_DB}
        wrong = [
            place
            for place in {**self._base, **observed}
            if place[0] not in dealt and len(hands) > 1 and observed.get(place, (None, None)) != self._base[place]
            and (place in observed or self._base[place][1] is None)
        ]  # fmt: skip
        if wrong:
            self.failures.append(f"nobody has written to {wrong}, yet they are not what they were")


def _wait_for_deaths(connection):
    wait_for(lambda: "expires=0," in info(connection).get("db0", "expires=0,"), "the death of all keys with a time to live")


def _size_and_digest(connection):
    return connection.ask(b"DBSIZE"), connection.ask(b"DEBUG", b"DIGEST")


class Test:
    def __init__(self, options):
        self._options = options
        self._clients = Clients()
        self._chance = random.Random(options.seed)
        self.passed = 0
        self.failed = 0

    def run(self, directory):
        try:
            if not self._options.redis:
                self._notice_damage(directory)
            self._rounds(directory)
        finally:
            self._clients.end()

    def _series(self, directory, name, kind, threads, policy, damage=None, settings=()):
        path = os.path.join(directory, name)
        os.mkdir(path)
        return Series(Daemon(kind, path, settings, threads), self._clients, policy, self._chance, damage)

    def _check(self, good, failure):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"not ok: {failure}", flush=True)

    def _notice_damage(self, directory):
        """With each kind of damage some round must fail."""
        for damage in sabotage.WAYS:
            series = self._series(directory, f"damage-{damage.__name__}", "redis-server", 1, "always", damage)
            series.run(SABOTAGED_ROUNDS, time.monotonic() + 60)
            noticed = f"{series.failures[0].splitlines()[0][:150]}" if series.failures else ""
            self._check(series.failures, f"in {series.rounds} rounds nobody has noticed: {damage.__doc__}")
            print(f"{damage.__name__}: noticed in round {series.rounds}: {noticed}", flush=True)

    def _forget(self, directory, threads):
        """Keys that were evicted, or have died, stay away after the crash; the others do not."""
        kind = "redis-server" if self._options.redis else "cubbyd"
        path = os.path.join(directory, f"forget-{threads}")
        os.mkdir(path)
        daemon = Daemon(kind, path, ["--appendonly", "yes", "--appendfsync", "always", "--save", ""], threads)
        try:
            daemon.start()
            before = self._evict_and_expire(daemon)
            daemon.kill()
            daemon.start()
            connection = daemon.connect()
            _wait_for_deaths(connection)
            after = _size_and_digest(connection)
            connection.close()
            self._check(before == after, f"{daemon.name}: evicted and dead keys: {before} before the crash, {after} after it")
        except (DidNotStart, AssertionError) as failure:
            self._check(False, f"{daemon.name}: evicted and dead keys: {failure}")
        finally:
            daemon.kill()

    def _evict_and_expire(self, daemon):
        connection = daemon.connect()
        limit = int(info(connection)["used_memory"]) + (2 << 20)
        for name, value in ((b"maxmemory", b"%d" % limit), (b"maxmemory-policy", b"allkeys-random")):
            assert connection.ask(b"CONFIG", b"SET", name, value) == OK
        for start in range(0, 24_000, 200):
            commands = [[b"SET", b"key %d" % number, bytes(100), *([b"PX", b"20"] if number % 5 == 0 else [])]
                        for number in range(start, start + 200)]  # fmt: skip
            connection.send_all(commands)
            for _ in commands:
                assert connection.receive() == OK
        assert int(info(connection)["evicted_keys"]) > 100, "nothing was evicted"
        # Until all that is to die has, and nobody is evicted any more.
        assert connection.ask(b"CONFIG", b"SET", b"maxmemory", b"0") == OK
        _wait_for_deaths(connection)
        found = _size_and_digest(connection)
        connection.close()
        return found

    def _rounds(self, directory):
        options = self._options
        for threads in options.threads or (1, 4):
            self._forget(directory, threads)
        start = time.monotonic()
        policies = options.policy or list(POLICIES)
        plans = [(threads, policy) for policy in policies for threads in options.threads or (1, 4)]
        if options.redis:
            plans = [(1, policy) for policy in policies]
        shares = [POLICIES[policy] for _, policy in plans]
        left_rounds, left_shares = options.rounds, sum(shares)
        for (threads, policy), share in zip(plans, shares):
            rounds = round(left_rounds * share / left_shares)
            left = max(0, start + options.seconds - time.monotonic())
            self._one(directory, threads, policy, rounds, left * share / left_shares)
            left_rounds -= rounds
            left_shares -= share

    def _one(self, directory, threads, policy, rounds, seconds):
        kind = "redis-server" if self._options.redis else "cubbyd"
        series = self._series(directory, f"{kind}-{threads}-{policy}", kind, threads, policy)
        start = time.monotonic()
        series.run(rounds, start + seconds)
        self.passed += series.rounds - bool(series.failures)
        if series.failures or series.rounds == 0:
            self._check(False, f"{kind}, threads {threads}, {policy}, round {series.rounds}:\n" + "\n".join(series.failures))
        print(
            f"{kind}, threads {threads}, {policy}: {series.rounds} of {rounds} rounds, {series.entries} commands and transactions,"
            f" {time.monotonic() - start:.1f} s; the oldest answer that was not kept was {series.oldest_lost:.4f} s old",
            flush=True,
        )


def read_arguments():
    parser = argparse.ArgumentParser(description="kills the daemon and looks what it comes back with")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=240, help="fewer rounds when they take longer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--policy", action="append", choices=list(POLICIES))
    parser.add_argument("--redis", action="store_true", help="test redis-server instead")
    parser.add_argument("--keep", help="a new directory that is left behind, with all data and logs")
    return parser.parse_args()


def main():
    options = read_arguments()
    print(f"seed {options.seed}", flush=True)
    test = Test(options)
    with workplace("crash", options.keep) as directory:
        test.run(directory)
    print(f"{test.passed} passed, {test.failed} failed")
    return 1 if test.failed else 0


if __name__ == "__main__":
    sys.exit(main())

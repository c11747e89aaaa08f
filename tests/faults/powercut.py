"""The test of power cuts: clients work while faultfs.c records what reaches the disk; then the directory is made as it was
on the disk at some moment, a daemon starts on it, and each client looks whether what it was promised is there.

    powercut.py [--cuts N] [--rounds N] [--seconds N] [--seed N] [--threads N]... [--redis] [--keep DIRECTORY]

The moments are those after each change of a name (files made, renamed, removed) and some others at random. What was not
synced is gone, or there in part (disk.py). Under appendfsync always all that was answered before the moment must be
there, under everysec all that was answered a second before the last sync began, of which there must be one at least every two.
Ends with the line "N passed, N failed".
"""

import argparse
import os
import random
import shutil
import sys
import time

import neighbours  # noqa: F401
from crash import CLIENTS, Clients, Operator, owned
from crash_client import Order
from daemon import Daemon, DidNotStart, observe
from disk import Disk
from faultfs import SYNC_BEGINS, FaultFs, read_events
from history import judge_together
from promise import BETWEEN_SYNCS, Promise, begin
from workplace import run_tests

SETTINGS = ["--appendonly", "yes", "--save", "", "--auto-aof-rewrite-min-size", "50kb", "--auto-aof-rewrite-percentage", "20"]
DURATION = {"always": 0.5, "everysec": 2.5}  # seconds
PAUSE = {"always": 0.002, "everysec": 0.05}  # seconds; a history of moderate length
LONGEST_WITHOUT_SYNC = 2.5  # seconds under everysec
EVENTS_SHOWN = 20  # of those before a cut that has lost something
OF_NAMES = ("create", "rename", "unlink", "mkdir", "sync directory", "truncate")
HANDS = [[number, number + 4, number + 8] for number in range(CLIENTS)]  # whose databases are which


class Recording:
    """A daemon's life with a record of what has reached the disk."""

    def __init__(self, directory, place, kind, threads, policy, chance, base):
        self.policy = policy
        self.base = base
        self.promise = Promise()
        self._disk_before = Disk(directory)
        self._chance = chance
        self._faultfs = FaultFs(directory, place, records=True)
        self._daemon = Daemon(kind, directory, [*SETTINGS, "--appendfsync", policy], threads, self._faultfs.environment)
        if policy == "always":
            begin(self.promise.always, 0)

    def make(self, clients):
        """The daemon lives and is killed."""
        try:
            self._daemon.start()
            operator = Operator(self._daemon.port, random.Random(self._chance.random()), self.promise, self.policy, settles=True)
            for number in range(CLIENTS):
                base = owned(self.base, number, HANDS)
                clients.tell(number, Order(self._daemon.port, HANDS[number], base, str(self._chance.random()), False, PAUSE[self.policy]))
            operator.start()
            time.sleep(DURATION[self.policy])
            self.killed = time.monotonic()
            self._daemon.kill()
            self.entries = sum(clients.hear(number) for number in range(CLIENTS))
            operator.join(5)
        finally:
            self._daemon.kill()
        self.ended = time.monotonic()
        self.told = operator.told(self.killed)
        self.events = read_events(self._faultfs.record_path)

    def moments(self, count):
        """Numbers of events after which the power is cut, ascending."""
        ends = range(1, len(self.events))
        named = [at for at in ends if self.events[at - 1].kind in OF_NAMES or self.events[at].kind in OF_NAMES]
        chosen = set(self._chance.sample(named, min(len(named), 2 * count // 3)))
        chosen |= set(self._chance.sample(ends, min(len(ends), count - len(chosen))))
        return sorted(chosen)

    def disks(self, moments):
        """(the number of the event, the disk after it), one after the other."""
        disk, at = self._disk_before, 0
        for moment in moments:
            while at < moment:
                disk.apply(self.events[at])
                at += 1
            yield moment, disk

    def shown(self, at):
        """An event in words."""
        event = self.events[at]
        return f"    event {at + 1}, {event.time - self.events[0].time:.4f} s: {event.kind} {event.path} {event.other} {len(event.data)} bytes"

    def promise_at(self, moment):
        """What was promised by then. A moment lasts until the next event is over."""
        now = self.events[moment].time if moment < len(self.events) else self.ended
        syncs = [event for event in self.events[:moment] if event.kind == "sync" and event.path.endswith(".incr.aof")]
        return self.promise.at(now, self._begin_of(syncs[-1]) if syncs else 0)

    def _begin_of(self, sync):
        """A sync takes along what was written before it began, however long it takes."""
        return next(event.time for event in self.events if event.kind == SYNC_BEGINS and event.sync == sync.sync)


class Test:
    def __init__(self, options, directory):
        self._options = options
        self._directory = directory
        self._chance = random.Random(options.seed)
        self._kind = "redis-server" if options.redis else "cubbyd"
        self._cuts = 0
        self.passed = 0
        self.failed = 0

    def run(self):
        end = time.monotonic() + self._options.seconds
        plans = [(threads, policy) for threads in self._options.threads or (1, 4) for policy in DURATION]
        for threads, policy in plans:
            clients = Clients()
            try:
                self._series(clients, threads, policy, end)
            except (DidNotStart, AssertionError) as failure:
                self._tell(f"{self._kind}, threads {threads}, {policy}: {failure}")
            finally:
                clients.end()

    def _series(self, clients, threads, policy, end):
        place = os.path.join(self._directory, f"{self._kind}-{threads}-{policy}")
        directory = os.path.join(place, "data")
        os.makedirs(directory)
        base = {}
        if self._options.redis:
            # It does not sync the directory in which it makes appendonlydir.
            Daemon(self._kind, directory, SETTINGS, threads).start().kill()
        for number in range(self._options.rounds):
            if time.monotonic() > end:
                break
            recording = Recording(directory, place, self._kind, threads, policy, self._chance, base)
            recording.make(clients)
            before, start = self._cuts, time.monotonic()
            moments = recording.moments(self._options.cuts)
            for moment, disk in recording.disks(moments):
                if time.monotonic() < end:
                    self._cut(clients, recording, moment, disk, os.path.join(place, f"cut-{number}-{moment}"), threads)
            print(
                f"{self._kind}, threads {threads}, {policy}: {recording.entries} commands and transactions, {len(recording.events)}"
                f" events on disk, {self._cuts - before} power cuts, {time.monotonic() - start:.1f} s",
                flush=True,
            )
            base = self._whole(clients, recording, directory, threads)

    def _cut(self, clients, recording, moment, disk, directory, threads):
        some = self._chance.random() < 0.5
        disk.write_some(directory, self._chance) if some else disk.write_least(directory)
        self._cuts += 1
        promise = recording.promise_at(moment)
        failures = self._look(clients, recording, directory, promise, threads)
        old = promise.ended - promise.aging
        if recording.policy == "everysec" and not promise.is_off_since() and promise.aging and old > LONGEST_WITHOUT_SYNC:
            failures.append(f"the last sync is {old:.2f} s old")
        if failures:
            event = recording.events[moment - 1]
            failures.insert(0, f"{directory}, {'something' if some else 'nothing'} unsynced kept, cut after {event.kind} {event.path}")
            failures += [recording.shown(at) for at in range(max(0, moment - EVENTS_SHOWN), min(moment + 1, len(recording.events)))]
        self._tell("\n".join(failures))
        if not failures and not self._options.keep:
            shutil.rmtree(directory)

    def _look(self, clients, recording, directory, promise, threads):
        daemon = Daemon(self._kind, directory, [*SETTINGS, "--appendfsync", recording.policy], threads)
        try:
            daemon.start()
            connection = daemon.connect()
            observed, until = observe(connection)
            connection.close()
        except DidNotStart as failure:
            return [str(failure)]
        finally:
            daemon.kill()
        for number in range(CLIENTS):
            clients.tell(number, (owned(observed, number, HANDS), until, promise))
        verdicts = [clients.hear(number) for number in range(CLIENTS)]
        failures = [verdict.failure for verdict in verdicts if verdict.failure]
        return failures or judge_together(verdicts, observed, recording.base)

    def _whole(self, clients, recording, directory, threads):
        """Nothing is cut: what is in the directory; it is what the next round begins with."""
        failures = self._look(clients, recording, directory, recording.promise.at(recording.ended, recording.killed - BETWEEN_SYNCS), threads)
        if failures:
            failures.append(recording.told)
        self._tell("\n".join(failures))
        daemon = Daemon(self._kind, directory, SETTINGS, threads).start()
        connection = daemon.connect()
        observed, _ = observe(connection)
        connection.close()
        daemon.kill()
        return observed

    def _tell(self, failure):
        if failure:
            self.failed += 1
            print(f"not ok: {failure}", flush=True)
        else:
            self.passed += 1


def read_arguments():
    parser = argparse.ArgumentParser(description="cuts the power and looks what is on the disk")
    parser.add_argument("--cuts", type=int, default=30, help="of each round")
    parser.add_argument("--rounds", type=int, default=2, help="for each number of threads and each policy")
    parser.add_argument("--seconds", type=float, default=120, help="fewer when they take longer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--redis", action="store_true", help="test redis-server instead")
    parser.add_argument("--keep", help="a new directory that is left behind, with all data and logs")
    return parser.parse_args()


def main():
    options = read_arguments()
    return run_tests("powercut", options.keep, lambda directory: Test(options, directory))


if __name__ == "__main__":
    sys.exit(main())

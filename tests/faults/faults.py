"""The test of faults: one after the other, each operation on a file goes wrong.

    faults.py [--seconds N] [--seed N] [--threads N] [--redis] [--keep DIRECTORY] [--only TEXT]

A trial is a daemon's life on a small data directory: it loads it, serves writes, saves, rewrites, is switched to other
settings, ends. A first trial counts the operations on files; then there is one trial for each operation and each way in
which it can go wrong (WAYS). After it comes kill -9 or SIGTERM, a start without faults, and the data must be what the
client's history says (history.py): all that was answered, and nothing that never was. Unless the fault was to kill it,
or came while it started, the daemon must live on and take writes again by itself.

Ends with the line "N passed, N failed".
"""

import argparse
import errno
import os
import random
import shutil
import sys
import time
from multiprocessing.pool import ThreadPool

import neighbours  # noqa: F401
import wire
from caller import Caller, Gone
from commands import Draw
from daemon import Daemon, DidNotStart, observe
from faultfs import KINDS, USUAL_ERRORS, FaultFs
from promise import Promise
from workplace import run_tests

SETTINGS = ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-percentage", "0"]
DATABASES = [0, 1, 2]
AT_ONCE = 3  # trials; they mostly wait
CHANGING = ("create", "write", "sync", "sync directory", "rename", "unlink", "truncate", "mkdir")

# name -> (action, kinds, errors: None for what is usual for the kind, how many operations)
WAYS = {
    "fails": ("fail", KINDS, (None,), 1),
    "writes half": ("short", ("write", "read"), (None,), 1),
    "kills before": ("kill before", CHANGING, (None,), 1),
    "kills halfway": ("kill half", ("write",), (None,), 1),
    "kills after": ("kill after", CHANGING, (None,), 1),
    "loses what it should sync": ("lose", ("sync",), (errno.EIO,), 1),
    "fails for a time": ("fail", CHANGING, (None,), 4),
    "fails otherwise": ("fail", ("write", "create"), (errno.EIO, errno.EROFS), 1),
    "is interrupted": ("fail", ("open", "create", "write", "read", "sync"), (errno.EINTR,), 1),
}  # fmt: skip


class Trial:
    """A daemon's life with one fault. fault: the arguments of FaultFs.arm, None for none."""

    def __init__(self, kind, threads, template, place, seed, fault=None, ends_well=False):
        self._place = place
        directory = os.path.join(place, "data")
        shutil.copytree(template, directory)
        self._faultfs = FaultFs(directory, place)
        self._daemon = Daemon(kind, directory, SETTINGS, threads, self._faultfs.environment)
        self._chance = random.Random(seed)
        self._draw = Draw(self._chance, DATABASES, False, False)
        self._fault = fault
        self._ends_well = ends_well
        self._caller = None
        self._base = {}

    def run(self, base):
        """What is wrong, None when nothing is. base: what the template holds."""
        self._base = base
        if self._fault:
            self._faultfs.arm(**self._fault)
        try:
            self._live()
            self._faultfs.disarm()
            return self._look()
        except (DidNotStart, AssertionError, wire.Silence, KeyError) as failure:
            return f"{type(failure).__name__}: {failure}\n{self._daemon.log()[-1500:]}"
        finally:
            self._daemon.kill()

    def seen(self):
        return self._faultfs.seen()

    def was_done(self):
        """Whether there was an operation to go wrong; which."""
        return self._faultfs.get("done") and self._faultfs.what()

    # --- the life

    def _live(self):
        try:
            self._daemon.start()
        except DidNotStart:
            assert self.was_done(), "it did not start, but nothing was wrong"
            return
        try:
            self._caller = Caller(self._daemon, self._base)
            self._work()
            self._end()
        except Gone:
            self._died()

    def _work(self):
        caller = self._caller
        self._write(4)
        caller.save()
        self._write(2)
        caller.rewrite()
        self._write(2)
        caller.run([b"SET", b"big0", self._chance.randbytes(100_000)])
        caller.ask(b"CONFIG", b"SET", b"appendonly", b"no")
        caller.ask(b"CONFIG", b"SET", b"appendonly", b"yes")
        self._wait_until_on()
        self._write(3)

    def _write(self, count):
        for _ in range(count):
            self._caller.run(self._draw.command())
        self._caller.run(self._draw.transaction())

    def _wait_until_on(self):
        """CONFIG SET appendonly yes may be refused, or its rewrite may fail: an operator then tries it again."""
        end = time.monotonic() + 40  # as Redis, it waits some seconds after each failure
        while time.monotonic() < end:
            fields = self._caller.info()
            busy = fields["aof_rewrite_in_progress"] != "0" or fields["aof_rewrite_scheduled"] != "0"
            if fields["aof_enabled"] == "1" and not busy and fields["aof_last_bgrewrite_status"] == "ok":
                return
            if fields["aof_enabled"] == "0":
                self._caller.ask(b"CONFIG", b"SET", b"appendonly", b"yes")
            time.sleep(0.01)
        raise AssertionError("the append-only file is not on again")

    def _end(self):
        if self._ends_well:
            self._caller.close()
            status = self._daemon.terminate()
            assert status == 0 or self.was_done(), f"exit status {status} after SIGTERM"
        else:
            self._daemon.kill()

    def _died(self):
        """The daemon has ended while it worked."""
        status = self._daemon.wait_ended()
        is_meant = self._fault and self._fault["action"].startswith("kill")
        # redis-server gives up when it cannot keep its promise of appendfsync always.
        gives_up = self._daemon.kind == "redis-server" and status == 1
        assert self.was_done() and (is_meant or gives_up), f"the daemon has ended with status {status}"

    # --- afterwards

    def _look(self):
        self._daemon.environment = {}
        ended = time.monotonic()
        self._daemon.start()
        connection = self._daemon.connect()
        observed, until = observe(connection)
        connection.close()
        if self._caller is None:
            self._caller = Caller(self._daemon, self._base)
        promise = Promise(ended=ended, always=[[0, ended]])
        return self._caller.history.judge(observed, until, promise).failure


class Test:
    def __init__(self, options, directory):
        self._options = options
        self._kind = "redis-server" if options.redis else "cubbyd"
        self._directory = directory
        self._template = os.path.join(directory, "template")
        self._base = {}
        self._number = 0
        self.passed = 0
        self.failed = 0

    def _threads(self, number):
        return self._options.threads or (1, 4)[number % 2]

    def run(self):
        self._make_template()
        first = self._trial(0)
        failure = first.run(self._base)
        self._tell(None, failure)
        if failure:
            return
        print(f"operations: {first.seen()}", flush=True)
        faults = [fault for fault in self._faults(first.seen()) if self._options.only in describe(fault)]
        random.Random(self._options.seed).shuffle(faults)
        end = time.monotonic() + self._options.seconds
        left_out = 0
        with ThreadPool(AT_ONCE) as pool:
            trials = pool.imap_unordered(lambda numbered: self._one(*numbered, end), enumerate(faults))
            for fault, failure, has_run in trials:
                left_out += not has_run
                if has_run:
                    self._tell(fault, failure)
        print(f"{len(faults) - left_out} of {len(faults)} faults tried", flush=True)

    def _make_template(self):
        """A directory with a base, an increment and a snapshot."""
        os.mkdir(self._template)
        daemon = Daemon(self._kind, self._template, SETTINGS, self._threads(0))
        daemon.start()
        caller = Caller(daemon, {})
        draw = Draw(random.Random(self._options.seed), DATABASES, False, False)
        for _ in range(60):
            caller.run(draw.command())
        caller.rewrite()
        caller.save()
        for _ in range(20):
            caller.run(draw.command())
        # Nothing may die in between, so that all trials begin with the same.
        for database in DATABASES:
            caller.run([b"SELECT", b"%d" % database])
            for _, key in caller.ask(b"KEYS", b"*")[1]:
                caller.run([b"PERSIST", key])
        caller.close()
        connection = daemon.connect()
        self._base, _ = observe(connection)
        connection.close()
        daemon.kill()

    def _trial(self, number, fault=None):
        place = os.path.join(self._directory, f"trial-{number}" if fault else "counting")
        os.mkdir(place)
        seed = f"{self._options.seed} work"
        return Trial(self._kind, self._threads(number), self._template, place, seed, fault, ends_well=number // 2 % 2 == 0)

    def _faults(self, seen):
        for action, kinds, errors, count in WAYS.values():
            if action == "lose" and self._options.redis:
                continue  # it does not stand that
            for kind in kinds:
                for error in errors:
                    chosen = error or USUAL_ERRORS.get(kind, errno.EIO)
                    for first in range(1, seen[kind] + 1):
                        yield {"first": first, "action": action, "error": chosen, "count": count, "kinds": (kind,)}

    def _one(self, number, fault, end):
        if time.monotonic() > end:
            return fault, None, False
        trial = self._trial(number, fault)
        failure = trial.run(self._base)
        if failure:
            failure = f"{describe(fault)} ({trial.was_done()}), threads {self._threads(number)}, trial {number}: {failure}"
        if not self._options.keep:
            shutil.rmtree(os.path.join(self._directory, f"trial-{number}"), ignore_errors=True)
        return fault, failure, True

    def _tell(self, _fault, failure):
        if failure:
            self.failed += 1
            print(f"not ok: {failure}", flush=True)
        else:
            self.passed += 1


def describe(fault):
    error = "" if fault["action"].startswith(("kill", "short")) else f" with {errno.errorcode[fault['error']]}"
    times = f", {fault['count']} times" if fault["count"] > 1 else ""
    return f"{fault['action']}{error}: {fault['kinds'][0]} {fault['first']}{times}"


def read_arguments():
    parser = argparse.ArgumentParser(description="lets each operation on a file go wrong")
    parser.add_argument("--seconds", type=float, default=300, help="what is not tried by then is left out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=0, help="of the daemon; otherwise 1 and 4 in turn")
    parser.add_argument("--redis", action="store_true", help="test redis-server instead")
    parser.add_argument("--keep", help="a new directory that is left behind, with all data and logs")
    parser.add_argument("--only", default="", help="only faults in whose description this stands")
    return parser.parse_args()


def main():
    options = read_arguments()
    return run_tests("faults", options.keep, lambda directory: Test(options, directory))


if __name__ == "__main__":
    sys.exit(main())

"""Trouble that lasts: what clients are told while the disk is full, fails or is gone, and that everything goes on by itself
afterwards without anything lost or doubled.

    trouble.py [--threads N]... [--keep DIRECTORY]

Ends with the line "N passed, N failed".
"""

import argparse
import errno
import os
import random
import sys
import time

import neighbours  # noqa: F401
import wire
from caller import Caller, Gone
from commands import Draw
from daemon import Daemon, DidNotStart, observe, wait_for
from faultfs import FOR_EVER, FaultFs
from model import is_refused
from promise import Promise
from workplace import run_tests

SOON = 5  # seconds for an answer that nothing holds up
TROUBLE = 0.5  # seconds that it lasts once it has been noticed


class Part:
    """One daemon with a directory of its own, and what a client has done to it."""

    def __init__(self, test, name, policy, *settings, base_settings=("--appendonly", "yes", "--save", "")):
        self._test = test
        place = os.path.join(test.directory, f"{name}-{policy}-{test.threads}")
        self.directory = os.path.join(place, "data")
        os.makedirs(self.directory)
        self.faultfs = FaultFs(self.directory, place)
        self.daemon = Daemon("cubbyd", self.directory, [*base_settings, "--appendfsync", policy, *settings], test.threads,
                             self.faultfs.environment)  # fmt: skip
        self.name = f"{name}, {policy}, threads {test.threads}"
        self.policy = policy
        self.draw = Draw(random.Random(name), [0, 1, 2], False, False)

    def __enter__(self):
        self.daemon.start()
        self.caller = Caller(self.daemon, {})
        return self

    def __exit__(self, kind, failure, _trace):
        self.caller.close()
        self.daemon.kill()
        if kind is not None and issubclass(kind, (AssertionError, Gone, DidNotStart, wire.Silence, KeyError, OSError)):
            self.check(False, f"{kind.__name__}: {failure}\n{self.daemon.log()[-1500:]}")
            return True
        return False

    def check(self, good, what):
        self._test.check(good, f"{self.name}: {what}")

    def write(self, count=10):
        for _ in range(count):
            self.caller.run(self.draw.command())
        self.caller.run(self.draw.transaction())

    def write_until_refused(self):
        """Writes in a connection of its own, since a reply may be held back as long as the trouble lasts. What is refused
        was not done; of the held one nobody knows."""
        end = time.monotonic() + 10
        number = 0
        while time.monotonic() < end:
            number += 1
            reply = self.ask_apart(b"SET", b"apart", b"%d" % number)
            if is_refused(reply):
                return reply[1].decode()
            time.sleep(0.01)
        raise AssertionError("writes are not refused")

    def ask_apart(self, *words):
        """The reply to a command on a new connection; None when it is held back."""
        connection = self.daemon.connect()
        connection.send([b"SELECT", b"14"])
        connection.send(list(words))
        try:
            connection.receive(1)
            return connection.receive(1)
        except wire.Silence:
            return None
        finally:
            connection.close()

    def reads_go_on(self):
        connection = self.daemon.connect()
        connection.send([b"GET", b"n0"])
        try:
            good = connection.receive(SOON)[0] == b"$"
        except wire.Silence:
            good = False
        connection.close()
        self.check(good, "reads do not go on")

    def look_again(self):
        """kill -9, a start without faults: the data is what the history says."""
        self.daemon.kill()
        promise = Promise(ended=time.monotonic(), always=[[0, time.monotonic()]])
        self.daemon.environment = {}
        self.daemon.start()
        connection = self.daemon.connect()
        observed, until = observe(connection)
        connection.close()
        observed = {place: found for place, found in observed.items() if place[0] != 14}
        failure = self.caller.history.judge(observed, until, promise).failure
        self.check(not failure, f"after the restart: {failure}")


class Test:
    def __init__(self, directory, threads):
        self.directory = directory
        self.threads = threads
        self.passed = 0
        self.failed = 0

    def check(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"not ok: {what}", flush=True)

    def run(self):
        for policy in ("always", "everysec"):
            self._lasting("disk full", policy, "No space left on device", lambda part: part.faultfs.limit_space(40),
                          lambda part: part.faultfs.limit_space(None))  # fmt: skip
            self._lasting("write error", policy, "Input/output error", lambda part: part.faultfs.arm(1, kinds=["write"], count=FOR_EVER),
                          lambda part: part.faultfs.disarm())  # fmt: skip
            self._lasting("sync error", policy, "", lambda part: part.faultfs.arm(1, kinds=["sync"], count=FOR_EVER),
                          lambda part: part.faultfs.disarm())  # fmt: skip
            self._lasting("read-only", policy, "", self._make_read_only, lambda part: part.faultfs.disarm())
        self._sync_loses()
        self._vanished()
        self._turned_on()
        self._two_on_one()
        self._failing_save()
        self._shutdown()

    def _make_read_only(self, part):
        kinds = ["create", "write", "rename", "unlink", "truncate", "mkdir"]
        part.faultfs.arm(1, kinds=kinds, error=errno.EROFS, count=FOR_EVER)

    def _lasting(self, name, policy, words, begin, end):
        """Writes are refused with a reason, reads go on, INFO shows it; afterwards everything goes on."""
        with Part(self, name, policy) as part:
            part.write()
            begin(part)
            text = part.write_until_refused()
            part.check(text.startswith("MISCONF ") and words in text, f"the refusal does not say {words!r}: {text}")
            part.reads_go_on()
            part.check(part.caller.info()["aof_last_write_status"] == "err", "INFO's aof_last_write_status is not err")
            part.check(part.ask_apart(b"PING")[1].startswith(b"MISCONF"), "PING answers as if nothing was")
            time.sleep(TROUBLE)
            part.reads_go_on()
            end(part)
            part.write()
            wait_for(lambda: part.caller.info()["aof_last_write_status"] == "ok", "aof_last_write_status:ok")
            part.write()
            if policy == "everysec":
                time.sleep(1.2)  # what is promised after a second
            part.look_again()

    def _sync_loses(self):
        """A sync fails and what it should have written is gone; the daemon is killed at once, or has time to mend it."""
        for seconds in (0, 0.02, 2.5):
            with Part(self, f"lost by a sync, {seconds} s", "always") as part:
                part.write()
                part.faultfs.arm(1, action="lose", kinds=["sync"], name="incr")
                part.ask_apart(b"SET", b"apart", b"1")
                time.sleep(seconds)
                if seconds > 1:
                    part.write()
                part.look_again()

    def _vanished(self):
        """The directory is moved away, and back later or never."""
        for returns in (True, False):
            with Part(self, f"vanished, returns {returns}", "always") as part:
                part.write()
                os.rename(part.directory, part.directory + ".away")
                part.ask_apart(b"SET", b"apart", b"1")
                part.reads_go_on()
                time.sleep(TROUBLE)
                if returns:
                    os.rename(part.directory + ".away", part.directory)
                else:
                    os.mkdir(part.directory)
                part.write()
                part.caller.rewrite()
                part.write()
                part.look_again()

    def _turned_on(self):
        """CONFIG SET appendonly yes while the manifest that is there cannot be read."""
        with Part(self, "turned on", "always") as part:
            part.write()
            part.caller.ask(b"CONFIG", b"SET", b"appendonly", b"no")
            wait_for(lambda: part.caller.info()["aof_enabled"] == "0", "aof_enabled:0")
            part.faultfs.arm(1, kinds=["open"], error=errno.EMFILE, name="manifest", count=FOR_EVER)
            part.caller.ask(b"CONFIG", b"SET", b"appendonly", b"yes")
            text = part.write_until_refused()
            part.check("Too many open files" in text, f"the refusal: {text}")
            part.reads_go_on()
            time.sleep(TROUBLE)
            part.check(part.daemon.log().count("cannot turn the append-only file on") == 1, "it is not told once")
            part.faultfs.disarm()
            part.write()
            wait_for(lambda: part.caller.info()["aof_rewrite_scheduled"] == "0", "aof_rewrite_scheduled:0")
            part.caller.rewrite()
            part.write()
            part.look_again()
        with Part(self, "turned on and off", "always") as part:
            part.caller.ask(b"CONFIG", b"SET", b"appendonly", b"no")
            wait_for(lambda: part.caller.info()["aof_enabled"] == "0", "aof_enabled:0")
            part.faultfs.arm(1, kinds=["open"], error=errno.EMFILE, name="manifest", count=FOR_EVER)
            part.caller.ask(b"CONFIG", b"SET", b"appendonly", b"yes")
            part.write_until_refused()
            part.caller.ask(b"CONFIG", b"SET", b"appendonly", b"no")
            part.write()
            part.caller.ask(b"CONFIG", b"SET", b"appendonly", b"yes")
            part.write_until_refused()
            part.caller.close()  # whom it would wait for
            part.check(part.daemon.terminate() == 0, f"exit status {part.daemon.process.returncode}")

    def _two_on_one(self):
        """The second daemon on a directory does not start, the first is not disturbed."""
        with Part(self, "two daemons", "always") as part:
            part.write()
            second = Daemon("cubbyd", part.directory, ["--appendonly", "yes"], self.threads, log_path=part.daemon.log_path + ".second")
            try:
                second.start()
                second.kill()
                part.check(False, "a second daemon has started")
            except DidNotStart:
                part.check(second.process.returncode == 1, f"the second one's exit status is {second.process.returncode}")
                part.check("another daemon" in second.log(), f"the second one does not say why: {second.log()}")
            part.write()
            part.look_again()

    def _failing_save(self):
        """BGSAVE fails: with save points writes are refused until one goes well."""
        settings = ("--appendonly", "no", "--save", "3600 1")
        with Part(self, "failing save", "everysec", base_settings=settings) as part:
            part.write()
            part.faultfs.arm(1, kinds=["create", "write"], error=errno.ENOSPC, count=FOR_EVER)
            part.caller.ask(b"BGSAVE")
            text = part.write_until_refused()
            part.check("MISCONF" in text and "RDB" in text, f"the refusal: {text}")
            part.reads_go_on()
            part.check(part.caller.info()["rdb_last_bgsave_status"] == "err", "INFO's rdb_last_bgsave_status is not err")
            left = [name for name in os.listdir(part.directory) if name.startswith("temp-") or name == "dump.rdb"]
            part.check(not left, f"left behind: {left}")
            part.faultfs.disarm()
            part.caller.save()
            part.check(not is_refused(part.ask_apart(b"SET", b"apart", b"1")), "writes are still refused")
            part.caller.save()
            part.look_again()

    def _shutdown(self):
        """A shutdown that cannot save is refused; with NOSAVE, which spares the dump alone, or FORCE it is not."""
        dump = ("--appendonly", "no", "--save", "3600 1")
        file = ("--appendonly", "yes", "--save", "")
        for settings, way in ((dump, b"NOSAVE"), (dump, b"FORCE"), (file, b"FORCE")):
            with Part(self, f"shutdown {' '.join(settings)} {way.decode()}", "everysec", base_settings=settings) as part:
                part.write()
                part.faultfs.arm(1, kinds=["create", "write"], error=errno.ENOSPC, count=FOR_EVER)
                part.ask_apart(b"SET", b"apart", b"1")
                reply = part.caller.ask(b"SHUTDOWN")
                part.check(reply[0] == b"-" and b"SHUTDOWN" in reply[1], f"SHUTDOWN says {reply}")
                part.reads_go_on()
                try:
                    part.caller.ask(b"SHUTDOWN", way)
                except Gone:
                    pass
                part.check(part.daemon.wait_ended() == 0, f"exit status {part.daemon.process.returncode}")


def main():
    parser = argparse.ArgumentParser(description="trouble that lasts")
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--keep", help="a new directory that is left behind, with all data and logs")
    options = parser.parse_args()
    makers = [lambda directory, threads=threads: Test(directory, threads) for threads in options.threads or (1, 4)]
    return run_tests("trouble", options.keep, *makers)


if __name__ == "__main__":
    sys.exit(main())

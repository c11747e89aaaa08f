"""Files both ways: what redis-server has written is read by cubbyd, what cubbyd has written is read by redis-server,
redis-check-rdb and redis-check-aof, and it is the same data.

    interop.py [--threads N]... [--keep DIRECTORY]

Compared are DEBUG DIGEST and every key's value and end of life. Ends with the line "N passed, N failed".
"""

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys

import neighbours  # noqa: F401
import wire
from daemon import Daemon, DidNotStart, info, observe, wait_for
from sabotage import read_commands
from workplace import run_tests

FAR = 4_102_444_800_000  # unix milliseconds: 2100
# Where encodings of integers and lengths end.
INTEGERS = [sign * (1 << bits) + more for bits in (6, 7, 8, 14, 15, 16, 31, 32, 62) for sign in (1, -1) for more in (-1, 0, 1)]
LENGTHS = (0, 1, 19, 20, 21, 44, 45, 63, 64, 65, 16383, 16384, 16385, 70000)
BIG = 2 << 20  # bytes of the largest value


def data_set(chance):
    """Commands that make keys of all kinds in all sixteen databases."""
    commands = []
    for database in range(16):
        commands.append([b"SELECT", b"%d" % database])
        for number in chance.sample(INTEGERS, 20) if database else INTEGERS:
            commands.append([b"SET", b"integer %d" % number, b"%d" % number])
        for length in LENGTHS:
            commands.append([b"SET", b"compressible %d" % length, b"ab" * (length // 2) + b"c" * (length % 2)])
            commands.append([b"SET", b"random %d" % length, chance.randbytes(length)])
        for text in (b"007", b"-0", b"+1", b" 1", b"1.5", b"9223372036854775808", b"", b"\r\n\0\xff"):
            commands.append([b"SET", b"text " + text, text])
            commands.append([b"SET", b"\0\r\n" + text, text, b"PXAT", b"%d" % (FAR + database)])
        commands.append([b"SETEX", b"seconds", b"100000", b"value"])
        commands.append([b"SET", chance.randbytes(300), b"long key"])
    commands.append([b"SET", b"big", chance.randbytes(BIG // 2) * 2])
    return commands


def effects(chance):
    """Commands that change what data_set() has made."""
    commands = []
    for database in range(16):
        commands += [[b"SELECT", b"%d" % database], [b"APPEND", b"random 20", b"more"], [b"INCRBY", b"integer 64", b"5"]]
        commands += [[b"SETRANGE", b"random 70000", b"69990", chance.randbytes(40)], [b"DEL", b"integer 63", b"text 1.5"]]
        commands += [[b"PERSIST", b"\0\r\n007"], [b"PEXPIREAT", b"random 1", b"%d" % FAR], [b"EXPIRE", b"random 19", b"99999"]]
        commands += [[b"SETBIT", b"compressible 16384", b"100", b"1"], [b"INCRBYFLOAT", b"float", b"0.25"]]
        commands += [[b"MULTI"], [b"MSET", b"m1", b"1", b"m2", b"2"], [b"RENAME", b"m1", b"m3"], [b"EXEC"]]
        commands += [[b"COPY", b"m3", b"copied", b"DB", b"%d" % ((database + 1) % 16), b"REPLACE"], [b"GETDEL", b"m2"]]
        commands += [[b"PSETEX", b"dies", b"1", b"soon"], [b"SET", b"past", b"1", b"PXAT", b"1000"]]
    return commands + [[b"SWAPDB", b"3", b"4"], [b"SELECT", b"9"], [b"FLUSHDB"], [b"SET", b"last", b"one"]]


def run_all(connection, commands):
    for at in range(0, len(commands), 100):
        chunk = commands[at : at + 100]
        connection.send_all(chunk)
        for words in chunk:
            reply = connection.receive(60)
            assert reply[0] != b"-" or reply == (b"-", b"ERR no such key"), f"{wire.words_text(words)}: {wire.text(reply)}"


def _asked_for_dead(connection):
    for database in range(16):
        connection.ask(b"SELECT", b"%d" % database)
        yield connection.ask(b"EXISTS", b"dies", b"past") != (b":", b"0")


def whole_state(daemon):
    """What must be equal on both sides."""
    connection = daemon.connect()
    seen, _ = observe(connection)
    # Redis counts keys that are dead until somebody looks for them.
    wait_for(lambda: not any(_asked_for_dead(connection)), "the end of keys that are dead")
    digest = connection.ask(b"DEBUG", b"DIGEST")
    connection.close()
    return seen, digest


def finish_rewrite(connection):
    assert connection.ask(b"BGREWRITEAOF")[0] == b"+"
    wait_for(lambda: (lambda fields: fields["aof_rewrite_in_progress"] == "0" and fields["aof_rewrite_scheduled"] == "0")(
        info(connection)), "the rewrite's end")  # fmt: skip


def tree(directory):
    """Every file's content, as hashes."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            # The lock file comes with the attempt to start.
            if not name.endswith(".lock"):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, directory)] = hashlib.sha256(file.read()).hexdigest()
    return found


class Test:
    def __init__(self, directory, threads):
        self._directory = directory
        self._threads = threads
        self._count = 0
        self.passed = 0
        self.failed = 0

    def _place(self):
        self._count += 1
        path = os.path.join(self._directory, f"{self._threads}-{self._count}")
        os.mkdir(path)
        return path

    def _daemon(self, kind, directory, *settings):
        return Daemon(kind, directory, ["--save", "", *settings], self._threads)

    def _check(self, good, failure):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"not ok: threads {self._threads}: {failure}", flush=True)

    def run(self):
        for part in (self._snapshots, self._eviction_info, self._append_only, self._plain_append_only, self._back_and_forth,
                     self._refusals, self._repair, self._cut_tails):  # fmt: skip
            try:
                part()
            except (AssertionError, DidNotStart, LookupError, OSError, ValueError, wire.Silence) as failure:
                self._check(False, f"{part.__name__}: {type(failure).__name__}: {failure}")

    def _same(self, directory, state, kind, settings, what):
        """Whether a daemon of that kind loads the same data from the directory."""
        daemon = self._daemon(kind, directory, *settings)
        try:
            daemon.start()
            found, digest = whole_state(daemon)
        except DidNotStart as failure:
            self._check(False, f"{what}: {failure}")
            return
        finally:
            daemon.kill()
        wrong = [place for place in {**state[0], **found} if state[0].get(place) != found.get(place)]
        shown = [(place, str(state[0].get(place))[:80], str(found.get(place))[:80]) for place in wrong[:5]]
        self._check(not wrong, f"{what}: {len(wrong)} keys are not the same: {shown}")
        self._check(digest == state[1], f"{what}: the digests differ")

    def _accepted(self, program, path, what):
        done = subprocess.run([program, path], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self._check(done.returncode == 0, f"{what}: {program} says\n{done.stdout[-500:]}{done.stderr[-500:]}")

    def _filled(self, kind, directory, *settings, seed=1):
        daemon = self._daemon(kind, directory, *settings).start()
        connection = daemon.connect()
        run_all(connection, data_set(random.Random(seed)))
        return daemon, connection

    def _snapshots(self):
        """SAVE of one, start of the other; compressed and not, with and without checksum."""
        for writer, reader in (("redis-server", "cubbyd"), ("cubbyd", "redis-server"), ("cubbyd", "cubbyd")):
            for compression, checksum in (("yes", "yes"), ("no", "no")):
                directory = self._place()
                settings = ("--appendonly", "no", "--rdbcompression", compression, "--rdbchecksum", checksum)
                daemon, connection = self._filled(writer, directory, *settings)
                run_all(connection, effects(random.Random(2)))
                what = f"dump.rdb of {writer}, compression {compression}, read by {reader}"
                self._check(connection.ask(b"SAVE") == (b"+", b"OK"), f"{what}: SAVE failed")
                connection.close()
                state = whole_state(daemon)
                daemon.kill()
                self._accepted("redis-check-rdb", os.path.join(directory, "dump.rdb"), what)
                self._same(directory, state, reader, ("--appendonly", "no"), what)

    def _eviction_info(self):
        """Snapshots with idle times and frequencies."""
        for writer, reader in (("redis-server", "cubbyd"), ("cubbyd", "redis-server")):
            for policy in ("allkeys-lru", "allkeys-lfu"):
                directory = self._place()
                settings = ("--appendonly", "no", "--maxmemory-policy", policy, "--maxmemory", "1gb")
                daemon, connection = self._filled(writer, directory, *settings)
                connection.ask(b"SAVE")
                connection.close()
                state = whole_state(daemon)
                daemon.kill()
                self._accepted("redis-check-rdb", os.path.join(directory, "dump.rdb"), policy)
                self._same(directory, state, reader, settings, f"dump.rdb of {writer} with {policy}, read by {reader}")

    def _append_only(self):
        """Append-only directories: a base of either kind and an increment."""
        for writer, reader in (("redis-server", "cubbyd"), ("cubbyd", "redis-server"), ("cubbyd", "cubbyd")):
            for preamble in ("yes", "no"):
                directory = self._place()
                settings = ("--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", preamble)
                daemon, connection = self._filled(writer, directory, *settings)
                finish_rewrite(connection)
                run_all(connection, effects(random.Random(2)))
                connection.close()
                state = whole_state(daemon)
                daemon.kill()
                what = f"appendonlydir of {writer}, preamble {preamble}, read by {reader}"
                manifest = os.path.join(directory, "appendonlydir", "appendonly.aof.manifest")
                self._accepted("redis-check-aof", manifest, what)
                self._same(directory, state, reader, ("--appendonly", "yes"), what)

    def _plain_append_only(self):
        """An append-only file of before Redis 7, which becomes the base of a directory; with an RDB preamble, too."""
        for preamble in ("no", "yes"):
            directory = self._place()
            settings = ("--appendonly", "yes", "--appendfsync", "always", "--aof-use-rdb-preamble", preamble)
            daemon, connection = self._filled("redis-server", directory, *settings)
            finish_rewrite(connection)
            run_all(connection, effects(random.Random(2)))
            connection.close()
            state = whole_state(daemon)
            daemon.kill()
            folder = os.path.join(directory, "appendonlydir")
            names = sorted(os.listdir(folder), key=lambda name: ".base." not in name)
            with open(os.path.join(directory, "appendonly.aof"), "wb") as plain:
                for name in names[:-1] if names[-1].endswith("manifest") else names:
                    if not name.endswith("manifest"):
                        with open(os.path.join(folder, name), "rb") as file:
                            plain.write(file.read())
            shutil.rmtree(folder)
            self._same(directory, state, "cubbyd", ("--appendonly", "yes"), f"plain appendonly.aof, preamble {preamble}")
            self._same(directory, state, "redis-server", ("--appendonly", "yes"), f"plain file upgraded by cubbyd, preamble {preamble}")

    def _back_and_forth(self):
        """One directory, used in turn."""
        directory = self._place()
        settings = ("--appendonly", "yes", "--appendfsync", "always")
        for turn, kind in enumerate(("redis-server", "cubbyd") * 2):
            daemon = self._daemon(kind, directory, *settings).start()
            connection = daemon.connect()
            run_all(connection, data_set(random.Random(turn)) if turn == 0 else effects(random.Random(turn)))
            if turn >= 2:
                finish_rewrite(connection)
                run_all(connection, [[b"SET", b"turn", b"%d" % turn]])
            connection.close()
            state = whole_state(daemon)
            daemon.kill()
            self._same(directory, state, "cubbyd" if kind == "redis-server" else "redis-server", settings, f"turn {turn} by {kind}")

    # --- what cubbyd does not take

    def _refused(self, directory, settings, words, what):
        """cubbyd does not start, says why, and leaves everything as it was."""
        before = tree(directory)
        daemon = self._daemon("cubbyd", directory, *settings)
        try:
            daemon.start()
            daemon.kill()
            self._check(False, f"{what}: it has started")
            return
        except DidNotStart:
            log = daemon.log()
        self._check(daemon.process.returncode == 1, f"{what}: exit status {daemon.process.returncode}, not 1")
        missing = [word for word in words if word not in log]
        self._check(not missing, f"{what}: the log does not say {missing}:\n{log[-1500:]}")
        self._check(tree(directory) == before, f"{what}: files have changed: {set(before.items()) ^ set(tree(directory).items())}")

    def _refusals(self):
        """Types that cubby does not have."""
        for command, word in (([b"RPUSH", b"a list", b"1"], "list"), ([b"HSET", b"a list", b"1", b"2"], "hash"),
                              ([b"SADD", b"a list", b"x"], "set"), ([b"ZADD", b"a list", b"1", b"x"], "set"),
                              ([b"XADD", b"a list", b"*", b"a", b"b"], "stream")):  # fmt: skip
            directory = self._place()
            daemon = self._daemon("redis-server", directory, "--appendonly", "no").start()
            connection = daemon.connect()
            run_all(connection, [[b"SET", b"fine", b"1"], [b"SELECT", b"3"], command])
            connection.ask(b"SAVE")
            connection.close()
            daemon.kill()
            self._refused(directory, ("--appendonly", "no"), ["a list", word], f"dump.rdb with a {word}")
        directory = self._place()
        daemon = self._daemon("redis-server", directory, "--appendonly", "yes").start()
        connection = daemon.connect()
        run_all(connection, [[b"SET", b"fine", b"1"], [b"LPUSH", b"a list", b"1"]])
        connection.close()
        daemon.terminate()
        self._refused(directory, ("--appendonly", "yes"), ["LPUSH", "incr.aof"], "appendonlydir with LPUSH")

    def _increment(self, directory):
        folder = os.path.join(directory, "appendonlydir")
        return os.path.join(folder, max(name for name in os.listdir(folder) if name.endswith("incr.aof")))

    def _small(self):
        """A directory with a small append-only file of cubbyd's."""
        directory = self._place()
        daemon = self._daemon("cubbyd", directory, "--appendonly", "yes", "--appendfsync", "always").start()
        connection = daemon.connect()
        run_all(connection, [[b"SET", b"key %d" % number, b"value"] for number in range(100)])
        connection.close()
        daemon.kill()
        return directory

    def _repair(self):
        """Corruption in the middle stops the start; redis-check-aof --fix helps."""
        directory = self._small()
        path = self._increment(directory)
        with open(path, "r+b") as file:
            data = file.read()
            file.seek(data.index(b"key 50") - 4)
            file.write(b"#####")
        self._refused(directory, ("--appendonly", "yes"), ["incr.aof", "redis-check-aof --fix"], "corruption in the middle")
        manifest = os.path.join(directory, "appendonlydir", "appendonly.aof.manifest")
        subprocess.run(["redis-check-aof", "--fix", manifest], input="y\n", text=True, capture_output=True)
        self._has(directory, 50, "repaired by redis-check-aof --fix")

    def _has(self, directory, count, what, *settings):
        daemon = self._daemon("cubbyd", directory, "--appendonly", "yes", *settings)
        try:
            daemon.start()
            connection = daemon.connect()
            keys = connection.ask(b"DBSIZE")
            connection.close()
            self._check(keys == (b":", b"%d" % count), f"{what}: {wire.text(keys)} keys instead of {count}")
        except DidNotStart as failure:
            self._check(False, f"{what}: {failure}")
        finally:
            daemon.kill()
        return daemon.log()

    def _cut_tails(self):
        """A tail that is cut anywhere within the last commands is dropped, with a warning; or refused, if so set."""
        for cut in (1, 2, 7, 20, 35):
            directory = self._small()
            path = self._increment(directory)
            os.truncate(path, os.path.getsize(path) - cut)
            if cut == 7:
                self._refused(directory, ("--appendonly", "yes", "--aof-load-truncated", "no"), ["incr.aof"], "a cut tail")
            with open(path, "rb") as file:
                data = file.read()
            commands = read_commands(data)
            whole, kept = commands[-1][2], sum(words[0] == b"SET" for words, _, _ in commands)
            log = self._has(directory, kept, f"a tail cut by {cut}")
            self._check(str(len(data) - whole) in log, f"a tail cut by {cut}: no warning of {len(data) - whole} bytes:\n{log[-800:]}")
            self._has(directory, kept, "after a cut tail")


def main():
    parser = argparse.ArgumentParser(description="exchanges files with redis-server")
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--keep", help="a new directory that is left behind, with all data and logs")
    options = parser.parse_args()
    makers = [lambda directory, threads=threads: Test(directory, threads) for threads in options.threads or (1, 4)]
    return run_tests("interop", options.keep, *makers)


if __name__ == "__main__":
    sys.exit(main())

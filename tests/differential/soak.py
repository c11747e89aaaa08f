"""The long mixed test: eight clients do everything at once on cubbyd, and a replay on redis-server ends in the same data.

    soak.py [SECONDS] [--threads N] [--seed N]

It works in rounds: the clients work for some seconds, then the log of each is replayed on redis-server, one after the
other, and replies and databases are compared. In the end nothing may be left: no client, no subscription, no memory.
Ends with the line "N passed, N failed". soak_client.py says what a client does.
"""

import argparse
import multiprocessing
import sys
import time
import traceback

import differences
import generators  # registers all of them
import servers
import wire
from soak_client import CLIENTS, Client

ROUND = 5  # seconds
WARM_UP = 3  # seconds
DATABASES = 16
PATIENCE = 20  # seconds for the daemon to forget clients that have left
MEMORY_LEFT = 4 << 20  # bytes more than after the first round; what buffers keep goes up and down by one of them
# INFO's figures that count what exists now, for cubbyd without other clients.
NOTHING_LEFT = {"connected_clients": 1, "blocked_clients": 0, "tracking_clients": 0, "pubsub_clients": 0, "pubsub_channels": 0,
                "pubsub_patterns": 0, "pubsubshard_channels": 0, "tracking_total_keys": 0, "tracking_total_items": 0,
                "tracking_total_prefixes": 0, "watching_clients": 0, "total_watched_keys": 0}  # fmt: skip


def serve(number, port, redis_port, seed, pipe):
    """A client's process: does what the pipe says."""
    try:
        client = Client(number, port, seed)
        pipe.send([])
        while (order := pipe.recv()) is not None:
            if order == "replay":
                client.replay(redis_port)
            else:
                client.work(order)
            pipe.send(client.failures)
        client.close()
        pipe.send(client.done)
    except Exception:
        pipe.send([f"client {number}:\n{traceback.format_exc()}"])


class Workers:
    """The processes of the clients."""

    def __init__(self, port, redis_port, seed):
        self._pipes = []
        self._processes = []
        for number in range(CLIENTS):
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.Process(target=serve, args=(number, port, redis_port, seed, theirs), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)
        self.failures = self._gather()

    def work(self, seconds):
        for pipe in self._pipes:
            pipe.send(seconds)
        self.failures = self._gather()

    def replay(self):
        for pipe in self._pipes:
            pipe.send("replay")
            self.failures += pipe.recv()

    def end(self):
        """Ends the clients; the number of things they have done."""
        for pipe in self._pipes:
            pipe.send(None)
        done = sum(pipe.recv() for pipe in self._pipes)
        for process in self._processes:
            process.join()
        return done

    def kill(self):
        for process in self._processes:
            process.kill()
            process.join()

    def _gather(self):
        return [failure for pipe in self._pipes for failure in pipe.recv()]


def data_of(control):
    """(database, key) -> (value, whether it has a time to live). Looking at all keys removes the dead ones."""
    found = {}
    for database in range(DATABASES):
        control.ask(b"SELECT", b"%d" % database)
        cursor = b"0"
        while True:
            (_, cursor), (_, keys) = control.ask(b"SCAN", cursor, b"COUNT", b"1000")[1]
            for _, key in keys:
                found[database, key] = (control.ask(b"GET", key), control.ask(b"PEXPIRETIME", key)[1] != b"-1")
            if cursor == b"0":
                break
    control.ask(b"SELECT", b"0")
    return found


def info_of(control):
    lines = control.ask(b"INFO", b"everything")[1].decode().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def what_is_left(info):
    return {name: info[name] for name, want in NOTHING_LEFT.items() if name in info and int(info[name]) != want}


class Soak:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, good, failure):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"not ok: {failure}", flush=True)
        return good

    def run(self, options):
        daemon = servers.cubby(options.threads)
        with servers.redis() as redis, daemon as cubby:
            control, reference = wire.Connection(cubby.port), wire.Connection(redis.port)
            # The first round is not counted: it brings buffers and tables to the size that they then keep.
            self._work(WARM_UP, options.seed - 1, cubby, redis, control, reference)
            memory = self._memory_at_rest(control, reference)
            self._work(options.seconds, options.seed, cubby, redis, control, reference)
            self._look_for_leaks(control, reference, memory)
            control.close()
        self.check(daemon.ended_well, f"{daemon.name} did not end well")

    def _work(self, seconds, seed, cubby, redis, control, reference):
        workers = Workers(cubby.port, redis.port, seed)
        end = time.monotonic() + seconds
        rounds = 0
        try:
            while time.monotonic() < end and self.failed == 0:
                workers.work(min(ROUND, max(0.1, end - time.monotonic())))
                workers.replay()
                rounds += 1
                self.check(not workers.failures, "\n".join(workers.failures))
                self._compare(rounds, control, reference)
            print(f"{rounds} rounds, {workers.end() if not self.failed else 'some'} things done", flush=True)
        finally:
            workers.kill()

    def _compare(self, rounds, control, reference):
        ours, theirs = data_of(control), data_of(reference)
        wrong = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
        shown = "\n".join(f"  {key}\n    redis-server: {theirs.get(key)}\n    cubbyd: {ours.get(key)}" for key in wrong[:10])
        self.check(not wrong, f"after round {rounds} the replay has other data:\n{shown}")
        digest = control.ask(b"DEBUG", b"DIGEST")
        if not digest[1].startswith(b"ERR"):
            self.check(digest == reference.ask(b"DEBUG", b"DIGEST"), f"after round {rounds} the digests differ")

    def _memory_at_rest(self, control, reference):
        """Bytes in use without data and without other clients."""
        for connection in (control, reference):
            connection.ask(b"FLUSHALL")
        end = time.monotonic() + PATIENCE
        while (left := what_is_left(info_of(control))) and time.monotonic() < end:
            time.sleep(0.05)
        self.check(not left, f"without clients INFO still counts {left}")
        return int(info_of(control)["used_memory"])

    def _look_for_leaks(self, control, reference, memory):
        more = self._memory_at_rest(control, reference) - memory
        print(f"{more} bytes more in use than after the first round", flush=True)
        self.check(more < MEMORY_LEFT, f"{more} bytes more are in use than after the first round")


def main():
    parser = argparse.ArgumentParser(description="eight clients that do everything at once, and a replay")
    parser.add_argument("seconds", type=float, nargs="?", default=20)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    soak = Soak()
    soak.run(parser.parse_args())
    print(f"{soak.passed} passed, {soak.failed} failed")
    return 1 if soak.failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The hit rate of allkeys-lru and allkeys-lfu against redis-server's, on the same seeded Zipf-distributed requests.

Cache-aside: GET, and SET when the key is not there. Both servers hold the same number of keys, KEPT: cubby's keys take
fewer bytes, so maxmemory is set to what each server uses with that many in it. redis-server's clock has whole seconds;
the replay takes several, in pipelines with a pause between them, so that it has something to tell keys apart by.
"""

import bisect
import concurrent.futures
import itertools
import os
import random
import subprocess
import tempfile
import time

import redis
from tally import PORT, check, finish

KEYS = 50_000
KEPT = 7_500
REQUESTS = 100_000
PIPELINE = 1000
PAUSE = 0.06  # seconds after each pipeline: six seconds in all, the two servers at the same time
VALUE = b"v" * 200
POINTS = 2.0  # percent that the hit rates may differ by; 50,000 counted requests have a standard error of 0.2


def zipf_requests(seed):
    """Key numbers, the first half of which warms the cache up."""
    sums = list(itertools.accumulate(1 / (rank + 1) for rank in range(KEYS)))
    names = list(range(KEYS))
    dice = random.Random(seed)
    dice.shuffle(names)
    return [names[bisect.bisect(sums, dice.random() * sums[-1])] for _ in range(REQUESTS)]


def limit_to_kept(client, policy):
    """Sets maxmemory to what KEPT keys take."""
    client.config_set("maxmemory", 0)
    client.config_set("maxmemory-policy", policy)
    client.flushall()
    with client.pipeline(transaction=False) as batch:
        for number in range(KEPT):
            batch.set(f"key:{number:08}", VALUE)
        batch.execute()
    client.config_set("maxmemory", client.info("memory")["used_memory"])
    client.flushall()


def replay(client, policy, numbers):
    """The hit rate in percent of the second half."""
    limit_to_kept(client, policy)
    hits = 0
    for first in range(0, len(numbers), PIPELINE):
        keys = [f"key:{number:08}" for number in numbers[first : first + PIPELINE]]
        got = client.mget(keys)
        with client.pipeline(transaction=False) as batch:
            for key, value in zip(keys, got):
                if value is None:
                    batch.set(key, VALUE)
            batch.execute()
        if first >= len(numbers) // 2:
            hits += sum(value is not None for value in got)
        time.sleep(PAUSE)
    return 200 * hits / len(numbers)


def start_redis(directory):
    path = os.path.join(directory, "redis.sock")
    command = ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", directory]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.01)
    return server, redis.Redis(unix_socket_path=path)


with tempfile.TemporaryDirectory() as home:
    peer, theirs = start_redis(home)
    try:
        ours = redis.Redis(port=int(PORT))
        requests = zipf_requests(4711)
        for each in ("allkeys-lru", "allkeys-lfu"):
            with concurrent.futures.ThreadPoolExecutor() as both:
                rate, wanted = both.map(lambda client: replay(client, each, requests), (ours, theirs))
            print(f"  {each}: {rate:.2f}% (cubby, {ours.dbsize()} keys), {wanted:.2f}% (redis, {theirs.dbsize()} keys)")
            check(f"hit rate of {each}", abs(rate - wanted) <= POINTS, (rate, wanted))
    finally:
        peer.terminate()
        peer.wait(20)
finish()

"""redis-py: a session of everyday calls, with pipelines, TTLs, scans and a pool of connections shared by threads;
transactions, subscriptions that outlive their connection, invalidations and MONITOR.
"""

import threading
import time

import redis

from tally import DEADLINE, PORT, check, equal, finish

DEEP = 10_000  # commands in one pipeline

store = redis.Redis(port=int(PORT), decode_responses=True)


def refused(name, text, call):
    try:
        check(name, False, call())
    except redis.ResponseError as error:
        check(name, text in str(error), str(error))


def strings():
    equal("ping", store.ping(), True)
    equal("set", store.set("name", "Ada"), True)
    equal("get", store.get("name"), "Ada")
    equal("get of nothing", store.get("nothing"), None)
    equal("set if absent", store.set("name", "Eve", nx=True), None)
    equal("set and get", store.set("name", "Grace", get=True), "Ada")
    equal("append", store.append("name", " H"), 7)
    equal("strlen", store.strlen("name"), 7)
    equal("getrange", store.getrange("name", 0, 4), "Grace")
    equal("setrange", store.setrange("name", 6, "Hopper"), 12)
    equal("getdel", store.getdel("name"), "Grace Hopper")
    equal("exists", store.exists("name"), 0)
    equal("mset", store.mset({"a": 1, "b": 2, "c": 3}), True)
    equal("mget", store.mget("a", "nothing", "c"), ["1", None, "3"])
    equal("msetnx", store.msetnx({"c": 0, "d": 4}), False)
    equal("delete", store.delete("a", "b", "c", "nothing"), 3)


def numbers():
    equal("incr", store.incr("n"), 1)
    equal("incrby", store.incrby("n", 41), 42)
    equal("decr", store.decr("n", 2), 40)
    equal("incrbyfloat", store.incrbyfloat("n", 0.5), 40.5)
    refused("incr of a float", "not an integer", lambda: store.incr("n"))


def binary():
    raw = redis.Redis(port=int(PORT))
    value = bytes(range(256)) * 4096
    equal("a binary key", raw.set(b"\x00\r\n\xff", value), True)
    equal("a megabyte of any bytes", raw.get(b"\x00\r\n\xff"), value)
    raw.close()


def lifetimes():
    store.set("brief", "x", ex=100)
    check("ttl", 98 <= store.ttl("brief") <= 100)
    equal("persist", store.persist("brief"), True)
    equal("ttl without one", store.ttl("brief"), -1)
    equal("ttl of nothing", store.ttl("nothing"), -2)
    equal("expireat", store.expireat("brief", int(time.time()) + 50), True)
    check("pttl", 48000 <= store.pttl("brief") <= 50000)
    equal("getex", store.getex("brief", persist=True), "x")
    equal("expire", store.pexpire("brief", 20), True)
    end = time.monotonic() + DEADLINE
    while store.exists("brief") and time.monotonic() < end:
        time.sleep(0.005)
    equal("a key dies", store.get("brief"), None)


def pipelines():
    with store.pipeline(transaction=False) as pipe:
        for i in range(1000):
            pipe.set(f"pipe:{i}", i)
        for i in range(1000):
            pipe.get(f"pipe:{i}")
        pipe.incr("pipe:7")
        answers = pipe.execute()
    equal("1,000 SETs", answers[:1000], [True] * 1000)
    equal("1,000 GETs", answers[1000:2000], [str(i) for i in range(1000)])
    equal("the last", answers[2000], 8)
    with store.pipeline(transaction=False) as pipe:
        pipe.set("text", "t").incr("text").get("text")
        answers = pipe.execute(raise_on_error=False)
    check("an error between answers", isinstance(answers[1], redis.ResponseError) and answers[2] == "t", answers)


def deep_pipelines():
    for transaction in (False, True):
        with store.pipeline(transaction=transaction) as pipe:
            for i in range(DEEP):
                pipe.set(f"deep:{i}", i)
            equal("a deep pipeline of SET", set(pipe.execute()), {True})
            for i in range(DEEP):
                pipe.incr(f"deep:{i}")
            equal("a deep pipeline of INCR", pipe.execute(), list(range(1, DEEP + 1)))
    equal("a command with as many keys", store.unlink(*(f"deep:{i}" for i in range(DEEP))), DEEP)


def add_one(pipe):
    value = int(pipe.get("sum"))
    pipe.multi()
    pipe.set("sum", value + 1)


def transactions():
    with store.pipeline() as pipe:
        equal("exec", pipe.set("sum", 1).incrby("sum", 4).get("sum").execute(), [True, 5, "5"])
        answers = pipe.set("text", "t").incr("text").get("text").execute(raise_on_error=False)
        check("an error among the answers", isinstance(answers[1], redis.ResponseError) and answers[2] == "t", answers)
        pipe.set("sum", 9).execute_command("GET")
        refused("a command that cannot be queued", "wrong number of arguments", pipe.execute)
        equal("nothing was done", store.get("sum"), "5")

        pipe.watch("sum")
        store.set("sum", 6)
        pipe.multi()
        pipe.set("sum", 0)
        try:
            check("a conflict", False, pipe.execute())
        except redis.WatchError:
            check("a conflict", store.get("sum") == "6")
        pipe.watch("sum")
        store.set("sum", 7)
        pipe.unwatch()
        pipe.multi()
        equal("unwatch", pipe.incr("sum").execute(), [8])

    adders = [
        threading.Thread(target=lambda: [store.transaction(add_one, "sum") for _ in range(50)]) for _ in range(4)
    ]
    for adder in adders:
        adder.start()
    for adder in adders:
        adder.join()
    equal("four threads with WATCH and retries lose no addition", int(store.get("sum")), 208)


def discards():
    with store.client() as one:
        said = [one.execute_command(*command) for command in (["MULTI"], ["APPEND", "sum", 1], ["DISCARD"])]
    equal("discard", said, ["OK", "QUEUED", "OK"])
    equal("nothing was done after all", store.get("sum"), "208")


def becomes(name, want, ask):
    """Asks again and again until the answer is the one wanted or the deadline has passed."""
    end = time.monotonic() + DEADLINE
    got = ask()
    while got != want and time.monotonic() < end:
        time.sleep(0.005)
        got = ask()
    equal(name, got, want)


def next_messages(listener, count):
    """The next messages as (type, channel, data), without the confirmations of subscribing."""
    messages = []
    end = time.monotonic() + DEADLINE
    while len(messages) < count and time.monotonic() < end:
        message = listener.get_message(ignore_subscribe_messages=True, timeout=0.05)
        if message:
            messages.append((message["type"], message["channel"], message["data"]))
    return messages


def comes_back(listener, name, killed):
    """Reads until the name belongs to another connection than the killed one: redis-py tells the reader of the loss once,
    and the next read connects and subscribes again.
    """
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            listener.get_message(ignore_subscribe_messages=True, timeout=0.05)
        except redis.ConnectionError:
            continue
        if any(client["name"] == name and client["id"] != killed for client in store.client_list()):
            return True
    return False


def subscribed():
    return store.pubsub_numsub("news", "weather") + [store.pubsub_numpat()]


def subscriptions():
    hearer = redis.Redis(port=int(PORT), decode_responses=True, client_name="listener")
    listener = hearer.pubsub()
    listener.subscribe("news", "weather")
    listener.psubscribe("new?", "x*")
    for when in ("at first", "after a kill", "after another"):
        becomes(f"subscribed {when}", [("news", 1), ("weather", 1), 2], subscribed)
        equal(f"publish {when}", store.publish("news", when), 2)
        wanted = [("message", "news", when), ("pmessage", "news", when)]
        equal(f"messages {when}", next_messages(listener, 2), wanted)
        number = next(client["id"] for client in store.client_list() if client["name"] == "listener")
        equal("the connection is killed", store.client_kill_filter(_id=number), 1)
        check("it comes back", comes_back(listener, "listener", number))
    listener.unsubscribe()
    listener.punsubscribe()
    becomes("nobody listens", 0, lambda: store.publish("news", "none"))
    listener.close()
    hearer.close()


def invalidations():
    hearer = redis.Redis(port=int(PORT), decode_responses=True, single_connection_client=True)
    number = hearer.client_id()
    wire = hearer.connection
    wire.send_command("SUBSCRIBE", "__redis__:invalidate")
    equal("subscribe", wire.read_response(), ["subscribe", "__redis__:invalidate", 1])
    with store.client() as reader:
        equal("tracking", reader.client_tracking_on(clientid=number), "OK")
        equal("redirected to", reader.client_getredir(), number)
        for change, told in (
            (lambda: store.set("cached", 1), ["cached"]),
            (lambda: store.pexpire("cached", 1000), ["cached"]),
            (store.flushdb, None),
        ):
            reader.get("cached")
            store.set("unread", 1)
            change()
            equal("an invalidation", wire.read_response(), ["message", "__redis__:invalidate", told])
        equal("tracking off", reader.client_tracking_off(), "OK")
    hearer.close()


def monitor():
    with store.monitor() as watcher:
        seen = watcher.listen()
        store.set("monitored", "by redis-py")
        equal("monitor", next(seen)["command"], "SET monitored by redis-py")


def keys():
    equal("scan_iter", {key for key in store.scan_iter("pipe:*", count=50)}, {f"pipe:{i}" for i in range(1000)})
    equal("keys", sorted(store.keys("pipe:99?")), [f"pipe:99{i}" for i in range(10)])
    equal("type", store.type("pipe:1"), "string")
    equal("rename", store.rename("pipe:1", "moved"), True)
    check("randomkey", store.randomkey())
    equal("unlink", store.unlink("moved", "pipe:2"), 2)
    refused("rename of nothing", "no such key", lambda: store.rename("nothing", "x"))


def server():
    check("info", store.info()["redis_version"].startswith("7."))
    check("one section", "used_memory" in store.info("memory"))
    check("keyspace", store.info("keyspace")["db0"]["keys"] == store.dbsize())
    check("config", int(store.config_get("maxclients")["maxclients"]) > 0)
    check("time", abs(store.time()[0] - time.time()) < 5)
    equal("client name", (store.client_setname("tester"), store.client_getname()), (True, "tester"))
    check("client list", any(client["name"] == "tester" for client in store.client_list()))
    check("command count", store.command_count() > 50)


def pool():
    shared = redis.Redis(connection_pool=redis.ConnectionPool(port=int(PORT), max_connections=20))
    threads = [
        threading.Thread(target=lambda: [shared.incr("pooled") for _ in range(200)]) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal("16 threads on a pool lose no increment", int(shared.get("pooled")), 3200)
    shared.connection_pool.disconnect()


def databases():
    other = redis.Redis(port=int(PORT), db=5, decode_responses=True)
    other.set("only", "here")
    equal("another db", (other.dbsize(), store.get("only")), (1, None))
    equal("flushdb", (other.flushdb(), other.dbsize()), (True, 0))
    equal("flushall", (store.flushall(), store.dbsize()), (True, 0))


for part in (
    strings,
    numbers,
    binary,
    lifetimes,
    deep_pipelines,
    transactions,
    discards,
    subscriptions,
    invalidations,
    monitor,
    pipelines,
    keys,
    server,
    pool,
    databases,
):
    part()
finish()

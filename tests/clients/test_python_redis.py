"""redis-py: a session of everyday calls, with pipelines, TTLs, scans and a pool of connections shared by threads."""

import threading
import time

import redis

from tally import DEADLINE, PORT, check, equal, finish

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


for part in (strings, numbers, binary, lifetimes, pipelines, keys, server, pool, databases):
    part()
finish()

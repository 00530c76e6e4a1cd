"""faults_redis - a Redis that answers, and wrongly (F16): each state shows its name, no call is misread, nothing is lost.

See fault_run.py for how a run is written, tests/lib/fake_redis.py for the sick Redis.
"""
import json
import os
import re
import time

import fake_redis
import fault_run
import lab

RATE, HOLD_S = 10, 1.2
NAMED_S, HEALED_S = 9, 4  # what only a call would notice is looked for every 5 s; a silent one has 2 s to answer

SICK = (  # the condition, what the Redis does
    ("LOADING", lambda f: f.error("LOADING Redis is loading the dataset in memory")),
    ("MISCONF", lambda f: f.error("MISCONF Errors writing to the AOF file: Input/output error")),
    ("DISK_FULL", lambda f: f.error("MISCONF Errors writing to the AOF file: No space left on device", calls_only=True)),
    ("OOM", lambda f: f.error("OOM command not allowed when used memory > 'maxmemory'.", calls_only=True)),
    ("READONLY", lambda f: f.error("READONLY You can't write against a read only replica.", calls_only=True)),
    ("NOREPLICAS", lambda f: f.error("NOREPLICAS Not enough good replicas to write.", calls_only=True)),
    ("BUSY", lambda f: f.error("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")),
    ("FUNCTION_MISSING", lambda f: f.error("NOSCRIPT No matching script. Please use EVAL.", calls_only=True)),
    ("NOAUTH", lambda f: f.error("NOAUTH Authentication required.")),
    ("GARBAGE", lambda f: f.garbage()),
    ("TIMEOUT", lambda f: f.half()),
    ("LOST", lambda f: f.cut()),
    ("TIMEOUT", lambda f: f.silent()),
)


def condition_of(run, port):
    """The condition in /readyz, whatever its status; "" while nobody answers."""
    try:
        return json.loads(run.world.connection(port).call("GET", "/readyz")[1])["redis"]["condition"]
    except (OSError, ValueError, KeyError, lab.http.client.HTTPException):
        return ""


def gauges(run, port):
    text = run.world.get(port, "/metrics").decode()
    return set(re.findall(r'^sahaya_redis_condition\{condition="(\w+)"\} 1$', text, re.M))


def took(condition, within):
    begin = time.monotonic()
    while not condition() and time.monotonic() - begin < within:
        time.sleep(0.02)
    return time.monotonic() - begin


def behind_a_fake(run):
    """The emergency router's Redis is reached through a fake from now on."""
    fake = fake_redis.FakeRedis(run.redis_socket("emergency"), str(run.sockets() / "fake-redis.sock"), run.seed).up()
    run.cleanup(fake.down)
    run.setting("router-emergency.yaml", r"(?m)^redis_socket:.*", 'redis_socket: "%s"' % fake.path)
    run.restart(["router-emergency"])
    return fake


@fault_run.fault("F16")
def f16(run):
    """Redis answers LOADING, MISCONF, OOM, READONLY, BUSY, NOSCRIPT, garbage, halves, nothing: each named, none lost"""
    fake, port = behind_a_fake(run), run.world.router_port
    run.expect(condition_of(run, port) == "UP", "well behind the fake")
    stream = run.stream(RATE, repeat=0.1)
    for name, sick in SICK * max(1, round(run.scale)):
        time.sleep(run.chance.uniform(0.3, 0.8))
        run.history.add("kill", "info", victim="redis " + name)
        sick(fake)
        named = took(lambda: condition_of(run, port) == name, NAMED_S)
        shown = condition_of(run, port)
        run.expect(named < NAMED_S or shown == name, "%s shown in /readyz after %.2f s" % (name, named))
        time.sleep(HOLD_S)
        metrics = gauges(run, port)  # a connection that breaks again and again alternates with its reason
        run.expect(metrics and "UP" not in metrics, "%s: the gauge says %s" % (name, " ".join(sorted(metrics))))
        fake.well()
        healed = took(lambda: condition_of(run, port) == "UP", 30)
        run.worst("UP again after it was healed", healed, HEALED_S)
    with open(os.path.join(run.world.state_dir, "log", "router-emergency.log"), errors="replace") as f:
        lines = [line for line in f if "event=redis.condition" in line]
    for name in sorted({row[0] for row in SICK}):
        run.expect(any(" condition=%s " % name in line and ' do="' in line for line in lines), name + " has its log line")
    run.note("%(wrong)d of %(commands)d commands were answered wrongly" % fake.counts)
    run.expect(stream.stop(), "every message was taken in the end (%d said, %d sent again)" % (stream.said, stream.again))
    return run.judge()


# ---- the same names at real servers, router and adapter

REAL = (  # condition, status of /readyz, what makes it so, what ends it
    ("NOT_DURABLE_EVERYSEC", 200, ("CONFIG", "SET", "appendfsync", "everysec"), ("CONFIG", "SET", "appendfsync", "always")),
    ("NOT_DURABLE_NO_AOF", 200, ("CONFIG", "SET", "appendonly", "no"), ("CONFIG", "SET", "appendonly", "yes")),
    ("EVICTION", 200, ("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"),
     ("CONFIG", "SET", "maxmemory-policy", "noeviction")),
    ("OOM", 503, ("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "512mb")),
    ("NOREPLICAS", 503, ("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
    ("READONLY", 503, ("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
)


def split(raw):
    """(status, body) of a raw HTTP answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def faces(run):
    """(status, redis of /readyz, gauges) of router and adapter."""
    socket = run.sockets() / "whatsapp-ops.sock"
    made = []
    for ask in (lambda path: run.world.connection(run.world.router_port).call("GET", path),
                lambda path: split(fault_run.ask_unix(socket, path))):
        status, body = ask("/readyz")
        text = ask("/metrics")[1].decode()
        made.append((status, json.loads(body)["redis"],
                     set(re.findall(r'^sahaya_redis_condition\{condition="(\w+)"\} 1\r?$', text, re.M))))
    return made


def both_say(run, name):
    return all(redis["condition"] == name for _, redis, _ in faces(run))


@fault_run.fault("F16-real")
def f16_real(run):
    """real Redises that are weak, full, read-only: router and adapter show the same names, and go on when healed"""
    stream = run.stream(5)
    for name, status, begin, end in REAL:
        for lane in ("emergency", "whatsapp"):
            run.redis(lane, *begin)
        run.expect(took(lambda: both_say(run, name), NAMED_S) < NAMED_S, name + " shown by both")
        seen = faces(run)
        right = all(code == status for code, _, _ in seen)
        run.expect(right and all(name in shown and redis["do"] for _, redis, shown in seen),
                   "%s: /readyz %s, gauges %s" % (name, [code for code, _, _ in seen], [sorted(s) for _, _, s in seen]))
        for lane in ("emergency", "whatsapp"):
            run.redis(lane, *end)
        run.worst("UP again after it was healed", took(lambda: both_say(run, "UP"), 30), NAMED_S)
    run.expect(stream.stop(), "every message was taken in the end (%d said, %d sent again)" % (stream.said, stream.again))
    return run.judge()

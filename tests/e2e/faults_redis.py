"""faults_redis - a Redis that answers, and wrongly (F16): each state shows its name, no call is misread, nothing is lost.

See fault_run.py for how a run is written, tests/lib/fake_redis.py for the sick Redis.
"""
import json
import pathlib
import re
import signal
import subprocess
import time

import fake_redis
import fault_run
import lab
import rig

LANES = ("emergency", "bulk")
RATE, HOLD_S = 10, 1.2
NAMED_S, HEALED_S = 9, 4  # what only a call would notice is looked for every 5 s; a silent one has 2 s to answer
PATIENCE_S = 60

SICK = (  # the condition, what the Redis does
    ("LOADING", lambda f: f.error("LOADING Redis is loading the dataset in memory")),
    ("MISCONF", lambda f: f.error("MISCONF Errors writing to the AOF file: Input/output error")),
    ("DISK_FULL", lambda f: f.error("MISCONF Errors writing to the AOF file: No space left on device", calls_only=True)),
    ("OOM_DRAINS", lambda f: f.error("OOM command not allowed when used memory > 'maxmemory'.", calls_only=True)),
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


def readyz(run, port):
    """(status, condition, what to do) in /readyz; empty while nobody answers."""
    try:
        status, body = run.world.connection(port).call("GET", "/readyz")
        redis = json.loads(body)["redis"]
        return status, redis["condition"], redis["do"]
    except (OSError, ValueError, KeyError, lab.http.client.HTTPException):
        return 0, "", ""


def condition_of(run, port):
    return readyz(run, port)[1]


def gauges(run, port):
    text = run.world.get(port, "/metrics").decode()
    return set(re.findall(r'^sahaya_redis_condition\{condition="(\w+)"\} 1$', text, re.M))


def took(run, condition, what):
    begin = time.monotonic()
    run.world.wait(condition, PATIENCE_S, what)
    return time.monotonic() - begin


def log_lines(run, *names):
    """What their logs say of conditions."""
    return [line for name in names for line in
            pathlib.Path(run.world.state_dir, "log", name + ".log").read_text(errors="replace").splitlines()
            if "event=redis.condition" in line]


def expect_line(run, lines, name):
    run.expect(any(" condition=%s " % name in line and re.search(r' do="[^"]', line) for line in lines),
               name + ": a log line says what to do")


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
        run.worst("shown in /readyz", took(run, lambda: condition_of(run, port) == name, name + " in /readyz"), NAMED_S)
        said, until = {}, time.monotonic() + HOLD_S  # a connection that breaks again and again alternates with its reason
        while time.monotonic() < until or not {name} <= set(said) & gauges(run, port):
            status, shown, do = readyz(run, port)
            said[shown] = (status, do)
            if time.monotonic() > until + PATIENCE_S:
                break
            time.sleep(0.02)
        run.expect("UP" not in said and name in said and said[name][1], "%s: /readyz %s, the gauge as well; do: %s" % (
            (name,) + said.get(name, ("", "nothing"))))
        fake.well()
        run.worst("UP again after it was healed", took(run, lambda: condition_of(run, port) == "UP", "UP"), HEALED_S)
    lines = log_lines(run, "router-emergency")
    for name in sorted({row[0] for row in SICK}):
        expect_line(run, lines, name)
    run.note("%(wrong)d of %(commands)d commands were answered wrongly" % fake.counts)
    run.expect(stream.stop(), "every message was taken in the end (%d said, %d sent again)" % (stream.said, stream.again))
    return run.judge()


# ---- the same names at real servers, router and adapter

LIBRARY = "sahaya_%s_1"
NEWER = "#!lua name=" + LIBRARY + "\nlocal REVISION = 9999\nredis.register_function('%s_of_tomorrow', function() return 1 end)\n"
OWNERS = {"emergency": "router", "whatsapp": "adapter"}  # of each lane's library
BUSY = ("EVAL", "while true do end", "0")
REAL = (  # condition, status of /readyz, what makes it so, what ends it
    ("NOT_DURABLE_EVERYSEC", 200, ("CONFIG", "SET", "appendfsync", "everysec"), ("CONFIG", "SET", "appendfsync", "always")),
    ("NOT_DURABLE_NO_AOF", 200, ("CONFIG", "SET", "appendonly", "no"), ("CONFIG", "SET", "appendonly", "yes")),
    ("EVICTION", 200, ("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"),
     ("CONFIG", "SET", "maxmemory-policy", "noeviction")),
    ("NOREPLICAS", 503, ("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
    ("READONLY", 503, ("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ("FUNCTION_NEWER", 503, ("FUNCTION", "LOAD", "REPLACE", NEWER), ("FUNCTION", "DELETE", LIBRARY)),
    ("BUSY", 503, BUSY, ("SCRIPT", "KILL")),
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


# ---- a memory bound that is reached: bookings wait, all else goes on

COMPANY, QUEUED, MAXMEMORY = "indane", 300, "512mb"


def fill(run, lane):
    """A bound just below what is used now: reached, and not far passed."""
    run.redis(lane, "CONFIG", "SET", "maxmemory", str(rig.used_bytes(run.world, lane) // 100 * 95))


def queued(run):
    rows = run.world.get_json(run.world.bulk_port, "/v1/queues")["queues"]
    return sum(c["depth"] for q in rows for c in q["classes"].values()) + sum(q["leased"] + q["delayed"] for q in rows)


def in_journal(run):
    return json.loads(run.world.connection(run.world.bulk_port).call("GET", "/readyz")[1])["journal"]["left"]


def full(run):
    run.world.signal("router-bulk", signal.SIGSTOP)  # so that they wait
    told = rig.preload(run.world, run.history, QUEUED)
    run.expect(told["failed"] == 0, "%d bookings queued" % told["queued"])
    for lane in LANES:
        fill(run, lane)
    before = rig.used_bytes(run.world, "bulk")
    run.world.signal("router-bulk", signal.SIGCONT)
    ports = (run.world.router_port, run.world.bulk_port)
    run.worst("OOM_DRAINS shown by both routers",
              took(run, lambda: all(condition_of(run, p) == "OOM_DRAINS" for p in ports), "OOM_DRAINS"), NAMED_S)
    run.expect(all(run.is_ready(p) for p in ports), "both are ready")
    worst = run.stream(5, "9194", 3, lambda row: row["class"] == "P0")
    booking = run.stream(5, "9196", 1, lambda row: row["agencies"] == [COMPANY])
    run.world.wait(lambda: len({r["sender"] for r in run.delivered("9194")}) == 3, 10, "P0 goes out all the same")
    run.expect(worst.stop() and booking.stop(), "P0 goes out all the same, and the booking was taken")
    run.world.wait(lambda: in_journal(run) >= 1, 10, "the booking in the journal")
    drained = took(run, lambda: queued(run) == 0, "the queue drained at the bound")
    run.note("%d bookings drained at the bound, the last %.1f s later" % (QUEUED, drained))
    run.note("each took %d bytes more by being delivered" % ((rig.used_bytes(run.world, "bulk") - before) // QUEUED))
    shown = [condition_of(run, p) for p in ports]
    run.expect(in_journal(run) >= 1 and shown == ["OOM_DRAINS"] * 2, "and it is still reached: " + " ".join(shown))
    run.expect(not run.delivered("9196"), "the booking still waits")
    for lane in LANES:
        run.redis(lane, "CONFIG", "SET", "maxmemory", MAXMEMORY)
    run.worst("UP again after the bound was raised", took(run, lambda: all(condition_of(run, p) == "UP" for p in ports), "UP"), NAMED_S)
    took(run, lambda: in_journal(run) == 0 and queued(run) == 0, "the booking in from the journal")


@fault_run.fault("F16-real")
def f16_real(run):
    """real Redises that are weak, full, read-only: router and adapter show the same names, and go on when healed"""
    full(run)
    run.redis("whatsapp", "CONFIG", "SET", "maxmemory", "1")
    run.worst("OOM shown by the adapter", took(run, lambda: faces(run)[1][1]["condition"] == "OOM", "OOM at the adapter"), NAMED_S)
    run.redis("whatsapp", "CONFIG", "SET", "maxmemory", MAXMEMORY)
    run.worst("UP again after it was healed", took(run, lambda: both_say(run, "UP"), "UP"), NAMED_S)
    stream = run.stream(5)
    for lane in OWNERS:
        run.redis(lane, "CONFIG", "SET", "busy-reply-threshold", "100")
    for name, status, begin, end in REAL:
        for lane, owner in OWNERS.items():
            words = [word.replace("%s", owner) for word in begin]
            if begin is BUSY:  # it does not return
                run.hold(subprocess.Popen(["redis-cli", "-s", run.redis_socket(lane), *words], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL))
            else:
                run.redis(lane, *words)
        run.worst("shown by both", took(run, lambda: both_say(run, name), name + " shown by both"), NAMED_S)
        seen = faces(run)
        right = all(code == status for code, _, _ in seen)
        run.expect(right and all(name in shown and redis["do"] for _, redis, shown in seen),
                   "%s: /readyz %s, gauges %s; do: %s" % (name, [code for code, _, _ in seen], [sorted(s) for _, _, s in seen],
                                                          seen[0][1]["do"]))
        for lane, owner in OWNERS.items():
            run.redis(lane, *[word.replace("%s", owner) for word in end])
        run.worst("UP again after it was healed", took(run, lambda: both_say(run, "UP"), "UP"), NAMED_S)
    for log in ("router-emergency", "whatsapp"):
        lines = log_lines(run, log)
        for name in [row[0] for row in REAL]:
            expect_line(run, lines, name)
    run.expect(stream.stop(), "every message was taken in the end (%d said, %d sent again)" % (stream.said, stream.again))
    return run.judge()

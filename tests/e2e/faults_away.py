"""faults_away - Redis of the emergency lane stopped, paused, and the router killed meanwhile (F14, F15).

See fault_run.py for how a run is written. P0_S and DIRECT_S are the promises of reliability.md 8.1.
"""
import pathlib
import re
import signal
import time

import fault_run
import history

AWAY_S, PAUSE_S = 60, 5
P0_S, DIRECT_S = 2.0, 1.0
BACK_S = 60
REDIS = "redis-emergency"
ROWS = ("P0", "P1", "P4")


def rows(row):
    # Fires and leaks may be reports of one incident: then an agency hears of them otherwise than as a request.
    return row["class"] in ROWS and "101" not in row["agencies"]


class Stopped:
    """Redis does not come up as long as its settings are wrong: connections are refused, as with a full disk."""

    def __init__(self, run, name=REDIS):
        self.run, self.name = run, name
        self.conf = pathlib.Path(run.world.state_dir, "etc", name + ".conf")
        self.good = self.conf.read_text()

    def __enter__(self):
        self.conf.write_text("no-such-setting yes\n")
        self.run.history.add("kill", "info", victim=self.name)
        self.run.world.signal(self.name, signal.SIGKILL)
        return self

    def __exit__(self, *_):
        self.conf.write_text(self.good)
        self.run.history.add("heal", "info", victim=self.name)


def arrivals(run, prefix, begin_us, end_us):
    """Seconds from a citizen's message to its first arrival at an agency, of P0 said between the two."""
    said = {e["sender"]: e["due_us"] for e in run.history.events
            if e["op"] == "say" and e["type"] == "invoke" and e["class"] == "P0" and begin_us <= e["due_us"] <= end_us}
    first = {}
    for row in run.delivered(prefix):
        if row["sender"] in said and row["kind"] == "request":
            first[row["sender"]] = min(first.get(row["sender"], row["at_us"]), row["at_us"])
    return sorted((first[s] - said[s]) / 1e6 if s in first else float("inf") for s in said)


def judge_p0(run, took, what, bound):
    p99 = history.percentile(took, 99) if took else float("inf")
    run.usually(len(took) >= 10, "%s: %d P0 said" % (what, len(took)))
    run.latency("%s: P0 at its agency, p99" % what, p99, bound, "s", ", p50 %.3f, worst %.3f" % (
        history.percentile(took, 50), took[-1]) if took else "")


def state_of(run):
    try:
        return run.world.connection(run.world.router_port).call("GET", "/readyz")[1]
    except (OSError, fault_run.lab.http.client.HTTPException):
        return b""


def comes_back(run, what):
    """Until everything is in Redis again and the router says NORMAL."""
    def is_back():
        text = state_of(run)
        return b'"state":"NORMAL"' in text and b'"left":0,' in text

    begin = time.monotonic()
    run.world.wait(is_back, 2 * BACK_S, what + ": all back in Redis and NORMAL")
    run.latency(what + ": all back in Redis and NORMAL", time.monotonic() - begin, BACK_S, "s")


def judge_webhooks(run, stream):
    run.expect(stream.stop(), "every message was taken in the end")
    run.usually(stream.again == 0, "webhooks not answered 200 at once: %d of %d" % (stream.again, stream.said))


def counter(run, name):
    found = re.search(r"^sahaya_router_%s(?:_total)? (\d+)" % name,
                      run.world.get(run.world.router_port, "/metrics").decode(), re.M)
    return int(found.group(1)) if found else 0


def tell_counters(run):
    run.note("journaled %d, direct %d, raced %d, handed over %d; back: imported %d (merged %d), by the core %d" % tuple(
        counter(run, "away_" + n) for n in ("journaled", "direct", "raced", "handed_over", "imported", "merged", "brought")))


def twice(run):
    """Requests that an agency got more than once: possible, under the same key, for what was in flight."""
    seen = {}
    for row in run.world.received():
        seen.setdefault((row["agency"], row["key"]), []).append(row)
    run.note("deliveries that came twice, under the same key: %d of %d" % (
        sum(len(v) > 1 for v in seen.values()), len(seen)))


@fault_run.fault("F14")
def f14(run):
    """Redis of the emergency lane stopped for 60 s under load; P0 < 2 s (p99) throughout, nothing lost, one key each"""
    stream = run.stream(8, where=rows)
    time.sleep(5)
    begin = time.time_ns() // 1000
    with Stopped(run):
        time.sleep(AWAY_S * run.scale)
        run.expect(b'"state":"DOWN"' in state_of(run), "the router says DOWN")
    end = time.time_ns() // 1000
    time.sleep(5)
    judge_webhooks(run, stream)
    judge_p0(run, arrivals(run, "9190", begin, end), "while Redis was away", P0_S)
    comes_back(run, "Redis stopped")
    tell_counters(run)
    twice(run)
    run.fatal("silent")
    return run.judge()


@fault_run.fault("F14-kill")
def f14_kill(run):
    """the same, and the router is killed twice meanwhile: its journal alone knows, and nothing is lost"""
    stream = run.stream(8, where=rows)
    time.sleep(3)
    with Stopped(run):
        for _ in range(2):
            time.sleep(8 * run.scale)
            run.history.add("kill", "info", victim="router-emergency")
            run.world.kill("router-emergency")
        time.sleep(8 * run.scale)
    time.sleep(3)
    run.expect(stream.stop(), "every message was taken in the end")
    comes_back(run, "router killed in the outage")
    twice(run)
    run.fatal("silent")
    return run.judge()


@fault_run.fault("F15", rounds=3)
def f15(run):
    """Redis paused (SIGSTOP) for 5 s: it takes connections and never answers; P0 < 1 s, no reply misread"""
    stream = run.stream(8, where=rows)
    took = []
    for _ in run.each_round():
        time.sleep(8)
        begin = time.time_ns() // 1000
        run.world.signal(REDIS, signal.SIGSTOP)
        run.history.add("kill", "info", victim=REDIS)
        time.sleep(PAUSE_S)
        run.world.signal(REDIS, signal.SIGCONT)
        run.history.add("heal", "info", victim=REDIS)
        took.append((begin, time.time_ns() // 1000))
    time.sleep(5)
    judge_webhooks(run, stream)
    judge_p0(run, sorted(t for begin, end in took for t in arrivals(run, "9190", begin, end)), "while Redis was paused",
             DIRECT_S)
    comes_back(run, "Redis paused")
    tell_counters(run)
    twice(run)
    run.fatal("silent")
    return run.judge()

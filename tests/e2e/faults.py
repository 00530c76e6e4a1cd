#!/usr/bin/env python3
"""faults - fault runs on real processes; each ends healed, drained and judged by the checker (tests/lib/history.py).

Usage: faults.py --only NAME [--seed N] [--keep FILE]      faults.py --list      exit 0 good, 1 bad, 77 not built yet
Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).

The names are those of the reliability plan (F1-F25). Times are scaled down to what a test may take; --scale 10 is longer.
"""
import argparse
import json
import os
import pathlib
import re
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "bench")]
import fault_proxy  # noqa: E402
import history  # noqa: E402
import lab  # noqa: E402
import load  # noqa: E402
import rig  # noqa: E402

SKIP = 77
NOT_BUILT = {  # what is missing
    "F1": "the adapter's journal", "F13": "the journals", "F14": "the router's journal and direct sending",
    "F15": "the router's journal and direct sending", "F16": "the router's journal and direct sending",
}
P0_TARGET_MS, P0_PROMISE_MS = 50, 250
READY_S = 10


class Run:
    """One world, one history, and what this fault says beyond the checker."""

    def __init__(self, world, args):
        self.world, self.args, self.history = world, args, history.History()
        self.wrong, self.late, self.extra_fatal = [], False, ()

    def expect(self, good, what):
        print("  %s  %s" % ("ok " if good else "BAD", what), flush=True)
        if not good:
            self.wrong.append(what)

    def stream(self, rate, prefix="9190", count=None, where=lambda row: True):
        made = load.Stream(self.world, self.history, load.read_mix(where=where), rate, self.args.seed, prefix, count)
        made.start()
        return made

    def kill(self, victim):
        self.history.add("kill", "info", victim=victim)
        self.world.kill(victim)

    def ready(self):
        """Seconds until both routers and their Redis are good again."""
        begin = time.monotonic()
        while time.monotonic() - begin < 60:
            try:
                if all(self.world.connection(p).call("GET", "/readyz")[0] == 200
                       for p in (self.world.router_port, self.world.bulk_port)):
                    break
            except OSError:
                pass
            time.sleep(0.05)
        return time.monotonic() - begin

    def delivered(self, prefix, **match):
        """First arrivals of what a stream's citizens said."""
        rows = [history.deliver_event(r) for r in self.world.received(**match)]
        return [r for r in rows if r["sender"].startswith(prefix)]

    def p99(self, prefix, **match):
        latency = history.Checker([e for e in self.history.events if e["op"] == "say"] +
                                  self.delivered(prefix, **match)).latencies()
        values = sorted(v for (_, what), vs in latency.items() if what == "accept-socket" for v in vs)
        return history.percentile(values, 99), len(values)

    def judge(self, backlog=()):
        """Waits until nothing is lost or silent any more, or that long; then the last word."""
        until = time.monotonic() + 60
        while True:
            verdict = history.check(history.History(self.history.events).add_world(self.world), backlog, self.late)
            if not (verdict.findings["lost"] or verdict.findings["silent"]) or time.monotonic() > until:
                break
            time.sleep(1)
        time.sleep(1)  # what would come twice comes now
        self.history.add_world(self.world)
        verdict = history.check(self.history, backlog, self.late)
        fatal = history.FATAL + tuple(self.extra_fatal)
        verdict.report(fatal=fatal)
        return not verdict.bad(fatal) and not self.wrong


def endpoint_at(run, endpoint, port):
    """The roster's endpoint now lies at this port; the routers start again on it."""
    path = pathlib.Path(run.world.state_dir, "etc", "agencies.yaml")
    text, n = re.subn(r'(\{id: "?%s"?, url: )"?([\w-]+)"?' % re.escape(endpoint),
                      r'\1"http://127.0.0.1:%d/agencies/\2"' % port, path.read_text())
    assert n == 1, (endpoint, n)
    path.write_text(text)
    for name in ("router-emergency", "router-bulk"):
        run.world.kill(name)
    run.ready()


# ---- the faults


def f4(run):
    """kill -9 of each Redis under load; ready again within 10 s"""
    stream = run.stream(30)
    for victim in ("redis-emergency", "redis-bulk", "redis-whatsapp") * run.args.scale:
        time.sleep(1.5)
        run.kill(victim)
        took = run.ready()
        run.expect(took < READY_S, "%s killed: ready again after %.1f s" % (victim, took))
    time.sleep(1.5)
    run.expect(stream.stop(), "every message was taken in the end (%d said, %d sent again)" % (stream.said, stream.again))
    run.extra_fatal = ("silent",)
    return run.judge()


def slots_full(world):
    """The destination's window is full, or its breaker holds bulk back: either way more waits."""
    rows = [e for e in rig.queues(world, world.bulk_port)["queues"] if e["endpoint"] in rig.COMPANIES]
    return all((e["in_flight"] >= e["window"] or e["breaker"] != "closed") and e["classes"]["P4"]["depth"] > 0
               for e in rows)


def f7(run):
    """100,000 bookings queued, the companies' slots full; then 100 P0"""
    for company in rig.COMPANIES:
        run.world.behave(company, mode="hang")
    told = rig.preload(run.world, run.history, run.args.queued)
    run.expect(told["failed"] == 0, "%d bookings queued" % told["queued"])
    run.world.wait(lambda: slots_full(run.world), 10, "the companies' slots are full")
    stream = run.stream(20, "9191", 100, lambda row: row["class"] == "P0")
    stream.join()
    run.expect(stream.stop(), "every P0 was taken")
    run.world.wait(lambda: len({r["sender"] for r in run.delivered("9191")}) >= 100, 20, "every P0 at its agency")
    p99, n = run.p99("9191")
    run.expect(n == 100 and p99 < P0_PROMISE_MS, "P0 accept to socket: p99 %.1f ms of %d (promise %d; target %d %s)" %
               (p99, n, P0_PROMISE_MS, P0_TARGET_MS, "met" if p99 < P0_TARGET_MS else "missed"))
    run.extra_fatal = ("inverted",)
    return run.judge(backlog=["P4"])


def f10(run):
    """one endpoint (1906) accepts and never answers; 108's latencies stay"""
    calm = run.stream(20, "9190", 100 * run.args.scale, lambda row: row["agencies"] == ["108"])
    calm.join()
    calm.stop()
    time.sleep(1)
    before, n_before = run.p99("9190")
    run.world.behave("1906", mode="hang")
    leaks = run.stream(5, "9192", None, lambda row: "1906" in row["agencies"])
    time.sleep(3)
    busy = run.stream(20, "9191", 100 * run.args.scale, lambda row: row["agencies"] == ["108"])
    most = 0
    while busy.is_alive():
        q = rig.queues(run.world, run.world.router_port)["queues"]
        most = max([most] + [e["in_flight"] for e in q if e["endpoint"] == "1906"])
        time.sleep(0.2)
    busy.stop()
    leaks.stop()
    time.sleep(1)
    during, n_during = run.p99("9191")
    run.expect(0 < most <= 16, "in flight at 1906: at most %d of 16" % most)
    run.expect(n_before == n_during, "the same number of P0 and P1 both times: %d, %d" % (n_before, n_during))
    # 10 % of a few milliseconds is less than one scheduler slice of a shared machine.
    run.expect(during <= max(1.1 * before, before + 20), "108's p99: %.1f ms before, %.1f ms beside it" % (before, during))
    run.world.behave("1906", mode="normal")
    return run.judge()


RETRY = re.compile(r"ts=\S+T(\d+):(\d+):([\d.]+)Z .*event=delivery.retry request=(\S+) agency=1906 .*attempt=(\d+) "
                   r"outcome=(\w+) .*wait_ms=(\d+)")


def p1_schedule_faults(rows):
    """rows of one delivery: (seconds, attempt, outcome, wait_ms). P1, one endpoint: 250 ms doubling until 6 s, then 30 s."""
    wrong, begin = [], rows[0][0]
    for i, (at, attempt, outcome, wait) in enumerate(rows):
        age = (at - begin) * 1000
        left = 6000 - age
        wanted = min(250 * 2 ** (attempt - 1), left) if left > 0 else 30000
        if abs(wait - wanted) > 200 and not (abs(left) < 200 and wait in (0, 30000)):
            wrong.append("attempt %d at %.0f ms waits %d, wanted %.0f" % (attempt, age, wait, wanted))
        if outcome != "unreachable":
            wrong.append("attempt %d: %s" % (attempt, outcome))
        if i + 1 < len(rows) and not -50 <= (rows[i + 1][0] - at) * 1000 - wait <= 700:
            wrong.append("attempt %d came %.0f ms later, told %d" % (attempt + 1, (rows[i + 1][0] - at) * 1000, wait))
    return wrong


def retries(run):
    made = {}
    text = pathlib.Path(run.world.state_dir, "log", "router-emergency.log").read_text(errors="replace")
    for h, m, s, request, attempt, outcome, wait in RETRY.findall(text):
        made.setdefault(request, []).append((int(h) * 3600 + int(m) * 60 + float(s), int(attempt), outcome, int(wait)))
    return made


def f11(run):
    """an endpoint (1906) down, then up: attempts follow the schedule"""
    proxy = fault_proxy.Proxy(run.world.standin_port).up()
    endpoint_at(run, "1906", proxy.port)
    proxy.down()
    leaks = run.stream(5, "9190", 10, lambda row: "1906" in row["agencies"])
    leaks.join()
    leaks.stop()
    time.sleep(10)
    proxy.up()
    up_us = time.time_ns() // 1000
    fresh = run.stream(5, "9191", 5, lambda row: "1906" in row["agencies"])
    fresh.join()
    fresh.stop()
    run.world.wait(lambda: len({r["sender"] for r in run.delivered("9191", agency="1906")}) == 5, 10, "fresh ones at 1906")
    p99, _ = run.p99("9191", agency="1906")
    run.expect(p99 < 2000, "up again: a fresh P1 gets through in %.0f ms" % p99)
    run.world.wait(lambda: len({r["sender"] for r in run.delivered("9190", agency="1906")}) == 10, 45, "those from before")
    last = max(r["at_us"] for r in run.delivered("9190", agency="1906"))
    run.expect((last - up_us) / 1e6 < 32, "those from before follow within %.1f s" % ((last - up_us) / 1e6))
    rows = retries(run)
    wrong = [w for r in rows.values() for w in p1_schedule_faults(r)]
    run.expect(len(rows) == 10 and not wrong, "%d attempts of %d deliveries follow the schedule%s" %
               (sum(map(len, rows.values())), len(rows), ": " + "; ".join(wrong[:4]) if wrong else ""))
    fell = {r["sender"] for r in run.delivered("9190", agency="112") if r["fallback"]}
    run.expect(len(fell) == 10, "%d of 10 fell back to 112 meanwhile" % len(fell))
    good = run.judge()
    proxy.down()
    return good


def bad_bodies(n):
    """Name, bytes, signature; and of the two that a citizen can still be helped from, the message."""
    broken, nul = (lab.text("9199%08d" % (2 * n + i), "house on fire WHAT") for i in (0, 1))
    body = [json.dumps(lab.envelope(m)).encode() for m in (broken, nul)]
    shape = {"object": "whatsapp_business_account",
             "entry": [{"changes": [{"field": "messages", "value": {"messages": [{}, 7, None]}}]}]}
    yield "64 MB", b'{"a":"' + b"x" * (64 << 20) + b'"}', None, None
    yield "deep", b"[" * 100000, None, None
    yield "deep objects", b'{"a":' * 50000, None, None
    yield "bad UTF-8", body[0].replace(b"WHAT", b"\xff\xfe\xc0\x80"), None, broken
    yield "NUL", body[1].replace(b"WHAT", b"\\u0000"), None, nul
    yield "cut", body[0][:-7], None, None
    yield "empty", b"", None, None
    yield "unsigned", body[0], "sha256=" + "0" * 64, None
    yield "wrong shape", json.dumps(shape).encode(), None, None


def f18(run):
    """bad bodies beside good ones: processes live, neighbours arrive"""
    names = ("whatsapp", "router-emergency", "router-bulk")
    pids = [run.world.pid(n) for n in names]
    stream, rounds, answers = run.stream(20), 0, {}
    until = time.monotonic() + 8 * run.args.scale
    while time.monotonic() < until:
        rounds += 1
        for name, body, signature, made in bad_bodies(rounds):
            try:
                answers[name] = run.world.post_raw(body, signature)
            except (OSError, lab.http.client.HTTPException) as error:
                answers[name] = type(error).__name__
                run.world.connection(run.world.webhook_port).close()
            if made:
                same = {"sender": made["from"], "wamid": made["id"]}
                run.history.add("say", "invoke", emergency=True, agencies=["101"], **{"class": "P1"}, **same)
                run.history.add("say", "ok" if answers[name] == 200 else "info", **same)
            time.sleep(0.02)
    run.expect(stream.stop(), "every good message was taken beside %d rounds of bad ones" % rounds)
    print("  answers: %s" % answers)
    run.expect(answers["64 MB"] != 200 and answers["unsigned"] == 401, "too large is not taken, unsigned is 401")
    run.expect(answers["bad UTF-8"] == 200 and answers["NUL"] == 200, "a broken letter in the words does not lose a message")
    run.expect([run.world.pid(n) for n in names] == pids, "no process was started again")
    run.extra_fatal, run.late = ("late",), True
    return run.judge()


def f20(run):
    """the agency takes it, and in 20 % the 200 is cut: one effect for each key"""
    proxy = fault_proxy.Proxy(run.world.standin_port, cut_share=0.2, seed=run.args.seed).up()
    endpoint_at(run, "108-a", proxy.port)
    stream = run.stream(15, "9190", 120 * run.args.scale, lambda row: row["agencies"] == ["108"])
    stream.join()
    run.expect(stream.stop(), "every message was taken")
    run.world.wait(lambda: len({r["sender"] for r in run.delivered("9190")}) == stream.said, 30, "all at 108")
    time.sleep(3)
    rows = [r for r in run.world.get_json(run.world.standin_port, "/agencies") if r["id"] == "108"]
    run.expect(proxy.counts["cut"] > 0, "%(cut)d of %(seen)d answers were cut" % proxy.counts)
    run.expect(rows[0]["cases"] == stream.said, "%d cases of %d messages, %d copies under the same key" %
               (rows[0]["cases"], stream.said, rows[0]["copies"]))
    unlabelled = [r for r in run.world.received(agency="108") if r["copy"] and r["attempt"] > 1
                  and not r["body"].get("possible_duplicate")]
    run.expect(not unlabelled, "copies are labelled possible_duplicate (%d are not)" % len(unlabelled))
    good = run.judge()
    proxy.down()
    return good


FAULTS = {"F4": f4, "F7": f7, "F10": f10, "F11": f11, "F18": f18, "F20": f20}


def tell():
    for name, run in FAULTS.items():
        print("%-4s %s" % (name, run.__doc__))
    for name, missing in sorted(NOT_BUILT.items(), key=lambda item: int(item[0][1:])):
        print("%-4s not built yet: %s" % (name, missing))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(list(FAULTS) + list(NOT_BUILT)), help="which fault")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--scale", type=int, default=1, help="longer: times this")
    parser.add_argument("--queued", type=int, default=100000, help="F7: bookings queued")
    parser.add_argument("--keep", help="write the history there")
    args = parser.parse_args()
    if args.list or not args.only:
        return tell()
    if args.only in NOT_BUILT:
        print("%s: skipped, not built yet: %s" % (args.only, NOT_BUILT[args.only]))
        return SKIP
    print("%s: %s; seed %d" % (args.only, FAULTS[args.only].__doc__, args.seed), flush=True)
    env = {"SAHAYA_REDIS_MAXMEMORY": "4gb"} if args.only == "F7" else None
    with lab.Lab(build_dir=os.environ.get("SAHAYA_BUILD_DIR"), step_ms=300, env=env) as world:
        run = Run(world, args)
        good = FAULTS[args.only](run)
        if args.keep:
            run.history.write(args.keep)
        if not good:
            sys.stderr.write(world.logs(30))
    print("%s: %s" % (args.only, "good" if good else "FAILED"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

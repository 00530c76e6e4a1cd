#!/usr/bin/env python3
"""flood - P0 while a million bookings wait and more keep coming: how long from accept to the agency's socket?

Usage: flood.py [--queued 1000000] [--seconds 30] [--rate 300] [--p0 200] [--delay-ms 500] [--drain-seconds 30] [--keep FILE]
       [--result FILE]
Environment: SAHAYA_BUILD_DIR, the build to measure (default: build; take one without sanitizers).

One run, one process set:  idle: 200 P0 at 20/s and nothing else.  flood: --queued P4 lie in the bulk lane's Redis, 300/s
more arrive by webhook, the companies answer after --delay-ms so that the backlog stays, 200 P0 at 20/s meanwhile.
drain: the companies answer at once; how fast the backlog goes. Then the checker judges everything. Lines that begin with ok or
BAD are what must hold; "goal" is a figure that was set and fails nothing.
"""
import argparse
import json
import sys
import time

import rig
import history as history_module
import lab

P0_RATE = 20
REDIS_MEMORY = "12gb"  # a million need about 4 GB; the copy of an AOF rewrite comes on top
SETTLE_S = 2
BREAKER_S = 70
RING_ROWS = 80000  # the stand-in keeps the newest 100,000 deliveries
P0_MS, P0_RATIO = 15, 2  # p99 from accept to socket under the flood, and beside the same without it
ROUTER_MIB, MESSAGE_BYTES = 256, 1200
GROWN_MIB = 0.5  # of the emergency Redis, beyond what the same P0 cost it without the flood


class Phase:
    """200 P0 and what they met."""

    def __init__(self, world, history, collector, name, prefix, count):
        self.world, self.history, self.collector, self.name = world, history, collector, name
        self.load = rig.Load(world, history, name, prefix, P0_RATE, count, only="P0", seed=7)
        self.prefix = prefix

    def end(self):
        self.told = self.load.end()
        time.sleep(SETTLE_S)

    def rows(self):
        mine = [e for e in self.history.events if str(e.get("sender", "")).startswith(self.prefix)]
        latency = history_module.Checker(mine).latencies()
        for what in ("accept-socket", "said-socket"):
            yield (self.name, what) + history_module.summary(latency.get(("P0", what), []))


class Judge:
    """What must hold, each as a line; for --result as well."""

    def __init__(self):
        self.wrong, self.figures = [], []

    def expect(self, good, what):
        print("  %s  %s" % ("ok " if good else "BAD", what), flush=True)
        if not good:
            self.wrong.append(what)

    def figure(self, what, value, unit, bound=None, goal=None):
        self.figures.append({"what": what, "value": round(value, 3), "unit": unit, "bound": bound, "goal": goal})
        if bound is not None:
            self.expect(value < bound, "%s: %.3g %s (bound %.3g)" % (what, value, unit, bound))
        elif goal is not None:
            print("  goal %s: %.4g %s (below %g %s)" % (what, value, unit, goal, "met" if value < goal else "MISSED"), flush=True)


def queued(world):
    """Bookings accepted and not settled in the bulk lane."""
    q = rig.queues(world, world.bulk_port)
    return sum(e["classes"]["P4"]["depth"] for e in q["queues"]) + q["leased"] + q["delayed"]


def companies(world, **behaviour):
    for company in rig.COMPANIES:
        world.behave(company, **behaviour)


def fill(world, history, count, judge):
    before = rig.redis_info(world, "bulk")
    told = rig.preload(world, history, count)
    after = rig.redis_info(world, "bulk")
    memory = int(after["used_memory"]) - int(before["used_memory"]) - rig.audit_bytes(world, "bulk")
    judge.figure("bytes of Redis a queued message, beside the audit stream", memory / count, "bytes", goal=MESSAGE_BYTES)
    judge.figure("preloaded a second", count * 1000 / max(1, told["ms"]), "messages")
    print("preloaded %d in %.1f s (%.0f/s); envelope %d bytes; Redis %.0f bytes a message in memory, AOF %.0f bytes" %
          (count, told["ms"] / 1000, count * 1000 / max(1, told["ms"]), told["envelope_bytes"], memory / count,
           (int(after["aof_current_size"]) - int(before["aof_current_size"])) / count), flush=True)


def drain(world, seconds, judge):
    """Nobody reads the stand-in's lists meanwhile: reading costs as much as delivering."""
    companies(world, mode="machine_only")
    until = time.monotonic() + BREAKER_S
    while not all(e["breaker"] == "closed" for e in rig.queues(world, world.bulk_port)["queues"]
                  if e["endpoint"] in rig.COMPANIES) and time.monotonic() < until:
        time.sleep(0.2)  # one that opened meanwhile waits up to a minute: that is not what is measured
    left = begin_left = queued(world)
    begin = time.monotonic()
    while left > 0 and time.monotonic() - begin < seconds and begin_left - left < RING_ROWS:
        time.sleep(0.5)
        left = queued(world)
    took = time.monotonic() - begin
    print("drain: %d settled in %.1f s (%.0f/s), %d left" % (begin_left - left, took, (begin_left - left) / took, left),
          flush=True)
    judge.figure("drained a second", (begin_left - left) / took, "messages")
    judge.expect(begin_left > left or begin_left == 0, "P4 drain once the P0 are through: %d in %.1f s" % (begin_left - left, took))
    if left > 0:
        companies(world, mode="hang")  # it stands still, so that what is read now is whole
    return left


def memory(world, what, judge=None):
    with open("/proc/loadavg") as f:
        print("load average, %s: %s" % (what, f.read().split()[0]))
    print("memory, %s: router-emergency %.1f MiB, router-bulk %.1f, whatsapp %.1f; Redis used: emergency %.1f MiB, bulk %.1f, "
          "whatsapp %.1f" % ((what,) + tuple(rig.rss_mib(world, p) for p in ("router-emergency", "router-bulk", "whatsapp")) +
                             tuple(rig.used_bytes(world, r) / 2**20 for r in ("emergency", "bulk", "whatsapp"))), flush=True)
    if judge is not None:
        judge.figure("RSS of a router, " + what, max(rig.rss_mib(world, "router-" + lane) for lane in ("emergency", "bulk")),
                     "MiB", ROUTER_MIB)


def measure(world, history, args, judge):
    collector = rig.Collector(world, history)
    memory(world, "start")
    empty = rig.used_bytes(world, "emergency")
    idle = Phase(world, history, collector, "idle", "9190", args.p0)
    idle.end()
    memory(world, "after idle")
    emergency_before = rig.used_bytes(world, "emergency")
    companies(world, mode="machine_only", delay_ms=args.delay_ms)
    fill(world, history, args.queued, judge)
    memory(world, "with %d queued" % queued(world), judge)
    filled, before = rig.used_bytes(world, "emergency"), queued(world)
    flood = rig.Load(world, history, "p4", "9192", args.rate, args.rate * args.seconds, only="P4", patience=60)
    time.sleep(3)
    busy = Phase(world, history, collector, "flood", "9191", args.p0)
    busy.end()
    waiting = queued(world)
    told = flood.end()
    print("flood: %d P4 said by webhook, %d taken, %d sent again; %d were waiting when the P0 ended" %
          (told["said"], told["ok"], told["again"], waiting), flush=True)
    memory(world, "after flood", judge)
    settled = before + told["ok"] - queued(world)
    judge.expect(settled > 0, "P4 still drain beside the P0: %d settled meanwhile" % settled)
    collector.take()
    calm, loud = emergency_before - empty, rig.used_bytes(world, "emergency") - filled
    print("emergency Redis: %+.1f MiB by idle's %d P0, %+.1f MiB by the preload, %+.1f MiB by the flood and its %d P0" % (
        calm / 2**20, args.p0, (filled - emergency_before) / 2**20, loud / 2**20, args.p0))
    judge.figure("the emergency Redis grew by the flood, beyond what its P0 cost it idle", (loud - calm) / 2**20, "MiB", GROWN_MIB)
    left = drain(world, args.drain_seconds, judge)
    time.sleep(SETTLE_S)
    collector.take()
    return idle, busy, left, collector


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("queued", 1000000), ("seconds", 30), ("rate", 300), ("p0", 200), ("delay-ms", 500), ("drain-seconds", 30)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--keep", help="write the history there")
    parser.add_argument("--result", metavar="FILE", help="add a line of JSON")
    args = parser.parse_args()
    begin, judge = time.monotonic(), Judge()
    history = history_module.History()
    env = {"SAHAYA_REDIS_MAXMEMORY": REDIS_MEMORY}
    with lab.Lab(build_dir=str(rig.BUILD), step_ms=60000, env=env) as world:
        idle, busy, left, collector = measure(world, history, args, judge)
    if args.keep:
        history.write(args.keep)
    print("%-6s %-14s %5s %9s %9s %9s  ms" % ("phase", "from-to", "n", "p50", "p99", "max"))
    before, during = list(idle.rows()), list(busy.rows())
    for row in before + during:
        print("%-6s %-14s %5d %9.1f %9.1f %9.1f" % row)
    for calm, loud in zip(before, during):
        print("ratio  %-14s flood / idle: p50 %.1f, p99 %.1f" % (calm[1], loud[3] / calm[3], loud[4] / calm[4]))
    calm, loud = before[0], during[0]
    judge.expect(calm[2] == loud[2] == args.p0, "%d of %d P0 arrived under the flood" % (loud[2], args.p0))
    judge.figure("P0 accept to socket under the flood, p99", loud[4], "ms", P0_MS)
    judge.figure("the same beside idle's %.1f ms" % calm[4], loud[4] / calm[4], "times", P0_RATIO)
    judge.figure("P0 said to socket under the flood, p99", during[1][4], "ms")
    verdict = history_module.check(history, backlog=["P4"] if left or collector.missed else [])
    print("checker%s:" % (", the P4 backlog was left and is not judged as lost" if left else ""))
    verdict.report()
    if collector.missed:
        print("%d rows of the stand-in were overwritten before they were read" % collector.missed)
    good = not verdict.bad() and not judge.wrong
    if args.result:
        with open(args.result, "a", encoding="utf-8") as f:
            f.write(json.dumps({
                "name": "flood", "what": "%d P4 queued, %d/s more, %d P0" % (args.queued, args.rate, args.p0), "good": good,
                "seconds": round(time.monotonic() - begin, 1), "wrong": judge.wrong, "figures": judge.figures,
                "findings": {k: len(v) for k, v in verdict.findings.items()}, "fatal": list(history_module.FATAL)}) + "\n")
    print("flood: %s" % ("good" if good else "FAILED"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

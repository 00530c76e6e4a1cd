"""faults_load - more than can be served: F19, bookings at ten times what the companies can take.

See fault_run.py for how a run is written. The program that offers the load (bench_load) must be built.
"""
import re
import time

import fault_run
import faults_adapter
import history
import rig

SLOTS, DELAY_MS = 32, 1000  # of each company, in the roster; how long each booking takes there
CAPACITY = len(rig.COMPANIES) * SLOTS * 1000 // DELAY_MS  # bookings a second
OFFERED = 10 * CAPACITY
SECONDS, P0_RATE = 20, 20
LIMIT = 3000  # waiting bookings past which a new one is refused
ROUTER_MIB, BULK_MIB = 256, 64
DRAIN_S, EMPTY_S = 180, 10  # replies to citizens come last
P0_TARGET_MS = 100
AGAIN = re.compile(r"\d+ (minutes|నిమిషాల|मिनट|منٹ)")


def sizes(run):
    return ([rig.rss_mib(run.world, name) for name in ("router-emergency", "router-bulk", "whatsapp")],
            [rig.used_bytes(run.world, lane) / 2**20 for lane in ("emergency", "bulk")])


def refused(events, sent):
    """Bookings whose citizen was told when to try again: they were refused, with a reason."""
    told = {r["to"] for r in sent if AGAIN.search(r["text"] or "")}
    for event in events:
        if event["op"] == "say" and event["type"] == "ok" and event.get("sender") in told:
            event["type"] = "fail"
    return told


def over(flood, count):
    """All of them reached a company, or their citizens were told when to try again."""
    ended = {e["sender"] for e in flood.events if e["op"] == "deliver" and e["sender"].startswith("9192")}
    ended |= {e["to"] for e in flood.events if e["op"] == "reply" and AGAIN.search(e["text"] or "")}
    return len(ended) >= count


def is_empty(run, after_s=0):
    """Nothing waits anywhere for an agency or a router."""
    time.sleep(after_s)
    q = rig.queues(run.world, run.world.bulk_port)
    return (q["leased"] + q["delayed"] + sum(c["depth"] for e in q["queues"] for c in e["classes"].values()) == 0 and
            faults_adapter.metric(run, "pending_submits") + faults_adapter.metric(run, "journal_open") == 0)


def p0(run, prefix, count):
    return run.stream(P0_RATE, prefix, count, lambda row: row["class"] == "P0")


@fault_run.fault("F19", env={"SAHAYA_REDIS_MAXMEMORY": "2gb"})
def f19(run):
    """bookings at ten times what the companies take: memory bounded, refused with a word, P0 as ever and none refused"""
    seconds = max(5, round(SECONDS * run.scale))
    run.setting("router-bulk.yaml", r"\Z", "admission_queued_max: %d\n" % LIMIT)
    run.restart(("router-bulk",))
    calm = p0(run, "9190", 100)
    calm.join()
    run.expect(calm.stop(), "every P0 was taken, with nothing else going on")
    run.usually(calm.again == 0, "and at once")
    for company in rig.COMPANIES:
        run.world.behave(company, mode="machine_only", delay_ms=DELAY_MS)
    flood = history.History()
    collector = rig.Collector(run.world, flood)
    collector.take()
    collector.start()
    load = rig.Load(run.world, flood, "p4", "9192", OFFERED, OFFERED * seconds, only="P4", connections=256, patience=60)
    time.sleep(2)
    most, urgent = [0] * 3, p0(run, "9191", P0_RATE * seconds)
    while urgent.is_alive():
        now, used = sizes(run)
        most = [max(a, b) for a, b in zip(most, now)]
        run.worst("MiB of the bulk lane's Redis", used[1], BULK_MIB, "MiB")
        time.sleep(0.5)
    run.expect(urgent.stop(), "none of %d P0 was refused" % urgent.said)
    run.usually(urgent.again == 0, "none of them was sent again (%d)" % urgent.again)
    told = load.end()
    for company in rig.COMPANIES:
        run.world.behave(company, mode="machine_only")
    until = time.monotonic() + run.world.patience(DRAIN_S)
    while not over(flood, told["said"]) and time.monotonic() < until and not (is_empty(run) and is_empty(run, after_s=EMPTY_S)):
        time.sleep(1)
    collector.stop()
    drained = over(flood, told["said"])
    q, adapter = rig.queues(run.world, run.world.bulk_port), faults_adapter.metric
    run.note("at the end: %d in queues, %d leased, %d delayed, %d dead; the adapter has %d to hand over, %d in its journal" % (
        sum(c["depth"] for e in q["queues"] for c in e["classes"].values()), q["leased"], q["delayed"], q["dead"],
        adapter(run, "pending_submits"), adapter(run, "journal_open")))
    run.expect(drained or not is_empty(run), "each booking reached its company, or its citizen was told when to try again")
    run.note("all came to an end" if drained else "some still wait, in a journal or a queue: bookings are not judged as lost")
    sent = [{"to": e["to"], "text": e["text"]} for e in flood.events if e["op"] == "reply"]
    turned_away = refused(flood.events, sent)
    run.note("%d bookings in %d s (%d/s; the companies take %d/s): %d were told when to try again" % (
        told["said"], seconds, OFFERED, CAPACITY, len(turned_away)))
    run.expect(len(turned_away) > 0, "bulk was refused with a word to the citizen")
    run.expect(max(most) < ROUTER_MIB, "at most MiB: router-emergency %.1f, router-bulk %.1f, whatsapp %.1f" % tuple(most))
    before, during = run.p99("9190")[0], run.p99("9191")[0]
    run.latency("P0 accept to socket, p99, %.1f ms before, during it" % before, during, P0_TARGET_MS)
    run.history.events += [e for e in flood.events if e["op"] == "say"]
    if collector.missed:
        run.note("%d rows of the stand-in were overwritten before they were read" % collector.missed)
    return run.judge(backlog=["P4"] if collector.missed or not drained else [])

"""faults_order - who goes first: the worst first, whatever waits (F7, F8), and each request in its own order (F9).

See fault_run.py for how a run is written.
"""
import os
import signal
import time

import fault_proxy
import fault_run
import load
import rig
import two_routers

P0_TARGET_MS, P0_PROMISE_MS = 50, 250
P2_ROW = {"weight": 1, "class": "P2", "emergency": True, "agencies": ["108"], "words": "he fell down and broke his leg"}
AWAY_SAID = 40  # more than a view of the request holds, before the fallback
HOME_MS = 3000  # the leases of a dead router are ready again


def slots_full(world):
    """The destination's window is full, or its breaker holds bulk back: either way more waits."""
    rows = [e for e in rig.queues(world, world.bulk_port)["queues"] if e["endpoint"] in rig.COMPANIES]
    return all((e["in_flight"] >= e["window"] or e["breaker"] != "closed") and e["classes"]["P4"]["depth"] > 0
               for e in rows)


@fault_run.fault("F7", env={"SAHAYA_REDIS_MAXMEMORY": "4gb"})
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
    run.expect(n == 100, "%d P0 at their agency" % n)
    run.latency("P0 accept to socket, p99", p99, P0_PROMISE_MS, "ms", ", target %d %s" % (
        P0_TARGET_MS, "met" if p99 < P0_TARGET_MS else "missed"))
    run.fatal("inverted")
    return run.judge(backlog=["P4"])


def die_with_leases(run):
    """kill -9 of the emergency router; what it held is ready again within HOME_MS. Returns how many."""
    lane = two_routers.Redis(run.redis_socket("emergency"))
    owner = lane.beats()[-1]
    os.kill(run.world.run.pid, signal.SIGSTOP)  # nobody starts it again before we have looked
    run.history.add("kill", "info", victim="router-emergency")
    old, at_ms = run.world.pid("router-emergency"), time.time_ns() // 1000000
    run.world.signal("router-emergency", signal.SIGKILL)
    time.sleep(0.02)
    held = lane.leases(owner)
    os.kill(run.world.run.pid, signal.SIGCONT)
    for key in held:
        run.history.add("ready", "info", key=key, at_ms=at_ms + HOME_MS)
    run.world.wait(lambda: run.world.pid("router-emergency") != old, 20, "the router is started again")
    return len(held)


def stall(run, seconds):
    run.history.add("stall", "info", victim="router-emergency")
    run.world.signal("router-emergency", signal.SIGSTOP)
    time.sleep(seconds)
    run.world.signal("router-emergency", signal.SIGCONT)


@fault_run.fault("F8", rounds=8)
def f8(run):
    """P0 retried, lease-expired and stalled while lower classes flow at the same endpoint: none goes before a ready P0"""
    proxy = fault_proxy.Proxy(run.world.standin_port, cut_share=0.08, fail_share=0.12, seed=run.seed).up()
    run.cleanup(proxy.down)
    run.setting("agencies.yaml", r'(id: "108-[ab]".*)concurrency: \d+}', r"\1concurrency: 4}")
    run.endpoint_at("108-a", proxy.port)
    run.world.behave("108", delay_ms=120)
    bulk = run.stream(30, "9190", rows=[P2_ROW])
    urgent = run.stream(6, "9191", where=lambda row: row["class"] == "P1" and row["agencies"] == ["108"])
    worst = run.stream(5, "9192", where=lambda row: row["class"] == "P0")
    held = 0
    for n in run.each_round(note_every=4):
        time.sleep(run.chance.uniform(1.5, 2.5))
        if n % 2:
            held += die_with_leases(run)
        else:
            stall(run, run.chance.uniform(0.5, 1.5))
    time.sleep(2)
    for stream in (bulk, urgent, worst):
        run.expect(stream.stop(), "every message was taken: %d said, %d sent again" % (stream.said, stream.again))
    run.fatal("inverted")
    good = run.judge(look=run.take_delays)
    ready = sum(1 for e in run.history.events if e["op"] == "ready")
    run.note("%(seen)d attempts at the proxy, %(failed)d failed, %(cut)d cut" % proxy.counts +
             "; %d leases in the hands of the dead; %d times ready again" % (held, ready))
    return good and ready > 0 and held > 0


@fault_run.fault("F9", rounds=200, step_ms=60000)
def f9(run):
    """200 requests with 20 amendments each while agencies fail at random: order kept, no gap, none held for 2 s by order"""
    proxy = fault_proxy.Proxy(run.world.standin_port, cut_share=0.08, fail_share=0.12, seed=run.seed).up()
    run.cleanup(proxy.down)
    for endpoint in ("108-a", "101-a", "1906"):
        run.endpoint_at(endpoint, proxy.port)
    rows = load.read_mix(where=lambda row: row["emergency"]) + [P2_ROW]
    waiting = [load.Talk(run.world, run.history, "9190%08d" % n, run.chance.choice(rows), 20, run.chance.uniform(0.02, 0.2))
               for n in range(run.rounds)]
    under_way = []
    begin = time.monotonic()
    while waiting or under_way:
        under_way = [t for t in under_way if t.is_alive()]
        while waiting and len(under_way) < 8:
            under_way.append(waiting.pop())
            under_way[-1].start()
        time.sleep(0.02)
    took = time.monotonic() - begin
    run.note("%d requests with 20 amendments in %.0f s; %d attempts at the proxy, %d failed, %d cut" % (
        (run.rounds, took) + tuple(proxy.counts[k] for k in ("seen", "failed", "cut"))))
    run.fatal("held")
    return run.judge()


@fault_run.fault("F9-away", rounds=20, step_ms=60000)
def f9_away(run):
    """20 requests with 40 amendments each while 108 is away: who steps in gets all that was said, in order"""
    proxy = fault_proxy.Proxy(run.world.standin_port, seed=run.seed).up()
    run.cleanup(proxy.down)
    for endpoint in ("108-a", "108-b"):
        run.endpoint_at(endpoint, proxy.port)
    proxy.down()
    rows = load.read_mix(where=lambda row: row["agencies"] == ["108"])
    talks = [load.Talk(run.world, run.history, "9190%08d" % n, run.chance.choice(rows), AWAY_SAID, run.chance.uniform(0.0, 0.2))
             for n in range(run.rounds)]
    for talk in talks:
        talk.start()
    for talk in talks:
        talk.join()
    run.world.wait(lambda: len({r["sender"] for r in run.delivered("9190", agency="112")}) == run.rounds, 15,
                   "each fell back to 112")
    proxy.up()
    run.expect(all(t.taken == 1 + AWAY_SAID for t in talks), "every message was taken")
    return run.judge()

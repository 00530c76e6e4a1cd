"""faults_order - who goes first (F7): the worst first, whatever waits.

See fault_run.py for how a run is written.
"""
import fault_run
import rig

P0_TARGET_MS, P0_PROMISE_MS = 50, 250


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
    run.expect(n == 100 and p99 < P0_PROMISE_MS, "P0 accept to socket: p99 %.1f ms of %d (promise %d; target %d %s)" %
               (p99, n, P0_PROMISE_MS, P0_TARGET_MS, "met" if p99 < P0_TARGET_MS else "missed"))
    run.fatal("inverted")
    return run.judge(backlog=["P4"])

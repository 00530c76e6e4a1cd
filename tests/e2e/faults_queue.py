"""faults_queue - what is done about a queue by a person: replay of dead letters (F12), and the admission limit (F12-full).

See fault_run.py for how a run is written.
"""
import os
import re
import subprocess
import time

import fault_run
import rig

QUEUED = 10000
P0_RATE, P0_COUNT = 10, 200
SLACK_MS = 50  # the machine's own noise beside a p99 that should not have changed
FULL = 60


def ctl(run, *words):
    program = os.path.join(os.environ.get("SAHAYA_BUILD_DIR", "build"), "bin", "sahayactl")
    done = subprocess.run([program, *words, "--socket", str(run.sockets() / "bulk-admin.sock")], capture_output=True,
                          text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def queues(run):
    return run.world.get_json(run.world.bulk_port, "/v1/queues")


def p0(run, prefix):
    return run.stream(P0_RATE, prefix, P0_COUNT, lambda row: row["class"] == "P0")


@fault_run.fault("F12", env={"SAHAYA_REDIS_MAXMEMORY": "4gb"})
def f12(run):
    """10,000 bookings become dead letters and are replayed during fresh P0; P0 as before, keys unchanged, none left"""
    count = max(100, round(QUEUED * run.scale))
    for company in rig.COMPANIES:
        run.world.behave(company, mode="refuse")
    told = rig.preload(run.world, run.history, count)
    run.expect(told["failed"] == 0, "%d bookings queued" % told["queued"])
    run.world.wait(lambda: queues(run)["dead"] >= count, 300, "%d dead letters" % count)
    before = {r["request_id"]: r["key"] for r in run.world.received() if r["agency"] in rig.COMPANIES}
    stream = p0(run, "9191")
    stream.join()
    run.expect(stream.stop(), "every P0 was taken, with nothing else going on")
    for company in rig.COMPANIES:
        run.world.behave(company, mode="machine_only")
    mark = run.world.mark()
    stream = p0(run, "9192")
    begin, endpoints = time.monotonic(), [q["endpoint"] for q in queues(run)["queues"] if q["dead"] > 0]
    code, out = ctl(run, "replay", "--endpoint", endpoints[0], "--all", "--dry-run")
    run.expect(code == 0 and "nothing was done" in out and queues(run)["dead"] == count, "a dry run does nothing")
    for endpoint in endpoints:
        code, out = ctl(run, "replay", "--endpoint", endpoint, "--all", "--by", "fault run")
        run.expect(code == 0, out.strip().splitlines()[-1] if out.strip() else "no output")
    run.note("%d replayed in %.1f s" % (count, time.monotonic() - begin))
    stream.join()
    run.expect(stream.stop(), "every P0 was taken during the replay")
    run.expect(queues(run)["dead"] == 0, "no dead letter is left")
    run.world.wait(lambda: all(c["depth"] == 0 for q in queues(run)["queues"] for c in q["classes"].values()), 300,
                   "the replayed ones at the companies")
    again = [r for r in run.world.received(mark["received"]) if r["agency"] in rig.COMPANIES]
    run.expect(len({r["request_id"] for r in again}) == count, "%d of %d were delivered after the replay" %
               (len({r["request_id"] for r in again}), count))
    changed = [r for r in again if before.get(r["request_id"], r["key"]) != r["key"]]
    run.expect(not changed, "each under the key it had")
    (idle, _), (during, n) = run.p99("9191"), run.p99("9192")
    run.latency("P0 accept to socket, p99 of %d during the replay, %.1f ms before it" % (n, idle), during, idle + SLACK_MS)
    run.fatal("inverted")
    return run.judge()


@fault_run.fault("F12-full")
def f12_full(run):
    """the bulk lane is full: a booking is told when to try again, an emergency and a question are not"""
    run.setting("router-bulk.yaml", r"\Z", "admission_queued_max: %d\n" % FULL)
    run.restart(("router-bulk",))
    for company in rig.COMPANIES:
        run.world.behave(company, mode="hang")
    told = rig.preload(run.world, run.history, 2 * FULL)
    run.expect(told["failed"] == 0, "%d bookings queued, %d are the limit" % (told["queued"], FULL))
    time.sleep(3)  # the router looks once a second
    mark = run.world.mark()
    run.world.say("919300000001", "Indane gas cylinder book cheyyali")
    heard = run.world.wait(lambda: [r["text"] for r in run.world.sent(mark["sent"], to="919300000001")
                                    if re.search(r"\d+ (minutes|hours|నిమిషాల|గంటల|मिनट|घंटे|منٹ|گھنٹے)", r["text"] or "")], 20,
                           "the citizen is told when to try again")
    run.expect(len(heard) == 1, "the citizen is told when: " + heard[0].replace("\n", " ")[:160])
    text = run.world.get(run.world.bulk_port, "/metrics").decode()
    run.expect(re.search(r"sahaya_router_not_admitted_total [1-9]", text) is not None, "it is counted")
    run.expect(not [r for r in run.world.received(mark["received"]) if r["agency"] in rig.COMPANIES
                    and "919300000001" in str(r["body"])], "no company hears of it")
    run.world.say("919300000002", "heart attack, not breathing")
    run.expect(run.world.wait_received(mark, 1, 10, agency="108"), "an emergency goes out all the same")
    for company in rig.COMPANIES:
        run.world.behave(company)
    run.world.wait(lambda: queues(run)["leased"] + queues(run)["delayed"] == 0 and
                   all(c["depth"] == 0 for q in queues(run)["queues"] for c in q["classes"].values()), 400, "all is worked off")
    time.sleep(2)
    mark = run.world.mark()
    run.world.say("919300000003", "Indane gas cylinder book cheyyali")
    run.expect(run.world.wait_received(mark, 1, 20), "and then bookings are taken again")
    return not run.wrong  # no checker: to it, what is refused with a reason would be lost

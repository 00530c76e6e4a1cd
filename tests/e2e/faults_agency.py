"""faults_agency - agencies that hang, go away, or cut their answers (F10, F11, F20).

See fault_run.py for how a run is written.
"""
import pathlib
import re
import time

import fault_proxy
import fault_run
import rig



@fault_run.fault("F10")
def f10(run):
    """one endpoint (1906) accepts and never answers; 108's latencies stay"""
    calm = run.stream(20, "9190", int(100 * run.scale), lambda row: row["agencies"] == ["108"])
    calm.join()
    calm.stop()
    time.sleep(1)
    before, n_before = run.p99("9190")
    run.world.behave("1906", mode="hang")
    leaks = run.stream(5, "9192", None, lambda row: "1906" in row["agencies"])
    time.sleep(3)
    busy = run.stream(20, "9191", int(100 * run.scale), lambda row: row["agencies"] == ["108"])
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


@fault_run.fault("F11")
def f11(run):
    """an endpoint (1906) down, then up: attempts follow the schedule"""
    proxy = fault_proxy.Proxy(run.world.standin_port).up()
    run.endpoint_at("1906", proxy.port)
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


@fault_run.fault("F20")
def f20(run):
    """the agency takes it, and in 20 % the 200 is cut: one effect for each key"""
    proxy = fault_proxy.Proxy(run.world.standin_port, cut_share=0.2, seed=run.seed).up()
    run.endpoint_at("108-a", proxy.port)
    stream = run.stream(15, "9190", int(120 * run.scale), lambda row: row["agencies"] == ["108"])
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

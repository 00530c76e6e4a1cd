"""faults_agency - agencies that hang, go away, or cut their answers (F10, F11, F20).

See fault_run.py for how a run is written.
"""
import pathlib
import re
import time

import fault_proxy
import fault_run
import history
import rig

TURN_MS = 20  # an iteration of the emergency lane's loop


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
    most, turns = 0, []
    while busy.is_alive():
        q = rig.queues(run.world, run.world.router_port)["queues"]
        most = max([most] + [e["in_flight"] for e in q if e["endpoint"] == "1906"])
        begin = time.monotonic()
        run.world.get(run.world.router_port, "/healthz")
        turns.append((time.monotonic() - begin) * 1000)
        time.sleep(0.02)
    busy.stop()
    leaks.stop()
    time.sleep(1)
    during, n_during = run.p99("9191")
    run.expect(0 < most <= 16, "in flight at 1906: at most %d of 16" % most)
    run.expect(n_before == n_during, "the same number of P0 and P1 both times: %d, %d" % (n_before, n_during))
    # 10 % of a few milliseconds is less than one scheduler slice of a shared machine.
    run.latency("108's p99, %.1f ms before, beside it" % before, during, max(1.1 * before, before + 20))
    turns.sort()
    run.latency("the emergency lane's loop answers, p99 of %d" % len(turns), history.percentile(turns, 99), TURN_MS)
    run.world.behave("1906", mode="normal")
    return run.judge()


FIRST_S = 0.2
RETRY = re.compile(r"ts=\S+T(\d+):(\d+):([\d.]+)Z .*event=delivery.retry request=(\S+) agency=1906 .*attempt=(\d+) "
                   r"outcome=(\w+) .*wait_ms=(\d+)")


def p1_schedule_faults(rows, slack=1):
    """rows of one delivery: (seconds, attempt, outcome, wait_ms). P1, one endpoint: 250 ms doubling until 6 s, then its age
    between 30 s and 5 min."""
    wrong, begin = [], rows[0][0]
    for i, (at, attempt, outcome, wait) in enumerate(rows):
        age = (at - begin) * 1000
        left = 6000 - age
        wanted = min(250 * 2 ** (attempt - 1), left) if left > 0 else min(max(age, 30000), 300000)
        if abs(wait - wanted) > 200 and not (abs(left) < 200 and wait in (0, 30000)):
            wrong.append("attempt %d at %.0f ms waits %d, wanted %.0f" % (attempt, age, wait, wanted))
        if outcome != "unreachable":
            wrong.append("attempt %d: %s" % (attempt, outcome))
        if i + 1 < len(rows) and not -50 <= (rows[i + 1][0] - at) * 1000 - wait <= 700 * slack:
            wrong.append("attempt %d came %.0f ms later, told %d" % (attempt + 1, (rows[i + 1][0] - at) * 1000, wait))
    return wrong


def retries(run):
    made = {}
    text = pathlib.Path(run.world.state_dir, "log", "router-emergency.log").read_text(errors="replace")
    for h, m, s, request, attempt, outcome, wait in RETRY.findall(text):
        rows = made.setdefault(request, [])
        if int(attempt) == len(rows) + 1:  # else of an amendment of it, which has a schedule of its own
            rows.append((int(h) * 3600 + int(m) * 60 + float(s), int(attempt), outcome, int(wait)))
    return made


def first_after(run, prefix, agency, up_us):
    """{sender: seconds from then to its first arrival}"""
    made = {}
    for r in run.delivered(prefix, agency=agency):
        if r["at_us"] > up_us and r["kind"] == "request":
            made.setdefault(r["sender"], (r["at_us"] - up_us) / 1e6)
    return made


def slow_start(run, proxy, up, agency, cap):
    """What the agency met when it was there again."""
    begun = [(at - up, n) for at, who, n in proxy.begun if who == agency and at > up]
    most = max([n for _, n in begun], default=0)
    at_first = max([n for at, n in begun if at - begun[0][0] < FIRST_S], default=0)
    run.expect(0 < most <= cap and at_first <= cap // 4,
               "%s again: at most %d at the same time (cap %d), %d in the first %d ms" % (agency, most, cap, at_first, FIRST_S * 1000))


@fault_run.fault("F11")
def f11(run):
    """108, 1906 and a company down, then up: attempts follow the schedule, and a window opens slowly"""
    proxy = fault_proxy.Proxy(run.world.standin_port).up()
    run.cleanup(proxy.down)
    for endpoint in ("1906", "108-a", "108-b", "indane"):
        run.endpoint_at(endpoint, proxy.port)
    proxy.down()
    begin = time.monotonic()
    streams = [run.stream(5, "9190", 10, lambda row: "1906" in row["agencies"]),
               run.stream(5, "9192", 10, lambda row: row["class"] == "P0"),
               run.stream(20, "9194", 100, lambda row: row["agencies"] == ["indane"])]
    for stream in streams:
        stream.join()
        run.expect(stream.stop(), "every message was taken")
    time.sleep(max(0, begin + 10 * run.scale - time.monotonic()))
    proxy.up()
    up, up_us, down_s = time.monotonic(), time.time_ns() // 1000, time.monotonic() - begin
    fresh = [run.stream(5, "9191", 5, lambda row: "1906" in row["agencies"]),
             run.stream(5, "9193", 5, lambda row: row["class"] == "P0")]
    for stream, agency in zip(fresh, ("1906", "108")):
        stream.join()
        stream.stop()
        run.world.wait(lambda: len(run.delivered(stream.prefix, agency=agency)) >= 5, 10, "fresh ones at " + agency)
        p99, _ = run.p99(stream.prefix, agency=agency)
        run.latency("up again: a fresh one gets through at %s" % agency, p99, 2000)
    for prefix, agency, every in (("9192", "108", 15), ("9190", "1906", min(max(30, down_s), 300))):
        run.world.wait(lambda: len(first_after(run, prefix, agency, up_us)) == 10, every + 15, "those from before at " + agency)
        last = max(first_after(run, prefix, agency, up_us).values())
        run.latency("those from before follow at %s (every %.0f s)" % (agency, every), last, every + 2, "s")
    rows = retries(run)
    wrong = [w for r in rows.values() for w in p1_schedule_faults(r, run.slack())]
    run.expect(len(rows) == 10 and not wrong, "%d attempts of %d deliveries follow the schedule%s" %
               (sum(map(len, rows.values())), len(rows), ": " + "; ".join(wrong[:4]) if wrong else ""))
    for prefix in ("9190", "9192"):
        fell = {r["sender"] for r in run.delivered(prefix, agency="112") if r["fallback"]}
        run.expect(len(fell) == 10, "%d of 10 fell back to 112 meanwhile" % len(fell))
    good = run.judge(drain_s=60 + 60 * run.scale)
    slow_start(run, proxy, up, "indane", 32)
    return good and not run.wrong


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

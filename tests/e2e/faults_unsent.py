"""faults_unsent - what is leased and not sent: deliveries under which routers die (F18-poison), and those whose endpoint or
agency the roster does not name any more (F11-forgotten).

See fault_run.py for how a run is written.
"""
import os
import re
import signal
import subprocess
import time

import fault_run

LANES = ("emergency", "bulk")
KILLS = 5       # a sixth lease in a row without a result is poison
LEASED_S = 15   # a dead router's leases are at home after 3 s, and its successor takes them
LOOK_S = 20     # forgotten endpoints are looked for at start and every 10 s
AGAIN_S = 90    # a poisonous emergency is tried every minute
BOOKING, P0 = "Indane gas cylinder book cheyyali", "my father is not breathing"
CHILD = "children are working in the brick kiln, child labour"  # a P2 of 1098 alone


def ctl(run, lane, *words):
    program = os.path.join(os.environ.get("SAHAYA_BUILD_DIR", "build"), "bin", "sahayactl")
    done = subprocess.run([program, *words, "--socket", str(run.sockets() / (lane + "-admin.sock"))], capture_output=True,
                          text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def first_key(run, agency, sender):
    rows = run.world.wait(lambda: [r for r in run.world.received(agency=agency, kind="request") if sender in str(r["body"])], 15,
                          "the request at " + agency)
    return rows[0]["key"]


def lease(run, lane, key):
    """The epoch of a delivery that is leased now, else None."""
    state, epoch = run.redis(lane, "HMGET", "%s:dl:%s" % (fault_run.TAG, key), "st", "ep")
    return int(epoch) if state == "leased" else None


def kill_both(run):
    old = {lane: run.world.pid("router-" + lane) for lane in LANES}
    for lane in LANES:
        run.history.add("kill", "info", victim="router-" + lane)
        run.world.signal("router-" + lane, signal.SIGKILL)
    for lane in LANES:
        run.world.wait(lambda: run.world.pid("router-" + lane) != old[lane], 20, "the %s router again" % lane)


def log_of(run, lane):
    with open(os.path.join(run.world.state_dir, "log", "router-%s.log" % lane), errors="replace") as f:
        return f.read()


@fault_run.fault("F18-poison")
def f18_poison(run):
    """both routers die five times with the same P0 and the same booking in hand: 112 has the P0, the booking's citizen is told"""
    for agency in ("108", "indane"):
        run.world.behave(agency, mode="hang")
    mark = run.world.mark()
    booking = run.stream(5, "9190", 1, lambda row: row["agencies"] == ["indane"])
    urgent = run.stream(5, "9191", 1, lambda row: row["class"] == "P0")
    keys = {"bulk": first_key(run, "indane", "919000000001"), "emergency": first_key(run, "108", "919100000001")}
    run.expect(booking.stop() and urgent.stop(), "both were taken")
    epochs = {lane: 0 for lane in LANES}
    for n in range(KILLS):
        for lane in LANES:
            def again():
                now = lease(run, lane, keys[lane])
                return now if now is not None and now > epochs[lane] else None
            epochs[lane] = run.world.wait(again, LEASED_S, "lease %d of the %s delivery" % (n + 1, lane))
        kill_both(run)
    run.world.wait(lambda: "event=delivery.poison" in log_of(run, "bulk"), LEASED_S, "the booking is known as poison")
    run.world.wait(lambda: run.world.get_json(run.world.bulk_port, "/v1/queues")["dead"] == 1, 10, "its dead letter")
    code, out = ctl(run, "bulk", "dead")
    run.expect(code == 0 and keys["bulk"] in out and "poison" in out, "listed as a dead letter, and why: " + out.strip()[-160:])
    heard = run.world.wait_sent(mark, n=2, timeout=20, to="919000000001")
    run.expect(len(heard) >= 2, "its citizen is told: " + (heard[-1]["text"] or "").replace("\n", " ")[:120])
    run.world.wait(lambda: "event=delivery.poison" in log_of(run, "emergency"), LEASED_S, "the P0 is known as poison")
    run.world.wait(lambda: [r for r in run.delivered("9191", agency="112")], 10, "112 has the P0")
    run.expect(run.redis("emergency", "HGET", "%s:dl:%s" % (fault_run.TAG, keys["emergency"]), "st") == "delayed" and
               run.world.get_json(run.world.router_port, "/v1/queues")["dead"] == 0, "the P0 goes on to 112 and is no dead letter")
    for agency in ("108", "indane"):
        run.world.behave(agency)
    sent = run.world.mark()
    run.world.wait(lambda: [r for r in run.world.received(sent["received"], agency="108") if r["key"] == keys["emergency"]], AGAIN_S,
                   "108 is tried again within a minute, under the same key")
    code, out = ctl(run, "bulk", "replay", "--endpoint", "indane", "--key", keys["bulk"], "--by", "fault run")
    run.expect(code == 0 and "1 replayed" in out, "a person replays the booking")
    return run.judge()


def forget(run):
    """108's first endpoint, 1098 and Indane are in the roster no more."""
    run.setting("agencies.yaml", r'(?m)^ +- \{id: "108-a".*\n', "")
    for agency in ("1098", "indane"):
        run.setting("agencies.yaml", r'(?m)^  - id: "%s"\n(    .*\n)+' % agency, "")


@fault_run.fault("F11-forgotten")
def f11_forgotten(run):
    """routers start with a roster without an endpoint and two agencies that have deliveries: none is left in a queue"""
    for agency in ("108", "1098", "indane"):
        run.world.behave(agency, mode="hang")
    mark = run.world.mark()
    for sender, words in (("919300000001", P0), ("919300000002", CHILD), ("919300000003", BOOKING)):
        run.world.say(sender, words)
    child, booking = first_key(run, "1098", "919300000002"), first_key(run, "indane", "919300000003")
    key = first_key(run, "108", "919300000001")
    held = lease(run, "emergency", key), lease(run, "emergency", child), lease(run, "bulk", booking)
    run.note("leased when the routers died: " + " ".join(str(e) for e in held))
    forget(run)
    after = run.world.mark()
    kill_both(run)
    for agency in ("108", "1098", "indane"):
        run.world.behave(agency)
    run.ready()

    def arrived(agency, sender):
        return [r for r in run.world.received(after["received"], agency=agency) if sender in str(r["body"])]

    rows = run.world.wait(lambda: arrived("108", "919300000001"), LOOK_S, "the P0 at 108's other endpoint")
    run.expect(all(r["key"] == key for r in rows), "the P0 is at 108's other endpoint, under its key")
    run.expect(run.world.wait(lambda: arrived("112", "919300000002"), LOOK_S, "the child's case at 112"),
               "what was 1098's is with the catch-all")
    run.world.wait(lambda: any(q["endpoint"] == "indane" and q["dead"] == 1
                               for q in run.world.get_json(run.world.bulk_port, "/v1/queues")["forgotten"]), LOOK_S, "the dead letter")
    code, out = ctl(run, "bulk", "dead")
    run.expect(code == 0 and booking in out, "the booking is a dead letter")
    heard = run.world.wait_sent(mark, n=2, timeout=20, to="919300000003")
    run.expect(len(heard) >= 2, "its citizen is told: " + (heard[-1]["text"] or "").replace("\n", " ")[:120])
    run.expect(not arrived("112", "919300000003"), "112 does not hear of it")
    code, out = ctl(run, "bulk", "queues")
    run.expect(code == 0 and re.search(r"\(not in the roster\) +indane +FORGOTTEN", out) is not None, "queues says FORGOTTEN")
    run.expect("event=queue.forgotten" in log_of(run, "bulk") and "event=queue.forgotten" in log_of(run, "emergency"), "and so do the logs")
    begin = time.monotonic()
    code, out = ctl(run, "bulk", "replay", "--endpoint", "indane", "--all")
    run.expect(code == 1 and "1 stay" in out and time.monotonic() - begin < 5, "a replay to nobody says what stays")
    return not run.wrong  # no checker: to it, 1098 and Indane would have lost something

"""faults_adapter - the adapter without a Redis of its own (F2-away, F14-adapter), with a full journal (F13), and with a
router whose store has forgotten (F5).

deploy/run is stopped (SIGSTOP) while something must stay away, since it starts again whatever has ended.
See fault_run.py for how a run is written.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import fault_run
import lab
import load
import rig

OWN = "redis-whatsapp"
P0_MS, NOTICED_S, HANDED_S = 2000, 5, 60


class Away:
    """With this, a Redis is away: killed, and nobody starts it again until the end."""

    def __init__(self, run, victim=OWN):
        self.run, self.victim = run, victim

    def __enter__(self):
        world = self.run.world
        self.old = world.pid(self.victim)
        os.kill(world.run.pid, signal.SIGSTOP)
        self.run.history.add("kill", "info", victim=self.victim)
        world.signal(self.victim, signal.SIGKILL)
        return self

    def __exit__(self, kind, value, trace):
        world = self.run.world
        os.kill(world.run.pid, signal.SIGCONT)
        if kind is None:
            world.wait(lambda: world.pid(self.victim) != self.old, 20, self.victim + " was not started again")


def metric(run, name, **labels):
    """One number of the adapter's; the sum when its labels leave several."""
    text = fault_run.ask_unix(run.sockets() / "whatsapp-ops.sock", "/metrics").decode()
    total, found = 0.0, False
    for got, labelled, value in re.findall(r"^sahaya_adapter_(\w+)\{([^}]*)\} (\S+)$", text, re.M):
        if got == name and all('%s="%s"' % pair in labelled for pair in labels.items()):
            total, found = total + float(value), True
    assert found, name
    return total


def drained(run, within=60):
    begin = time.monotonic()
    run.ready()
    run.world.wait(lambda: metric(run, "journal_open") == 0, within, "the journal has drained")
    return time.monotonic() - begin


def since(rows, at_us):
    return [r for r in rows if r["at_us"] >= at_us]


@fault_run.fault("F14-adapter")
def f14_adapter(run):
    """the adapter's own Redis is away for 15 s: every webhook 200, emergencies go on, nothing lost or twice after"""
    stream = run.stream(20, repeat=0.1)
    time.sleep(2)
    with Away(run):
        time.sleep(1)  # calls under way end
        begin_us, again = time.time_ns() // 1000, stream.again
        time.sleep(15 * run.scale)
        waiting, end_us = metric(run, "journal_open"), time.time_ns() // 1000
        run.usually(stream.again == again, "every webhook was answered 200 (%d not)" % (stream.again - again))
        run.expect(waiting > 0, "%d messages wait in the journal" % waiting)
    arrived = [r for r in since(run.world.received(), begin_us) if r["priority"] == "P0" and r["at_us"] < end_us]
    said = {e["sender"]: e["due_us"] for e in run.history.events if e["op"] == "say" and e["type"] == "invoke"}
    for row in arrived:
        sender = row["body"]["citizen"]["callback"].lstrip("+")
        if row["attempt"] == 1 and said.get(sender, 0) >= begin_us:
            run.worst("P0, said to its agency while Redis was away", (row["at_us"] - said[sender]) / 1000, P0_MS, "ms")
    run.expect(len(arrived) > 0, "%d P0 reached their agencies meanwhile" % len(arrived))
    replies = [r for r in since(run.world.sent(), begin_us) if r["at_us"] < end_us]
    run.expect(len(replies) > 0, "%d replies reached citizens meanwhile" % len(replies))
    news = metric(run, "direct_events_total")
    run.expect(news > 0, "%d things that agencies said reached citizens from memory" % news)
    run.worst("drained after Redis was back", drained(run), 30)
    run.expect(stream.stop(), "every message was taken (%d said, %d sent again)" % (stream.said, stream.again))
    run.fatal("silent", "no number")
    return run.judge()


@fault_run.fault("F2-away", rounds=30)
def f2_away(run):
    """kill -9 of the adapter while its own Redis is away: the journal has what was answered 200"""
    stream = run.stream(20, repeat=0.1)
    for _ in run.each_round():
        time.sleep(run.chance.uniform(0.1, 0.4))
        old = run.world.pid("whatsapp")
        with Away(run):
            time.sleep(run.chance.uniform(0.1, 0.8))
            run.history.add("kill", "info", victim="whatsapp")
            run.world.signal("whatsapp", signal.SIGKILL)
        run.world.wait(lambda: run.world.pid("whatsapp") != old, 20, "the adapter was started again")
        run.worst("ready again", run.ready(), 10)
    drained(run)
    run.expect(stream.stop(), "every message was taken in the end (%d said, %d sent again)" % (stream.said, stream.again))
    run.fatal("silent")
    return run.judge()


# ---- F5


def aof(run, lane):
    """The part of the append-only file that grows."""
    folder = pathlib.Path(run.world.state_dir, "redis", lane, "appendonlydir")
    return max(folder.glob("*.incr.aof"), key=lambda p: int(p.name.split(".")[-3]))


def unknown(run, rows):
    """How many of the messages that agencies got the store does not know."""
    keys = sorted({"%s:ms:%s" % (fault_run.TAG, r["body"]["message_id"]) for r in rows})
    return len(keys) - run.redis("emergency", "EXISTS", *keys)


def preload_emergency(run, count):
    """New accepts straight into the store, so that its numbers pass the old mark before anyone looks."""
    done = subprocess.run([rig.program("bench_preload"), "--socket", run.redis_socket("emergency"), "--mix", rig.MIX, "--count",
                           str(count), "--sender", "9196", "--seed", str(run.seed)], stdout=subprocess.PIPE, text=True, check=True)
    run.history.add("preload", "ok", prefix="9196", count=count, **{"class": "P4"})
    return json.loads(done.stdout)


@fault_run.fault("F5")
def f5(run):
    """the emergency lane's Redis comes back as it was 30 s ago, and takes 1000 new ones first: nothing is lost"""
    stream = run.stream(15, "9190", where=lambda row: row["emergency"])
    time.sleep(3)
    cut, begin_us = aof(run, "emergency").stat().st_size, time.time_ns() // 1000
    time.sleep(30 * run.scale)
    run.expect(stream.stop(), "every message was taken (%d said)" % stream.said)
    run.world.wait(lambda: metric(run, "pending_submits") == 0, 20, "every message is with a router")
    time.sleep(1)
    rows = [r for r in since(run.world.received(), begin_us) if r["kind"] == "request" and r["body"]["citizen"]["callback"]]
    handed = metric(run, "handed")
    adapter = run.world.pid("whatsapp")
    with Away(run, "redis-emergency"):
        os.kill(adapter, signal.SIGSTOP)  # nobody looks until the new ones are in
        path = aof(run, "emergency")
        shutil.copy(path, path.with_suffix(".before"))
        os.truncate(path, cut)
        path.with_suffix(".before").rename(pathlib.Path(run.world.state_dir, "emergency.aof.before"))
    run.world.wait(lambda: run.is_ready(run.world.router_port), 20, "the emergency router is ready on the old store")
    lost = unknown(run, rows)
    run.expect(lost > 0, "the store has forgotten %d of %d messages" % (lost, len(rows)))
    told = preload_emergency(run, 1000)
    run.expect(told["failed"] == 0, "1000 new ones were accepted first")
    begin = time.monotonic()
    os.kill(adapter, signal.SIGCONT)
    run.world.wait(lambda: metric(run, "router_runs_total") > 0, 4 * NOTICED_S, "the new run of the store is noticed")
    run.worst("new run noticed", time.monotonic() - begin, NOTICED_S)
    run.world.wait(lambda: unknown(run, rows) == 0, 2 * HANDED_S, "what was forgotten is handed over again")
    run.worst("handed over again", time.monotonic() - begin, HANDED_S)
    run.world.wait(lambda: metric(run, "pending_submits") == 0, 30, "nothing waits any more")
    time.sleep(1.2)  # Redis' own counts are read each second
    run.note("%d records, %d messages handed over again, %d dropped" % (
        handed, metric(run, "rehanded_total"), metric(run, "handed_dropped_total")))
    run.expect(metric(run, "refused_total") == 0, "no message was refused")
    return run.judge(backlog=["P4"])


# ---- F13


def say_once(run, sender, row):
    """One webhook, not sent again. Its status."""
    made = lab.text(sender, row["words"])
    same = {"sender": sender, "wamid": made["id"]}
    run.history.add("say", "invoke", emergency=row["emergency"], agencies=row["agencies"], due_us=time.time_ns() // 1000,
                    **{"class": row["class"]}, **same)
    status = run.world.post_raw(json.dumps(lab.envelope(made)).encode())
    run.history.add("say", "ok" if status == 200 else "info", status=status, **same)
    return status


def turned_away(run):
    """How many found no room: refused at once, or when it came to the writing."""
    return metric(run, "journal_refused_total") + metric(run, "journal_failed_total")


def fill(run, prefix, rows, most, enough=3):
    """Until it was refused so often for want of room. (taken, journal's percent at the first such refusal)"""
    taken = refused = 0
    percent, full = None, turned_away(run)
    for n in range(1, most + 1):
        if say_once(run, "%s%08d" % (prefix, n), rows[n % len(rows)]) == 200:
            taken, refused = taken + 1, 0
            continue
        now = turned_away(run)
        if now == full:
            continue  # for another reason: it took too long
        full = now
        percent = percent if percent is not None else metric(run, "journal_used_percent")
        refused += 1
        if refused == enough:
            return taken, percent
    return taken, percent


@fault_run.fault("F13", env={"SAHAYA_JOURNAL_MAX_MB": "1"})
def f13(run):
    """the journal fills up to 80, 95 and 100 %: bookings are refused first, emergencies last, never a false 200"""
    bookings = load.read_mix(where=lambda row: row["class"] == "P4")
    emergencies = load.read_mix(where=lambda row: row["class"] in ("P0", "P1"))
    with Away(run):
        time.sleep(1.5)
        taken, percent = fill(run, "9191", bookings, 5000)
        run.expect(percent is not None and 75 <= percent <= 90, "bookings are refused at %s %% (%d were taken)" % (percent, taken))
        more, percent = fill(run, "9192", emergencies, 3000)
        run.expect(more > 20, "then %d emergencies were taken still" % more)
        run.expect(percent is not None and percent >= 95, "and refused at %s %%" % percent)
        run.expect(say_once(run, "919300000001", bookings[0]) == 503, "a booking as well")
        journaled, failed = metric(run, "journaled_total"), metric(run, "journal_failed_total")
        run.expect(journaled >= taken + more, "%d were answered 200, %d are on the disk" % (taken + more, journaled))
        run.note("%d refused for want of room, %d could not be written" % (metric(run, "journal_refused_total"), failed))
    run.worst("drained after Redis was back", drained(run, 120), 120)
    run.world.wait(lambda: say_once(run, "9194%08d" % (time.time_ns() % 10**8), bookings[0]) == 200, 20,
                   "bookings are taken again")
    run.world.wait(lambda: metric(run, "pending_submits") == 0, 60, "every message is with a router")
    run.note("%d messages were refused by a router" % metric(run, "refused_total"))
    run.fatal("silent")
    return run.judge(drain_s=120)

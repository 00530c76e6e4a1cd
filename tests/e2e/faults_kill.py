"""faults_kill - processes that die under load: the adapter (F2), one of two routers (F3), Redis (F4).

The stand-in never dies: it is the witness. The platform sends again what was not answered 200, and a share of what was.
See fault_run.py for how a run is written.
"""
import os
import signal
import time

import fault_run
import load
import two_routers

RATE = 20  # messages a second
REPEATED = 0.15  # the share sent once more though it was taken
RESTART_S, READY_S = 2, 10
# F3
HOME_S = 3.0  # the leases of a dead router are another's
P0_MS = 250  # and from there to the agency's socket
SLOTS = 4  # of each router at 108: eight P0 at once are more than one router has slots for
BURST, ATTEMPT_MS = 8, 600
SAID_S = 7  # the adapter knows one router alone, and has it back after 4 s
PERSON_MS = 5000  # a person who answers before the machine would settle what is in flight


def stop_and_judge(run, stream):
    time.sleep(0.5)
    run.expect(stream.stop(), "every message was taken in the end (%d said, %d sent again, %d sent once more)" %
               (stream.said, stream.again, stream.repeated))
    run.fatal("silent")
    return run.judge()


@fault_run.fault("F2", rounds=100)
def f2(run):
    """kill -9 of the adapter at random moments under load; it is ready again in less than 2 s"""
    stream = run.stream(RATE, repeat=REPEATED)
    for _ in run.each_round():
        time.sleep(run.chance.uniform(0.02, 0.5))
        run.history.add("kill", "info", victim="whatsapp")
        run.world.kill("whatsapp")  # returns when it was started again: deploy/run's own wait is not counted
        begin = time.monotonic()
        run.world.wait(run.adapter_is_ready, 30, "the adapter is ready")
        run.worst("adapter ready after its start", time.monotonic() - begin, RESTART_S)
    return stop_and_judge(run, stream)


@fault_run.fault("F4", rounds=100)
def f4(run):
    """kill -9 of a Redis under load; what was acknowledged is there, and everything is ready again within 10 s"""
    stream = run.stream(RATE, repeat=REPEATED)
    for _ in run.each_round():
        time.sleep(run.chance.uniform(0.05, 0.6))
        victim = run.chance.choice(("redis-emergency", "redis-bulk", "redis-whatsapp"))
        run.worst("ready again after " + victim, run.kill(victim), READY_S)
    return stop_and_judge(run, stream)


# ---- F3


class Pair:
    """The lab's emergency router and a second one on its Redis; one of them dies, the other goes on."""

    def __init__(self, run):
        self.run, self.world = run, run.world
        self.second = two_routers.Second(self.world, "emergency")
        self.redis = self.second.redis
        run.cleanup(lambda: self.second.stop())

    def first_owner(self):
        """The owner that beat last, beside the second."""
        return [o for o in self.redis.beats() if o != self.second.owner][-1]

    def die(self, first):
        """kill -9. Returns what it held. Nobody starts it again yet."""
        if not first:
            self.second.stop()
            return self.redis.leases(self.second.owner), self.second.owner
        os.kill(self.world.run.pid, signal.SIGSTOP)  # deploy/run does not start it again meanwhile
        owner = self.first_owner()
        self.world.signal("router-emergency", signal.SIGKILL)
        time.sleep(0.02)
        return self.redis.leases(owner), owner

    def live(self, first):
        if first:
            os.kill(self.world.run.pid, signal.SIGCONT)
            self.run.ready()
        else:
            self.second = two_routers.Second(self.world, "emergency")


def burst(run, n, rows):
    """BURST citizens with a P0 at the same time."""
    talks = [load.Talk(run.world, run.history, "9181%04d%04d" % (n, i), run.chance.choice(rows), 0) for i in range(BURST)]
    for talk in talks:
        talk.start()
    return talks


def one_round(run, pair, n, rows):
    first = run.chance.random() < 0.5
    talks = burst(run, n, rows)
    time.sleep(run.chance.uniform(0.05, ATTEMPT_MS / 1000 + 0.05))
    at = time.monotonic()
    at_us = time.time_ns() // 1000
    run.history.add("kill", "info", victim="first" if first else "second")
    held, owner = pair.die(first)
    try:
        run.world.wait(lambda: not pair.redis.leases(owner), 15, "the leases of the dead router at home")
        if held:
            run.worst("leases at home", time.monotonic() - at, HOME_S)

        def sent():
            """({key: its first arrival since},) when each was sent again or settled by what its agency had answered."""
            again = {}
            for row in run.world.received(agency="108", after=run.seen):
                if row["at_us"] > at_us:
                    again.setdefault(row["key"], row["at_us"])
            return (again,) if all(k in again or pair.redis.is_done(k) for k in held) else None

        (again,) = run.world.wait(sent, 15, "what the dead router held is sent by the other")
        for key in held & set(again):
            run.worst("P0 in flight sent by the other", (again[key] - at_us) / 1e6, HOME_S + P0_MS / 1000)
    finally:
        pair.live(first)
    for talk in talks:
        talk.join()
    run.seen = max([run.seen] + [row["n"] for row in run.world.received(agency="108", after=run.seen)])
    return len(held)


@fault_run.fault("F3", rounds=100, step_ms=1000)
def f3(run):
    """kill -9 of one of two routers with P0 in flight: the other delivers them within 3 s"""
    run.setting("agencies.yaml", r'(id: "108-[ab]".*)concurrency: \d+}', r"\1concurrency: %d}" % SLOTS)
    run.restart(("router-emergency",))
    run.world.behave("108", delay_ms=ATTEMPT_MS, person_after_ms=PERSON_MS)
    pair, run.seen = Pair(run), 0
    stream = run.stream(4, where=lambda row: row["agencies"] != ["108"])
    rows = load.read_mix(where=lambda row: row["class"] == "P0")
    held = [one_round(run, pair, n, rows) for n in run.each_round()]
    run.usually(sum(held) > run.rounds, "%d leases in the hands of the dead, %d rounds of %d with none" %
               (sum(held), held.count(0), run.rounds))
    run.world.behave("108")
    stream.stop()
    run.world.wait(lambda: len(run.said_to_socket("P0")) == run.rounds * BURST, 30, "every P0 at its agency")
    for seconds in run.said_to_socket("P0", "P1").values():
        run.worst("P0 and P1, said to socket, their router dead or not", seconds, SAID_S)
    return stop_and_judge(run, stream)

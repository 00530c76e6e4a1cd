#!/usr/bin/env python3
"""two_routers - a second router on each lane's Redis, kill -9 while it has leases: they come home within 3 s.

Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).

The first routers are a lab's; the adapter talks to them alone. The second ones are this test's own, on the same
settings but for ports and sockets; they take what the first have no slot for, as there are few slots and slow agencies.
P4 has the longest lease (61 s), P0 and P1 are citizens who cannot wait. At the end the checker (tests/lib/history.py) judges.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import history  # noqa: E402
import lab  # noqa: E402
import load  # noqa: E402

BUILD = pathlib.Path(os.environ.get("SAHAYA_BUILD_DIR", pathlib.Path(lab.ROOT, "build")))
LANES = ("emergency", "bulk")
TAG = "er:{d00}"
ATTEMPT_S = 1.0  # what an agency takes to answer
HOME_S = 3.0
SLOTS = 4  # of each router at each endpoint
RATE = 10  # a second and agency: more than one router has slots for


class Redis:
    """What a lane's Redis knows of its routers."""

    def __init__(self, path):
        self.path = path

    def ask(self, *words):
        done = subprocess.run(["redis-cli", "-s", self.path, *words], capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.split()

    def beats(self):
        """Owners, the one that beat last at the end."""
        return self.ask("ZRANGE", TAG + ":hb", "0", "-1")

    def leases(self, owner):
        return set(self.ask("ZRANGE", "%s:lo:%s" % (TAG, owner), "0", "-1"))

    def is_done(self, key):
        return set(self.ask("HGET", "%s:dl:%s" % (TAG, key), "st")) <= {"done", "dead"}


class Second:
    """Another router of one lane, on the state of a lab."""

    def __init__(self, world, lane):
        folder = pathlib.Path(world.state_dir)
        etc = folder / "etc"
        text = (etc / ("router-%s.yaml" % lane)).read_text()
        self.lane = lane
        self.redis = Redis(re.search(r'(?m)^redis_socket: "?([^"\n]+)', text).group(1))
        self.port = lab.free_ports(1)[0]
        text = re.sub(r"(?m)^http_port:.*", "http_port: %d" % self.port, text)
        text = re.sub(r"-admin\.sock", "-2-admin.sock", text)
        text = re.sub(r"%s\.bus" % lane, "%s-2.bus" % lane, text)
        text = re.sub(r"journal/router-%s" % lane, "journal/router-%s-2" % lane, text)  # its own, nobody else's
        (folder / "journal" / ("router-%s-2" % lane)).mkdir(parents=True, exist_ok=True)
        path = etc / ("router-%s-2.yaml" % lane)
        path.write_text(text)
        before = self.owners()
        self.log = open(folder / "log" / ("router-%s-2.log" % lane), "ab")
        self.process = subprocess.Popen([BUILD / "bin/sahaya-router", "--config", path], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        try:
            made = world.wait(lambda: self.owners() - before, 20, "the second %s router" % lane)
        except lab.LabError:
            self.stop()
            raise
        (self.owner,) = made

    def owners(self):
        return set(self.redis.beats())

    def leases(self):
        return self.redis.leases(self.owner)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()


class TwoRouters(unittest.TestCase):
    def setUp(self):
        self.world = lab.Lab(build_dir=os.environ.get("SAHAYA_BUILD_DIR"), step_ms=200)
        self.addCleanup(self.world.stop)
        self.world.start()
        path = pathlib.Path(self.world.state_dir, "etc", "agencies.yaml")
        text, n = re.subn(r"concurrency: \d+}", "concurrency: %d}" % SLOTS, path.read_text())
        self.assertGreater(n, 10)
        path.write_text(text)
        for lane in LANES:
            self.world.kill("router-" + lane)
        self.world.wait(self.first_are_ready, 20, "the first routers")
        # A person who answers before the machine would settle what is in flight.
        # No person before the end: an answer would settle what was in flight, and rightly nothing would be sent again.
        self.world.behave("*", delay_ms=int(ATTEMPT_S * 1000), person_after_ms=60000)
        self.seconds = []
        for lane in LANES:
            self.seconds.append(Second(self.world, lane))
            self.addCleanup(self.seconds[-1].stop)

    def first_are_ready(self):
        try:
            return all(self.world.connection(p).call("GET", "/readyz")[0] == 200
                       for p in (self.world.router_port, self.world.bulk_port))
        except OSError:
            return False

    def stream(self, said, agency, name, prefix):
        made = load.Stream(self.world, said, load.read_mix(where=lambda r: r["agencies"] == [agency] and r["class"] == name),
                           RATE, 1, prefix)
        made.start()
        return made

    def die(self):
        """kill -9 of both seconds, each with leases in hand: {key: it had it}, and when."""
        until, held = time.monotonic() + self.world.patience(15), {}
        while not all(held.get(lane) for lane in LANES):
            self.assertLess(time.monotonic(), until, "the second routers never had leases at the same time")
            for s in self.seconds:
                s.process.send_signal(signal.SIGCONT)
            time.sleep(ATTEMPT_S)  # to take what is there
            self.world.wait(lambda: all(s.leases() for s in self.seconds), 15, "leases with each second router")
            for s in self.seconds:  # held still, so that what they have can be read
                s.process.send_signal(signal.SIGSTOP)
            died, at_us = time.monotonic(), time.time_ns() // 1000
            time.sleep(0.3)  # Redis reads what they had sent
            held = {s.lane: s.leases() for s in self.seconds}
        for s in self.seconds:
            s.process.kill()
            s.process.wait()
        print("  held at the end: " + ", ".join("%s %d" % (lane, len(keys)) for lane, keys in held.items()), flush=True)
        return held, died, at_us

    def rows(self, key, after_us):
        return [r for r in self.world.received() if r["key"] == key and r["at_us"] > after_us]

    def test_leases_of_a_killed_router_come_home(self):
        said = history.History()
        streams = [self.stream(said, "108", "P0", "9181"), self.stream(said, "101", "P1", "9182"),
                   self.stream(said, "indane", "P4", "9183")]
        held, died, at_us = self.die()
        self.world.wait(lambda: not any(s.leases() for s in self.seconds), 30, "the leases of the dead at home")
        self.latency("at home", time.monotonic() - died, HOME_S)
        for stream in streams:
            stream.going = False
        keys = set().union(*held.values())
        self.world.wait(lambda: all(self.rows(k, at_us) for k in keys), 15, "what was in flight, under the same key")
        last = max(self.rows(k, at_us)[0]["at_us"] for k in keys)
        self.latency("all %d sent again" % len(keys), (last - at_us) / 1e6, HOME_S + 0.5 + ATTEMPT_S)

        self.world.behave("*")
        for stream in streams:
            self.assertTrue(stream.stop())
        fatal = history.FATAL
        self.world.wait(lambda: not self.judge(said).findings["lost"], 60, "every request at its agencies")
        verdict = self.judge(said)
        verdict.report(fatal=fatal)
        self.assertFalse(verdict.bad(fatal))

    def latency(self, what, seconds, bound):
        print("  %s after %.1f s (bound %g%s)" % (what, seconds, bound, ", not judged: sanitized" if self.world.sanitized else ""),
              flush=True)
        if not self.world.sanitized:
            self.assertLess(seconds, bound)

    def judge(self, said):
        return history.check(history.History(said.events).add_world(self.world))


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")

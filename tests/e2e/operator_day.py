#!/usr/bin/env python3
"""operator_day - what an ops engineer and a dispatcher do on a whole Sahaya: dead letters and replay, another class, link and
unlink, the quarantine. The bulk lane has four partitions, so that all of it works over several.

Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import lab  # noqa: E402

BUILD = pathlib.Path(os.environ.get("SAHAYA_BUILD_DIR", pathlib.Path(lab.ROOT, "build")))
PARTITIONS = 4
BOOKINGS = 8  # of as many senders: some partitions have none, some several
FIRES = ("fire in a shop near the clock tower, second floor", "grass burning behind the school, the fire comes nearer")


class OperatorDay(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = lab.Lab(build_dir=os.environ.get("SAHAYA_BUILD_DIR"), step_ms=60000)  # nobody answers by himself
        cls.addClassCleanup(cls.world.stop)
        cls.world.start()
        path = pathlib.Path(cls.world.state_dir, "etc", "router-bulk.yaml")
        path.write_text(path.read_text() + "partitions: %d\n" % PARTITIONS)
        cls.world.kill("router-bulk")
        cls.world.wait(lambda: cls.ready(cls.world.bulk_port), 20, "the bulk router with its partitions")

    @classmethod
    def ready(cls, port):
        try:
            return cls.world.connection(port).call("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def ctl(self, *words, code=0):
        env = dict(os.environ, SAHAYA_STATE_DIR=self.world.state_dir)
        done = subprocess.run([BUILD / "bin/sahayactl", *words], capture_output=True, text=True, timeout=60, env=env)
        self.assertEqual(done.returncode, code, (words, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def redis(self, lane, *words):
        text = pathlib.Path(self.world.state_dir, "etc", "router-%s.yaml" % lane).read_text()
        socket = re.search(r'(?m)^redis_socket: "?([^"\n]+)', text).group(1)
        done = subprocess.run(["redis-cli", "--json", "-s", socket, *words], capture_output=True, text=True, timeout=30, check=True)
        return json.loads(done.stdout)

    def audit(self, lane, request):
        rows = [dict(zip(f[::2], f[1::2])) for _, f in self.redis(lane, "XRANGE", "er:{d%s}:au" % request[1:3], "-", "+")]
        return [r["d"] for r in rows if r["r"] == request]

    def test_a_booking_becomes_a_dead_letter_and_is_replayed_once_under_its_key(self):
        world, mark = self.world, self.world.mark()
        self.assertIn("no dead letters", self.ctl("dead", "--lane", "bulk"))
        world.behave("indane", mode="refuse")
        senders = ["9193000%05d" % n for n in range(BOOKINGS)]
        for sender in senders:
            world.say(sender, "Indane gas cylinder book cheyyali")
        world.wait(lambda: world.get_json(world.bulk_port, "/v1/queues")["dead"] == BOOKINGS, 20, "the dead letters")
        refused = world.received(mark["received"], agency="indane")
        requests = {r["request_id"] for r in refused}
        self.assertGreater(len({r[1:3] for r in requests}), 1, "more than one partition has some")
        for sender in senders:  # (I9)
            world.wait_sent(mark, n=2, timeout=10, to=sender)

        self.assertRegex(self.ctl("queues", "--lane", "bulk"), r"dead letters %d\b" % BOOKINGS)
        listed = self.ctl("dead", "--lane", "bulk")
        self.assertIn("indane: %d dead letters" % BOOKINGS, listed)
        self.assertEqual(set(re.findall(r"request (\S+)", listed)), requests)
        self.assertEqual(set(re.findall(r"(?m)^  ([0-9a-f]{32})", listed)), {r["key"] for r in refused})
        self.assertNotIn("919300", listed)  # I13

        mark = world.mark()
        world.behave("indane")
        one = refused[0]
        words = ("replay", "--lane", "bulk", "--endpoint", "indane")
        self.assertIn("nothing was done", self.ctl(*words, "--key", one["key"], "--dry-run"))
        self.assertIn("1 replayed", self.ctl(*words, "--key", one["key"], "--by", "night desk"))
        self.assertIn("no dead letter of this endpoint has that key", self.ctl(*words, "--key", one["key"], code=1))
        again = world.wait_received(mark, n=1, timeout=10, agency="indane", request_id=one["request_id"])
        self.assertEqual([r["key"] for r in again], [one["key"]])  # I6
        self.assertIn("%d replayed, 0 put away" % (BOOKINGS - 1), self.ctl(*words, "--all", "--by", "night desk"))
        world.wait_received(mark, n=BOOKINGS, timeout=20, agency="indane")
        self.assertIn("0 replayed", self.ctl(*words, "--all"))
        self.assertIn("no dead letters", self.ctl("dead", "--lane", "bulk"))
        rows = world.received(mark["received"], agency="indane")
        self.assertEqual({(r["request_id"], r["key"]) for r in rows}, {(r["request_id"], r["key"]) for r in refused})
        self.assertEqual(len(rows), BOOKINGS)  # once each
        self.assertTrue(any("replay agency=indane" in d and "by=night desk" in d for d in self.audit("bulk", one["request_id"])))

    def test_a_class_goes_up_by_anybody_and_down_with_a_name(self):
        world, mark = self.world, self.world.mark()
        world.say("919300100001", "he fell down and broke his leg")
        request = world.wait_received(mark, timeout=10, agency="108", kind="request")[0]["request_id"]
        self.assertIn(request + " is P1 now", self.ctl("reclassify", "--request", request, "--to", "P1"))
        self.assertIn(request + " is P1 already", self.ctl("reclassify", "--request", request, "--to", "P1"))
        self.assertIn("down only by a person with a name", self.ctl("reclassify", "--request", request, "--to", "P2", code=1))
        self.assertIn(request + " is P2 now", self.ctl("reclassify", "--request", request, "--to", "P2", "--by", "a.rao"))
        said = [d for d in self.audit("emergency", request) if d.startswith("reclassify")]
        self.assertEqual(said, ["reclassify from=P2 to=P1 by=-", "reclassify from=P1 to=P2 by=a.rao"])
        self.assertIn("P0, P1, P2, P3 or P4", self.ctl("reclassify", "--request", request, "--to", "P7", code=1))
        unknown = "B" + request[1:]
        self.assertIn("no such request in this lane", self.ctl("reclassify", "--request", unknown, "--to", "P3", code=1))

    def post(self, request, verb, agency, **body):
        token = pathlib.Path(self.world.state_dir, "secrets", agency + ".token").read_text().strip()
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + token}
        status, answer = self.world.connection(self.world.router_port).call(
            "POST", "/v1/requests/%s/%s" % (request, verb), json.dumps(body).encode(), headers)
        return status, answer.decode()

    def test_a_dispatcher_links_and_unlinks_two_reports(self):
        world, mark = self.world, self.world.mark()
        for n, words in enumerate(FIRES):
            world.say("91930020000%d" % n, words)
        world.wait(lambda: len({r["request_id"] for r in world.received(mark["received"], agency="101", kind="request")}) == 2, 20,
                   "two requests at 101")
        main, other = sorted({r["request_id"] for r in world.received(mark["received"], agency="101", kind="request")})
        self.assertEqual(self.post(other, "link", "108", to=main, by="a.rao")[0], 404)  # not its requests
        self.assertEqual(self.post(other, "link", "101", to=main)[0], 400)
        self.assertEqual(self.post(other, "link", "101", to=main, by="a.rao")[0], 200)
        self.assertEqual(self.post(other, "link", "101", to=main, by="a.rao")[0], 200)  # said twice
        world.wait(lambda: any("link" in d for d in self.audit("emergency", other)), 5, "the link in the audit record")
        self.assertEqual(self.post(other, "unlink", "101", by="a.rao")[0], 200)
        world.wait(lambda: sum("link" in d for d in self.audit("emergency", other)) >= 2, 5, "the unlink in the audit record")

    def test_the_quarantine_is_listed_and_shown(self):
        self.assertIn("nothing is in quarantine", self.ctl("quarantine", "--lane", "bulk"))
        self.redis("emergency", "FCALL", "sahaya_1_quarantine", "1", "er:{d00}", "bus", "no message", "3", b"abc".hex())
        listed = self.ctl("quarantine")
        self.assertRegex(listed, r"1  20\d\d-\S+Z  bus +3 bytes  no message")
        self.assertNotIn("abc", listed)
        self.assertIn("\nabc\n", self.ctl("quarantine", "--show", "1"))
        self.assertRegex(self.ctl("queues", "--lane", "emergency"), r"quarantined 1\b")


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")

#!/usr/bin/env python3
"""bad_input - what nobody should send, sent to a whole running Sahaya: each refused clearly, no neighbour harmed.

Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).
"""
import http.client
import json
import os
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import lab  # noqa: E402

WEBHOOK = "/webhooks/whatsapp"
BODY_MAX = 3 * 1024 * 1024


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def setUpModule():
    global world
    world = lab.Lab(build_dir=os.environ.get("SAHAYA_BUILD_DIR"), step_ms=200)
    world.start()


def tearDownModule():
    world.stop()


def adapter_ops(path):
    sockets = pathlib.Path(world.state_dir, "sockets")
    folder = sockets.read_text() if sockets.exists() else os.path.join(world.state_dir, "sock")
    connection = UnixConnection(os.path.join(folder, "whatsapp-ops.sock"))
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def quarantined():
    status, body = adapter_ops("/v1/quarantine?n=100")
    assert status == 200, (status, body)
    return json.loads(body)


def still_serves(test, sender):
    """Whatever came before: the next citizen is served."""
    mark = world.mark()
    world.say(sender, "my mother is not breathing")
    rows = world.wait_received(mark, agency="108")
    test.assertEqual(rows[0]["priority"], "P0")


def status_call(request_id, token, body, port=None):
    return world.connection(port or world.router_port).call(
        "POST", "/v1/requests/%s/status" % request_id, json.dumps(body).encode() if isinstance(body, dict) else body,
        {"Authorization": "Bearer " + token, "Content-Type": "application/json"})


def token(agency):
    return pathlib.Path(world.state_dir, "secrets", agency + ".token").read_text().strip()


class Webhook(unittest.TestCase):
    def test_a_wrong_or_missing_signature_is_401_before_any_parsing(self):
        body = json.dumps(lab.envelope(lab.text("919100000001", "fire in my house"))).encode()
        good = lab.sign(world.app_secret, body)
        mark, before = world.mark(), len(quarantined())
        for wrong in ("", "sha256=", good[:-1], good.upper(), good + "0", good.replace("sha256", "sha1"),
                      lab.sign(b"another secret", body), "sha256=" + "0" * 64):
            self.assertEqual(world.connection(world.webhook_port).call(
                "POST", WEBHOOK, body, {"X-Hub-Signature-256": wrong} if wrong else {})[0], 401, wrong)
        self.assertEqual(world.connection(world.webhook_port).call(
            "POST", WEBHOOK, b"{ this is no json", {"X-Hub-Signature-256": good})[0], 401)
        self.assertEqual(len(quarantined()), before)
        self.assertEqual(world.received(mark["received"]), [])
        still_serves(self, "919100000002")

    def test_signed_nonsense_is_kept_and_counted_and_answered_200(self):
        for i, body in enumerate((b"", b"{", b"[]", b"null", b"42", b'"x"', b'{"object":1}', b"\xff\xfe{}",
                                  b'{"object":"whatsapp_business_account","entry":{}}',
                                  b'{"object":"whatsapp_business_account","entry":[{"changes":7}]}',
                                  b'{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":[]}]}]}',
                                  b"[" * 5000)):
            self.assertEqual(world.post_raw(body), 200, body[:60])
        self.assertGreater(len(quarantined()), 5)
        still_serves(self, "919100000003")

    def test_unknown_object_and_field_are_counted_and_answered_200(self):
        for body in ({"object": "page", "entry": []},
                     {"object": "whatsapp_business_account", "entry": [
                         {"id": "1", "changes": [{"field": "account_alerts", "value": {}},
                                                 {"field": "invented_tomorrow", "value": {"x": 1}}]}]}):
            self.assertEqual(world.post_raw(json.dumps(body).encode()), 200)
        still_serves(self, "919100000004")

    def test_a_bad_neighbour_harms_nobody_in_its_batch(self):
        mark, before = world.mark(), len(quarantined())
        batch = []
        for i in range(30):
            made = lab.text("9192000000%02d" % i, "there is a fire in our kitchen")
            if i == 3:
                del made["id"]
            elif i == 7:
                made["timestamp"] = {"not": "a time"}
            elif i == 11:
                made["text"] = {"body": 12}
            elif i == 13:
                made["text"] = "no object"
            elif i == 17:
                made = lab.message("919200000017", "hologram", {"x": 1})
            elif i == 19:
                del made["from"]
            elif i == 23:
                made["type"] = 5
            batch.append(made)
        world.post(batch)
        good = {"+9192000000%02d" % i for i in range(30) if i not in (3, 11, 13, 17, 19, 23)}
        world.wait(lambda: good <= {r["body"]["citizen"]["callback"] for r in world.received(mark["received"], agency="101")},
                   10, "the good neighbours at 101")
        self.assertGreaterEqual(len(quarantined()) - before, 4)

    def test_three_megabytes_are_taken_and_one_byte_more_is_413(self):
        body = json.dumps(lab.envelope(lab.text("919100000005", "fire in the shop"))).encode()
        body += b" " * (BODY_MAX - len(body))
        mark = world.mark()
        self.assertEqual(world.post_raw(body), 200)
        world.wait_received(mark, agency="101")
        self.assertEqual(world.post_raw(body + b" "), 413)
        still_serves(self, "919100000006")

    def test_the_handshake_gives_the_challenge_for_the_right_token_only(self):
        verify = pathlib.Path(world.state_dir, "secrets", "verify.token").read_text().strip()

        def get(query):
            return world.connection(world.webhook_port).call("GET", WEBHOOK + query)
        self.assertEqual(get("?hub.mode=subscribe&hub.verify_token=%s&hub.challenge=1158201444" % verify),
                         (200, b"1158201444"))
        for query in ("", "?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1",
                      "?hub.mode=other&hub.verify_token=%s&hub.challenge=1" % verify,
                      "?hub.mode=subscribe&hub.challenge=1"):
            self.assertEqual(get(query)[0], 403, query)

    def test_hostile_text_reaches_a_person_when_it_might_be_an_emergency(self):
        mark = world.mark()
        world.say("919100000007", "help \u202e\u0000 \u0301\u0301\u0301 \ud83c\udd98" + "a" * 3000)
        rows = world.wait_received(mark)
        self.assertIn(rows[0]["agency"], ("112", "108"))
        still_serves(self, "919100000008")


class Agency(unittest.TestCase):
    def setUp(self):
        world.behave("*", mode="machine_only")

    def tearDown(self):
        world.behave("*", mode="normal")

    def request(self, sender):
        mark = world.mark()
        world.say(sender, "chest pain since morning, sweating")
        return world.wait_received(mark, agency="108")[0]["request_id"]

    def test_a_wrong_token_is_401(self):
        request = self.request("919300000001")
        for wrong in ("", "x", token("108") + "x"):
            self.assertEqual(status_call(request, wrong, {"state": "ACKNOWLEDGED", "by": "p1"})[0], 401)

    def test_an_unknown_or_anothers_request_is_404(self):
        request = self.request("919300000002")
        body = {"state": "ACKNOWLEDGED", "by": "p1"}
        self.assertEqual(status_call(request, token("101"), body)[0], 404)
        for unknown in (request[:-1] + ("0" if request[-1] != "0" else "1"), "E00", "x", "B" + request[1:]):
            self.assertEqual(status_call(unknown, token("108"), body)[0], 404, unknown)

    def test_an_illegal_move_is_409_with_the_allowed_ones(self):
        request = self.request("919300000003")
        for state in ("ACKNOWLEDGED", "CLOSED"):
            self.assertEqual(status_call(request, token("108"), {"state": state, "by": "p1"})[0], 200)
        status, body = status_call(request, token("108"), {"state": "EN_ROUTE", "by": "p1"})
        self.assertEqual(status, 409)
        body = json.loads(body)
        self.assertEqual((body["error"], body["from"]), ("illegal_move", "CLOSED"))
        self.assertEqual(body["allowed"], ["REOPENED"])

    def test_a_malformed_status_is_400_and_names_the_field(self):
        request = self.request("919300000004")
        for wrong, field in (({"state": "DANCING"}, "state"), ({"by": "p1"}, "state"),
                             ({"state": "EN_ROUTE", "by": "p1", "eta_s": -1}, "eta_s"),
                             ({"state": "EN_ROUTE", "by": "x" * 65}, "by"),
                             ({"state": "ACKNOWLEDGED"}, "by"),
                             ({"state": "BOOKED", "by": "p", "payment_url": "http://plain"}, "payment_url")):
            status, body = status_call(request, token("108"), wrong)
            self.assertEqual((status, json.loads(body).get("field")), (400, field), wrong)
        self.assertEqual(status_call(request, token("108"), b"{")[0], 400)
        self.assertEqual(status_call(request, token("108"), b" " * (64 * 1024 + 1))[0], 413)

    def test_nobody_reads_of_a_person_before_there_is_one(self):
        mark = world.mark()
        request = self.request("919300000005")
        world.wait_sent(mark, n=2, to="919300000005")
        self.assertFalse([r for r in world.sent(mark["sent"], to="919300000005") if "handling" in r["text"]])
        self.assertEqual(status_call(request, token("108"), {"state": "ACKNOWLEDGED", "by": "dispatcher-7"})[0], 200)
        world.wait(lambda: [r for r in world.sent(mark["sent"], to="919300000005") if "handling" in r["text"]], 5,
                   "the news that a person is on it")


class Ops(unittest.TestCase):
    def test_the_quarantine_and_the_page_want_the_admin_token(self):
        admin = pathlib.Path(world.state_dir, "secrets", "admin.token").read_text().strip()
        for path in ("/v1/quarantine", "/ops/"):
            call = world.connection(world.router_port).call
            self.assertEqual(call("GET", path)[0], 401)
            self.assertEqual(call("GET", path, None, {"Authorization": "Bearer wrong"})[0], 401)
            self.assertEqual(call("GET", path, None, {"Authorization": "Bearer " + admin})[0], 200)

    def test_no_citizen_stands_in_metrics_queues_or_logs(self):
        still_serves(self, "919400000001")
        texts = [world.get(port, path).decode() for port in (world.router_port, world.bulk_port)
                 for path in ("/metrics", "/v1/queues", "/readyz")]
        texts.append(adapter_ops("/metrics")[1])
        logs = pathlib.Path(world.state_dir, "log")
        texts += [p.read_text(errors="replace") for p in logs.iterdir() if not p.name.startswith(("redis", "standin"))]
        for text in texts:
            for secret in ("919400000001", "not breathing", token("108"), world.app_secret.decode()):
                self.assertNotIn(secret, text)

    def test_open_metrics_when_asked(self):
        body = world.get(world.router_port, "/metrics", {"Accept": "application/openmetrics-text"}).decode()
        self.assertTrue(body.endswith("# EOF\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)

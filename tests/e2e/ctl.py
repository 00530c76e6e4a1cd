#!/usr/bin/env python3
"""ctl - sahayactl's words, exit codes and messages, against a router that is played here over HTTP.

Environment: SAHAYA_BUILD_DIR, the build whose sahayactl runs (default: build).

Exit codes: 0 done, 1 not done, 2 wrong usage. A message on standard error says what to do. What the router itself
decides is in unit/ops; what a whole Sahaya does in operator.py.
"""
import http.server
import json
import os
import pathlib
import socketserver
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CTL = pathlib.Path(os.environ.get("SAHAYA_BUILD_DIR", ROOT / "build"), "bin", "sahayactl")
TOKEN = "0123456789abcdef0123456789abcdef"
REQUEST = "E000123456789ABCDEFGHJKMNPQRS"
COMMANDS = ("queues", "dead", "replay", "reclassify", "quarantine")


def queue(endpoint, depth=0, dead=0, state="Active"):
    classes = {"P%d" % c: {"depth": depth if c == 4 else 0, "oldest_age_ms": 61000 if depth and c == 4 else 0} for c in range(5)}
    return {"agency": endpoint, "endpoint": endpoint, "state": state, "leased": 0, "delayed": 0, "dead": dead, "classes": classes}


def letter(n):
    return {"key": "%032x" % n, "request_id": REQUEST, "agency": "indane", "message_id": "%032x" % n, "kind": "REQUEST",
            "sequence": 1, "priority": "P4", "why": "refused", "attempts": 3, "accepted": "", "dead": "2026-01-01T00:00:00.000Z"}


class Router(http.server.BaseHTTPRequestHandler):
    """What it knows is in server.world: a list of (method, path, body) asked, and what to answer."""

    def answer(self, status, body):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def handle_one(self):
        world = self.server.world
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        world["asked"].append((self.command, url.path, query, body))
        if self.server.wants_token and self.headers.get("Authorization") != "Bearer " + TOKEN:
            self.answer(401, b"this needs the admin token: Authorization: Bearer <content of admin_token_file>\n")
        elif url.path == "/v1/dead":
            of, skip = world["dead"].get(query["endpoint"], []), int(query.get("skip", 0))
            self.answer(200, {"endpoint": query["endpoint"], "total": len(of), "dead": of[skip:skip + 100]})
        elif url.path == "/v1/replay":
            self.answer(200, self.replay(world, body))
        else:
            self.answer(*world["answers"].get(url.path, (404, {"field": "", "text": "no such page"})))

    def replay(self, world, body):
        of = world["dead"].get(body["endpoint"], [])
        total, taken = len(of), of[body["skip"]:body["skip"] + 100]
        if body["dry_run"]:
            return {"endpoint": body["endpoint"], "total": total, "would_look_at": len(taken), "dry_run": True}
        stay = [l for l in taken if l["kind"] != "REQUEST"]
        world["dead"][body["endpoint"]] = of[:body["skip"]] + stay + of[body["skip"] + 100:]
        return {"endpoint": body["endpoint"], "total": total, "looked_at": len(taken), "replayed": len(taken) - len(stay), "over": 0,
                "with_request": len(stay), "no_agency": 0, "failed": 0, "stay": len(stay)}

    do_GET = do_POST = handle_one

    def address_string(self):
        return "ctl"

    def log_message(self, *words):
        pass


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class TcpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True


class Ctl(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sahaya-ctl-")
        self.addCleanup(self.folder.cleanup)
        self.state = pathlib.Path(self.folder.name)
        (self.state / "sock").mkdir()
        self.world = {"asked": [], "dead": {}, "answers": {}}
        for lane in ("emergency", "bulk"):
            self.serve(UnixServer, str(self.state / "sock" / (lane + "-admin.sock")), False)
        self.tcp = self.serve(TcpServer, ("127.0.0.1", 0), True)
        self.url = "http://127.0.0.1:%d" % self.tcp.server_address[1]
        self.answer("/v1/queues", {"lane": "bulk", "state": "NORMAL", "leased": 0, "delayed": 0, "dead": 0, "outbox": 0,
                                   "quarantined": 0, "queues": [], "forgotten": []})
        self.answer("/v1/quarantine", [])

    def serve(self, kind, address, wants_token):
        server = kind(address, Router)
        server.world, server.wants_token = self.world, wants_token
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def answer(self, path, body, status=200):
        self.world["answers"][path] = (status, body)

    def run_ctl(self, *words, state=None):
        env = dict(os.environ, SAHAYA_STATE_DIR=str(state or self.state))
        done = subprocess.run([CTL, *words], capture_output=True, text=True, timeout=60, env=env)
        return done.returncode, done.stdout, done.stderr

    def says(self, code, words, out=None, err=None, **more):
        got = self.run_ctl(*words, **more)
        self.assertEqual(got[0], code, (words, got))
        for part, text in ((out, got[1]), (err, got[2])):
            if part is not None:
                self.assertIn(part, text, (words, got))
        if code == 0:
            self.assertEqual(got[2], "", words)
        return got[1]

    def token(self, text):
        path = self.state / "token"
        path.write_text(text + "\n")
        return str(path)

    def test_every_command_has_help_that_names_its_words(self):
        out = self.says(0, ["--help"])
        for command in COMMANDS:
            self.assertIn("\n" + command, out)
            own = self.says(0, [command, "--help"], "usage: sahayactl " + command)
            for option in ("--lane", "--socket", "--url", "--token-file"):
                self.assertIn(option, own)
        self.says(0, ["--version"], "sahayactl ")
        self.assertEqual(self.world["asked"], [])

    def test_wrong_usage_is_2_and_says_what_is_right(self):
        cases = (
            ([], "usage: sahayactl"),
            (["dance"], "usage: sahayactl"),
            (["queues", "--fast"], 'unknown word "--fast"; see sahayactl queues --help'),
            (["queues", "--lane"], "--lane wants a value"),
            (["queues", "--lane", "moon"], "write emergency or bulk"),
            (["queues", "--url", self.url], "--token-file"),
            (["dead", "indane"], 'unknown word "indane"; see sahayactl dead --help'),
            (["dead", "--endpoint"], "--endpoint wants a value"),
            (["replay"], "say --endpoint E"),
            (["replay", "--all"], "say --endpoint E"),
            (["replay", "--endpoint", "indane"], "either --key K or --all"),
            (["replay", "--endpoint", "indane", "--key", "0" * 32, "--all"], "either --key K or --all"),
            (["reclassify", "--request", REQUEST], "--to P0..P4"),
            (["reclassify", "--to", "P1"], "--request ID"),
            (["quarantine", "--show", "0"], "write 1..100"),
            (["quarantine", "--show", "x"], "write 1..100"),
            (["quarantine", "--show"], "--show wants a value"),
        )
        for words, err in cases:
            self.says(2, words, err=err)
        self.assertEqual(self.world["asked"], [])

    def test_a_router_that_is_away_is_1_and_named(self):
        empty = self.state / "nobody"
        empty.mkdir()
        for words in (["queues"], ["dead"], ["replay", "--endpoint", "indane", "--all"],
                      ["reclassify", "--request", REQUEST, "--to", "P0"], ["quarantine"]):
            self.says(1, words, err="is it running?", state=empty)
        token = self.token(TOKEN)
        self.says(1, ["queues", "--url", "http://127.0.0.1:1", "--token-file", token], err="no answer from http://127.0.0.1:1")
        (empty / "sock").mkdir()
        (empty / "sock" / "bulk-admin.sock").write_text("")  # left behind by one that died
        self.says(1, ["quarantine", "--lane", "bulk"], err="no answer from", state=empty)

    def test_over_tcp_it_needs_the_token(self):
        words = ["quarantine", "--url", self.url, "--token-file"]
        self.says(1, words + [str(self.state / "none")], err="cannot read a token")
        self.says(1, words + [self.token("")], err="is it empty?")
        self.says(1, words + [self.token("wrong-token-wrong-token")], err="the router says 401: this needs the admin token")
        self.says(0, words + [self.token(TOKEN)], "nothing is in quarantine")

    def test_empty_lists_are_said(self):
        self.says(0, ["queues"], "nothing waits (--all shows every endpoint)")
        self.says(0, ["dead"], "no dead letters")
        self.says(0, ["dead", "--endpoint", "indane"], "indane: 0 dead letters")
        self.says(0, ["quarantine"], "nothing is in quarantine")
        self.says(1, ["quarantine", "--show", "1"], err="there are 0 pieces")
        self.says(0, ["replay", "--endpoint", "indane", "--all"], "0 replayed")

    def test_queues_shows_what_waits_and_what_nobody_serves(self):
        self.answer("/v1/queues", {"lane": "bulk", "state": "NORMAL", "leased": 1, "delayed": 0, "dead": 2, "outbox": 0, "quarantined": 0,
                                   "queues": [queue("idle"), queue("indane", 7), queue("hp", state="Unreachable")],
                                   "forgotten": [queue("gone", 3)]})
        out = self.says(0, ["queues", "--lane", "bulk"])
        rows = {line.split()[1]: line for line in out.splitlines()[2:] if len(line.split()) > 4}
        self.assertIn("-/-/-/-/7", rows["indane"])
        self.assertIn("61 s", rows["indane"])
        self.assertIn("Unreachable", rows["hp"])
        self.assertNotIn("idle", rows)
        self.assertIn("(not in the roster)", out)
        self.assertIn("idle", self.says(0, ["queues", "--lane", "bulk", "--all"]))

    def test_dead_pages_through_all_and_repeats_none(self):
        self.world["dead"]["indane"] = [letter(n) for n in range(250)]
        self.answer("/v1/queues", {"lane": "bulk", "queues": [queue("indane", dead=250), queue("idle")], "forgotten": [queue("gone", dead=1)]})
        self.world["dead"]["gone"] = [letter(999)]
        out = self.says(0, ["dead", "--lane", "bulk"], "indane: 250 dead letters")
        keys = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
        self.assertEqual(len(keys), 251)
        self.assertEqual(len(set(keys)), 251)
        self.assertIn("gone: 1 dead letter\n", out)
        self.assertEqual([q["skip"] for _, p, q, _ in self.world["asked"] if q.get("endpoint") == "indane"], ["0", "100", "200"])

    def test_replay_goes_on_until_none_is_left_and_steps_over_what_stays(self):
        stays = [dict(letter(n), kind="AMENDMENT") for n in range(120)]
        self.world["dead"]["indane"] = stays + [letter(1000 + n) for n in range(230)]
        self.says(0, ["replay", "--endpoint", "indane", "--all", "--dry-run"], "350 dead letters would be looked at; nothing was done")
        self.assertEqual(len(self.world["dead"]["indane"]), 350)
        out = self.says(0, ["replay", "--endpoint", "indane", "--all", "--by", "night desk"], "230 replayed, 0 put away")
        self.assertIn("120 stay", out)
        self.assertIn("an amendment goes with its request", out)
        self.assertEqual(self.world["dead"]["indane"], stays)
        self.assertEqual({b["by"] for _, p, _, b in self.world["asked"] if p == "/v1/replay" and not b["dry_run"]}, {"night desk"})
        self.says(1, ["replay", "--endpoint", "indane", "--all"], "0 replayed")

    def test_reclassify_finds_the_lane_by_the_id_and_says_what_the_router_says(self):
        self.answer("/v1/reclassify", {"request_id": REQUEST, "priority": "P0", "changed": True})
        self.says(0, ["reclassify", "--request", REQUEST, "--to", "P0"], REQUEST + " is P0 now")
        self.answer("/v1/reclassify", {"request_id": REQUEST, "priority": "P0", "changed": False})
        self.says(0, ["reclassify", "--request", REQUEST, "--to", "P0"], REQUEST + " is P0 already")
        self.answer("/v1/reclassify", {"field": "by", "text": "down only by a person with a name: say who"}, 409)
        self.says(1, ["reclassify", "--request", REQUEST, "--to", "P2"], err="the router says 409, by: down only by a person")
        (self.state / "sock" / "bulk-admin.sock").unlink()
        self.says(0, ["quarantine"])
        self.says(1, ["reclassify", "--request", "B" + REQUEST[1:], "--to", "P3"], err="no router of the bulk lane")

    def test_quarantine_lists_without_bytes_and_shows_them_safely_when_asked(self):
        piece = {"at_ms": 1767225600000, "source": "bus", "why": "no message", "bytes": 9000, "hex": b"abc\x1b[31m\\".hex()}
        self.answer("/v1/quarantine", [piece, dict(piece, source="older")])
        out = self.says(0, ["quarantine"], "1  2026-01-01T00:00:00.000Z  bus")
        self.assertNotIn("abc", out)
        out = self.says(0, ["quarantine", "--show", "1"], "9000 bytes, the first 9 of them")
        self.assertIn("abc\\x1b[31m\\x5c\n", out)
        self.assertNotIn("\x1b", out)
        self.says(0, ["quarantine", "--show", "2"], "from older")
        self.says(1, ["quarantine", "--show", "3"], err="there are 2 pieces")


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")

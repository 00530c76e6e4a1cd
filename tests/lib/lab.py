"""lab - one whole Sahaya on free ports and a private folder, for checks and end-to-end tests.

Owns:    the folder, the ports, the deploy/run it started.
Used by: deploy/check.py, deploy/citizen, tests/e2e. Standard library only.
Never:   touches another lab, or a process that its own deploy/run did not start.

    with Lab() as lab:
        n = lab.mark()
        lab.say("919000000001", "house on fire")
        lab.wait_received(n, agency="101")
        lab.wait_sent(n, to="919000000001")
"""
import hashlib
import hmac
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ACCOUNT = "106540352242922"
PORTS = random.SystemRandom()
AGENCIES = ("108 102 101 indane hp-gas bharatgas 1906 112 100 181 1098 1930 14416 1077 1912 104"
            .split())


class LabError(Exception):
    """The lab did not do what it must; the text says what, and shows the log."""


# ---- webhooks: how a citizen's message looks on the wire


def sign(secret, body):
    """The value of X-Hub-Signature-256 over exactly these bytes."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def new_wamid():
    return "wamid." + uuid.uuid4().hex


def message(sender, kind, content, wamid=None, context=None, at=None):
    """One entry of value.messages: kind "text", "location", "interactive", ..."""
    made = {"from": sender, "id": wamid or new_wamid(),
            "timestamp": str(int(at or time.time())), "type": kind}
    if content is not None:
        made[kind] = content
    if context:
        made["context"] = {"from": "918096958096", "id": context}
    return made


def text(sender, words, **more):
    return message(sender, "text", {"body": words}, **more)


def pin(sender, lat, lon, **more):
    return message(sender, "location", {"latitude": lat, "longitude": lon}, **more)


def press(sender, choice, title="x", **more):
    """A reply button that was pressed; `choice` is our id."""
    return message(sender, "interactive",
                   {"type": "button_reply", "button_reply": {"id": choice, "title": title}}, **more)


def pick(sender, choice, title="x", **more):
    """A row of a list that was picked."""
    return message(sender, "interactive",
                   {"type": "list_reply", "list_reply": {"id": choice, "title": title}}, **more)


def envelope(messages, account=ACCOUNT, name="Citizen"):
    """The whole POST around messages (one, or a list of them)."""
    if isinstance(messages, dict):
        messages = [messages]
    senders = dict.fromkeys(m["from"] for m in messages if "from" in m)
    value = {"messaging_product": "whatsapp",
             "metadata": {"display_phone_number": "918096958096", "phone_number_id": account},
             "contacts": [{"profile": {"name": name}, "wa_id": s} for s in senders],
             "messages": messages}
    return {"object": "whatsapp_business_account",
            "entry": [{"id": "100000000000001",
                       "changes": [{"field": "messages", "value": value}]}]}


def reply_choices(body):
    """The ids one may press in an outgoing message (`body` of a row of /sent)."""
    action = body.get("interactive", {}).get("action", {})
    buttons = [b["reply"]["id"] for b in action.get("buttons", [])]
    return buttons + [r["id"] for s in action.get("sections", []) for r in s["rows"]]


# ---- how fast this machine is just now


WORK, WORK_S = bytes(4 << 20), 0.02  # hashed in so long by a machine that has nothing else to do
SLOWEST = 12


def slowness():
    """1 on an idle machine of ordinary speed; so many times longer may things take now."""
    begin = time.monotonic()
    hashlib.sha256(WORK).digest()
    took = time.monotonic() - begin
    return min(SLOWEST, max(1.0, took / WORK_S, os.getloadavg()[0] / (os.cpu_count() or 1)))


def is_sanitized(build_dir):
    """Of a build whose binaries are several times slower: no latency of theirs is judged."""
    try:
        with open(os.path.join(build_dir, "CMakeCache.txt"), encoding="utf-8") as f:
            return any(line.startswith("SAHAYA_SANITIZE:") and line.strip().endswith(("=ON", "=1", "=TRUE")) for line in f)
    except OSError:
        return False


# ---- HTTP, small


class Connection:
    """One kept connection; opened again when the other side has closed it."""

    def __init__(self, port, timeout=30):
        self.port, self.timeout, self.http = port, timeout, None

    def call(self, method, path, body=None, headers=None):
        """(status, bytes). A kept connection that turns out dead is tried anew, once."""
        for last in (False, True):
            fresh = self.http is None
            if fresh:
                self.http = http.client.HTTPConnection("127.0.0.1", self.port,
                                                       timeout=self.timeout)
            try:
                self.http.request(method, path, body, headers or {})
                answer = self.http.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                self.close()
                if last or fresh:
                    raise
        raise AssertionError("not reached")

    def close(self):
        if self.http is not None:
            self.http.close()
        self.http = None


def free_ports(n):
    """n free ports whose next one is free as well (the bulk router takes it). They lie below those that the kernel gives to
    outgoing connections: one of these must not sit on the port of a daemon that is being started again."""
    found, held = [], []
    try:
        while len(found) < n:
            port = PORTS.randrange(10000, 32000, 2)
            try:
                for one in (port, port + 1):
                    held.append(socket.socket())
                    held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    held[-1].bind(("127.0.0.1", one))
                found.append(port)
            except OSError:
                pass
    finally:
        for s in held:
            s.close()
    return found


class Lab:
    """Starts deploy/run and talks to it. Use it with `with`, or start() and stop()."""

    def __init__(self, build_dir=None, state_dir=None, keep=False, env=None, step_ms=300):
        self.own_state = state_dir is None
        self.state_dir = state_dir or tempfile.mkdtemp(prefix="sahaya-lab-")
        self.keep = keep
        webhook, router, standin = free_ports(3)
        self.webhook_port, self.router_port, self.standin_port = webhook, router, standin
        self.bulk_port = router + 1
        self.step_ms = step_ms
        self.env = dict(os.environ, SAHAYA_STATE_DIR=self.state_dir,
                        SAHAYA_WEBHOOK_PORT=str(webhook), SAHAYA_ROUTER_PORT=str(router),
                        SAHAYA_STANDIN_PORT=str(standin), **(env or {}))
        for name in ("SAHAYA_APP_SECRET_FILE", "SAHAYA_VERIFY_TOKEN_FILE"):
            if name not in (env or {}):
                self.env.pop(name, None)
        if build_dir:
            self.env["SAHAYA_BUILD_DIR"] = build_dir
        self.env.setdefault("SAHAYA_READY_S", "180")
        self.sanitized = is_sanitized(self.env.get("SAHAYA_BUILD_DIR", os.path.join(ROOT, "build")))
        self.run = None
        self.local = threading.local()

    # -- life

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and kind is not KeyboardInterrupt:
            sys.stderr.write(self.logs())
        self.stop()

    def start(self, timeout=200):
        """Starts deploy/run on what is built and waits until everything is ready."""
        self.output = open(os.path.join(self.state_dir, "run.out"), "ab")
        ready = os.path.join(self.state_dir, "ready")
        if os.path.exists(ready):
            os.unlink(ready)
        self.run = subprocess.Popen([os.path.join(ROOT, "deploy", "run"), "--no-build"],
                                    env=self.env, stdin=subprocess.DEVNULL, stdout=self.output,
                                    stderr=self.output, start_new_session=True)
        until = time.monotonic() + timeout
        while not os.path.exists(ready):
            if self.run.poll() is not None or time.monotonic() > until:
                raise LabError("deploy/run does not come up:\n" + self.logs())
            time.sleep(0.05)
        with open(os.path.join(self.state_dir, "secrets", "app.secret"), "rb") as f:
            self.app_secret = f.read().strip()
        if self.step_ms is not None:
            self.behave("*", person_after_ms=self.step_ms, step_ms=self.step_ms)

    def stop(self):
        """Ends deploy/run as Ctrl-C would. The folder goes unless it was given or is kept."""
        if self.run is not None:
            if self.run.poll() is None:
                self.run.send_signal(signal.SIGTERM)
                try:
                    self.run.wait(90)
                except subprocess.TimeoutExpired:
                    self.run.kill()
                    self.run.wait()
            self.run = None
            self.output.close()
        if self.own_state and not self.keep:
            shutil.rmtree(self.state_dir, ignore_errors=True)

    def restart(self):
        """Everything down and up again, on the same state."""
        own, self.own_state = self.own_state, False
        self.stop()
        self.own_state = own
        self.start()

    def pid(self, name):
        """Of redis-emergency, redis-bulk, redis-whatsapp, standin, router-emergency, router-bulk,
        whatsapp."""
        with open(os.path.join(self.state_dir, "pid", name)) as f:
            return int(f.read() or 0)

    def signal(self, name, number):
        os.kill(self.pid(name), number)

    def kill(self, name):
        """kill -9; deploy/run starts it again. Returns when it has."""
        old = self.pid(name)
        os.kill(old, signal.SIGKILL)
        self.wait(lambda: self.pid(name) != old, 20, name + " was not started again")

    def logs(self, lines=15):
        """The ends of all logs, for a failure's report."""
        made, folder = [], os.path.join(self.state_dir, "log")
        paths = [os.path.join(self.state_dir, "run.out")]
        if os.path.isdir(folder):
            paths += [os.path.join(folder, n) for n in sorted(os.listdir(folder))]
        for path in paths:
            with open(path, errors="replace") as f:
                last = f.readlines()[-lines:]
            made.append("--- %s\n%s" % (path, "".join(last)))
        return "".join(made)

    # -- calls

    def connection(self, port):
        """This thread's own connection to a port."""
        if not hasattr(self.local, "all"):
            self.local.all = {}
        if port not in self.local.all:
            self.local.all[port] = Connection(port)
        return self.local.all[port]

    def get(self, port, path, headers=None):
        status, body = self.connection(port).call("GET", path, None, headers)
        if status != 200:
            raise LabError("GET %s: %d %r" % (path, status, body[:200]))
        return body

    def get_json(self, port, path):
        return json.loads(self.get(port, path))

    def post_raw(self, body, signature=None):
        """Posts these bytes as the platform would; returns the status."""
        headers = {"Content-Type": "application/json",
                   "X-Hub-Signature-256": signature or sign(self.app_secret, body)}
        return self.connection(self.webhook_port).call("POST", "/webhooks/whatsapp", body,
                                                       headers)[0]

    def post(self, messages, **more):
        """Signs and posts one message or several; raises when they are not taken."""
        body = json.dumps(envelope(messages, **more)).encode()
        status = self.post_raw(body)
        if status != 200:
            raise LabError("the webhook was answered %d" % status)
        return messages

    def say(self, sender, words, **more):
        """A citizen writes. Returns the wamid."""
        made = text(sender, words, **more)
        self.post(made)
        return made["id"]

    def send_pin(self, sender, lat, lon, **more):
        made = pin(sender, lat, lon, **more)
        self.post(made)
        return made["id"]

    def behave(self, agency, **behaviour):
        """PUT /agencies/{id}. What is not given is as the lab has it, not as before."""
        if self.step_ms is not None:
            behaviour.setdefault("person_after_ms", self.step_ms)
            behaviour.setdefault("step_ms", self.step_ms)
        status, body = self.connection(self.standin_port).call(
            "PUT", "/agencies/" + agency, json.dumps(behaviour).encode())
        if status != 200:
            raise LabError("PUT /agencies/%s: %d %r" % (agency, status, body))

    # -- what came out

    def received(self, after=0, **match):
        """Deliveries at agencies: rows of /received whose fields are as given."""
        return matching(self.get_json(self.standin_port, "/received?after=%d" % after), match)

    def sent(self, after=0, **match):
        return matching(self.get_json(self.standin_port, "/sent?after=%d" % after), match)

    def statuses(self, after=0, **match):
        """What persons at agencies reported and the router took."""
        return matching(self.get_json(self.standin_port, "/statuses?after=%d" % after), match)

    def refused(self, after=0, **match):
        """What the stand-in would not take: our own mistakes."""
        return matching(self.get_json(self.standin_port, "/refused?after=%d" % after), match)

    def mark(self):
        """The ends of the lists just now, to look only behind them: hand it to wait_…()."""
        def last(rows):
            return rows[-1]["n"] if rows else 0
        return {"received": last(self.received()), "sent": last(self.sent())}

    def patience(self, seconds):
        """So long is waited for what takes at most so many seconds on a machine that has nothing else to do."""
        return seconds * slowness() * (2 if self.sanitized else 1)

    def wait(self, condition, timeout=5, what="the condition"):
        """Until condition() is true; returns what it gave. A slow machine gets more time: no latency is judged here."""
        begin = time.monotonic()
        while True:
            got = condition()
            if got:
                return got
            passed = time.monotonic() - begin
            if passed > timeout and passed > self.patience(timeout):
                raise LabError("not within %.1f s: %s" % (passed, what))
            time.sleep(0.02)

    def wait_received(self, mark, n=1, timeout=5, **match):
        """At least n deliveries behind the mark; returns all that match."""
        def enough():
            rows = self.received(mark["received"], **match)
            return rows if len(rows) >= n else None
        return self.wait(enough, timeout, "%d deliveries with %r" % (n, match))

    def wait_sent(self, mark, n=1, timeout=5, **match):
        def enough():
            rows = self.sent(mark["sent"], **match)
            return rows if len(rows) >= n else None
        return self.wait(enough, timeout, "%d replies with %r" % (n, match))


def matching(rows, match):
    return [r for r in rows if all(r.get(k) == v for k, v in match.items())]

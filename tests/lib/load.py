"""load - a steady stream of citizens from Python, for fault runs; bench_load for real rates.

Owns:    its threads, one for each message under way.
Used by: tests/e2e/kill.py, tests/e2e/faults.py. Used at up to 30 messages a second beside a whole
         Sahaya on two cores; tests/bench uses bench_load (C).
Never:   gives a message up while it goes: what is not answered 200 is sent again under the same id,
         as the platform does.
"""
import http.client
import json
import os
import random
import threading
import time

import lab

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MIX = os.path.join(ROOT, "tests", "bench", "mix.tsv")
AGAIN_S, TRIES = 0.3, 400


def read_mix(path=MIX, where=lambda row: True):
    """Rows of mix.tsv: weight, class, emergency, agencies, words."""
    rows = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                weight, name, emergency, agencies, words = line.rstrip("\n").split("\t")
                rows.append({"weight": int(weight), "class": name, "emergency": emergency == "yes",
                             "agencies": agencies.split(","), "words": words})
    return [row for row in rows if where(row)]


def own(words, n):
    """Words of one's own: the same long text from three senders is a rumour, and linked to one incident. No number is one
    that somebody could dial: "(102)" is another service."""
    return "%s (%d)" % (words, 20000 + n)


class Stream(threading.Thread):
    """One message each, from `rows`, at `rate` a second until stop(); into `history`."""

    def __init__(self, world, history, rows, rate, seed=1, prefix="9190", count=None, repeat=0.0):
        super().__init__(daemon=True)
        self.world, self.history, self.rows, self.rate = world, history, rows, rate
        self.chance, self.prefix, self.count = random.Random(seed), prefix, count
        self.repeat, self.repeated = repeat, 0  # the share that the platform sends once more though it was taken
        self.said, self.again, self.going, self.open = 0, 0, True, 0
        self.lock = threading.Lock()

    def run(self):
        begin = time.monotonic()
        while self.going and (self.count is None or self.said < self.count):
            due = begin + self.said / self.rate
            time.sleep(max(0, due - time.monotonic()))
            self.said += 1
            with self.lock:
                self.open += 1
            row = self.chance.choices(self.rows, [r["weight"] for r in self.rows])[0]
            later_s = self.chance.uniform(0, 3) if self.chance.random() < self.repeat else None
            threading.Thread(target=self.say, args=(self.said, row, later_s), daemon=True).start()

    def say(self, n, row, later_s=None):
        made = lab.text("%s%08d" % (self.prefix, n), own(row["words"], n))
        same = {"sender": made["from"], "wamid": made["id"], "process": self.prefix}
        body = json.dumps(lab.envelope(made)).encode()
        self.history.add("say", "invoke", emergency=row["emergency"], agencies=row["agencies"],
                         due_us=time.time_ns() // 1000, **{"class": row["class"]}, **same)
        status = self.post(body)
        self.history.add("say", "ok" if status == 200 else "info", status=status, **same)
        if later_s is not None:
            time.sleep(later_s)
            self.post(body)
        with self.lock:
            self.open -= 1
            self.repeated += later_s is not None

    def post(self, body):
        status = 0
        for _ in range(TRIES):
            try:
                status = self.world.post_raw(body)
            except (OSError, http.client.HTTPException):
                status = 0
            if status == 200:
                break
            with self.lock:
                self.again += 1
            time.sleep(AGAIN_S)
        return status

    def stop(self, timeout=60):
        """No new ones; waits until each has its answer. True when all have."""
        self.going = False
        self.join()
        until = time.monotonic() + timeout
        while self.open > 0 and time.monotonic() < until:
            time.sleep(0.05)
        return self.open == 0


class Talk(threading.Thread):
    """A citizen who says one of `rows` and then `more` amendments of it, each when the last was taken."""

    def __init__(self, world, history, sender, row, more, pause_s=0.0):
        super().__init__(daemon=True)
        self.world, self.history, self.sender, self.row = world, history, sender, row
        self.more, self.pause_s, self.taken = more, pause_s, 0

    def run(self):
        words = own(self.row["words"], int(self.sender[-8:]))
        self.say("say", words, emergency=self.row["emergency"], agencies=self.row["agencies"], due_us=time.time_ns() // 1000,
                 **{"class": self.row["class"]})
        for n in range(self.more):
            time.sleep(self.pause_s)
            words = "we are by the red gate, note %d" % (n + 1)
            self.say("more", words, words=words)

    def say(self, op, text, **what):
        made = lab.text(self.sender, text)
        same = {"sender": self.sender, "wamid": made["id"]}
        self.history.add(op, "invoke", **what, **same)
        status = post(self.world, json.dumps(lab.envelope(made)).encode())
        self.history.add(op, "ok" if status == 200 else "info", status=status, **same)
        self.taken += status == 200


def post(world, body):
    """Until it is answered 200; the last status."""
    status = 0
    for _ in range(TRIES):
        try:
            status = world.post_raw(body)
        except (OSError, http.client.HTTPException):
            status = 0
        if status == 200:
            break
        time.sleep(AGAIN_S)
    return status

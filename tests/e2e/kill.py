#!/usr/bin/env python3
"""kill - kill -9 of router, adapter and Redis at random moments under a stream of citizens.

Usage: kill.py [--rounds 30] [--seed N] [--rate 20]
Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).

A round kills one process (never the stand-in, which is the witness) somewhere in the stream; deploy/run starts
it again. A webhook that is not answered 200 is sent again under the same id, as the platform does. At the end,
when everything has healed, the history is judged:

  lost        a message answered 200 whose agencies never got its request            must be 0
  second key  one message at one agency under more than one idempotency key           must be 0   (I6)
  unexpected  a delivery of a request nobody made, or two requests for one message    must be 0
  too early   a citizen read that a person is on it before a person was               must be 0   (I9)
  silent      a citizen who got no reply, or an emergency without a number to dial    must be 0   (I12)
"""
import argparse
import collections
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import lab  # noqa: E402

VICTIMS = ["router-emergency", "router-bulk", "whatsapp", "redis-emergency", "redis-bulk", "redis-whatsapp"]
SAYINGS = [  # words, agencies, emergency
    ("my father has chest pain and is sweating", {"108"}, True),
    ("మా ఇంట్లో మంటలు అంటుకున్నాయి", {"101"}, True),
    ("gas vasana vasthundi intlo", {"101", "1906"}, True),
    ("घर में आग लग गई है", {"101"}, True),
    ("indane gas book cheyali", {"indane"}, False),
    ("help", {"112"}, True),
]
ACCEPTED = ("person at", "వ్యక్తి", "व्यक्ति", "شخص", "handling")


class Stream(threading.Thread):
    """Citizens, one message each, at a steady rate; keeps what was said and whether it was taken."""

    def __init__(self, world, rate, seed):
        super().__init__(daemon=True)
        self.world, self.rate, self.chance = world, rate, random.Random(seed)
        self.said, self.going, self.again = {}, True, 0

    def run(self):
        n = 0
        while self.going:
            n += 1
            words, agencies, emergency = self.chance.choice(SAYINGS)
            sender = "9190%08d" % n
            threading.Thread(target=self.say, args=(sender, words, agencies, emergency), daemon=True).start()
            time.sleep(1 / self.rate)

    def say(self, sender, words, agencies, emergency):
        entry = {"agencies": agencies, "emergency": emergency, "taken": False}
        self.said[sender] = entry
        body = lab.json.dumps(lab.envelope(lab.text(sender, words))).encode()
        for attempt in range(200):
            try:
                if self.world.post_raw(body) == 200:
                    entry["taken"] = True
                    return
            except OSError:
                pass
            except lab.http.client.HTTPException:
                pass
            self.again += 1
            time.sleep(0.3)


def judge(world, said):
    by_sender = collections.defaultdict(lambda: collections.defaultdict(set))
    keys, requests = collections.defaultdict(set), collections.defaultdict(set)
    unexpected = []
    for row in world.received():
        sender = row["body"].get("citizen", {}).get("callback", "").lstrip("+")
        if sender not in said:
            unexpected.append(row["key"])
            continue
        by_sender[sender][row["agency"]].add(row["key"])
        keys[(row["body"]["message_id"], row["agency"])].add(row["key"])
        requests[sender].add(row["request_id"])
    taken = [s for s, e in said.items() if e["taken"]]
    lost = [s for s in taken if not said[s]["agencies"] <= set(by_sender[s])]
    replies = collections.defaultdict(list)
    for row in world.sent():
        replies[row["to"]].append(row["text"])
    silent = [s for s in taken if not replies[s]]
    no_number = [s for s in taken if said[s]["emergency"] and
                 any(not any(c.isdigit() for c in t) for t in replies[s])]
    return {"lost": lost, "second key": [k for k, v in keys.items() if len(v) > 1],
            "unexpected": unexpected + [s for s, v in requests.items() if len(v) > 1],
            "silent": silent, "no number": no_number}, by_sender


def too_early(world, by_sender):
    """Replies that speak of a person before that citizen's first person accepted."""
    first = {}
    for row in world.statuses():
        if row.get("state") == "ACKNOWLEDGED":
            first.setdefault(row["request_id"], row["at_ms"])
    owner = {}
    for row in world.received():
        owner.setdefault(row["body"].get("citizen", {}).get("callback", "").lstrip("+"), set()).add(row["request_id"])
    bad = []
    for row in world.sent():
        if "person at" in row["text"] and "handling" in row["text"]:
            times = [first[r] for r in owner.get(row["to"], ()) if r in first]
            if not times or row["at_ms"] < min(times):
                bad.append(row["to"])
    return bad


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--rounds", type=int, default=30)
    args.add_argument("--seed", type=int, default=int(time.time()))
    args.add_argument("--rate", type=float, default=20)
    args = args.parse_args()
    chance = random.Random(args.seed)
    print("kill: %d rounds, seed %d" % (args.rounds, args.seed), flush=True)
    with lab.Lab(build_dir=os.environ.get("SAHAYA_BUILD_DIR"), step_ms=200) as world:
        stream = Stream(world, args.rate, args.seed)
        stream.start()
        for n in range(args.rounds):
            time.sleep(chance.uniform(0.05, 0.8))
            victim = chance.choice(VICTIMS)
            world.kill(victim)
            print("  round %2d: killed %-17s said %d, sent again %d" %
                  (n + 1, victim, len(stream.said), stream.again), flush=True)
        time.sleep(1)
        stream.going = False
        stream.join()
        print("healing", flush=True)
        try:
            world.wait(lambda: all(e["taken"] for e in stream.said.values()), 60, "every message taken")
            world.wait(lambda: not any(judge(world, stream.said)[0][k] for k in ("lost", "silent")), 60,
                       "every request at its agencies and every citizen answered")
        except lab.LabError as error:
            print("  " + str(error))
        time.sleep(2)
        verdict, by_sender = judge(world, stream.said)
        verdict["too early"] = too_early(world, by_sender)
        verdict["not taken"] = [s for s, e in stream.said.items() if not e["taken"]]
        copies = len(world.received()) - sum(len(a) for a in by_sender.values())
        print("%d messages, %d taken, %d webhooks sent again, %d deliveries, %d copies under the same key" %
              (len(stream.said), sum(e["taken"] for e in stream.said.values()), stream.again,
               len(world.received()), copies))
        for what, whom in verdict.items():
            print("  %-11s %d%s" % (what, len(whom), "  " + ", ".join(map(str, whom[:5])) if whom else ""))
        bad = any(verdict.values())
        if bad:
            sys.stderr.write(world.logs(40))
        print("kill: %s" % ("FAILED" if bad else "good"))
        return 1 if bad or not stream.said else 0


if __name__ == "__main__":
    sys.exit(main())

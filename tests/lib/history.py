"""history - what was said, delivered, replied and reported in one run, and the checker over it.

Owns:    the form of a history (JSON lines) and the judgement, in the manner of Jepsen's total-queue:
         after everything has healed and drained, what went in is held against what came out.
Used by: tests/e2e (kill, faults), tests/bench; bench_load writes the same lines. As a program it
         judges files:  history.py FILE... ; exit 1 on a finding that must never be.
Never:   talks to a process: the stand-in's lists are handed in by the caller.

A line: {t_ns, wall_us, process, op, type, ...}; t_ns is monotonic where the event was seen.
  say      invoke: sender wamid class emergency agencies due_us;  ok: answered 200;
           info: not answered 200, or not at all: it may have been taken;  fail: refused for good
  more     invoke: sender wamid words: the same citizen says more, an amendment of the request above; ends as say does
  ready    info: key at_ms: a delivery was due again from then on (delayed, or its router died)
  preload  ok: prefix count class: messages put into the queue beforehand, senders prefix + 8 digits
  deliver  ok: an attempt that reached an agency: sender agency endpoint key message_id request_id
           kind class attempt accepted_ms fallback at_us sequence, words and amendment of an amendment;
           reports: what linked reporters said, each with its sender, kind, words and request_id
  reply    ok: to text at_us          status  ok: request_id agency state at_us
  kill     info: what was done to which process

A sender says one message in a history, so that deliveries find it by their sender; what the citizen says `more` is found by
its words, which the test makes unlike any other of that sender.
"""
import bisect
import collections
import json
import os
import re
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REPLIES = os.path.join(ROOT, "adapters", "common", "phrases", "replies")
LANGUAGES = ("en", "te", "hi", "ur")

# Promised from accept to the agency's socket, p99 in ms (design.md, Priority).
PROMISE_MS = {"P0": 250, "P1": 500, "P2": 2000, "P3": 30000, "P4": 60000}

# And from a message to the first reply to its citizen.
REPLY_MS = {"P0": 2000, "P1": 3000, "P2": 5000, "P3": 10000, "P4": 15000}

# An attempt at a lower class that was leased before the emergency was accepted is on its way and
# may arrive after it: signing, connecting and the stand-in's own queue. Later than this it was
# leased after, which must not be (I7).
IN_FLIGHT_MS = 100
BATCH_MS = 20  # what is leased at once goes out at once, on connections of its own: it arrives in any order
DUE_MS = 150  # and what was delayed is ready when the next tick has looked
ORDER_MS = 2000  # order holds back no P0 or P1 for longer (I10)

# What only a person at an agency may bring about; event.* of the phrases.
PERSONS_WORDS = ("acknowledged", "waiting_unit", "unit_assigned", "en_route", "on_scene",
                 "transporting", "unit_lost")
FATAL = ("lost", "unexpected", "second key", "too early", "out of order", "gap")
CLASSES = ("P0", "P1", "P2", "P3", "P4")
EXAMPLES = 5


# ---- the history


class History:
    def __init__(self, events=()):
        self.events = list(events)

    def add(self, op, kind, process="test", **more):
        self.events.append(dict(more, t_ns=time.monotonic_ns(), wall_us=time.time_ns() // 1000,
                                process=process, op=op, type=kind))

    def read(self, path):
        with open(path, encoding="utf-8") as f:
            self.events += [json.loads(line) for line in f if line.strip()]
        return self

    def write(self, path):
        with open(path, "w", encoding="utf-8") as f:
            for event in self.events:
                f.write(json.dumps(event, ensure_ascii=False) + "\n")

    def add_received(self, rows):
        """Rows of the stand-in's /received."""
        self.events += [deliver_event(row) for row in rows]

    def add_sent(self, rows):
        self.events += [{"process": "standin", "op": "reply", "type": "ok", "to": r["to"],
                         "text": r["text"], "at_us": r["at_us"]} for r in rows]

    def add_statuses(self, rows):
        self.events += [{"process": "standin", "op": "status", "type": "ok", "state": r["state"],
                         "request_id": r["request_id"], "agency": r["agency"],
                         "at_us": r["at_us"]} for r in rows]

    def add_world(self, world):
        """Everything the stand-in of a lab holds."""
        self.add_received(world.received())
        self.add_sent(world.sent())
        self.add_statuses(world.statuses())
        return self


def deliver_event(row):
    body = row["body"]
    more = {} if row["kind"] == "request" else {"words": body.get("text"), "amendment": body.get("amendment")}
    if body.get("reports"):
        more["reports"] = [{"sender": r.get("citizen", {}).get("callback", "").lstrip("+"), "request_id": r["request_id"],
                            "message_id": r.get("message_id"), "kind": r.get("kind"), "words": r.get("text")}
                           for r in body["reports"]]
    return {**more, "sequence": body.get("sequence"), "process": "standin", "op": "deliver", "type": "ok", "at_us": row["at_us"],
            "sender": body.get("citizen", {}).get("callback", "").lstrip("+"),
            "agency": row["agency"], "endpoint": body.get("endpoint", row["agency"]),
            "key": row["key"], "message_id": body.get("message_id"),
            "request_id": row["request_id"], "kind": row["kind"], "class": row["priority"],
            "attempt": row["attempt"], "accepted_ms": body.get("accepted_ms"),
            "fallback": bool(body.get("previous"))}


# ---- the words that speak of a person


def phrase_patterns(folder=REPLIES):
    """A pattern for each language's texts of PERSONS_WORDS, from the data files themselves."""
    made = []
    for language in LANGUAGES:
        with open(os.path.join(folder, language + ".yaml"), encoding="utf-8") as f:
            texts = dict(re.findall(r'^event\.(\w+): "((?:[^"\\]|\\.)*)"', f.read(), re.M))
        for word in PERSONS_WORDS:
            pieces = re.split(r"\{\w+\}", texts[word].replace('\\"', '"'))
            made.append(".{1,40}?".join(re.escape(p) for p in pieces))
    return re.compile("|".join(made))


# ---- judging


class Verdict:
    """findings: name -> list of examples (all of them); figures: name -> number or dict."""

    def __init__(self, findings, figures):
        self.findings, self.figures = findings, figures

    def bad(self, fatal=FATAL):
        return any(self.findings[name] for name in fatal)

    def report(self, out=sys.stdout, fatal=FATAL):
        for name, value in self.figures.items():
            if name != "latency":
                out.write("  %-22s %s\n" % (name, value))
        for row in self.figures["latency"]:
            out.write("  %s %-15s n %6d   p50 %8.1f   p99 %8.1f   max %8.1f ms   promise p99 %d\n" % row)
        for name, found in self.findings.items():
            mark = "  " if not found else "!!" if name in fatal else " !"
            shown = "   " + "; ".join(map(str, found[:EXAMPLES])) if found else ""
            out.write("%s%-22s %d%s\n" % (mark, name, len(found), shown))


class Checker:
    """One pass over the events sorts them; each judge_… looks at one promise."""

    def __init__(self, events, backlog=(), slack=1):
        self.backlog, self.slack = set(backlog), slack
        self.said, self.preloads = {}, []
        self.more, self.ready = collections.defaultdict(dict), collections.defaultdict(list)
        self.delivers, self.replies, self.statuses = [], collections.defaultdict(list), []
        self.by_sender = collections.defaultdict(list)
        for event in events:
            getattr(self, "take_" + event["op"], lambda e: None)(event)
        self.delivers.sort(key=lambda d: d["at_us"])
        for d in self.delivers:
            if d.get("amendment") != "REPORTS":
                self.by_sender[d["sender"]].append(d)
            for r in d.get("reports", ()):  # linked to another's request: it came to the agency inside that one's
                self.by_sender[r["sender"]].append(dict(d, carrier=d["request_id"], **r))

    def take_say(self, event):
        if event["type"] == "invoke":
            self.said.setdefault(event["sender"], dict(event, end="info"))
        elif event["sender"] in self.said:
            self.said[event["sender"]]["end"] = event["type"]

    def take_more(self, event):
        said = self.more[event["sender"]]
        said.setdefault(event["wamid"], dict(event, end="info"))
        if event["type"] != "invoke":
            said[event["wamid"]]["end"] = event["type"]

    def take_ready(self, event):
        self.ready[event["key"]].append(event["at_ms"])

    def take_preload(self, event):
        self.preloads.append(event)

    def take_deliver(self, event):
        self.delivers.append(event)

    def take_reply(self, event):
        self.replies[event["to"]].append(event)

    def take_status(self, event):
        self.statuses.append(event)

    # -- each promise

    def preload_of(self, sender):
        for p in self.preloads:
            rest = sender[len(p["prefix"]):]
            if sender.startswith(p["prefix"]) and rest.isdigit() and 1 <= int(rest) <= p["count"]:
                return p
        return None

    def taken(self):
        return [s for s, say in self.said.items() if say["end"] == "ok"]

    def judge_lost(self):
        """Answered 200, and an expected agency never got it (I1, I4)."""
        lost = []
        for sender in self.taken():
            say = self.said[sender]
            if say["class"] in self.backlog:
                continue
            got = {d["agency"] for d in self.by_sender.get(sender, ()) if d["kind"] == "request"}
            lost += ["%s never at %s" % (say["wamid"], a) for a in say["agencies"] if a not in got]
            lost += self.lost_more(sender, say)
        for p in self.preloads:
            if p["class"] in self.backlog:
                continue
            n = sum(1 for s in self.by_sender if self.preload_of(s) is p)
            lost += ["one of the preloaded"] * (p["count"] - n)
        return lost

    def lost_more(self, sender, say):
        """What was said later, at each agency that must have the request."""
        if sender not in self.more:
            return []
        got = {(d["agency"], d["words"]) for d in self.by_sender.get(sender, ()) if d["kind"] != "request"}
        return ["%s never at %s" % (m["wamid"], a) for m in self.more[sender].values() if m["end"] == "ok"
                for a in say["agencies"] if (a, m["words"]) not in got]

    def judge_unexpected(self):
        """A delivery nobody asked for, or two requests made of one message."""
        found = []
        for sender, delivers in self.by_sender.items():
            say = self.said.get(sender)
            if say is None and self.preload_of(sender) is None:
                found += ["%s at %s: nobody said it" % (d["key"], d["agency"]) for d in delivers]
                continue
            requests = {d["request_id"] for d in delivers}
            if len(requests) > 1:
                found.append("%d requests of one message: %s" % (len(requests), sorted(requests)))
            if say is None:
                continue
            if say["end"] == "fail":
                found.append("%s was refused and delivered" % say["wamid"])
            found += ["%s at %s: not asked for" % (d["key"], d["agency"]) for d in delivers
                      if d["kind"] == "request" and not d["fallback"]
                      and d["agency"] not in say["agencies"]]
        return found

    def judge_second_key(self):
        """One message at one agency under two keys (I6)."""
        keys = collections.defaultdict(set)
        for d in self.delivers:
            keys[(d["message_id"], d["agency"])].add(d["key"])
        return ["%s at %s under %d keys" % (m, a, len(k)) for (m, a), k in keys.items() if len(k) > 1]

    def first_attempts(self):
        """The first arrival under each key, where it is the first attempt and no fallback: those
        whose accepted_ms is the beginning of their own wait."""
        seen = set()
        for d in self.delivers:
            if d["key"] in seen:
                continue
            seen.add(d["key"])
            if d["kind"] == "request" and d["attempt"] == 1 and not d["fallback"] and d["accepted_ms"]:
                yield d

    def waits(self):
        """(attempt, since when it was ready, ms): first attempts from their accept, later ones from when they were due."""
        for d in self.first_attempts():
            yield d, d["accepted_ms"] + IN_FLIGHT_MS * self.slack
        arrivals = collections.defaultdict(list)
        for d in self.delivers:
            if d["key"] in self.ready:
                arrivals[d["key"]].append(d)
        for key, due in self.ready.items():
            at = sorted(due)
            for d in arrivals[key]:
                # Of several the last before it: an attempt that reached nobody was delayed once more.
                n = bisect.bisect_right(at, d["at_us"] / 1000)
                if n > 0:
                    yield d, at[n - 1] + (IN_FLIGHT_MS + DUE_MS) * self.slack
                    at = at[n:]

    def judge_inverted(self):
        """An attempt of a lower class that began at an endpoint while a higher one waited there (I7)."""
        times = collections.defaultdict(list)
        for d in self.delivers:
            times[(d["endpoint"], d["class"])].append(d["at_us"])
        found = []
        for d, since_ms in self.waits():
            if d["class"] not in ("P0", "P1", "P2"):
                continue
            n = 0
            for lower in CLASSES[CLASSES.index(d["class"]) + 1:]:
                at = times.get((d["endpoint"], lower), ())
                n += max(0, bisect.bisect_left(at, d["at_us"] - BATCH_MS * self.slack * 1000) - bisect.bisect_right(at, since_ms * 1000))
            if n > 0:
                found.append("%s %s at %s: %d went before" % (d["class"], d["key"], d["endpoint"], n))
        return found

    def sequences(self):
        """{(request, agency): {sequence: its first arrival}}"""
        made = collections.defaultdict(dict)
        for d in self.delivers:
            if d.get("sequence"):
                made[(d["request_id"], d["agency"])].setdefault(d["sequence"], d)
        return made

    def judge_out_of_order(self):
        """A later message of a request came to an agency before an earlier one; P0 and P1 only after the bound (I10)."""
        found = []
        for (request, agency), first in self.sequences().items():
            for n, d in sorted(first.items()):
                before = first.get(n - 1)
                if before is None or before["at_us"] <= d["at_us"]:
                    continue
                waited = d["at_us"] / 1000 - (before["accepted_ms"] or 0)
                if d["class"] in ("P0", "P1") and waited >= ORDER_MS:
                    continue
                found.append("%s at %s: %d before %d, %.0f ms after that was accepted" % (request, agency, n, n - 1, waited))
        return found

    def judge_gap(self):
        """An agency has a later message of a request and never got an earlier one (I3, I10). What the router says itself, that
        somebody answered, is for the others alone."""
        answered = {(d["request_id"], d["sequence"]) for d in self.delivers if d.get("amendment") == "ANSWERED"}
        found = []
        for (request, agency), first in self.sequences().items():
            missing = [n for n in range(1, max(first)) if n not in first and (request, n) not in answered]
            if missing:
                found.append("%s at %s: %s missing before %d" % (request, agency, missing, max(first)))
        return found

    def judge_held(self):
        """A P0 or P1 amendment or cancel whose first attempt came later than order may hold it back (I10)."""
        home = {(d["request_id"], d["agency"]) for d in self.delivers if d["kind"] == "request" and not d["fallback"]}
        found = []
        for (request, agency), first in self.sequences().items():
            if (request, agency) not in home:  # who comes in later gets everything later
                continue
            for d in first.values():
                if d["kind"] == "request" or d["class"] not in ("P0", "P1") or d["attempt"] > 1:
                    continue
                waited = d["at_us"] / 1000 - d["accepted_ms"]
                if waited > ORDER_MS + PROMISE_MS[d["class"]] * self.slack:
                    found.append("%s at %s: %d after %.0f ms" % (request, agency, d["sequence"], waited))
        return found

    def judge_too_early(self):
        """A citizen read that a person is on it before one was (I9)."""
        first, owner = {}, collections.defaultdict(set)
        for s in self.statuses:
            first[s["request_id"]] = min(s["at_us"], first.get(s["request_id"], s["at_us"]))
        for sender, delivers in self.by_sender.items():
            for d in delivers:
                owner[sender] |= {d["request_id"], d.get("carrier", d["request_id"])}
        speaks, found = phrase_patterns(), []
        for sender, replies in self.replies.items():
            since = min((first[r] for r in owner.get(sender, ()) if r in first), default=None)
            found += ["%s: %r" % (sender, r["text"][:60]) for r in replies
                      if (since is None or r["at_us"] < since) and speaks.search(r["text"])]
        return found

    def judge_silent(self):
        return [self.said[s]["wamid"] for s in self.taken() if s not in self.replies]

    def judge_no_number(self):
        """A reply in an emergency that names nothing to dial (I12)."""
        return [self.said[s]["wamid"] for s in self.taken() if self.said[s]["emergency"] and
                any(not any(c.isdigit() for c in r["text"]) for r in self.replies.get(s, ()))]

    def latencies(self):
        """{(class, what): sorted ms}: from accept, and from when it was due to be said; and to the first reply."""
        made = collections.defaultdict(list)
        for d in self.first_attempts():
            made[(d["class"], "accept-socket")].append(d["at_us"] / 1000 - d["accepted_ms"])
            due = self.said.get(d["sender"], {}).get("due_us")
            if due:
                made[(d["class"], "said-socket")].append((d["at_us"] - due) / 1000)
        for sender, replies in self.replies.items():
            say = self.said.get(sender, {})
            if say.get("due_us"):
                made[(say["class"], "said-reply")].append((min(r["at_us"] for r in replies) - say["due_us"]) / 1000)
        return {k: sorted(v) for k, v in made.items()}


def promise(name, what):
    return (REPLY_MS if what == "said-reply" else PROMISE_MS)[name]


def percentile(values, p):
    """Of sorted values: the smallest that p of all do not pass."""
    return values[max(0, -(-len(values) * p // 100) - 1)] if values else float("nan")


def summary(values):
    """(n, p50, p99, max) of sorted values."""
    return len(values), percentile(values, 50), percentile(values, 99), values[-1] if values else float("nan")


def check(history, backlog=(), late=False, slack=1):
    """backlog: classes whose queue was left undrained on purpose, so that nothing of them counts as
    lost or silent. late: also judge the promised p99 of each class. slack: so many times longer may things be on their way
    (sanitized binaries); what is lost, twice, early or out of order does not depend on it."""
    c = Checker(history.events if isinstance(history, History) else history, backlog, slack)
    latency = c.latencies()
    findings = {"lost": c.judge_lost(), "unexpected": c.judge_unexpected(),
                "second key": c.judge_second_key(), "too early": c.judge_too_early(),
                "inverted": c.judge_inverted(), "silent": c.judge_silent(),
                "no number": c.judge_no_number(), "out of order": c.judge_out_of_order(),
                "gap": c.judge_gap(), "held": c.judge_held(), "late": []}
    for (name, what), values in latency.items():
        if late and what != "said-socket" and percentile(values, 99) > promise(name, what):
            findings["late"].append("%s %s p99 %.0f ms" % (name, what, percentile(values, 99)))
    ends = collections.Counter(s["end"] for s in c.said.values())
    figures = {
        "said": len(c.said), "said more": sum(map(len, c.more.values())), "answered 200": ends["ok"],
        "outcome unknown": ends["info"],
        "refused": ends["fail"], "preloaded": sum(p["count"] for p in c.preloads),
        "delivered": len({d["key"] for d in c.delivers}),
        "copies, same key": len(c.delivers) - len({(d["agency"], d["key"]) for d in c.delivers}),
        "fallbacks": len({d["key"] for d in c.delivers if d["fallback"]}),
        "recovered": sum(1 for s, e in c.said.items() if e["end"] == "info" and s in c.by_sender),
        "replies": sum(len(r) for r in c.replies.values()),
        "latency": [key + summary(v) + (promise(*key),) for key, v in sorted(latency.items())
                    if key[0] in PROMISE_MS],
    }
    return Verdict(findings, figures)


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.stderr.write(__doc__)
        return 2
    history = History()
    for path in sys.argv[1:]:
        history.read(path)
    verdict = check(history)
    verdict.report()
    return 1 if verdict.bad() else 0


if __name__ == "__main__":
    sys.exit(main())

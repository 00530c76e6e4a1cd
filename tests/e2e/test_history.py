#!/usr/bin/env python3
"""test_history - the checker finds each fault planted into a good history, and nothing in the good one.

Environment: SAHAYA_BUILD_DIR: its sahayactl is asked whether mix.tsv says what understanding says.
"""
import copy
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import history  # noqa: E402
import load  # noqa: E402

T = 1_700_000_000_000  # ms
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("SAHAYA_BUILD_DIR", ROOT / "build"))
AGENCY_OF = {"AMBULANCE_108": ["108"], "FIRE_101": ["101"], "HELPLINE_1906": ["1906"], "LPG_LEAK": ["101", "1906"]}
COMPANIES = ("indane", "hp-gas", "bharatgas")


def say(sender, agencies, name="P0", end="ok"):
    common = {"op": "say", "sender": sender, "wamid": "wamid." + sender, "process": "test"}
    made = [dict(common, type="invoke", agencies=agencies, emergency=name < "P3", due_us=T * 1000, **{"class": name})]
    return made + ([dict(common, type=end, status=200 if end == "ok" else 0)] if end else [])


def deliver(sender, agency, at_ms, name="P0", **more):
    made = {"op": "deliver", "type": "ok", "sender": sender, "agency": agency, "endpoint": agency + "-a",
            "key": "k-%s-%s" % (sender, agency), "message_id": "m-" + sender, "request_id": "r-" + sender,
            "kind": "request", "class": name, "attempt": 1, "accepted_ms": T, "fallback": False,
            "at_us": (T + at_ms) * 1000}
    made.update(more)
    return made


def reply(sender, text, at_ms):
    return {"op": "reply", "type": "ok", "to": sender, "text": text, "at_us": (T + at_ms) * 1000}


def status(sender, agency, at_ms):
    return {"op": "status", "type": "ok", "request_id": "r-" + sender, "agency": agency, "state": "ACKNOWLEDGED",
            "at_us": (T + at_ms) * 1000}


def good():
    return (say("1", ["108"]) + say("2", ["101", "1906"], "P1") + say("3", ["indane"], "P4") + say("4", ["108"], end=None) +
            [deliver("1", "108", 3), deliver("2", "101", 4, "P1"), deliver("2", "1906", 5, "P1"),
             deliver("2", "1906", 900, "P1", attempt=2),  # sent again under the same key
             deliver("2", "112", 6500, "P1", fallback=True), deliver("3", "indane", 6, "P4"), deliver("4", "108", 8),
             status("1", "108", 400), reply("1", "We have your message. Call 108.", 2),
             reply("1", "A person at 108 is handling it. Call 108.", 410),
             reply("2", "మీ సందేశం మాకు అందింది. 101", 3), reply("3", "We have your message.", 3)])


def more(sender, words, end="ok"):
    common = {"op": "more", "sender": sender, "wamid": "wamid.%s.%s" % (sender, words), "words": words, "process": "test"}
    return [dict(common, type="invoke"), dict(common, type=end)]


def amendment(sender, agency, sequence, at_ms, accepted_ms=0, name="P0", **more):
    return deliver(sender, agency, at_ms, name, kind="amendment", sequence=sequence, words="words %d" % sequence,
                   key="k-%s-%s-%d" % (sender, agency, sequence), message_id="m-%s-%d" % (sender, sequence),
                   accepted_ms=T + accepted_ms, **more)


def talk(name="P0", words=(2, 3, 4)):
    """A citizen who says more, each second."""
    made = say("5", ["108"], name) + [deliver("5", "108", 3, name, sequence=1), reply("5", "Call 108.", 2)]
    for n in words:
        made += more("5", "words %d" % n) + [amendment("5", "108", n, 1000 * n + 5, 1000 * n, name)]
    return made


def swap(events, a, b):
    """The arrivals of two sequences, one for the other."""
    rows = {e["sequence"]: e for e in events if e["op"] == "deliver" and e.get("sequence") in (a, b)}
    rows[a]["at_us"], rows[b]["at_us"] = rows[b]["at_us"], rows[a]["at_us"]


def planted(change):
    events = good()
    change(events)
    return history.check(events).findings


def without(op, **match):
    def change(events):
        events[:] = [e for e in events if not (e["op"] == op and all(e.get(k) == v for k, v in match.items()))]
    return change


FAULTS = [  # what is found, how it is planted, how often
    ("lost", lambda e: e.extend(say("8", ["108"]) + [reply("8", "Call 108.", 2)]), 1),
    ("lost", without("deliver", sender="2", agency="1906"), 1),
    ("unexpected", lambda e: e.append(deliver("9", "108", 9)), 1),
    ("unexpected", lambda e: e.append(deliver("1", "108", 9, request_id="another", key="k-1-108")), 1),
    ("unexpected", lambda e: e.append(deliver("1", "100", 9)), 1),
    ("unexpected", lambda e: e.extend(say("5", ["108"], end="fail") + [deliver("5", "108", 9)]), 1),
    ("second key", lambda e: e.append(deliver("1", "108", 9, key="another")), 1),
    ("inverted", lambda e: e.extend(say("6", ["108"], "P4") + say("7", ["108"]) + [
        reply("6", "1", 1), reply("7", "1", 1), deliver("6", "108", 300, "P4"), deliver("7", "108", 400)]), 1),
    ("inverted", lambda e: e.extend(say("6", ["108"], "P2") + say("7", ["108"]) + [
        reply("6", "1", 1), reply("7", "1", 1), deliver("6", "108", 300, "P2"), deliver("7", "108", 400)]), 1),
    ("inverted", lambda e: e.extend(say("6", ["108"], "P1") + [
        reply("6", "1", 1), {"op": "ready", "type": "info", "key": "k-1-108", "at_ms": T + 1000},
        deliver("6", "108", 1400, "P1", accepted_ms=T + 1390), deliver("1", "108", 1500, attempt=2)]), 1),
    ("lost", lambda e: e.extend(talk() + more("5", "words 9")), 1),
    ("gap", lambda e: e.extend(talk(words=(2, 4))), 1),
    ("out of order", lambda e: (e.extend(talk("P2")), swap(e, 3, 4)), 1),
    ("out of order", lambda e: (e.extend(talk("P0")), swap(e, 3, 4)), 1),
    ("held", lambda e: e.extend(talk() + [amendment("5", "108", 5, 7300, 5000)]), 1),
    ("too early", lambda e: e.append(reply("1", "A person at 108 is handling it. Call 108.", 399)), 1),
    ("too early", without("status"), 1),
    ("too early", lambda e: e.append(reply("2", "101లో ఒక వ్యక్తి దీన్ని చూస్తున్నారు. 101", 50)), 1),
    ("silent", without("reply", to="3"), 1),
    ("no number", lambda e: e.append(reply("1", "We have your message.", 4)), 1),
]


class Checker(unittest.TestCase):
    def test_a_good_history_has_no_finding(self):
        verdict = history.check(good(), late=True)
        self.assertEqual({k: v for k, v in verdict.findings.items() if v}, {})
        self.assertFalse(verdict.bad())
        wanted = {"said": 4, "answered 200": 3, "outcome unknown": 1, "recovered": 1, "copies, same key": 1, "fallbacks": 1}
        self.assertEqual({k: verdict.figures[k] for k in wanted}, wanted)

    def test_each_planted_fault_is_found_and_only_that_one(self):
        for name, change, times in FAULTS:
            findings = planted(change)
            self.assertEqual(len(findings[name]), times, (name, findings))
            for other in set(findings) - {name}:
                self.assertEqual(findings[other], [], (name, other))

    def test_only_what_must_never_be_makes_the_run_fail(self):
        for name, change, _ in FAULTS:
            events = good()
            change(events)
            self.assertEqual(history.check(events).bad(), name in history.FATAL, name)

    def test_what_was_in_flight_when_the_emergency_came_is_no_inversion(self):
        events = say("6", ["108"], "P4") + say("7", ["108"]) + [
            deliver("6", "108", history.IN_FLIGHT_MS - 1, "P4"), deliver("7", "108", history.IN_FLIGHT_MS + 50)]
        self.assertEqual(history.check(events).findings["inverted"], [])

    def test_what_was_leased_together_arrives_in_any_order(self):
        events = say("6", ["108"], "P2") + say("7", ["108"], "P1") + [
            deliver("6", "108", 700, "P2"), deliver("7", "108", 700 + history.BATCH_MS, "P1")]
        self.assertEqual(history.check(events).findings["inverted"], [])

    def test_order_gives_way_to_an_emergency_after_its_bound(self):
        for waited, found in ((history.ORDER_MS - 1, 1), (history.ORDER_MS, 0)):
            events = talk("P1") + [amendment("5", "108", 5, 9000, 5000, "P1"), amendment("5", "108", 6, 5000 + waited, 5500, "P1")]
            self.assertEqual(len(history.check(events).findings["out of order"]), found, waited)

    def test_what_reached_nobody_and_was_delayed_again_was_not_waiting_meanwhile(self):
        ready = [{"op": "ready", "type": "info", "key": "k-7-108", "at_ms": T + at} for at in (1000, 5000)]
        events = say("6", ["108"], "P4") + say("7", ["108"]) + ready + [
            deliver("7", "108", 3), deliver("6", "108", 3000, "P4"), deliver("7", "108", 5010, attempt=3)]
        self.assertEqual(history.check(events).findings["inverted"], [])

    def test_an_agency_that_comes_in_later_is_not_held_back_by_order(self):
        events = talk() + [deliver("5", "112", 9000, sequence=1, fallback=True)] + [
            amendment("5", "112", n, 9000 + n, 1000 * n) for n in (2, 3, 4)]
        self.assertEqual({k: v for k, v in history.check(events).findings.items() if v}, {})

    def test_a_linked_report_comes_inside_anothers_request(self):
        linked = {"sender": "6", "request_id": "r-6", "message_id": "m-6", "kind": "request", "words": "fire"}
        carries = amendment("5", "108", 2, 500, 400, amendment="REPORTS", reports=[linked])
        carries.update(sender="", words=None)
        events = talk(words=()) + say("6", ["108"]) + [reply("6", "Call 108.", 2), carries, status("5", "108", 600),
                                                       reply("6", "A person at 108 is handling it. Call 108.", 700)]
        self.assertEqual({k: v for k, v in history.check(events).findings.items() if v}, {})
        linked["sender"] = "7"  # another, whom nobody knows
        found = history.check(events).findings
        self.assertEqual((len(found["lost"]), len(found["unexpected"]), len(found["too early"])), (1, 1, 1))

    def test_who_answered_is_not_told_that_somebody_has(self):
        events = talk(words=(2, 4)) + [deliver("5", "112", 2000 + n, sequence=n, fallback=n == 1, key="k%d" % n, message_id="m%d" % n,
                                              kind="request" if n == 1 else "amendment", words="words %d" % n,
                                              amendment="ANSWERED" if n == 3 else "TEXT") for n in (1, 2, 3, 4)]
        self.assertEqual(history.check(events).findings["gap"], [])

    def test_late_is_judged_only_when_asked(self):
        events = say("1", ["108"]) + [deliver("1", "108", history.PROMISE_MS["P0"] + 1), reply("1", "108", 1)]
        self.assertEqual(history.check(events).findings["late"], [])
        self.assertEqual(len(history.check(events, late=True).findings["late"]), 1)
        events = say("1", ["108"]) + [deliver("1", "108", 3), reply("1", "108", history.REPLY_MS["P0"] + 1), reply("1", "108", 9000)]
        self.assertEqual(len(history.check(events, late=True).findings["late"]), 1)

    def test_preloaded_messages_are_expected_and_counted(self):
        events = [{"op": "preload", "type": "ok", "prefix": "95", "count": 3, "class": "P4"},
                  deliver("9500000001", "indane", 5, "P4"), deliver("9500000003", "indane", 6, "P4")]
        self.assertEqual(len(history.check(events).findings["lost"]), 1)
        self.assertFalse(history.check(events, backlog=["P4"]).bad())
        events.append(deliver("9500000004", "indane", 7, "P4"))  # one more than were put in
        self.assertEqual(len(history.check(events).findings["unexpected"]), 1)

    def test_a_history_survives_its_file(self):
        made = history.History(good())
        made.add("kill", "info", victim="redis-bulk")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "history")
            made.write(path)
            again = history.History().read(path)
        self.assertEqual(again.events, made.events)
        before = copy.deepcopy(made.events)
        history.check(made)
        self.assertEqual(made.events, before)

    def test_percentiles_are_of_the_values_themselves(self):
        self.assertEqual([history.percentile(list(range(1, 101)), p) for p in (50, 99, 100)], [50, 99, 100])
        self.assertEqual(history.percentile([7], 99), 7)


class Mix(unittest.TestCase):
    @unittest.skipUnless((BUILD / "bin" / "sahayactl").exists(), "sahayactl is not built")
    def test_understanding_gives_each_saying_the_class_and_agencies_of_the_mix(self):
        rows = load.read_mix()
        rows += [dict(r, words=load.own(r["words"], n)) for n in (1, 480001, 99999999) for r in rows]  # as bench_load says them
        out = subprocess.run([BUILD / "bin" / "sahayactl", "triage", "--lexicon", ROOT / "adapters/common/phrases/lexicon",
                              "--policy", ROOT / "deploy/etc/policy.yaml"], input="\n".join(r["words"] for r in rows) + "\n",
                             capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines()
        self.assertEqual(len(out), len(rows))
        for row, line in zip(rows, out):
            service, priority, additional, _, _ = line.split("\t")
            self.assertEqual(priority, row["class"], row["words"])
            if service == "LPG_BOOKING":
                self.assertTrue(set(row["agencies"]) <= set(COMPANIES), row["words"])
                continue
            services = [service] + ([] if additional == "-" else additional.split(","))
            self.assertEqual(sorted({a for s in services for a in AGENCY_OF[s]}), sorted(row["agencies"]), row["words"])


if __name__ == "__main__":
    unittest.main()

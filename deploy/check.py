#!/usr/bin/env python3
"""check - plays a set of citizens against one whole Sahaya and judges what agencies and citizens got.

Owns:    the table of citizens and what each must bring about; the verdicts.
Used by: deploy/run --check. Exit 0 when every row is good, else 1.
Never:   touches the state of a running Sahaya: free ports, a fresh folder, which is kept after a
         failure.
"""
import os
import re
import sys
import time
import unicodedata

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import lab as lab_module  # noqa: E402
from lab import Lab, LabError  # noqa: E402

PERSON_MS, STEP_MS = 600, 150
P0_MESSAGES, P0_GOAL_MS, P0_PROMISE_MS = 50, 20, 250
QUIET_S = 0.4  # no reply for so long: the citizen has heard everything

SCRIPT_OF = {"te": "TELUGU", "te-Latn": "TELUGU", "hi": "DEVANAGARI", "hi-Latn": "DEVANAGARI",
             "ur": "ARABIC", "ur-Latn": "ARABIC", "en": "LATIN"}

# What only a person at the agency may bring about: each language's words for "help is coming".
COMING = {
    "en": ["on the way", "on its way", "is coming", "are coming", "has set out", "dispatched",
           "will arrive", "will reach", "has assigned", "has been sent", "help is near"],
    "te": ["బయలుదేరింది", "బయలుదేరారు", "వస్తోంది", "వస్తున్నారు", "వస్తుంది", "కేటాయించింది",
           "పంపించాం", "పంపాం", "చేరుకుంటుంది"],
    "hi": ["रवाना", "आ रही", "आ रहा", "आ रहे", "निकल", "तय कर दी", "भेज दी", "भेजी जा",
           "पहुँच रही", "पहुँचेगी"],
    "ur": ["روانہ", "آ رہی", "آ رہا", "آ رہے", "نکل", "مقرر کر دی", "بھیج دی", "بھیجی جا",
           "پہنچ رہی", "پہنچے گی"],
}


class Bad(Exception):
    """What a citizen's row is wrong in."""


# ---- one citizen


class Citizen:
    """A sender, what he wrote when, and what came of it."""

    def __init__(self, lab, number, row):
        self.lab, self.number, self.row = lab, number, row
        self.mark = lab.mark()
        self.first_us = None
        self.wamids = []

    def says(self, words, **more):
        self.first_us = self.first_us or time.time_ns() // 1000
        self.wamids.append(self.lab.say(self.number, words, **more))

    def sends_pin(self, lat, lon):
        self.lab.send_pin(self.number, lat, lon)

    def deliveries(self, **match):
        rows = self.lab.received(self.mark["received"], **match)
        return [r for r in rows if str(r["body"].get("citizen", {}).get("callback", ""))
                .lstrip("+") == self.number]

    def replies(self):
        return self.lab.sent(self.mark["sent"], to=self.number)

    def wait_delivery(self, agency, kind="request", timeout=5, where=lambda row: True):
        return self.lab.wait(lambda: [r for r in self.deliveries(agency=agency, kind=kind)
                                      if where(r)],
                             timeout, "%s at %s" % (kind, agency))[0]

    def wait_state(self, agency, state, timeout=8):
        """A person at the agency has reported it, and the router has taken it."""
        ids = {r["request_id"] for r in self.deliveries(agency=agency)}
        return self.lab.wait(lambda: [s for s in self.lab.statuses(agency=agency, state=state)
                                      if s["request_id"] in ids],
                             timeout, "%s reports %s" % (agency, state))[0]

    def wait_reply(self, text, timeout=5):
        """A reply that holds this text; returns it."""
        return self.lab.wait(lambda: [r for r in self.replies() if text in r["text"]], timeout,
                             "a reply with \"%s\"" % text)[0]

    def wait_quiet(self):
        n, since, quiet_s = -1, time.monotonic(), QUIET_S * lab_module.slowness()
        while time.monotonic() - since < quiet_s:
            now = len(self.replies())
            if now != n:
                n, since = now, time.monotonic()
            time.sleep(0.05)

    def first_accept_us(self):
        """When a person first took any of the citizen's requests; far ahead when nobody did."""
        ids = {r["request_id"] for r in self.deliveries()}
        return min((s["at_us"] for s in self.lab.statuses() if s["request_id"] in ids),
                   default=1 << 62)


def phrase(language, key, **values):
    """A text of ours as it is written in the data files."""
    path = os.path.join(ROOT, "adapters", "common", "phrases", "replies", language + ".yaml")
    with open(path, encoding="utf-8") as f:
        found = re.search(r'^%s: "((?:[^"\\]|\\.)*)"' % re.escape(key), f.read(), re.M)
    if not found:
        raise Bad("%s has no text %s" % (path, key))
    text = found.group(1).replace('\\"', '"')
    for name, value in values.items():
        text = text.replace("{%s}" % name, value)
    return text


# ---- what must hold for everybody


def script_counts(text):
    counts = {}
    for char in text:
        if char.isalpha():
            name = unicodedata.name(char, "?").split()[0]
            counts[name] = counts.get(name, 0) + 1
    return counts


def judge_language(citizen, reply, language):
    """Most letters are of the language's script; names and numbers in Latin letters may stand in
    it; a third script may not."""
    counts = script_counts(reply["text"])
    wanted = SCRIPT_OF[language]
    others = [s for s in counts if s not in (wanted, "LATIN")]
    if others or counts.get(wanted, 0) * 2 <= sum(counts.values()):
        raise Bad("a reply is not in %s: %r" % (language, reply["text"][:60]))


def judge_numbers(citizen, reply, dial):
    if not any(re.search(r"(?<!\d)%s(?!\d)" % n, reply["text"]) for n in dial):
        raise Bad("a reply gives none of %s to dial: %r" % (dial, reply["text"][:60]))


def judge_honesty(citizen, reply, accept_us):
    if reply["at_us"] >= accept_us:
        return
    for words in COMING.values():
        for word in words:
            if word in reply["text"].lower():
                raise Bad("\"%s\" was said before a person accepted: %r" % (
                    word, reply["text"][:60]))


def judge_once(citizen):
    keys = [r["body"]["biz_opaque_callback_data"] for r in citizen.replies()
            if "biz_opaque_callback_data" in r["body"]]
    if len(set(keys)) != len(keys):
        raise Bad("a reply was sent twice")


def judge_agencies(citizen, expected):
    """Exactly these agencies got a request, each under one key."""
    rows = citizen.deliveries(kind="request")
    got = sorted({r["agency"] for r in rows})
    if got != sorted(expected):
        raise Bad("expected at %s, got at %s" % (" ".join(sorted(expected)) or "none",
                                                 " ".join(got) or "none"))
    for agency in got:
        if len({r["key"] for r in rows if r["agency"] == agency}) > 1:
            raise Bad("%s got the request under several keys" % agency)


def judge(citizen):
    row = citizen.row
    judge_agencies(citizen, row["agencies"])
    replies = citizen.replies()
    if not replies:
        raise Bad("no reply at all")
    accept_us = citizen.first_accept_us()
    for reply in replies:
        judge_language(citizen, reply, row["language"])
        judge_honesty(citizen, reply, accept_us)
        if row.get("dial"):
            judge_numbers(citizen, reply, row["dial"])
    judge_once(citizen)


# ---- what they do: each has written already, and his agencies have the request


def sends_a_pin(citizen):
    citizen.sends_pin(17.385, 78.4867)
    row = citizen.wait_delivery("108", "amendment",
                                where=lambda r: r["body"].get("amendment") == "PLACE")
    place = row["body"]["places"][0]
    if abs(place["lat"] - 17.385) > 1e-4 or abs(place["lon"] - 78.4867) > 1e-4:
        raise Bad("108 got another place: %r" % place)


def goes_to_the_end(citizen):
    for agency in citizen.row["agencies"]:
        citizen.wait_state(agency, "CLOSED")


def asks_something(citizen):
    replies = citizen.replies()
    if not any(re.search(r"[?؟]", r["text"]) or lab_module.reply_choices(r["body"])
               for r in replies):
        raise Bad("no question was asked")


def gets_a_booking(citizen):
    """Number and price reach the citizen."""
    citizen.wait_state("indane", "BOOKED")
    citizen.wait_reply("BK-indane-")


def smells_gas(citizen):
    """Within the booking: two requests in the emergency lane, and the booking waits."""
    booked = citizen.deliveries(agency="indane", kind="request")
    citizen.says("intlo gas vasana vastondi, bhayam ga undi")
    for agency in ("101", "1906"):
        row = citizen.wait_delivery(agency)
        if not row["request_id"].startswith("E"):
            raise Bad("%s got it in the wrong lane: %s" % (agency, row["request_id"]))
    if booked:
        citizen.wait_delivery("indane", "amendment",
                              where=lambda r: r["body"].get("amendment") == "PAUSE")


def asks_for_the_state(citizen):
    citizen.wait_state("108", "ACKNOWLEDGED")
    citizen.wait_quiet()
    before = len(citizen.replies())
    citizen.says("what is the status?")
    answer = citizen.lab.wait(lambda: citizen.replies()[before:], 5, "an answer")[0]
    if phrase("en", "event.acknowledged", agency="108") not in answer["text"]:
        raise Bad("the state told is not the true one: %r" % answer["text"][:80])


def cancels(citizen):
    citizen.wait_state("108", "ACKNOWLEDGED")
    citizen.says("ambulance not needed now")
    citizen.wait_delivery("108", "amendment")  # the words go on; a cancel is asked back first
    citizen.wait_reply(phrase("en", "cancel.sure", agency="108").split("?")[0])
    citizen.says("yes")
    citizen.wait_delivery("108", "cancel")
    citizen.wait_reply(phrase("en", "cancel.asked", agency="108").split(".")[0])
    confirmed = citizen.wait_state("108", "CANCELLED")
    reply = citizen.wait_reply(phrase("en", "event.cancelled", agency="108"))
    if reply["at_us"] < confirmed["at_us"]:
        raise Bad("told as cancelled before the agency said so")


def was_sent_five_times(citizen):
    """The platform sends the same webhook again, as it may."""
    for _ in range(4):
        citizen.says(citizen.row["says"], wamid=citizen.wamids[0])
    citizen.wait_state("101", "CLOSED")
    citizen.wait_quiet()
    rows = citizen.deliveries(kind="request")
    if len(rows) != 1:
        raise Bad("101 got it %d times" % len(rows))
    texts = [r["text"] for r in citizen.replies()]
    if len(set(texts)) != len(texts):
        raise Bad("a reply came twice")


# `agencies` get the request; every reply names one of `dial`; `steps` is how far the agency goes.
TAKEN = ["ACKNOWLEDGED"]
CITIZENS = [
    {"who": "chest pain, with a pin", "language": "te", "agencies": ["108"], "dial": ["108"],
     "says": "మా నాన్నకి ఛాతీ నొప్పి వస్తోంది, త్వరగా అంబులెన్స్ పంపండి", "does": [sends_a_pin, goes_to_the_end]},
    {"who": "labour pains", "language": "hi", "agencies": ["108"], "dial": ["108"],
     "says": "मेरी पत्नी को प्रसव पीड़ा हो रही है, जल्दी एम्बुलेंस भेजो", "does": [goes_to_the_end]},
    {"who": "ride to a check-up", "language": "hi", "agencies": ["102"],
     "says": "कल सुबह गर्भवती चेकअप के लिए 102 गाड़ी चाहिए", "does": [goes_to_the_end]},
    {"who": "house on fire", "language": "ur", "agencies": ["101"], "dial": ["101"],
     "says": "ہمارے گھر میں آگ لگ گئی ہے", "does": [goes_to_the_end]},
    {"who": "books a cylinder", "language": "en", "agencies": ["indane"],
     "says": "I want to book an Indane gas cylinder", "does": [gets_a_booking, goes_to_the_end]},
    {"who": "smells gas while booking", "language": "te-Latn",
     "agencies": ["indane", "101", "1906"], "steps": ["BOOKED", "ACKNOWLEDGED"],
     "says": "Indane gas cylinder book cheyandi", "first": ["indane"], "does": [smells_gas]},
    {"who": "writes only \"help\"", "language": "en", "agencies": ["112"], "dial": ["112"],
     "says": "help", "does": [asks_something]},
    {"who": "lost child", "language": "en", "agencies": ["112", "1098"],
     "dial": ["112", "1098"], "says": "my 5 year old child is lost in the market",
     "does": [goes_to_the_end]},
    {"who": "cyber fraud", "language": "en", "agencies": ["1930"], "dial": ["1930"],
     "says": "I lost 50000 rupees in an online UPI fraud, money gone from my account",
     "does": [goes_to_the_end]},
    {"who": "same webhook five times", "language": "en", "agencies": ["101"], "dial": ["101"],
     "says": "fire in the shop opposite the bus stand", "does": [was_sent_five_times]},
    {"who": "asks for the state", "language": "en", "agencies": ["108"], "dial": ["108"],
     "steps": TAKEN, "says": "my mother has chest pain, send an ambulance",
     "does": [asks_for_the_state]},
    {"who": "cancels", "language": "en", "agencies": ["108"], "dial": ["108"], "steps": TAKEN,
     "says": "my brother fell and broke his leg, send an ambulance", "does": [cancels]},
]


def play(lab, number, row):
    """The row's verdict: (good, latency in ms or None, replies, text)."""
    behaviour = {"steps": row["steps"]} if "steps" in row else {}
    lab.behave("*", person_after_ms=PERSON_MS, step_ms=STEP_MS, **behaviour)
    citizen = Citizen(lab, number, row)
    latency = None
    try:
        citizen.says(row["says"])
        for agency in row.get("first", row["agencies"]):
            at_us = citizen.wait_delivery(agency)["at_us"]
            latency = max(latency or 0, (at_us - citizen.first_us) / 1000)
        for step in row["does"]:
            step(citizen)
        citizen.wait_quiet()
        judge(citizen)
        return True, latency, len(citizen.replies()), ""
    except (Bad, LabError) as wrong:
        return False, latency, len(citizen.replies()), str(wrong)


def width(text):
    """Columns on a terminal: marks above and below a letter take none."""
    return sum(unicodedata.category(c) not in ("Mn", "Me", "Cf") for c in text)


def cell(text, n):
    while width(text) > n:
        text = text[:-1]
    return text + " " * (n - width(text))


def print_row(good, row, got, latency, replies, why):
    print("%-4s %s %s %s %-18s %-8s %s%s" % (
        "ok" if good else "BAD", cell(row["who"], 25), cell(row["says"], 34),
        cell(" ".join(row["agencies"]), 15), got,
        "%d %s" % (replies, row["language"]),
        "-" if latency is None else "%.1f ms" % latency, "   " + why if why else ""))


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


def measure_p0(lab):
    """From the start of the webhook's POST to the agency's socket, nothing else going on."""
    lab.behave("*", mode="machine_only")
    mark, started = lab.mark(), {}
    for i in range(P0_MESSAGES):
        number = "9190001%05d" % i
        started["+" + number] = time.time_ns() // 1000
        lab.say(number, "my father is not breathing")
        time.sleep(0.05)

    def all_there():
        rows = lab.received(mark["received"], kind="request", agency="108")
        first = {}
        for r in rows:
            first.setdefault(r["body"].get("citizen", {}).get("callback"), r)
        return first if set(started) <= set(first) else None
    try:
        first = lab.wait(all_there, 10, "all P0 messages at 108")
    except LabError as wrong:
        print("BAD  P0: %s" % wrong)
        return False
    wrong = {r["priority"] for r in first.values()} - {"P0"}
    took = [(first[c]["at_us"] - at) / 1000 for c, at in started.items()]
    median, worst = percentile(took, 50), percentile(took, 99)
    good = not wrong and (worst < P0_PROMISE_MS or lab.sanitized)
    print("%-4s P0, webhook to agency, idle, %d messages: median %.1f ms, p99 %.1f ms "
          "(goal %d ms %s, promise %d ms)%s" % (
              "BAD" if not good else "told" if lab.sanitized else "ok", P0_MESSAGES, median, worst, P0_GOAL_MS,
              "met" if worst < P0_GOAL_MS else "MISSED", P0_PROMISE_MS,
              "; ranked %s" % wrong if wrong else ""))
    return good


def check(lab):
    n_bad = 0
    print("%-4s %-25s %-34s %-15s %-18s %-8s %s" % (
        "", "citizen", "says", "expected at", "got at", "replies", "to the agency"))
    for i, row in enumerate(CITIZENS):
        number = "91900000%04d" % (i + 1)
        good, latency, replies, why = play(lab, number, row)
        got = sorted({r["agency"] for r in lab.received(kind="request")
                      if r["body"].get("citizen", {}).get("callback") == "+" + number})
        print_row(good, row, " ".join(got) or "-", latency, replies, why)
        sys.stdout.flush()
        n_bad += not good
    n_bad += not measure_p0(lab)
    refused = lab.refused()
    if refused:
        n_bad += 1
        print("BAD  the stand-in refused %d messages of ours, first: %r" % (
            len(refused), refused[0]))
    return n_bad


def main():
    lab = Lab(build_dir=os.environ.get("SAHAYA_BUILD_DIR"))
    try:
        lab.start()
        n_bad = check(lab)
        lab.keep = n_bad > 0
    except (LabError, OSError) as wrong:
        lab.keep = True
        print("BAD  %s" % wrong)
        n_bad = 1
    finally:
        lab.stop()
    if n_bad:
        print("%d bad; logs and settings are kept in %s" % (n_bad, lab.state_dir))
    else:
        print("all good")
    return 1 if n_bad else 0


if __name__ == "__main__":
    sys.exit(main())

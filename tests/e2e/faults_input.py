"""faults_input - bytes that nobody should send, beside good ones (F18).

See fault_run.py for how a run is written.
"""
import json
import time

import fault_run
import lab


def bad_bodies(n):
    """Name, bytes, signature; and of the two that a citizen can still be helped from, the message."""
    broken, nul = (lab.text("9199%08d" % (2 * n + i), "house on fire WHAT") for i in (0, 1))
    body = [json.dumps(lab.envelope(m)).encode() for m in (broken, nul)]
    shape = {"object": "whatsapp_business_account",
             "entry": [{"changes": [{"field": "messages", "value": {"messages": [{}, 7, None]}}]}]}
    yield "64 MB", b'{"a":"' + b"x" * (64 << 20) + b'"}', None, None
    yield "deep", b"[" * 100000, None, None
    yield "deep objects", b'{"a":' * 50000, None, None
    yield "bad UTF-8", body[0].replace(b"WHAT", b"\xff\xfe\xc0\x80"), None, broken
    yield "NUL", body[1].replace(b"WHAT", b"\\u0000"), None, nul
    yield "cut", body[0][:-7], None, None
    yield "empty", b"", None, None
    yield "unsigned", body[0], "sha256=" + "0" * 64, None
    yield "wrong shape", json.dumps(shape).encode(), None, None


@fault_run.fault("F18")
def f18(run):
    """bad bodies beside good ones: processes live, neighbours arrive"""
    names = ("whatsapp", "router-emergency", "router-bulk")
    pids = [run.world.pid(n) for n in names]
    stream, rounds, answers = run.stream(20), 0, {}
    until = time.monotonic() + int(8 * run.scale)
    while time.monotonic() < until:
        rounds += 1
        for name, body, signature, made in bad_bodies(rounds):
            try:
                answers[name] = run.world.post_raw(body, signature)
            except (OSError, lab.http.client.HTTPException) as error:
                answers[name] = type(error).__name__
                run.world.connection(run.world.webhook_port).close()
            if made:
                same = {"sender": made["from"], "wamid": made["id"]}
                run.history.add("say", "invoke", emergency=True, agencies=["101"], **{"class": "P1"}, **same)
                run.history.add("say", "ok" if answers[name] == 200 else "info", **same)
            time.sleep(0.02)
    run.expect(stream.stop(), "every good message was taken beside %d rounds of bad ones" % rounds)
    print("  answers: %s" % answers)
    run.expect(answers["64 MB"] != 200 and answers["unsigned"] == 401, "too large is not taken, unsigned is 401")
    run.expect(answers["bad UTF-8"] == 200 and answers["NUL"] == 200, "a broken letter in the words does not lose a message")
    run.expect([run.world.pid(n) for n in names] == pids, "no process was started again")
    run.fatal("late")
    run.late = True
    return run.judge()

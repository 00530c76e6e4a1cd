#!/usr/bin/env python3
"""kill - kill -9 of router, adapter and Redis at random moments under a stream of citizens.

Usage: kill.py [--rounds 30] [--seed N] [--rate 20]
Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).

A round kills one process (never the stand-in, which is the witness) somewhere in the stream; deploy/run starts
it again. A webhook that is not answered 200 is sent again under the same id, as the platform does. At the end,
when everything has healed, the checker (tests/lib/history.py) judges; all of these must be 0:

  lost        a message answered 200 whose agencies never got its request (I1, I4)
  second key  one message at one agency under more than one idempotency key (I6)
  unexpected  a delivery of a request nobody made, or two requests for one message
  too early   a citizen read that a person is on it before a person was (I9)
  silent      a citizen who got no reply;   no number   an emergency reply without a number to dial (I12)
"""
import argparse
import os
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import history  # noqa: E402
import lab  # noqa: E402
import load  # noqa: E402

VICTIMS = ["router-emergency", "router-bulk", "whatsapp", "redis-emergency", "redis-bulk", "redis-whatsapp"]
FATAL = history.FATAL + ("silent", "no number")
BARE_HELP = {"weight": 5, "class": "P1", "emergency": True, "agencies": ["112"], "words": "help"}


def judge(world, said):
    return history.check(history.History(said.events).add_world(world))


def heal(world, stream, said):
    """False when something was never taken. What is still on its way gets a minute."""
    print("healing", flush=True)
    taken = stream.stop()
    try:
        world.wait(lambda: not any(judge(world, said).findings[k] for k in ("lost", "silent")), 60,
                   "every request at its agencies and every citizen answered")
    except lab.LabError as error:
        print("  " + str(error))
    time.sleep(2)
    return taken


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--rounds", type=int, default=30)
    args.add_argument("--seed", type=int, default=int(time.time()))
    args.add_argument("--rate", type=float, default=20)
    args = args.parse_args()
    chance = random.Random(args.seed)
    print("kill: %d rounds, seed %d" % (args.rounds, args.seed), flush=True)
    with lab.Lab(build_dir=os.environ.get("SAHAYA_BUILD_DIR"), step_ms=200) as world:
        said = history.History()
        stream = load.Stream(world, said, load.read_mix() + [BARE_HELP], args.rate, args.seed)
        stream.start()
        for n in range(args.rounds):
            time.sleep(chance.uniform(0.05, 0.8))
            victim = chance.choice(VICTIMS)
            said.add("kill", "info", victim=victim)
            world.kill(victim)
            print("  round %2d: killed %-17s said %d, sent again %d" % (n + 1, victim, stream.said, stream.again), flush=True)
        time.sleep(1)
        taken = heal(world, stream, said)
        verdict = judge(world, said)
        verdict.report(fatal=FATAL)
        bad = verdict.bad(FATAL) or not taken or not verdict.figures["said"]
        if not taken:
            print("  messages were never taken")
        if bad:
            sys.stderr.write(world.logs(40))
        print("kill: %s" % ("FAILED" if bad else "good"))
        return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

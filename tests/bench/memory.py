#!/usr/bin/env python3
"""memory - what a waiting booking costs: bytes in Redis (beside the audit stream, which is bounded), in its AOF, in the router.

Usage: memory.py [--steps 10000,30000,100000] [--envelope 400] [--result FILE]
--envelope: bytes of each request as it travels; 0 takes the sayings of mix.tsv as they are.
Environment: SAHAYA_BUILD_DIR (default: build; take one without sanitizers).
"""
import argparse
import json
import sys
import time

import rig
import flood
import history as history_module
import lab


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", default="10000,30000,100000", help="queued in all, rising")
    parser.add_argument("--envelope", type=int, default=400)
    parser.add_argument("--result", metavar="FILE", help="add a line of JSON")
    args = parser.parse_args()
    begin, judge = time.monotonic(), flood.Judge()
    steps = [int(s) for s in args.steps.split(",")]
    if sorted(set(steps)) != steps or steps[0] < 1:
        raise SystemExit("memory.py: --steps must rise")
    with lab.Lab(build_dir=str(rig.BUILD), env={"SAHAYA_REDIS_MAXMEMORY": flood.REDIS_MEMORY}) as world:
        flood.companies(world, mode="hang")
        base, done = rig.redis_info(world, "bulk"), 0
        print("%9s %14s %14s %14s %12s %14s" % ("queued", "Redis B/msg", "audit B/msg", "AOF B/msg", "bulk MiB", "emergency MiB"))
        for i, count in enumerate(steps):
            rig.preload(world, history_module.History(), count - done, prefix="91%02d" % (50 + i), seed=i + 1,
                        envelope=args.envelope)
            done = count
            now = rig.redis_info(world, "bulk")
            audit = rig.audit_bytes(world, "bulk")
            print("%9d %14.0f %14.0f %14.0f %12.1f %14.1f" % (
                count, (int(now["used_memory"]) - int(base["used_memory"]) - audit) / count, audit / count,
                (int(now["aof_current_size"]) - int(base["aof_current_size"])) / count,
                rig.rss_mib(world, "router-bulk"), rig.rss_mib(world, "router-emergency")), flush=True)
        each = (int(now["used_memory"]) - int(base["used_memory"]) - audit) / count
        judge.figure("bytes of Redis a queued message of %d bytes, beside the audit stream" % args.envelope, each, "bytes",
                     goal=flood.MESSAGE_BYTES)
        judge.figure("RSS of router-bulk with %d queued" % count, rig.rss_mib(world, "router-bulk"), "MiB", flood.ROUTER_MIB)
    if args.result:
        with open(args.result, "a", encoding="utf-8") as f:
            f.write(json.dumps({"name": "memory", "what": "bytes a waiting booking", "good": not judge.wrong, "wrong": judge.wrong,
                                "seconds": round(time.monotonic() - begin, 1), "figures": judge.figures}) + "\n")
    return 1 if judge.wrong else 0


if __name__ == "__main__":
    sys.exit(main())

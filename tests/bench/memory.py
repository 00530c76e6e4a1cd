#!/usr/bin/env python3
"""memory - what a waiting booking costs: bytes in Redis (beside the audit stream, which is bounded), in its AOF, in the router.

Usage: memory.py [--steps 10000,30000,100000] [--envelope 400]
--envelope: bytes of each request as it travels; 0 takes the sayings of mix.tsv as they are.
Environment: SAHAYA_BUILD_DIR (default: build; take one without sanitizers).
"""
import argparse
import sys

import rig
import flood
import history as history_module
import lab


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", default="10000,30000,100000", help="queued in all, rising")
    parser.add_argument("--envelope", type=int, default=400)
    args = parser.parse_args()
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
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""faults - fault runs on real processes; each ends healed, drained and judged by the checker (tests/lib/history.py).

Usage: faults.py [--list] [--only NAME ...] [--rounds N] [--scale X] [--seed N] [--keep FOLDER] [--result FILE]
Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).
Exit:  0 all good, 1 one is bad, 77 nothing could be made here.

The names are those of the reliability plan (F1-F25). The runs live in faults_*.py beside this; fault_run.py says how one
is written. --only F2 takes F2 and F2-away (with --exact F2 alone); --only all takes everything, one after the other.
"""
import argparse
import importlib
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import fault_run  # noqa: E402

SKIP = 77


def load_runs():
    for path in sorted(HERE.glob("faults_*.py")):
        importlib.import_module(path.stem)
    return [fault_run.FAULTS[name] for name in sorted(fault_run.FAULTS, key=fault_run.order)]


def chosen(specs, names, exact):
    for name in names:
        found = [s for s in specs if name in ("all", s.name) or (s.name.startswith(name + "-") and not exact)]
        if not found:
            raise SystemExit("no run is named %s: --list names them" % name)
        yield from found


def tell(specs):
    for spec in specs:
        rounds = "" if spec.rounds is None else " [%d rounds]" % spec.rounds
        print("%-10s %s%s" % (spec.name, spec.run.__doc__.splitlines()[0], rounds))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="which runs")
    parser.add_argument("--exact", action="store_true", help="no run of another name")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rounds", type=int, help="of a run that has rounds, instead of its own number")
    parser.add_argument("--scale", type=float, default=1.0, help="longer or shorter: times this")
    parser.add_argument("--queued", type=int, default=100000, help="F7: bookings queued")
    parser.add_argument("--result", metavar="FILE", help="add a line of JSON for each run")
    parser.add_argument("--keep", metavar="FOLDER", help="write each history there, NAME.jsonl")
    args = parser.parse_args()
    specs = load_runs()
    if args.list or not args.only:
        return tell(specs)
    bad, made = [], 0
    for spec in chosen(specs, args.only, args.exact):
        try:
            if not fault_run.play(spec, args):
                bad.append(spec.name)
            made += 1
        except fault_run.Skip as why:
            print("%s: skipped, %s" % (spec.name, why))
    if made > 1:
        print("%d runs, %s" % (made, "bad: " + " ".join(bad) if bad else "all good"))
    return 1 if bad else 0 if made else SKIP


if __name__ == "__main__":
    sys.exit(main())

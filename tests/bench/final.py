#!/usr/bin/env python3
"""final - every figure of reliability in one go, for a quiet machine: the fault runs, the flood, the memory; one summary.

Usage: final.py [--out FOLDER] [--from NAME] [--only NAME ...] [--queued 1000000] [--seed N] [--list] [--summary]
Environment: SAHAYA_BUILD_DIR, the build to measure (default: build; take one without sanitizers, with the tests' programs).
Exit:  0 all good, 1 one is bad.

Each run is a process of its own; its whole output is FOLDER/NAME.log, its figures a line of FOLDER/results.jsonl. --from goes on
with NAME after an interruption: what FOLDER has of the runs before it stands in the summary as it was. --summary prints it again.
FOLDER/summary.txt is what is printed at the end. About 45 minutes on two cores that have nothing else to do.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
FAULTS = HERE.parent / "e2e" / "faults.py"
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "e2e")]
import lab  # noqa: E402
import faults  # noqa: E402

BUILD = os.environ.get("SAHAYA_BUILD_DIR", str(HERE.parent.parent / "build"))
LIMIT_S = 1800
SHOWN = ("lost", "unexpected", "second key")


def commands(args, results):
    """{name: its command}, in order: the longest faults are not last, so that one sees early whether the time is enough."""
    made = {"flood": [HERE / "flood.py", "--queued", args.queued, "--result", results],
            "memory": [HERE / "memory.py", "--result", results]}
    for spec in faults.load_runs():
        made[spec.name] = [FAULTS, "--exact", "--only", spec.name, "--seed", args.seed, "--result", results]
    return made


def load_average():
    return "%.1f" % os.getloadavg()[0]


def results_of(path):
    """{name: the newest line of it}"""
    if not path.exists():
        return {}
    return {row["name"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def play(name, command, args, results):
    """Runs it. Its result; one of our own when it broke off without any."""
    before, begin = load_average(), time.monotonic()
    results_before = results.read_text(encoding="utf-8") if results.exists() else ""
    with open(args.out / (name + ".log"), "w", encoding="utf-8") as log:
        try:
            code = subprocess.run([sys.executable, *map(str, command)], stdout=log, stderr=subprocess.STDOUT, timeout=LIMIT_S,
                                  env=dict(os.environ, SAHAYA_BUILD_DIR=BUILD)).returncode
        except subprocess.TimeoutExpired:
            code = -1
    text = results.read_text(encoding="utf-8") if results.exists() else ""
    lines = text[len(results_before):].splitlines()
    row = json.loads(lines[-1]) if lines else {"name": name, "good": False, "wrong": ["ended with %d, see %s.log" % (code, name)],
                                               "seconds": round(time.monotonic() - begin, 1), "skipped": code == faults.SKIP}
    row.update(load=[before, load_average()])
    results.write_text(results_before + json.dumps(row) + "\n", encoding="utf-8")
    return row


def figure(f):
    text = "%s %.4g %s" % (f["what"], f["value"], f["unit"])
    if f.get("bound") is not None:
        return text + " (< %.4g)" % f["bound"]
    if f.get("goal") is not None:
        return text + " (goal %g %s)" % (f["goal"], "met" if f["value"] < f["goal"] else "MISSED")
    return text


def line(row):
    found = row.get("findings")
    fatal = [n for n in row.get("fatal", ()) if n not in SHOWN and found[n]] if found else []
    return "%-12s %-7s %s  %5.0f s  load %s  %s" % (
        row["name"] + (" x%d" % row["rounds"] if row.get("rounds", 1) > 1 else ""),
        "good" if row["good"] else "skipped" if row.get("skipped") else "BAD",
        "  ".join("%s %s" % (n, found[n] if found else "-") for n in SHOWN), row["seconds"], "-".join(row.get("load", "")),
        "; ".join([figure(f) for f in row.get("figures", ())] + ["%s %d" % (n, found[n]) for n in fatal] +
                  ["BAD: " + w for w in row.get("wrong", ())]))


def summary(rows):
    bad = [r["name"] for r in rows if not r["good"] and not r.get("skipped")]
    head = subprocess.run(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return "\n".join(["commit %s, %d cores%s" % (head or "?", os.cpu_count() or 0,
                                                 ", SANITIZED: no latency counts" if lab.is_sanitized(BUILD) else "")] +
                     [line(r) for r in rows] +
                     ["%d runs, %.1f minutes, %s" % (len(rows), sum(r["seconds"] for r in rows) / 60,
                                                     "bad: " + " ".join(bad) if bad else "all good"), ""]), bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("final"), metavar="FOLDER")
    parser.add_argument("--from", dest="since", metavar="NAME", help="go on with this one")
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--queued", type=int, default=1000000, help="flood: bookings queued")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--list", action="store_true", help="the names, in order")
    parser.add_argument("--summary", action="store_true", help="of what is there; nothing is run")
    args = parser.parse_args()
    results = args.out / "results.jsonl"
    made = commands(args, results)
    names = list(made)
    for name in (args.only or []) + ([args.since] if args.since else []):
        if name not in made:
            raise SystemExit("final: no run is named %s: %s" % (name, " ".join(names)))
    if args.list:
        print("\n".join(names))
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.since and not args.only and not args.summary:
        results.unlink(missing_ok=True)
    for name in [] if args.summary else args.only or names[names.index(args.since) if args.since else 0:]:
        print("%s ..." % name, flush=True)
        print(line(play(name, made[name], args, results)), flush=True)
    rows = results_of(results)
    text, bad = summary([rows[n] for n in names if n in rows])
    (args.out / "summary.txt").write_text(text, encoding="utf-8")
    print("\n" + text, end="")
    return 1 if bad or not rows else 0


if __name__ == "__main__":
    sys.exit(main())

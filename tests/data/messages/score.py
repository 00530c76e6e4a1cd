#!/usr/bin/env python3
"""score - how well a corpus of messages is understood: runs `sahayactl triage` over the files it
is given, prints what went where and the worst rows, and fails when it is under the goals.

Owns:    the goals of understanding, as options.
Used by: ctest (over tuning/), and by hand over any other file of the same columns.
Never:   opens a file that it was not told to open; writes anything.

    score.py --ctl build/bin/sahayactl tuning/*.tsv

Columns: message, service (two right ones parted by '|'), additional, priority-floor, language,
trap, note.
"""
import argparse
import collections
import os
import subprocess
import sys

COLUMNS = ("message", "service", "additional", "floor", "language", "trap", "note")
LOST = ("LPG_BOOKING", "STATUS", "CANCEL", "MENU", "NONE")
NO_REQUEST = ("STATUS", "CANCEL", "MENU", "NONE")
DISPATCHED = ("P0", "P1", "P2")
UNSURE = ("UNKNOWN", "HELPLINE_112")


class Row:
    """One message, what is right, and what came out."""

    def __init__(self, fields, where):
        self.where = where
        for name, value in zip(COLUMNS, fields):
            setattr(self, name, value)
        self.right = self.service.split("|")
        self.is_trap = self.trap == "trap"
        self.is_emergency = (self.floor in DISPATCHED and not self.is_trap
                             and not set(self.right) & set(NO_REQUEST))
        self.is_lpg = "LPG_BOOKING" in self.right
        self.is_quiet = self.is_trap or self.is_lpg or "MENU" in self.right

    def take(self, line):
        fields = line.split("\t")
        if len(fields) != 5:
            sys.exit(f"score: sahayactl wrote {len(fields)} columns, not 5: {line!r}")
        self.got, self.priority, added, self.got_language, self.rule = fields
        self.added = set() if added == "-" else set(added.split(","))

    def dispatched(self):
        return self.got not in NO_REQUEST and self.priority in DISPATCHED

    def service_right(self):
        return self.got in self.right

    def added_right(self):
        wanted = set() if self.additional == "-" else set(self.additional.split(","))
        return wanted <= self.added | {self.got}

    def lost(self):
        return self.is_emergency and self.got in LOST

    def faults(self):
        """What is wrong, worst first; the number orders the list."""
        if self.lost():
            yield 0, "emergency lost"
        elif self.is_emergency and self.priority not in DISPATCHED:
            yield 1, "emergency planned for later"
        if self.is_lpg and self.dispatched():
            yield 2, "LPG as emergency"
        if self.floor == "P0" and self.is_emergency and self.priority not in ("P0", "P1"):
            yield 3, "P0 below P1"
        if self.is_trap and self.dispatched():
            yield 4, "trap dispatched"
        if not self.service_right():
            yield 5, "service"
        if self.is_emergency and self.service_right() and not self.added_right():
            yield 6, "additional service missing"
        if self.is_emergency and self.priority in DISPATCHED and self.priority > self.floor:
            yield 7, "below its floor"


def read(paths):
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                line = line.rstrip("\n")
                if not line or line.startswith("#"):
                    continue
                fields = line.split("\t")
                if len(fields) != len(COLUMNS):
                    sys.exit(f"score: {path}:{number}: {len(fields)} columns, wants {len(COLUMNS)}")
                rows.append(Row(fields, f"{os.path.basename(path)}:{number}"))
    return rows


def triage(args, messages, explain=False):
    command = [args.ctl, "triage"] + (["--explain"] if explain else [])
    for option, value in (("--lexicon", args.lexicon), ("--policy", args.policy)):
        command += [option, value] if value else []
    done = subprocess.run(command, input="".join(m + "\n" for m in messages), text=True,
                          encoding="utf-8", stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"score: {' '.join(command)} ended with {done.returncode}")
    return done.stdout.splitlines()


def share(part, whole):
    return 100.0 * part / whole if whole else 100.0


def confusion(rows):
    table = collections.defaultdict(collections.Counter)
    for row in rows:
        table[row.right[0]][row.got if not row.service_right() else row.right[0]] += 1
    for right in sorted(table):
        wrong = ", ".join(f"{got} {n}" for got, n in table[right].most_common() if got != right)
        total = sum(table[right].values())
        print(f"  {right:16} {table[right][right]:4} of {total:4}" + (f"   as {wrong}" if wrong else ""))


def worst(args, rows):
    bad = sorted(((min(row.faults()), i) for i, row in enumerate(rows) if any(row.faults())))
    for (_, fault), i in bad[:args.worst]:
        row = rows[i]
        print(f"\n{fault}: {row.where} {row.message}")
        print(f"  wanted {row.service} {row.floor} +{row.additional}; got {row.got} {row.priority} "
              f"+{','.join(sorted(row.added)) or '-'} by {row.rule}")
        if args.explain:
            for line in triage(args, [row.message], explain=True)[1:]:
                print(f"  {line}")
    if args.all:
        for (_, fault), i in bad[args.worst:]:
            row = rows[i]
            print(f"{fault}\t{row.service} {row.floor}\t{row.got} {row.priority} {row.rule}"
                  f"\t{row.language}\t{row.message}")


def judge(args, rows):
    """Prints every goal with its figure; True when all are met."""
    good = True

    def goal(what, figure, bound, at_least=True):
        nonlocal good
        met = figure >= bound if at_least else figure <= bound
        good = good and met
        print(f"{'ok  ' if met else 'FAIL'} {what}: {figure:.1f} (goal {'>=' if at_least else '<='} {bound:g})")

    emergencies = [r for r in rows if r.is_emergency]
    severe = [r for r in emergencies if r.floor == "P0"]
    traps = [r for r in rows if r.is_trap]
    lpg = [r for r in rows if r.is_lpg]
    quiet = [r for r in rows if r.is_quiet]
    goal("emergencies lost (to booking, status, cancel, menu, none)",
         sum(r.lost() for r in emergencies), args.lost, at_least=False)
    goal(f"P0 rows at P0 or P1, % of {len(severe)}",
         share(sum(r.priority in ("P0", "P1") for r in severe), len(severe)), args.p0)
    goal(f"right service, % of {len(rows)}", share(sum(r.service_right() for r in rows), len(rows)),
         args.service)
    for way in sorted({r.language for r in rows}):
        part = [r for r in rows if r.language == way]
        if len(part) >= 20:
            goal(f"right service in {way}, % of {len(part)}",
                 share(sum(r.service_right() for r in part), len(part)), args.way)
    goal(f"traps dispatched, % of {len(traps)}",
         share(sum(r.dispatched() for r in traps), len(traps) or 1) if traps else 0, args.traps,
         at_least=False)
    goal(f"LPG right, % of {len(lpg)}", share(sum(r.service_right() for r in lpg), len(lpg)), args.lpg)
    goal("LPG as an emergency", sum(r.dispatched() for r in lpg), 0, at_least=False)
    goal(f"UNKNOWN or 112 among traps, LPG and menu, % of {len(quiet)}",
         share(sum(r.got in UNSURE for r in quiet), len(quiet)) if quiet else 0, args.unsure,
         at_least=False)
    print(f"     additional services there, % of emergencies: "
          f"{share(sum(r.added_right() for r in emergencies), len(emergencies)):.1f}")
    print(f"     at or above the floor, % of emergencies: "
          f"{share(sum(r.priority <= r.floor for r in emergencies if r.priority != '-'), len(emergencies)):.1f}")
    named = [r for r in rows if r.language != "-"]
    print(f"     language right, %: {share(sum(r.language == r.got_language for r in named), len(named)):.1f}")
    return good


def main():
    parser = argparse.ArgumentParser(description="how well a corpus of messages is understood")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--ctl", default="build/bin/sahayactl", help="the program (%(default)s)")
    parser.add_argument("--lexicon", help="folder of the lexicon (the program's own)")
    parser.add_argument("--policy", help="policy file (the program's own)")
    parser.add_argument("--worst", type=int, default=20, help="rows to show (%(default)s)")
    parser.add_argument("--explain", action="store_true", help="with what was understood in them")
    parser.add_argument("--all", action="store_true", help="all other wrong rows too, one a line")
    parser.add_argument("--note", help="only rows whose note begins so")
    for name, bound, what in (("lost", 0, "most emergencies lost"), ("p0", 99, "P0 rows at P0 or P1, %%"),
                              ("service", 97, "right service, %%"), ("way", 93, "and in each way of writing, %%"),
                              ("traps", 2, "most traps dispatched, %%"), ("lpg", 97, "LPG right, %%"),
                              ("unsure", 3, "most UNKNOWN or 112 among quiet rows, %%")):
        parser.add_argument(f"--{name}", type=float, default=bound, help=f"{what} (%(default)s)")
    args = parser.parse_args()

    rows = read(args.files)
    if args.note:
        rows = [r for r in rows if r.note.startswith(args.note)]
    if not rows:
        sys.exit("score: no rows")
    lines = triage(args, [r.message for r in rows])
    if len(lines) != len(rows):
        sys.exit(f"score: {len(rows)} messages, {len(lines)} answers")
    for row, line in zip(rows, lines):
        row.take(line)
    for way in sorted({r.language for r in rows}):
        print(f"{way}:")
        confusion([r for r in rows if r.language == way])
    worst(args, rows)
    print()
    return 0 if judge(args, rows) else 1


if __name__ == "__main__":
    sys.exit(main())

"""fault_run - what every fault run shares: a world, a history, what it expects, and the checker at its end.

Owns:    the register of runs, Run. Used by: faults.py, which starts them; tests/e2e/faults_*.py, where they live.
Never:   starts anything when imported.

How a run is written. A file tests/e2e/faults_THEME.py registers its runs; faults.py imports every such file:

    import fault_run

    @fault_run.fault("F4", rounds=100, env={"SAHAYA_REDIS_MAXMEMORY": "4gb"}, step_ms=300)
    def f4(run):
        '''kill -9 of each Redis under load; ready again within 10 s'''      # one line: --list shows it
        stream = run.stream(30)                       # citizens; goes on until stop()
        for n in run.each_round():                    # --rounds N, else rounds= of the register times --scale
            took = run.kill("redis-emergency")        # goes into the history as well; waits until all is ready again
            run.worst("ready", took, READY_S, "s")    # a latency: keeps the worst of many; over the bound is BAD once
        run.expect(stream.stop(), "every message was taken in the end")
        run.fatal("silent", "inverted")               # findings that fail this run, beside history.FATAL
        return run.judge()                            # ALWAYS last: heal before it; waits for the drain, then the checker

- A name is F and the number of reliability.md 8.1; a second run of the same fault has a suffix: F2-steps. --only F2 takes both, --exact the first alone.
- Everything that times depend on is multiplied by run.scale (--scale, 1); everything of chance comes from run.chance (--seed).
- run.expect() is for what must hold on any machine; run.latency() and run.worst() for how long something took. With sanitized
  binaries a latency is held against COARSE times its bound, and so many times more as the machine is slower than usual.
  Waiting is for correctness: run.world.wait() and judge() wait longer on a slow machine, and a latency is measured beside it.
- A process of your own: run.cleanup(function) ends it, whatever happens. What is missing here: raise fault_run.Skip("why").
- run.setting(file, pattern, replacement) changes a file of etc/ (re.subn, must match); run.restart(names) makes them read it.
- Beside a latency or a class you judge: load.read_mix() has no P2 and P3; hand rows of your own to stream(rows=...).
- In tests/run: sah_e2e_fault(F4 240 --rounds 6) in tests/parts/e2e_THEME.cmake.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "bench")]
import history  # noqa: E402
import lab  # noqa: E402
import load  # noqa: E402
import rig  # noqa: E402

ROUTERS = ("router-emergency", "router-bulk")
DRAIN_S = 60
COARSE, OVERLOADED = 10, 3
TAG = "er:{d00}"
DELAYED = re.compile(r"delay_ms=(\d+)")
Spec = collections.namedtuple("Spec", "name run rounds env step_ms")
FAULTS = {}


class Skip(Exception):
    """This run cannot be made here; says why."""


def fault(name, rounds=None, env=None, step_ms=300):
    assert re.fullmatch(r"F\d+(-\w+)?", name), name

    def register(run):
        assert name not in FAULTS, name
        assert run.__doc__, name + " has no line that says what it is"
        FAULTS[name] = Spec(name, run, rounds, env, step_ms)
        return run
    return register


def order(name):
    number, _, rest = name[1:].partition("-")
    return int(number), rest


def ask_unix(path, what):
    """The raw answer of an ops listener on a unix socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(str(path))
        s.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % what.encode())
        made = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                return made
            made += piece


class Run:
    """One world, one history, and what this fault says beyond the checker."""

    def __init__(self, world, spec, args=argparse.Namespace(rounds=None, scale=1.0, seed=1)):
        self.world, self.spec, self.args, self.history = world, spec, args, history.History()
        self.scale, self.seed, self.chance = args.scale, args.seed, random.Random(args.seed)
        self.rounds = args.rounds or max(1, round((spec.rounds or 1) * args.scale))
        self.wrong, self.late, self.extra_fatal, self.bounds, self.cleanups = [], False, (), {}, []
        self.figures, self.verdict = [], None

    # -- saying what is good

    def expect(self, good, what):
        print("  %s  %s" % ("ok " if good else "BAD", what), flush=True)
        if not good:
            self.wrong.append(what)

    def usually(self, good, what):
        """What holds on any machine that is not far behind: sanitized and overloaded it is told and not judged."""
        if not good and self.world.sanitized and lab.slowness() > OVERLOADED:
            self.note("overloaded, not judged: " + what)
        else:
            self.expect(good, what)

    def slack(self):
        """So many times its bound may a latency be; 1 when the binaries are those that people use."""
        return COARSE * lab.slowness() if self.world.sanitized else 1

    def latency(self, what, value, bound, unit="ms", where=""):
        """One figure and its bound."""
        slack = self.slack()
        self.figures.append({"what": what, "value": round(value, 4), "unit": unit, "bound": bound})
        self.expect(value < bound * slack, "%s: %.3g %s%s (bound %g%s)" % (
            what, value, unit, where, bound, " times %.0f: sanitized" % slack if slack > 1 else ""))

    def worst(self, what, value, bound, unit="s"):
        """One of many measurements; judge() says the worst of them and whether it kept the bound."""
        self.bounds.setdefault(what, (bound, unit, []))[2].append(value)

    def tell_worst(self):
        for what, (bound, unit, values) in self.bounds.items():
            values.sort()
            self.latency(what, values[-1], bound, unit, " at worst, median %.3g, of %d" % (values[len(values) // 2], len(values)))

    def fatal(self, *names):
        self.extra_fatal += names

    def note(self, text):
        print("      " + text, flush=True)

    # -- doing

    def cleanup(self, function):
        self.cleanups.append(function)

    def hold(self, process):
        """A process that ends with the run at the latest."""
        def end():
            process.kill()
            process.wait()
        self.cleanup(end)

    def each_round(self, note_every=10):
        for n in range(1, self.rounds + 1):
            yield n
            if n % note_every == 0 or n == self.rounds:
                self.note("round %d of %d" % (n, self.rounds))

    def stream(self, rate, prefix="9190", count=None, where=lambda row: True, rows=None, repeat=0.0):
        made = load.Stream(self.world, self.history, rows or load.read_mix(where=where), rate, self.seed, prefix, count, repeat)
        made.start()
        return made

    def kill(self, victim):
        """kill -9, and started again. Returns the seconds until everything is ready again."""
        self.history.add("kill", "info", victim=victim)
        begin = time.monotonic()
        self.world.kill(victim)
        self.ready()
        return time.monotonic() - begin

    def setting(self, file, pattern, replacement):
        path = pathlib.Path(self.world.state_dir, "etc", file)
        text, n = re.subn(pattern, replacement, path.read_text())
        assert n > 0, "%s has nothing like %s" % (file, pattern)
        path.write_text(text)

    def endpoint_at(self, endpoint, port):
        """The roster's endpoint now lies at this port (a fault_proxy); the routers start again on it."""
        self.setting("agencies.yaml", r'(\{id: "?%s"?, url: )"?([\w-]+)"?' % re.escape(endpoint),
                     r'\1"http://127.0.0.1:%d/agencies/\2"' % port)
        self.restart()

    def restart(self, names=ROUTERS):
        for name in names:
            self.world.kill(name)
        self.ready()

    def is_ready(self, port):
        try:
            return self.world.connection(port).call("GET", "/readyz")[0] == 200
        except (OSError, lab.http.client.HTTPException):
            return False

    def adapter_is_ready(self):
        try:
            return ask_unix(self.sockets() / "whatsapp-ops.sock", "/readyz").startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def sockets(self):
        state = pathlib.Path(self.world.state_dir)
        return pathlib.Path((state / "sockets").read_text()) if (state / "sockets").exists() else state / "sock"

    def ready(self, within=60):
        """Seconds until both routers, the adapter and their Redis are good again."""
        begin = time.monotonic()
        self.world.wait(lambda: all(self.is_ready(p) for p in (self.world.router_port, self.world.bulk_port)) and
                        self.adapter_is_ready(), within, "both routers and the adapter are ready")
        return time.monotonic() - begin

    # -- looking

    def delivered(self, prefix, **match):
        """First arrivals of what a stream's citizens said."""
        rows = [history.deliver_event(r) for r in self.world.received(**match)]
        return [r for r in rows if r["sender"].startswith(prefix)]

    def p99(self, prefix, **match):
        latency = history.Checker([e for e in self.history.events if e["op"] == "say"] +
                                  self.delivered(prefix, **match)).latencies()
        values = sorted(v for (_, what), vs in latency.items() if what == "accept-socket" for v in vs)
        return history.percentile(values, 99), len(values)

    def redis_socket(self, lane):
        return rig.socket_of(self.world, lane)

    def redis(self, lane, *words):
        """redis-cli on a lane's Redis, as JSON."""
        done = subprocess.run(["redis-cli", "--json", "-s", self.redis_socket(lane), *words], capture_output=True,
                              text=True, timeout=120, check=True)
        return json.loads(done.stdout)

    def take_delays(self, lane="emergency"):
        """When each delivery that was delayed was due again, from the lane's audit stream: "ready" for the checker."""
        n = 0
        for at, fields in self.redis(lane, "XRANGE", TAG + ":au", "-", "+"):
            row = dict(zip(fields[::2], fields[1::2]))
            found = DELAYED.search(row["d"]) if row["w"] == "delay" else None
            if found:
                n += 1
                self.history.add("ready", "info", key=row["k"], at_ms=int(at.split("-")[0]) + int(found.group(1)))
        return n

    def said_to_socket(self, *classes):
        """{sender: seconds} from when a message of these classes was due to be said to its first arrival, whichever attempt."""
        due = {e["sender"]: e["due_us"] for e in self.history.events
               if e["op"] == "say" and e["type"] == "invoke" and e["class"] in classes}
        made = {}
        for row in self.world.received():
            sender = history.deliver_event(row)["sender"]
            if sender in due:
                made.setdefault(sender, (row["at_us"] - due[sender]) / 1e6)
        return made

    # -- the end

    def judge(self, backlog=(), drain_s=DRAIN_S, look=None):
        """Waits until nothing is lost, silent or missing any more, or that long; then look() and the last word."""
        begin = time.monotonic()
        while True:
            verdict = history.check(history.History(self.history.events).add_world(self.world), backlog)
            passed = time.monotonic() - begin
            if not any(verdict.findings[k] for k in ("lost", "silent", "gap")):
                break
            if passed > drain_s and passed > self.world.patience(drain_s):
                self.note("waited %.0f s for the rest" % passed)
                break
            time.sleep(1)
        time.sleep(1)  # what would come twice comes now
        if look:
            look()
        self.history.add_world(self.world)
        verdict = history.check(self.history, backlog, self.late and not self.world.sanitized,
                                self.world.patience(1) if self.world.sanitized else 1)
        fatal = history.FATAL + tuple(self.extra_fatal)
        self.verdict = verdict
        self.tell_worst()
        verdict.report(fatal=fatal)
        return not verdict.bad(fatal) and not self.wrong


def result(spec, run, good, seconds):
    """One line of --result."""
    made = {"name": spec.name, "good": good, "seconds": round(seconds, 1), "what": spec.run.__doc__.splitlines()[0]}
    if run is not None:
        made.update(rounds=run.rounds, wrong=run.wrong, figures=run.figures)
        if run.verdict is not None:
            made["findings"] = {name: len(found) for name, found in run.verdict.findings.items()}
            made["fatal"] = list(history.FATAL + tuple(run.extra_fatal))
            made["latency"] = [row[:5] for row in run.verdict.figures["latency"]]
    return made


def play(spec, args):
    """Runs one fault in a world of its own. True when it is good."""
    print("%s: %s; seed %d" % (spec.name, spec.run.__doc__.splitlines()[0], args.seed), flush=True)
    begin, run = time.monotonic(), None
    try:
        with lab.Lab(build_dir=os.environ.get("SAHAYA_BUILD_DIR"), step_ms=spec.step_ms, env=spec.env) as world:
            run = Run(world, spec, args)
            try:
                good = spec.run(run)
            finally:
                for function in reversed(run.cleanups):
                    function()
                if args.keep:
                    pathlib.Path(args.keep).mkdir(parents=True, exist_ok=True)
                    run.history.write(str(pathlib.Path(args.keep, spec.name + ".jsonl")))
            if not good:
                sys.stderr.write(world.logs(30))
    except Skip:
        raise
    except lab.LabError as error:
        print("  BAD  %s" % error)
        good = False
    except Exception:
        traceback.print_exc()
        print("  BAD  it broke off")
        good = False
    seconds = time.monotonic() - begin
    print("%s: %s (%.0f s)" % (spec.name, "good" if good else "FAILED", seconds), flush=True)
    if args.result:
        with open(args.result, "a", encoding="utf-8") as f:
            f.write(json.dumps(result(spec, run, good, seconds)) + "\n")
    return good

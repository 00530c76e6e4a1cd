"""rig - what the benchmarks share: the bench programs, Redis' numbers, a process's memory.

Used by: flood.py, memory.py, tests/e2e/faults.py. Standard library and redis-cli.
Never:   keeps a process: each call waits, or hands the process to the caller.
"""
import json
import os
import pathlib
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import lab  # noqa: E402

MIX = HERE / "mix.tsv"
BUILD = pathlib.Path(os.environ.get("SAHAYA_BUILD_DIR", HERE.parent.parent / "build"))
COMPANIES = ("indane", "hp-gas", "bharatgas")
PAGE = 4000  # rows of a list asked at once


def program(name):
    path = BUILD / "bench" / name
    if not path.exists():
        raise SystemExit("%s is not built: cmake --build %s --target bench_load bench_preload" % (path, BUILD))
    return str(path)


def socket_of(world, lane):
    state = pathlib.Path(world.state_dir)
    folder = (state / "sockets").read_text() if (state / "sockets").exists() else str(state / "sock")
    return "%s/%s-redis.sock" % (folder, lane)


def redis_info(world, lane):
    out = subprocess.run(["redis-cli", "-s", socket_of(world, lane), "INFO", "everything"],
                         capture_output=True, text=True, check=True).stdout
    return dict(line.split(":", 1) for line in out.splitlines() if ":" in line)


def audit_bytes(world, lane):
    """Of the audit stream, which keeps its newest 100,000 whatever is queued."""
    out = subprocess.run(["redis-cli", "-s", socket_of(world, lane), "MEMORY", "USAGE", "er:{d00}:au", "SAMPLES", "0"],
                         capture_output=True, text=True, check=True).stdout
    return int(out.strip() or 0)


def used_bytes(world, lane):
    return int(redis_info(world, lane)["used_memory"])


def rss_mib(world, name):
    with open("/proc/%d/status" % world.pid(name)) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS")) / 1024


def preload(world, history, count, prefix="9195", seed=1, envelope=0):
    """Puts `count` bookings into the bulk lane's Redis. Returns what bench_preload tells."""
    out = subprocess.run([program("bench_preload"), "--socket", socket_of(world, "bulk"), "--mix", MIX,
                          "--count", str(count), "--sender", prefix, "--seed", str(seed), "--envelope", str(envelope)],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    history.add("preload", "ok", prefix=prefix, count=count, **{"class": "P4"})
    return json.loads(out)


class Load:
    """bench_load under way; end() waits for it and takes over its history."""

    def __init__(self, world, history, name, prefix, rate, count, only=None, connections=64, patience=30, seed=1):
        self.history, self.path = history, os.path.join(world.state_dir, name + ".history")
        command = [program("bench_load"), "--url", "http://127.0.0.1:%d/webhooks/whatsapp" % world.webhook_port,
                   "--secret-file", os.path.join(world.state_dir, "secrets", "app.secret"), "--history", self.path,
                   "--mix", str(MIX), "--sender", prefix, "--name", name, "--rate", str(rate), "--count", str(count),
                   "--connections", str(connections), "--patience", str(patience), "--seed", str(seed)]
        self.process = subprocess.Popen(command + (["--class", only] if only else []), stdout=subprocess.PIPE, text=True)

    def end(self):
        out = self.process.communicate()[0]
        self.history.read(self.path)
        return json.loads(out)


class Collector:
    """Takes the stand-in's lists over in pages, so that its ring (100,000 rows) may turn."""

    def __init__(self, world, history):
        self.world, self.history = world, history
        self.after = {"received": 0, "sent": 0, "statuses": 0}
        self.missed = 0
        self.going, self.thread = False, None

    def take(self):
        """Everything new. Returns how many rows."""
        total = 0
        for name, add in (("received", self.history.add_received), ("sent", self.history.add_sent),
                          ("statuses", self.history.add_statuses)):
            while True:
                rows = self.world.get_json(self.world.standin_port,
                                           "/%s?after=%d&limit=%d" % (name, self.after[name], PAGE))
                if not rows:
                    break
                self.missed += rows[0]["n"] - self.after[name] - 1
                self.after[name] = rows[-1]["n"]
                total += len(rows)
                add(rows)
        return total

    def start(self, every_s=0.5):
        self.going = True
        stop = self.stop_event = threading.Event()

        def turn():
            while not stop.wait(every_s):
                self.take()
        self.thread = threading.Thread(target=turn, daemon=True)
        self.thread.start()

    def stop(self):
        self.stop_event.set()
        self.thread.join()
        self.take()


def queues(world, port):
    return world.get_json(port, "/v1/queues")

#!/usr/bin/env python3
"""tree - facts about the tree that must stay true, one function a fact.

Usage: tree.py SOURCE
"""
import pathlib
import re
import subprocess
import sys

TOP = {"router", "proto", "adapters", "include", "deploy", "tests", "CMakeLists.txt", "README.md", "LICENSE"}
BANNED = re.compile(r"\b(sprintf|strcpy|strcat|strtok|atoi|atol|gets|gmtime|localtime|rand|system|popen|"
                    r"curl_easy_perform|redisCommand)\(")
PROMISES = re.compile(r"\b(TODO|FIXME|XXX|not implemented)\b")
HOSTS = re.compile(r"registry\.npmjs|deb\.debian\.org|pypi\.org|(^|[\s\"'(=:])/(home|root|work)/")


def tracked(source):
    listed = subprocess.run(["git", "-C", str(source), "ls-files", "-co", "--exclude-standard"], capture_output=True,
                            text=True, check=True).stdout.split("\n")
    return [pathlib.Path(p) for p in listed if p and (source / p).is_file()]


def top_level(source, files):
    for name in sorted({p.parts[0] for p in files} - TOP):
        if not name.startswith("."):
            yield f"{name}: nothing but {', '.join(sorted(TOP))} stands at the top level"


def channel_blind(source, files):
    for p in files:
        if p.parts[0] in ("router", "include", "proto") and p.suffix in (".c", ".h", ".proto", ".lua", ".md", ".txt", ".cmake"):
            if re.search(r"whatsapp|graph api|wamid", (source / p).read_text(errors="replace"), re.I):
                yield f"{p}: the router's side knows a channel by name"


def c_code(source, files):
    for p in files:
        if p.suffix not in (".c", ".h"):
            continue
        text = (source / p).read_text(errors="replace")
        lines = text.count("\n")
        if "/*" not in text[:400]:
            yield f"{p}: opens without a word on what it owns"
        if lines > 600:
            yield f"{p}: {lines} lines; past 600 it hides two"
        if p.parts[0] != "tests":
            for n, line in enumerate(text.split("\n"), 1):
                if BANNED.search(line):
                    yield f"{p}:{n}: a function the house does without"
        if p.parts[0] == "adapters" and re.search(r'#include +"(\.\./)*(router|policy|core|store|agency|desk|ops|link)/', text):
            yield f"{p}: an adapter includes a router header"


def promises(source, files):
    for p in files:
        if p.parts[:2] == ("tests", "lint") or p.suffix not in (".c", ".h", ".lua", ".py", ".sh", ".js", ".yaml", ".tsv", ""):
            continue
        for n, line in enumerate((source / p).read_text(errors="replace").split("\n"), 1):
            if PROMISES.search(line):
                yield f"{p}:{n}: a promise left in the code"
            if HOSTS.search(line):
                yield f"{p}:{n}: a path of a machine or the name of a registry host"


def readmes(source, files):
    for folder in ("router", "proto", "adapters", "include", "deploy", "tests"):
        if pathlib.Path(folder, "README.md") not in files:
            yield f"{folder}/: has no README.md"


def main(source):
    files = tracked(source)
    faults = [f for check in (top_level, channel_blind, c_code, promises, readmes) for f in check(source, files)]
    for fault in faults:
        print(fault)
    print(f"tree: {len(files)} files checked, {len(faults)} faults")
    return 1 if faults or len(files) < 100 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))

#!/usr/bin/env python3
"""tidy - clang-tidy over our own C (.clang-tidy says which checks), as many files at once as there are cores.

Usage: tidy.py SOURCE BUILD [FILE...]    the files whose path begins or ends so (default: all)
Environment: SAHAYA_TIDY_NODES (20000): how far the analyzer looks into each function; 225000 is clang's own and takes five times
as long for what was, when this was written, the same findings.
Exit:  0 nothing found, 1 something, 77 there is no clang-tidy.

Generated code is not ours; what the compilers say as warnings is an error in every build and not said again here.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

FOLDERS = ("router", "adapters", "proto", "tests")
NODES = os.environ.get("SAHAYA_TIDY_NODES", "20000")
FINDING = re.compile(r"^(\S+?:\d+:\d+): (?:warning|error): (.*)$", re.M)
AT_ONCE = 8  # files of one call
SKIP = 77


def sources(source, build, wanted):
    """Ours, from the compile commands, each once."""
    found = set()
    for row in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(row["directory"], row["file"]).resolve()
        if path.is_relative_to(source) and path.relative_to(source).parts[0] in FOLDERS:
            found.add(str(path.relative_to(source)))
    return sorted(f for f in found if not wanted or any(f.startswith(w) or f.endswith(w) for w in wanted))


def judge(source, build, files):
    """What is wrong in these; and what is wrong with clang-tidy itself."""
    done = subprocess.run(
        ["clang-tidy", "-p", str(build), "--quiet", "--extra-arg=-Xclang", "--extra-arg=-analyzer-config", "--extra-arg=-Xclang",
         "--extra-arg=max-nodes=" + NODES, *files], cwd=source, capture_output=True, text=True)
    found = ["%s: %s" % row for row in FINDING.findall(done.stdout)]
    if done.returncode != 0 and not found:
        found.append("clang-tidy ended with %d: %s" % (done.returncode, (done.stderr or done.stdout).strip()[-2000:]))
    return found


def main(source, build, wanted):
    if shutil.which("clang-tidy") is None:
        print("tidy: clang-tidy is not installed")
        return SKIP
    files = sources(source, build, wanted)
    groups = [files[i::max(1, len(files) // AT_ONCE)] for i in range(max(1, len(files) // AT_ONCE))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = sorted({line.replace(str(source) + "/", "") for lines in pool.map(lambda g: judge(source, build, g), groups)
                        for line in lines})
    for line in found:
        print(line)
    print("tidy: %d files, %d findings" % (len(files), len(found)))
    return 1 if found or not files else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.stderr.write(__doc__)
        sys.exit(2)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]))

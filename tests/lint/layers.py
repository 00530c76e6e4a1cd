#!/usr/bin/env python3
"""layers - checks the compiler's dependency files against layers.tsv: who may include what.

Usage: layers.py SOURCE BUILD
Reads every .o.d file (or, with Ninja, asks `ninja -t deps`) below BUILD, maps each source to its folder and
each header it pulled in to one of ours or to a library, and refuses what the table does not list.
A private header of ours counts by its folder; a public one (include/) must be listed as "include".
"""
import pathlib
import re
import subprocess
import sys

LIBRARIES = {  # a path under /usr/include -> the library it belongs to; the rest is libc or pulled in by these
    "uv.h": "uv", "uv/": "uv", "curl/": "curl", "microhttpd.h": "microhttpd", "zmq.h": "zmq", "hiredis/": "hiredis",
    "openssl/": "openssl", "yaml.h": "yaml", "jansson.h": "jansson", "jansson_config.h": "jansson",
    "protobuf-c/": "protobuf-c", "utf8proc.h": "utf8proc", "sqlite3.h": "sqlite3", "unicode/": "icu", "cmocka.h": "cmocka",
}


def table(path):
    rows = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            folder, own, libraries = line.split("\t")
            rows[folder] = (set(own.split()), set(libraries.split()) - {"-"})
    return rows


def dependencies(build):
    """(source, [headers]) of each object, from Ninja's deps log or from .d files."""
    if (build / "build.ninja").exists():
        text = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True, check=True).stdout
        block = []
        for line in text.splitlines() + [""]:
            if line.startswith("    "):
                block.append(line.strip())
            elif block:
                yield block[0], block[1:]
                block = []
        return
    for path in build.rglob("*.o.d"):
        words = re.sub(r"\\\n", " ", path.read_text()).split(":", 1)[1].split()
        yield words[0], words[1:]


def folder_of(path, folders):
    best = ""
    for folder in folders:
        if str(path).startswith(folder + "/") and len(folder) > len(best):
            best = folder
    return best


def main(source, build):
    rows = table(pathlib.Path(__file__).with_name("layers.tsv"))
    folders = list(rows) + ["include"]
    faults, checked = set(), 0
    for object_source, headers in dependencies(build):
        where = pathlib.Path(object_source)
        where = where if where.is_absolute() else build / where
        try:
            relative = where.resolve().relative_to(source)
        except ValueError:
            continue
        mine = folder_of(relative, list(rows))
        if relative.parts[0] in ("tests", "build") or not mine:
            if relative.parts[0] in ("router", "adapters", "proto", "include"):
                faults.add(f"{relative}: its folder is not in layers.tsv")
            continue
        checked += 1
        own, libraries = rows[mine]
        for header in headers:
            path = pathlib.Path(header)
            path = (path if path.is_absolute() else build / path).resolve()
            if path.is_relative_to(build):
                if "build" not in own and not path.name.endswith((".inc",)):
                    faults.add(f"{relative}: includes generated {path.name}")
                continue
            if path.is_relative_to(source):
                target = folder_of(path.relative_to(source), folders)
                if target != mine and target not in own:
                    faults.add(f"{relative}: may not include {path.relative_to(source)}")
                continue
            text = str(path)
            for prefix, library in LIBRARIES.items():
                if f"/include/{prefix}" in text or f"/include/x86_64-linux-gnu/{prefix}" in text \
                        or f"/include/aarch64-linux-gnu/{prefix}" in text:
                    if library not in libraries:
                        faults.add(f"{relative}: may not include <{library}>")
    for fault in sorted(faults):
        print(fault)
    print(f"layers: {checked} objects checked, {len(faults)} faults")
    return 1 if faults or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()))

#!/usr/bin/env python3
"""settings - wrong settings are refused as a whole: file, line, key and what to write instead.

Environment: SAHAYA_BUILD_DIR, the build whose binaries run (default: build).
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("SAHAYA_BUILD_DIR", ROOT / "build"), "bin")


def fill(text, folder):
    """A template of deploy/etc with paths of this test in it."""
    for name, value in {"STATE": folder, "ROOT": ROOT, "SOCKETS": folder, "APP_SECRET_FILE": folder / "secrets/app.secret",
                        "VERIFY_TOKEN_FILE": folder / "secrets/verify.token", "WEBHOOK_PORT": 8080, "ROUTER_PORT": 8090,
                        "BULK_PORT": 8091, "STANDIN_PORT": 8099,
                        "JOURNAL_MAX_MB": 256}.items():
        text = text.replace("@%s@" % name, str(value))
    return text


class Settings(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sahaya-settings-"))
        (self.folder / "etc").mkdir()
        (self.folder / "secrets").mkdir()
        for path in (ROOT / "deploy/etc").glob("*.yaml"):
            (self.folder / "etc" / path.name).write_text(
                fill(path.read_text(), self.folder))
        names = re.findall(r'(?:secret_file|token_file): *"?([^", }\s]+)', (self.folder / "etc/agencies.yaml").read_text())
        for name in names + ["app.secret", "verify.token", "access.token", "admin.token"]:
            (self.folder / "secrets" / name).write_text("for tests: " + name)
        for whose in ("whatsapp", "router-emergency", "router-bulk"):
            (self.folder / "journal" / whose).mkdir(parents=True)
            (self.folder / "secrets" / ("journal-%s.key" % whose)).write_text("0123456789abcdef" * 4)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def check(self, program, name):
        done = subprocess.run([BIN / program, "--config", self.folder / "etc" / name, "--check-config"],
                              capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    def change(self, name, old, new):
        path = self.folder / "etc" / name
        text = path.read_text()
        self.assertRegex(text, old)
        path.write_text(re.sub(old, new, text, count=1))

    def test_the_samples_are_good(self):
        for program, name in (("sahaya-router", "router-emergency.yaml"), ("sahaya-router", "router-bulk.yaml"),
                              ("sahaya-whatsapp", "whatsapp.yaml"), ("sahaya-standin", "standin.yaml")):
            code, text = self.check(program, name)
            self.assertEqual(code, 0, text)

    def refused(self, program, name, *words):
        code, text = self.check(program, name)
        self.assertEqual(code, 2, text)
        for word in words:
            self.assertRegex(text, word)

    def test_an_unknown_key_is_refused_by_line_and_name(self):
        self.change("router-emergency.yaml", r"(?m)^lane:", "redis_sokcet: x\nlane:")
        line = self.line_of("router-emergency.yaml", "redis_sokcet")
        self.refused("sahaya-router", "router-emergency.yaml", r"router-emergency\.yaml:%d: " % line, "redis_sokcet",
                     "redis_socket")

    def line_of(self, name, word):
        lines = (self.folder / "etc" / name).read_text().split("\n")
        return next(i for i, line in enumerate(lines, 1) if word in line)

    def test_a_missing_secret_is_refused_and_says_how_to_make_it(self):
        (self.folder / "secrets/admin.token").unlink()
        self.refused("sahaya-router", "router-emergency.yaml", "admin_token_file", "admin.token")
        (self.folder / "secrets/app.secret").write_text("\n")
        self.refused("sahaya-whatsapp", "whatsapp.yaml", "app_secret_file", "app.secret")

    def test_a_port_out_of_range_is_refused_with_the_range(self):
        self.change("router-emergency.yaml", r"(?m)^http_port:.*", "http_port: 70000")
        self.refused("sahaya-router", "router-emergency.yaml", ":%d: " % self.line_of("router-emergency.yaml", "http_port"),
                     "http_port", "65535")

    def test_a_roster_without_a_catch_all_is_refused(self):
        self.change("agencies.yaml", r"(?m)^catch_all:.*\n", "")
        self.refused("sahaya-router", "router-emergency.yaml", r"agencies\.yaml", "catch_all")

    def test_a_catch_all_that_is_nobody_is_refused(self):
        self.change("agencies.yaml", r"(?m)^catch_all:.*", "catch_all: nobody")
        self.refused("sahaya-router", "router-emergency.yaml",
                     r"agencies\.yaml:%d: " % self.line_of("agencies.yaml", "catch_all:"), "nobody")

    def test_a_policy_with_an_unknown_class_is_refused(self):
        self.change("policy.yaml", r"priority: P0", "priority: P9")
        self.refused("sahaya-router", "router-emergency.yaml", r"policy\.yaml:\d+: ", "P9")

    def test_broken_yaml_is_refused_with_its_line(self):
        (self.folder / "etc/whatsapp.yaml").write_text("a: 1\nb: [unclosed\n")
        self.refused("sahaya-whatsapp", "whatsapp.yaml", r"whatsapp\.yaml:\d+")

    def test_a_journal_without_its_key_or_folder_is_refused(self):
        key = self.folder / "secrets/journal-whatsapp.key"
        key.write_text("too short")
        self.refused("sahaya-whatsapp", "whatsapp.yaml", "journal_key_file")
        key.write_text("0123456789abcdef" * 4 + "\n")
        shutil.rmtree(self.folder / "journal/whatsapp")
        self.refused("sahaya-whatsapp", "whatsapp.yaml", "journal_dir")
        self.change("whatsapp.yaml", "journal_dir: .*", 'journal_dir: ""')
        self.refused("sahaya-whatsapp", "whatsapp.yaml", "together")

    def test_an_unknown_lane_and_a_tcp_bus_are_refused(self):
        self.change("router-emergency.yaml", r"(?m)^lane:.*", "lane: fast")
        self.refused("sahaya-router", "router-emergency.yaml", "lane", "emergency or bulk")
        self.change("router-bulk.yaml", r"(?m)^bus:.*", "bus: tcp://127.0.0.1:5555")
        self.refused("sahaya-router", "router-bulk.yaml", "bus", "ipc://")

    def test_help_and_version_and_wrong_words(self):
        for program in ("sahaya-router", "sahaya-whatsapp", "sahaya-standin"):
            for word, code in (("--help", 0), ("--version", 0), ("--frobnicate", 2)):
                done = subprocess.run([BIN / program, word], capture_output=True, text=True, timeout=30)
                self.assertEqual(done.returncode, code, (program, word))
                self.assertTrue(done.stdout if code == 0 else done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)

#!/usr/bin/env python3
"""Installs into an empty folder, moves that, and uses it: programs, client library, man pages, completions, unit."""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import installed  # noqa: E402
from installed import Folder, Server, clean_environment, run  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILER = "c++"


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        first = cls.folder / "first"
        installed.install(first)
        # Nothing may remember where it was installed, except the unit.
        cls.prefix = cls.folder / "moved"
        os.rename(first, cls.prefix)
        cls.server = Server([os.path.join(cls.prefix, "bin/kalamdb-server"), "--data-dir", cls.folder / "data",
                             "--port", "0"], cls.folder / "port", env=clean_environment(), cwd=cls.folder.path)

    @classmethod
    def tearDownClass(cls):
        status = cls.server.stop()
        cls.folder.remove()
        assert status == 0, f"exit status {status} after SIGTERM"

    def path(self, name):
        return os.path.join(self.prefix, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def test_the_programs_run_where_they_were_moved_to(self):
        self.assertEqual(self.server.health()["status"], "healthy")
        for name in ("kalam", "kalam-cli"):
            out = run(self.path("bin/" + name), "--url", self.server.url, "--csv", "-c", "SELECT 1 AS one",
                      env=clean_environment(HOME=self.folder.path))
            self.assertEqual(out, "one\n1\n")

    def test_the_terminal_client_finds_the_library_that_writes_parquet(self):
        kalam = [self.path("bin/kalam"), "--url", self.server.url, "--user", "maya"]
        environment = clean_environment(HOME=self.folder.path)
        run(*kalam[:3], "-c", "CREATE NAMESPACE exported; CREATE USER TABLE exported.t (id BIGINT PRIMARY KEY)",
            env=environment)
        file = self.folder / "t.parquet"
        run(*kalam, "export", "exported.t", file, env=environment)
        with open(file, "rb") as written:
            self.assertEqual(written.read(4), b"PAR1")

    # US0 T068 test_kalam_link_independent_usage
    def test_a_project_finds_the_cmake_package(self):
        build = self.folder / "consumer"
        run("cmake", "-S", os.path.join(HERE, "consumer"), "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCMAKE_CXX_COMPILER={COMPILER}", "-DCMAKE_BUILD_TYPE=Release")
        run("cmake", "--build", build)
        self.assertEqual(run(os.path.join(build, "consumer"), self.server.url), "42\n")

    def test_a_project_finds_the_library_by_pkg_config(self):
        environment = clean_environment(PKG_CONFIG_PATH=self.path("lib/pkgconfig"))
        flags = run("pkg-config", "--static", "--cflags", "--libs", "kalam-link", env=environment).split()
        program = self.folder / "by-pkg-config"
        run(COMPILER, "-std=c++20", os.path.join(HERE, "consumer/consumer.cc"), "-o", program, *flags)
        self.assertEqual(run(program, self.server.url), "42\n")

    def test_headers_need_nothing_of_the_server(self):
        headers = glob.glob(self.path("include/**/*.h"), recursive=True)
        self.assertGreaterEqual(len(headers), 8)
        for header in headers:
            self.assertEqual(os.path.dirname(header), self.path("include/kalam"))
            with open(header, encoding="utf-8") as file:
                for name in re.findall(r'#include [<"]([^>"]+)[>"]', file.read()):
                    self.assertRegex(name, r"^(kalam/\w+\.h|[a-z_]+)$", f"{header} includes {name}")
            run(COMPILER, "-std=c++20", "-fsyntax-only", "-I", self.path("include"), header)

    def test_man_pages_name_every_option_and_are_clean(self):
        for program in ("kalam", "kalamdb-server"):
            page = self.path(f"share/man/man1/{program}.1")
            if shutil.which("groff"):
                done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", page], capture_output=True, text=True,
                                      check=False)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
            text = self.read(f"share/man/man1/{program}.1").replace("\\-", "-")
            for subcommand in ("", *re.findall(r"^\.SS (\w+)", text, re.M)):
                shown = run(self.path("bin/" + program), *([subcommand] if subcommand else []), "--help")
                options = set(re.findall(r"--[a-z][a-z-]+", shown))
                self.assertTrue(options)
                for option in options:
                    self.assertIn(option, text)
        self.assertEqual(self.read("share/man/man1/kalam-cli.1"), ".so man1/kalam.1\n")

    def complete(self, program, *words):
        """What bash offers for the last of `words`."""
        script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_${1//-/_}"; ' \
                 '((${#COMPREPLY[@]} == 0)) || printf "%s\\n" "${COMPREPLY[@]}"'
        out = run("bash", "-c", script, "bash", self.path(f"share/bash-completion/completions/{program}"), program,
                  *words, cwd=self.prefix)
        return out.split()

    def test_bash_completes_options_values_and_subcommands(self):
        self.assertEqual(self.complete("kalam", "--us"), ["--user", "--user-id"])
        self.assertEqual(self.complete("kalam", "--format", "")[:3], ["table", "json", "csv"])
        self.assertEqual(self.complete("kalam", "--format", "=", "j"), ["json"])
        self.assertEqual(self.complete("kalam", "--color", "=", ""), ["true", "false"])
        for subcommand in ("import", "export", "watch"):
            self.assertIn(subcommand, self.complete("kalam", ""))
        self.assertIn("--snapshot", self.complete("kalam", "--url", "http://x", "watch", "--"))
        self.assertNotIn("--snapshot", self.complete("kalam", "import", "--"))
        # A value is no subcommand, and text has nothing to offer.
        self.assertNotIn("--snapshot", self.complete("kalam", "-u", "watch", "--"))
        self.assertEqual(self.complete("kalam", "-c", ""), [])
        self.assertEqual(self.complete("kalam", "--file", "share/doc/kalamdb/config.ex"),
                         ["share/doc/kalamdb/config.example.toml"])
        self.assertEqual(self.complete("kalamdb-server", "--print"), ["--print-config"])
        self.assertEqual(self.complete("kalamdb-server", "--data-dir", "inc"), ["include"])

    def test_completions_are_scripts_of_their_shells(self):
        checks = (("bash", "share/bash-completion/completions/*"), ("zsh", "share/zsh/site-functions/_*"),
                  ("fish", "share/fish/vendor_completions.d/*.fish"))
        for shell, pattern in checks:
            scripts = glob.glob(self.path(pattern))
            self.assertGreaterEqual(len(scripts), 2, pattern)
            if shutil.which(shell):
                for script in scripts:
                    run(shell, "-n", script)

    def test_the_configuration_example_is_the_default(self):
        def printed(*more):
            return run(self.path("bin/kalamdb-server"), "--print-config", *more, env=clean_environment(),
                       cwd=self.folder.path)
        self.assertEqual(printed("--config", self.path("share/doc/kalamdb/config.example.toml")), printed())

    def test_the_unit_is_hardened_and_names_the_prefix(self):
        unit = self.read("lib/systemd/system/kalamdb.service")
        self.assertIn(f"ExecStart={self.folder / 'first'}/bin/kalamdb-server\n", unit)
        self.assertNotIn("@KALAM", unit)
        self.assertIn("SystemCallFilter=@system-service\n", unit)
        # The server sends no notification, so systemd must not wait for one.
        self.assertIn("Type=exec\n", unit)
        if not shutil.which("systemd-analyze"):
            return
        # The program must be there for systemd, and a unit's name is that of its file.
        checked = self.folder / "kalamdb.service"
        with open(checked, "w", encoding="utf-8") as file:
            file.write(unit.replace(self.folder / "first", self.prefix))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", checked], capture_output=True, text=True,
                              check=False)
        self.assertNotIn("kalamdb.service:", done.stderr)
        score = run("systemd-analyze", "security", "--offline=true", "--no-pager", checked)
        overall = re.search(r"Overall exposure level for \S+: ([\d.]+)", score)
        self.assertLessEqual(float(overall[1]), 2.0, score)

    def test_nothing_else_is_installed(self):
        top = {"bin", "include", "lib", "share"}
        self.assertEqual(set(os.listdir(self.prefix)), top)
        self.assertEqual(set(os.listdir(self.path("bin"))), {"kalam", "kalam-cli", "kalamdb-server"})


def main():
    global COMPILER
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--compiler", default="c++")
    known, _ = parser.parse_known_args()
    COMPILER = known.compiler
    installed.main(unittest, parser)


if __name__ == "__main__":
    main()

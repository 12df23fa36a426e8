# SPDX-License-Identifier: MIT
"""install_packages of tools/setup.sh: what it installs, what it says, and when it keeps still."""

from __future__ import annotations

import shlex
import subprocess
import unittest

from workshop import Workshop

NEEDED = """# a comment, and then one package a line
cook   run         # for both
guest  test        # for ./test
glass  window
nurse  test debug  # two reasons
"""
INSTALL = "-q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends"


class Setup(Workshop):
    def setUp(self) -> None:
        super().setUp()
        (self.project / "tools/packages").write_text(NEEDED)
        self.calls_file = self.home / "apt calls"
        self.apt("exit 0")
        self.fake("id", "echo 0")

    def apt(self, script: str) -> None:
        self.fake("apt-get", f'echo "$*" >>{shlex.quote(str(self.calls_file))}\n{script}')

    def installed(self, *names: str) -> None:
        """The others are unknown; of `cook` the settings outlived a removal, which is not enough."""
        lines = [f"echo '{name} installed'" for name in names]
        self.fake("dpkg-query", "\n".join([*lines, "echo 'cook config-files'", "exit 1"]))

    def calls(self) -> list[str]:
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def install(self, *words: str) -> tuple[int, str, str]:
        script = 'set -euo pipefail; log_directory=$1; source "$2/tools/setup.sh"; shift 2; install_packages "$@"'
        script += "; echo went on"
        command = ["bash", "-c", script, "./run", str(self.home), str(self.project), *words]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_nothing_missing_is_silent_and_asks_nobody(self) -> None:
        self.installed("cook", "guest", "nurse")
        for word in ("run", "test", "debug"):
            self.assertEqual(self.install(word), (0, "went on\n", ""))
        self.assertEqual(self.calls(), [])

    def test_installs_exactly_what_is_missing(self) -> None:
        cases = {
            ("run",): ((), "cook"),
            ("test",): (("cook",), "guest nurse"),
            ("run", "debug"): ((), "cook nurse"),
            ("run", "window"): (("cook", "guest"), "glass"),
            ("test", "window"): (("nurse",), "cook guest glass"),
        }
        for words, (there, expected) in cases.items():
            with self.subTest(words=words):
                self.calls_file.unlink(missing_ok=True)
                self.installed(*there)
                status, output, complaint = self.install(*words)
                self.assertEqual((status, complaint), (0, ""))
                self.assertEqual(self.calls(), ["-q -o DPkg::Lock::Timeout=120 update", f"{INSTALL} {expected}"])
                self.assertIn(f"Debian package(s), once: {expected}\n", output)

    def test_without_rights_prints_the_line_and_stops(self) -> None:
        self.fake("id", "echo 1000")
        self.installed("cook")
        line = "apt-get update && apt-get install -y --no-install-recommends guest nurse"
        sentence = f"packages are missing and installing them needs root; as root, type: {line}"
        self.assertEqual(self.install("test"), (1, "", f"run: {sentence}\n"))
        self.assertEqual(self.calls(), [])

    def test_sudo_that_asks_a_password_is_no_right(self) -> None:
        self.fake("id", "echo 1000")
        self.fake("sudo", "exit 1")
        self.installed()
        self.assertEqual(self.install("run")[0], 1)
        self.assertEqual(self.calls(), [])

    def test_sudo_without_password_serves(self) -> None:
        self.fake("id", "echo 1000")
        (self.commands / "true").symlink_to("/bin/true")
        self.fake("sudo", '[[ $1 == -n ]] || exit 1; shift; exec "$@"')
        self.installed()
        self.assertEqual(self.install("run")[0], 0)
        self.assertEqual(self.calls()[-1], f"{INSTALL} cook")

    def test_failed_install_stops_with_one_sentence(self) -> None:
        self.installed()
        self.apt('[[ $* != *install* ]] || { echo "E: no network"; exit 100; }')
        status, output, complaint = self.install("run")
        self.assertEqual(status, 1)
        self.assert_one_sentence(complaint)
        self.assertIn(f"{self.home}/setup.log", complaint)
        self.assertIn("  | E: no network\n", output)
        self.assertNotIn("went on", output)

    def test_failed_update_is_no_reason_to_stop(self) -> None:
        self.installed()
        self.apt("[[ $* != *update* ]]")
        self.assertEqual(self.install("run")[0], 0)

    def test_run_stops_where_packages_cannot_be_had(self) -> None:
        self.fake("id", "echo 1000")
        self.installed()
        status, output, complaint = self.run_it()
        self.assertEqual((status, output), (1, ""))
        self.assertIn("--no-install-recommends cook\n", complaint)
        self.assert_one_sentence(complaint)

    def test_another_system_is_told_so(self) -> None:
        self.assertEqual(
            self.install("run")[:2],
            (0, "This is no Debian system, so what tools/packages lists has to be there already.\nwent on\n"),
        )


if __name__ == "__main__":
    unittest.main()

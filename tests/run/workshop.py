# SPDX-License-Identifier: MIT
"""A copy of ./run and its tools in a temporary directory, where every command is a fake or was let in by name."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

LET_IN = "basename bash cat chmod cp dirname env grep head id mkdir od realpath rm sed sleep tail tr"
PNG = b"\x89PNG\r\n\x1a\n and so on"


def is_running(process: int) -> bool:
    """A zombie does not run any more; it only waits for somebody to notice."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


class Workshop(unittest.TestCase):
    NAME = "bareheap workshop "  # with spaces: paths must be quoted

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix=self.NAME)
        self.addCleanup(directory.cleanup)
        self.home = Path(directory.name)
        self.project = self.home / "project"
        self.commands = self.home / "commands"
        self.processes = self.home / "processes"
        for folder in (self.project / "tools", self.commands):
            folder.mkdir(parents=True)
        for name in ("run", "tools/packages", "tools/setup.sh", "tools/emulator.py", "tools/show.py"):
            shutil.copy(ROOT / name, self.project / name)
        for name in LET_IN.split():
            found = shutil.which(name)
            assert found is not None, name
            (self.commands / name).symlink_to(found)
        (self.commands / "python3").symlink_to(os.path.realpath(sys.executable))
        self.environment = {"PATH": str(self.commands), "HOME": str(self.home)}
        self.environment["FAKE_PROCESSES"] = str(self.processes)
        self.image = self.home / "kernel.img"
        self.image.write_bytes(b"not run by anybody")
        for board in ("aarch64", "riscv64", "x86_64"):
            self.fake(f"qemu-system-{board}", f'exec python3 {shlex.quote(str(HERE / "fake_qemu.py"))} "$@"')
        self.plays("homer")
        self.addCleanup(self.leave_nothing_running)  # the last to be added is the first to run

    def fake(self, name: str, script: str) -> None:
        path = self.commands / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def plays(self, part: str) -> None:
        self.environment["FAKE_QEMU"] = part

    def fake_build(self, cmake: str) -> None:
        """A machine on which everything is installed, and whose cmake is the script given."""
        everything = r"""while (($#)); do case $1 in -*) ;; *) echo "$1 installed" ;; esac; shift; done"""
        self.fake("dpkg-query", everything)
        for name in ("ninja", "clang++-19", "ld.lld-19"):
            self.fake(name, "exit 0")
        self.fake("cmake", f'echo "cmake $*"; echo "cmake $*" >>{shlex.quote(str(self.home / "cmake calls"))}\n{cmake}')

    def cmake_calls(self) -> list[str]:
        path = self.home / "cmake calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.project / "run"), *arguments],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run_it(self, *arguments: str) -> tuple[int, str, str]:
        with self.start(*arguments) as process:
            output, complaint = process.communicate(timeout=60)
        return process.returncode, output, complaint

    def started(self) -> list[int]:
        return [int(line) for line in self.processes.read_text().split()] if self.processes.exists() else []

    def await_started(self, count: int) -> None:
        deadline = time.monotonic() + 20
        while len(self.started()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertGreaterEqual(len(self.started()), count, "the fake did not start")

    def leave_nothing_running(self) -> None:
        """Killed processes vanish a moment later, so they get that moment."""
        deadline = time.monotonic() + 5
        while (left := [process for process in self.started() if is_running(process)]) and time.monotonic() < deadline:
            time.sleep(0.02)
        for process in left:
            os.kill(process, 9)
        self.assertEqual(left, [], "these processes were left running")

    def assert_one_sentence(self, complaint: str, program: str = "run") -> None:
        self.assertRegex(complaint, rf"\A{program}: [^\n]+[.\w]\n\Z")

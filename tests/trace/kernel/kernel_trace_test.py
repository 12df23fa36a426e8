# SPDX-License-Identifier: MIT
"""A kernel's heap is recorded over the serial line, and replayed here to the picture that the kernel draws of it.

    python3 tests/trace/kernel/kernel_trace_test.py MACHINE KERNEL_DIRECTORY BAREHEAP PICTURE [unittest's own arguments]
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))

from emulator import PC, RASPI3B, RISCV64_SBI, Emulator  # noqa: E402

SECONDS = 240.0  # ends a hang
MACHINES = {"raspi3b": RASPI3B, "x86_64": PC, "riscv64": RISCV64_SBI}

machine = RASPI3B
folder = bareheap = picture = Path()


class KernelTrace(unittest.TestCase):
    log = ""

    @classmethod
    def setUpClass(cls) -> None:
        with Emulator(folder / f"test_kernel_traced{machine.image_suffix}", machine=machine) as board:
            status = board.wait_exit(SECONDS)
            cls.log = board.log
        if status != 0:
            raise AssertionError(cls.log)

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.trace = Path(scratch.name) / "kernel.trace"

    def import_log(self, log: str) -> subprocess.CompletedProcess[str]:
        log_file = self.trace.with_suffix(".log")
        log_file.write_text(log)
        command = [bareheap, "import", "serial", log_file, "-o", self.trace]
        return subprocess.run(command, capture_output=True, text=True)

    def test_it_replays_to_the_same_picture_of_the_heap(self) -> None:
        imported = self.import_log(self.log)
        self.assertEqual(imported.returncode, 0, imported.stderr)
        region = re.search(r"(?m)^region: (\d+)$", self.log)
        assert region is not None
        drawn = subprocess.run([picture, self.trace, region[1]], capture_output=True, text=True)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        kernels_own = re.findall(r"(?m)^(?:tile: \w+|calls|asked|peak|live): \d+$", self.log)
        self.assertGreater(len(kernels_own), 50)
        self.assertEqual(drawn.stdout.splitlines(), kernels_own)
        self.assertEqual(self.last_sample(region[1]), self.sample_of(kernels_own))

    def last_sample(self, region: str) -> dict[str, int]:
        """What the replay shows of its heap at the end."""
        command = [bareheap, "replay", self.trace, "--curve", "--json", "--samples=1", "--heap=hole-list"]
        replayed = subprocess.run([*command, f"--region={region}B"], capture_output=True, text=True)
        self.assertEqual(replayed.returncode, 0, replayed.stderr)
        sample = json.loads(replayed.stdout)["results"][0]["samples"][-1]
        return {name: sample[name] for name in ("live_bytes", "used_bytes", "free_bytes", "holes")}

    def sample_of(self, lines: list[str]) -> dict[str, int]:
        """The same of what the kernel said."""
        said = [(what, int(number)) for what, _, number in (line.rpartition(": ") for line in lines)]
        used, free = ([size for what, size in said if what == kind] for kind in ("tile: used", "tile: free"))
        return {"live_bytes": dict(said)["live"], "used_bytes": sum(used), "free_bytes": sum(free), "holes": len(free)}

    def test_a_line_that_is_lost_or_changed_is_noticed(self) -> None:
        lines = self.log.splitlines()
        numbers = [number for number, line in enumerate(lines) if line.startswith("trace: ")]
        middle = numbers[len(numbers) // 2]
        changed = lines[middle][:-1] + ("B" if lines[middle][-1] == "A" else "A")
        for what, others in (("lost", []), ("changed", [changed]), ("twice", [lines[middle]] * 2)):
            with self.subTest(what):
                imported = self.import_log("\n".join(lines[:middle] + others + lines[middle + 1 :]))
                self.assertEqual(imported.returncode, 1)
                self.assertRegex(imported.stderr, r"\Abareheap: .*\.\n\Z")


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[1] not in MACHINES:
        sys.exit(f"use: {sys.argv[0]} {{{','.join(MACHINES)}}} KERNEL_DIRECTORY BAREHEAP PICTURE")
    machine = MACHINES[sys.argv.pop(1)]
    folder, bareheap, picture = (Path(sys.argv.pop(1)).resolve() for _ in range(3))
    unittest.main()

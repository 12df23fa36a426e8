# SPDX-License-Identifier: MIT
"""Boots machine_kernel in QEMU, over OpenSBI and without any firmware.

    python3 tests/riscv64/machine_test.py KERNEL_DIRECTORY [unittest's own arguments]
"""

from __future__ import annotations

import re
import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from emulator import RISCV64_BARE, RISCV64_SBI, Emulator  # noqa: E402

SECONDS = 60.0  # ends a hang; everything takes two
STARTS = {"OpenSBI": RISCV64_SBI, "bare": RISCV64_BARE}
DRAM = 0x80000000
MIB = 1 << 20

image = Path()


class Debugger:
    """QEMU's debugger stub (GDB remote serial protocol). The machine is held when it comes."""

    def __init__(self, board: Emulator, port: int) -> None:
        board.monitor("query-status")  # it answers when the stub listens
        self._line = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    def ask(self, packet: str) -> str:
        self.send(packet)
        return self.answer()

    def send(self, packet: str) -> None:
        self._line.sendall(f"${packet}#{sum(packet.encode()) % 256:02x}".encode())

    def answer(self) -> str:
        received = b""
        while not re.search(rb"\$[^#]*#..", received):
            received += self._line.recv(4096)
        self._line.sendall(b"+")
        return re.search(rb"\$([^#]*)#", received)[1].decode()  # type: ignore[index]

    def interrupt(self) -> None:
        self._line.sendall(b"\x03")
        self.answer()

    def close(self) -> None:
        self._line.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MachineTest(unittest.TestCase):
    def boot(self, start: str, *extra: str, debugger_port: int | None = None) -> Emulator:
        board = Emulator(image, machine=STARTS[start], at_once=True, extra=extra, debugger_port=debugger_port)
        self.addCleanup(board.close)
        return board

    def said(self, start: str, *extra: str) -> tuple[Emulator, str]:
        board = self.boot(start, *extra)
        return board, board.wait_for("ready\n", SECONDS)

    def pairs(self, name: str, said: str) -> list[tuple[int, int]]:
        found = re.findall(rf"^{name} 0x(\w+) 0x(\w+)$", said, re.MULTILINE)
        return [(int(first, 16), int(second, 16)) for first, second in found]

    def ends(self, start: str, key: str) -> tuple[int, str]:
        board, _ = self.said(start)
        board.type(key)
        return board.wait_exit(SECONDS), board.log.strip().splitlines()[-1]

    def test_S3_09_memory_is_what_the_device_tree_says_less_what_is_somebodys(self) -> None:
        for start in STARTS:
            for size in (64, 128, 256, 1024, 2048):
                with self.subTest(start=start, size=size):
                    _, said = self.said(start, "-m", f"{size}M")
                    [(heap_start, heap_end)] = self.pairs("heap", said)
                    stretches = self.pairs("memory", said)
                    self.assertEqual(heap_start % 4096, 0)
                    self.assertEqual(stretches[0][0], heap_end)
                    self.assertEqual(stretches[-1][1], DRAM + size * MIB)
                    lost = [after[0] - before[1] for before, after in zip(stretches, stretches[1:])]
                    self.assertEqual(len(lost), 1, stretches)  # the device tree
                    self.assertLess(lost[0], 64 * 1024)
                    [(used, stack)] = self.pairs("stack used", said)
                    self.assertEqual(stack, 16384)
                    self.assertLess(used, 8192)

    def test_cpus_are_those_of_the_device_tree(self) -> None:
        for start in STARTS:
            for count in (1, 2, 4, 8):
                with self.subTest(start=start, count=count):
                    board, said = self.said(start, "-smp", str(count))
                    self.assertEqual(self.pairs("CPUs and clock", said), [(count, 10_000_000)])
                    board.type("c")
                    said = board.wait_for("started and again", SECONDS) + board.wait_for("\n", SECONDS)
                    self.assertEqual(self.pairs("CPUs started and again", said), [(count - 1, 0)])

    def test_any_hart_may_boot(self) -> None:
        """Without firmware only: OpenSBI 1.1 in QEMU 7.2 does not begin while hart 0 is held."""
        port = free_port()
        board = self.boot("bare", debugger_port=port)
        debugger = Debugger(board, port)
        self.addCleanup(debugger.close)
        self.assertRegex(debugger.ask("qSupported:multiprocess+"), "^PacketSize")
        debugger.ask("vCont?")
        debugger.send("vCont;c:p1.3")  # hart 2 alone, until the kernel is ready
        said = board.wait_for("ready\n", SECONDS)
        self.assertEqual(self.pairs("CPUs and clock", said), [(4, 10_000_000)])
        debugger.interrupt()
        debugger.send("vCont;c")
        board.type("c")
        said = board.wait_for("started and again", SECONDS) + board.wait_for("\n", SECONDS)
        self.assertEqual(self.pairs("CPUs started and again", said), [(3, 0)])

    def test_a_broken_device_tree_is_one_sentence_and_the_failing_status(self) -> None:
        for what, at, number, sentence in (
            ("magic", 0, "00000000", "there is no device tree where the firmware says that it is"),
            ("size", 4, "ffffffff", "the device tree has an impossible size"),
            ("structure", 8, "fffffff0", "the device tree has parts outside of it"),
        ):
            with self.subTest(what):
                port = free_port()
                board = self.boot("bare", debugger_port=port)
                debugger = Debugger(board, port)
                self.addCleanup(debugger.close)
                self.assertEqual(debugger.ask(f"M{0x87e00000 + at:x},4:{number}"), "OK")
                debugger.send("c")
                self.assertEqual(board.wait_exit(SECONDS), 1)
                self.assertEqual(board.log, f"riscv64: {sentence}\n")

    def test_pages_are_protected_and_mapped_again(self) -> None:
        board, _ = self.said("OpenSBI")
        board.type("d")
        said = board.wait_for("tables", SECONDS) + board.wait_for("\n", SECONDS)
        answers = {
            "protect": 1, "twice": 0, "unprotect": 1, "unprotect twice": 0, "inside a page": 0, "code": 0,
            "a device": 0, "no memory": 0, "beyond": 0, "map a device": 1, "map it twice": 0, "map over memory": 0,
            "far": 1, "far again": 1,
        }  # fmt: skip
        for name, answer in answers.items():
            self.assertEqual(self.pairs(name, said), [(answer, 0)], name)
        [(tables, _)] = self.pairs("tables", said)
        self.assertIn(tables, range(16, 32))

    def test_another_cpu_sees_at_once_that_a_page_is_protected(self) -> None:
        for start in STARTS:
            with self.subTest(start):
                status, line = self.ends(start, "o")
                self.assertEqual(status, 1)
                self.assertRegex(
                    line,
                    r"^riscv64: store page fault \(stack overflow: the address is in the guard page\): "
                    r"scause 0xf, stval 0x\w+, sepc 0x\w+, CPU 1$",
                )

    def test_pages_are_protected_while_calls_come(self) -> None:
        for start in STARTS:
            with self.subTest(start):
                status, line = self.ends(start, "f")
                self.assertEqual(status, 0, line)
                self.assertRegex(line, "^pages and calls 0x19 ")

    def test_calls_that_nobody_can_answer_stop(self) -> None:
        for key in ("k", "n"):
            with self.subTest(key):
                self.assertEqual(self.ends("OpenSBI", key), (1, "port: call_cpu() of a CPU that does not run"))

    def test_what_must_not_be_written_or_executed_is_not(self) -> None:
        for start in STARTS:
            for key, line in (("w", r"store page fault: scause 0xf, stval 0x80200000"),
                              ("m", r"store page fault: scause 0xf, stval 0x80000000"),
                              ("e", r"instruction page fault: scause 0xc, stval (0x\w+), sepc \1")):  # fmt: skip
                with self.subTest(start=start, key=key):
                    status, said = self.ends(start, key)
                    self.assertEqual(status, 1)
                    self.assertRegex(said, f"^riscv64: {line}")

    def test_the_status_of_exit_is_that_of_qemu(self) -> None:
        for start in STARTS:
            for key, status in (("q", 0), ("x", 42)):
                with self.subTest(start=start, key=key):
                    self.assertEqual(self.ends(start, key)[0], status)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "machine_kernel.img").is_file():
        sys.exit("machine_test.py wants the folder of machine_kernel; this builds it: "
                 "cmake --preset board-riscv64 && cmake --build --preset board-riscv64.")  # fmt: skip
    image = Path(sys.argv.pop(1)).resolve() / "machine_kernel.img"
    unittest.main()

# SPDX-License-Identifier: MIT
"""tools/emulator.py, with a QEMU that is played and with the real one."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from workshop import HERE, Workshop

from emulator import Emulator, EmulatorError, Machine, read_ppm


class Played(Workshop):
    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch.dict(os.environ, self.environment)
        patch.start()
        self.addCleanup(patch.stop)

    def board(self, part: str, **options: object) -> Emulator:
        os.environ["FAKE_QEMU"] = part
        board = Emulator(self.image, **options)  # type: ignore[arg-type]
        self.addCleanup(board.close)
        return board

    def test_whole_boot(self) -> None:
        lines: list[str] = []
        with self.board("homer", listener=lines.append) as board:
            self.assertEqual(board.wait_for("homer: ready", 10), "homer: hello\nhomer: ready")
            board.screenshot(self.home / "screen.ppm")
            board.type("q")
            self.assertEqual(board.wait_for("bye", 10), "\nhomer: bye")
            self.assertEqual(board.wait_exit(10), 0)
        self.assertEqual(read_ppm(self.home / "screen.ppm"), (2, 1, b"\1\2\3\4\5\6"))
        self.assertEqual(board.log, "homer: hello\nhomer: ready\nhomer: bye\n")
        self.assertEqual(lines, board.log.splitlines())

    def test_what_was_heard_does_not_count_again(self) -> None:
        with self.board("ready then silent") as board:
            board.wait_for("homer: ready", 10)
            with self.assertRaisesRegex(EmulatorError, "^'homer: ready' did not come within 0.2 seconds; the last"):
                board.wait_for("homer: ready", 0.2)

    def test_wait_exit_gives_up(self) -> None:
        with self.board("hangs") as board:
            board.wait_for("hello", 10)
            with self.assertRaisesRegex(EmulatorError, "^QEMU still ran after 0.2 seconds; the last line was 'homer"):
                board.wait_exit(0.2)

    def test_an_exception_inside_ends_it_too(self) -> None:
        with self.assertRaises(ZeroDivisionError), self.board("hangs") as board:
            board.wait_for("hello", 10)
            self.await_started(2)
            raise ZeroDivisionError
        self.leave_nothing_running()

    def test_last_words_and_status_of_one_that_ends_at_once(self) -> None:
        with self.board("leaves early") as board:
            self.assertEqual(board.wait_exit(10), 0)
            board.wait_for("homer: hello", 0)
            with self.assertRaisesRegex(EmulatorError, "^the kernel ended with status 0 before 'more'; the last line"):
                board.wait_for("more", 10)
            with self.assertRaisesRegex(EmulatorError, "^QEMU had already ended when 'q' was to be typed.$"):
                board.type("q")
            with self.assertRaisesRegex(EmulatorError, "^the kernel ended with status 0 before 'start'"):
                board.screenshot(self.home / "screen.png")

    def test_a_slow_listener_misses_no_last_word(self) -> None:
        with self.board("talks long", listener=lambda line: time.sleep(0.3 if line == "0" * 80 else 0)) as board:
            self.assertTrue(board.wait_for("the last word", 10).startswith("0" * 80))

    def test_refused_screenshot_leaves_no_file(self) -> None:
        with self.board("blind") as board:
            with self.assertRaisesRegex(EmulatorError, "^QEMU refused 'screendump': no screen here.$"):
                board.screenshot(self.home / "screen.png")
            with self.assertRaisesRegex(EmulatorError, "^a screenshot is a .png or a .ppm file, not 'screen.gif'.$"):
                board.screenshot(self.home / "screen.gif")
        self.assertEqual(list(self.home.glob("*screen*")), [])

    def test_arguments(self) -> None:
        with self.board("arguments") as board:
            usual = board.wait_for("ready", 10)
        self.assertIn("-M raspi3b -semihosting -kernel ", usual)
        self.assertIn(" -display none", usual)
        self.assertIn(" -accel tcg,thread=single", usual)
        self.assertNotIn("-S", usual.split())
        with self.board("arguments", window=True, debugger_port=1234, at_once=True, extra=["-smp", "4"]) as board:
            unusual = board.wait_for("ready", 10)
        self.assertIn("-display gtk -S -gdb tcp:127.0.0.1:1234 -smp 4", unusual)
        self.assertNotIn("-accel", unusual)

    def test_missing_program(self) -> None:
        with self.assertRaisesRegex(EmulatorError, r"^qemu-none did not start: it is not installed \(Debian package a"):
            Emulator(self.image, machine=Machine("qemu-none", (), "a"))


class Ppm(unittest.TestCase):
    def read(self, content: bytes) -> tuple[int, int, bytes]:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "picture.ppm")
            path.write_bytes(content)
            return read_ppm(path)

    def test_comments_and_pixels_that_look_like_space(self) -> None:
        self.assertEqual(self.read(b"P6\n# by hand\n1 # one\n2\n255\n\n \t123"), (1, 2, b"\n \t123"))

    def test_broken_files(self) -> None:
        for content in (b"", b"P5 1 1 255\nx", b"P6 1 1 65535\n123456", b"P6 1 x 255\n123"):
            with self.subTest(content=content), self.assertRaisesRegex(EmulatorError, "is not a binary PPM file"):
                self.read(content)
        with self.assertRaisesRegex(EmulatorError, "should hold 6 bytes of pixels, but holds 5"):
            self.read(b"P6 2 1 255\n12345")


class Real(unittest.TestCase):
    """QEMU itself, with the kernel in tiny.S that does nothing but keep the protocol."""

    @classmethod
    def setUpClass(cls) -> None:
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.home = Path(directory.name)
        cls.image = cls.home / "tiny.img"
        target = ["--target=aarch64-none-elf", "-c", str(HERE / "tiny.S"), "-o", str(cls.home / "tiny.o")]
        subprocess.run(["clang-19", *target], check=True)
        layout = ["--oformat", "binary", "-Ttext=0x80000", str(cls.home / "tiny.o"), "-o", str(cls.image)]
        subprocess.run(["ld.lld-19", *layout], check=True)

    def test_whole_boot(self) -> None:
        with Emulator(self.image) as board:
            board.wait_for("homer: ready", 30)
            board.screenshot(self.home / "screen.png")
            board.screenshot(self.home / "screen.ppm")
            board.type("q")
            self.assertEqual(board.wait_exit(30), 0)
        self.assertEqual(board.log, "tiny: hello\nhomer: ready\nhomer: bye\n")
        self.assertTrue((self.home / "screen.png").read_bytes().startswith(b"\x89PNG"))
        width, height, pixels = read_ppm(self.home / "screen.ppm")
        self.assertEqual((width, height, set(pixels)), (640, 480, {0}))

    def test_status_of_the_kernel(self) -> None:
        with Emulator(self.image) as board:
            board.wait_for("homer: ready", 30)
            board.type("x")
            self.assertEqual(board.wait_exit(30), 3)

    def free_port(self) -> int:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return int(taken.getsockname()[1])

    def test_debugger_holds_the_board(self) -> None:
        with Emulator(self.image, debugger_port=self.free_port()) as board:
            self.assertEqual(board.monitor("query-status")["status"], "prelaunch")
            time.sleep(0.3)
            self.assertEqual(board.log, "")
            board.monitor("cont")
            board.wait_for("homer: ready", 30)

    def test_no_such_kernel(self) -> None:
        with Emulator(self.home / "none.img") as board:
            with self.assertRaisesRegex(EmulatorError, r"^QEMU did not start \(it ended with status 1\): .*none.img"):
                board.wait_for("homer: ready", 30)


if __name__ == "__main__":
    unittest.main()

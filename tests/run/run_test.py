# SPDX-License-Identifier: MIT
"""What ./run says, does and leaves behind, in right and in wrong use."""

from __future__ import annotations

import os
import re
import signal
import unittest
from pathlib import Path

from workshop import PNG, Workshop

BUILDS = """case "$*" in
  *bareheap-picture*)
    mkdir -p build/host/tools/picture
    cat >build/host/tools/picture/bareheap-picture <<'TOOL'
#!/usr/bin/env bash
[[ $1 != *damaged* ]] || { echo "bareheap-picture: the file ends too early." >&2; exit 1; }
TOOL
    chmod +x build/host/tools/picture/bareheap-picture ;;
  *--target\\ homer*) mkdir -p build/aarch64/kernels/homer; echo image >build/aarch64/kernels/homer/homer.img ;;
  *--target\\ lab*) mkdir -p build/x86_64/kernels/lab; echo image >build/x86_64/kernels/lab/lab.elf ;;
  *--target\\ processes*)
    mkdir -p build/riscv64/kernels/processes
    echo image >build/riscv64/kernels/processes/processes.img ;;
esac"""

KERNELS = Path(__file__).resolve().parents[2] / "kernels/CMakeLists.txt"
ENGINES = re.search(r"(?m)^set\(engines (.+)\)$", KERNELS.read_text(encoding="utf-8"))[1].split()  # type: ignore[index]


class WrongUse(Workshop):
    def refused(self, sentence: str, *arguments: str) -> None:
        self.fake_build(BUILDS)
        status, output, complaint = self.run_it(*arguments)
        self.assertEqual((status, output, complaint), (2, "", f"run: {sentence}\n"))
        self.assertEqual(self.cmake_calls(), [], "a build started")
        self.assertEqual(self.started(), [], "QEMU started")

    def test_unknown_option(self) -> None:
        self.refused("there is no option --widow; ./run --help lists those there are.", "--widow")

    def test_unexpected_word(self) -> None:
        self.refused("no idea what to do with 'null'; ./run --help explains.", "null")

    def test_missing_value(self) -> None:
        for option in ("--engine", "--cpus", "--picture", "--image", "--seconds"):
            for arguments in ((option,), (option, "--debug"), (option, ""), (f"{option}=",)):
                with self.subTest(arguments=arguments):
                    self.refused(f"{option} needs a value; ./run --help explains.", *arguments)

    def test_unknown_engine(self) -> None:
        self.refused("there is no engine 'diesel'; ./run --help lists those there are.", "--engine", "diesel")

    def test_two_kernels(self) -> None:
        self.refused("one kernel at a time: lab or processes.", "lab", "processes")

    def test_number_of_cpus_that_is_none(self) -> None:
        for value in ("0", "9", "-1", "two", "16"):
            self.refused(f"--cpus wants a number from 1 to 8, not '{value}'.", "processes", "--cpus", value)

    def test_cpus_of_the_raspberry_pi_are_fixed(self) -> None:
        self.refused("a Raspberry Pi 3 has 4 CPUs, neither more nor fewer.", "--cpus", "2")

    def test_picture_without_a_screen(self) -> None:
        self.refused("the kernel lab has no screen: --picture is for homer.", "lab", "--picture", "x.png")

    def test_no_such_picture(self) -> None:
        self.refused("there is no picture 'nowhere.png'.", "--picture", "nowhere.png")

    def test_picture_is_a_directory(self) -> None:
        self.refused("the picture '.' is not a file that can be read.", "--picture", ".")

    def test_picture_is_no_png(self) -> None:
        for content in (b"", b"\x89PN", b"GIF89a and so on"):
            (self.home / "picture.png").write_bytes(content)
            self.refused("'picture.png' is not a PNG file.", "--picture", "picture.png")

    def test_no_such_image(self) -> None:
        self.refused("there is no image 'nowhere.img'.", "--image", "nowhere.img")

    def test_image_with_choices_of_the_build(self) -> None:
        sentence = "--image boots what was built before, so --engine and --picture cannot change it any more."
        self.refused(sentence, "--image", str(self.image), "--engine", "bump")

    def test_time_limit_that_is_none(self) -> None:
        for value in ("0", "-3", "1.5", "soon", "9999999"):
            self.refused(f"--seconds wants a whole number from 1 to 999999, not '{value}'.", "--seconds", value)

    def test_window_without_desktop(self) -> None:
        self.refused("--window needs a desktop, and neither DISPLAY nor WAYLAND_DISPLAY names one.", "--window")


class Help(Workshop):
    def test_help_names_every_option_and_builds_nothing(self) -> None:
        self.fake_build(BUILDS)
        status, output, complaint = self.run_it("--help")
        self.assertEqual((status, complaint, self.cmake_calls()), (0, "", []))
        options = "--engine --cpus --picture --window --debug --image --seconds"
        for word in f"{options} homer lab processes {' '.join(ENGINES)} examples".split():
            self.assertIn(word, output)


class Boot(Workshop):
    def boots(self, *arguments: str) -> tuple[int, str, str]:
        return self.run_it("--image", str(self.image), *arguments)

    def fails(self, sentence: str, *arguments: str) -> str:
        status, output, complaint = self.boots(*arguments)
        self.assertEqual((status, complaint), (1, f"run: {sentence}\n"))
        return output

    def test_good_run(self) -> None:
        status, output, complaint = self.boots()
        self.assertEqual((status, complaint), (0, ""))
        self.assertIn("\n  | homer: hello\n  | homer: ready\n  | homer: bye\n", output)
        self.assertIn("\nThe screen is in project/out/homer.png; ", output)
        self.assertRegex(output, r"the kernel said goodbye and QEMU ended with status 0 \(\d+\.\d s\)\.\n\Z")
        self.assertTrue((self.project / "out/homer.png").read_bytes().startswith(b"\x89PNG"))
        self.assertEqual((self.project / "out/homer.log").read_text(), "homer: hello\nhomer: ready\nhomer: bye\n")

    def test_qemu_does_not_start(self) -> None:
        self.plays("exits")
        self.fails("QEMU did not start (it ended with status 1): qemu-system-aarch64: -M raspi3b: no such luck.")

    def test_qemu_hangs(self) -> None:
        self.plays("hangs")
        self.fails(
            "'homer: ready' did not come within 1 seconds; the last line was 'homer: hello'.", "--seconds", "1"
        )
        self.assertEqual(len(self.started()), 2)

    def test_out_of_memory(self) -> None:
        self.plays("out of memory")
        last = "homer: out of memory: 144 bytes, aligned to 16"
        output = self.fails(f"the kernel ended with status 1 before 'homer: ready'; the last line was '{last}'.")
        self.assertIn(f"  | {last}\n", output)

    def test_kernel_stops_early_with_a_good_status(self) -> None:
        self.plays("leaves early")
        self.fails("the kernel ended with status 0 before 'homer: ready'; the last line was 'homer: hello'.")

    def test_kernel_dies_after_ready(self) -> None:
        self.plays("no goodbye")
        self.fails("the kernel ended with status 5 before 'homer: bye'; the last line was 'homer: ready'.")

    def test_kernel_does_not_hear_the_key(self) -> None:
        self.plays("ready then silent")
        status, _, complaint = self.boots("--seconds", "2")
        self.assertEqual(status, 1)
        self.assertRegex(complaint, r"\Arun: 'homer: bye' did not come within [\d.]+ seconds; .*\.\n\Z")

    def test_bad_status_after_goodbye(self) -> None:
        self.plays("bad status")
        self.fails("the screen is in project/out/homer.png, but in the end QEMU ended with status 7.")

    def test_no_screenshot(self) -> None:
        self.plays("blind")
        self.fails("QEMU refused 'screendump': no screen here.")

    def test_an_old_picture_does_not_pass_for_a_new_one(self) -> None:
        self.boots()
        self.plays("exits")
        self.boots()
        self.assertFalse((self.project / "out/homer.png").exists())

    def test_qemu_is_missing(self) -> None:
        (self.commands / "qemu-system-aarch64").unlink()
        self.fails(
            "the command qemu-system-aarch64 is missing; tools/packages lists the Debian packages that ./run needs."
        )

    def test_window_ends_when_it_is_closed(self) -> None:
        self.environment["DISPLAY"] = ":9"
        status, output, complaint = self.boots("--window")
        self.assertEqual((status, complaint), (0, ""))
        self.assertIn("the window was closed", output)

    def test_debug_prints_the_line_that_starts_the_debugger(self) -> None:
        status, output, complaint = self.boots("--debug")
        self.assertEqual((status, complaint), (0, ""))
        self.assertIn("\n  gdb-multiarch -ex 'target remote 127.0.0.1:1234'\n", output)

    def test_signals_end_qemu(self) -> None:
        self.plays("hangs")
        for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(wanted=wanted), self.start("--image", str(self.image)) as process:
                self.await_started(len(self.started()) + 2)
                os.kill(process.pid, wanted)
                _, complaint = process.communicate(timeout=20)
                self.assertEqual((process.returncode, complaint), (128 + wanted, "run: stopped.\n"))
                self.leave_nothing_running()

    def test_even_a_killed_run_ends_qemu(self) -> None:
        self.plays("ready then silent")
        with self.start("--image", str(self.image)) as process:
            self.await_started(1)
            process.kill()

    def test_a_reader_who_goes_away_does_not_disturb(self) -> None:
        with self.start("--image", str(self.image)) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.close()
            self.assertEqual((process.stderr.read(), process.wait(20)), ("", 0))


class OtherKernels(Workshop):
    """Those without a screen: their lines are shown, and their status counts."""

    def boots(self, kernel: str, *arguments: str) -> tuple[int, str, str]:
        return self.run_it(kernel, "--image", str(self.image), *arguments)

    def test_lines_and_goodbye(self) -> None:
        for kernel, board in (("lab", "a PC"), ("processes", "a RISC-V board")):
            with self.subTest(kernel):
                self.plays(kernel)
                status, output, complaint = self.boots(kernel)
                self.assertEqual((status, complaint), (0, ""))
                self.assertIn(f" on {board} in QEMU:\n  | a line\n  | {kernel}: bye\n", output)
                self.assertRegex(output, r"\nThe kernel said goodbye and QEMU ended with status 0 \(\d+\.\d s\)\.\n\Z")
                self.assertEqual((self.project / f"out/{kernel}.log").read_text(), f"a line\n{kernel}: bye\n")
                self.assertFalse((self.project / "out/homer.png").exists())

    def test_failing_status(self) -> None:
        for kernel, part in (("lab", "lab fails"), ("processes", "processes fail")):
            with self.subTest(kernel):
                self.plays(part)
                sentence = "run: the kernel said goodbye, but in the end QEMU ended with status 1.\n"
                self.assertEqual(self.boots(kernel)[::2], (1, sentence))

    def test_kernel_that_stops_early(self) -> None:
        self.plays("out of memory")
        status, _, complaint = self.boots("processes")
        self.assertEqual(status, 1)
        sentence = r"\Arun: the kernel ended with status 1 before 'processes: bye'; the last line .*\.\n"
        self.assertRegex(complaint, sentence)

    def test_kernel_that_hangs(self) -> None:
        self.plays("hangs")
        status, _, complaint = self.boots("lab", "--seconds", "1")
        self.assertEqual(status, 1)
        self.assertRegex(complaint, r"\Arun: 'lab: bye' did not come within [\d.]+ seconds; the last line was .*\.\n\Z")

    def test_cpus_window_and_debugger_reach_qemu(self) -> None:
        self.plays("arguments")
        self.environment["DISPLAY"] = ":9"
        for kernel in ("lab", "processes"):
            with self.subTest(kernel):
                self.assertIn(" -smp 1\n", self.boots(kernel)[1])
                self.assertIn(" -smp 3\n", self.boots(kernel, "--cpus", "3")[1])
                self.assertIn(" -display gtk -S -gdb tcp:127.0.0.1:1234 -smp 2\n",
                              self.boots(kernel, "--cpus=2", "--window", "--debug")[1])  # fmt: skip

    def test_cpus_of_the_raspberry_pi_are_those_that_it_has(self) -> None:
        self.assertEqual(self.boots("homer", "--cpus", "4")[::2], (0, ""))

    def test_build(self) -> None:
        cases = (("lab", "x86_64", "LAB", "elf"), ("processes", "riscv64", "PROCESSES", "img"))
        for kernel, board, name, suffix in cases:
            for engine in ((), ("--engine", "page-heap")):
                with self.subTest(kernel=kernel, engine=engine):
                    self.fake_build(BUILDS)
                    self.plays(kernel)
                    status, output, complaint = self.run_it(kernel, *engine)
                    self.assertEqual((status, complaint), (0, ""))
                    image = rf"project/build/{board}/kernels/{kernel}/{kernel}\.{suffix}"
                    self.assertRegex(output, rf"\A  kernel +\d+\.\d s\nBooting {image} on ")
                    usual = {"lab": "granule-heap", "processes": "cpu-cached"}[kernel]
                    expected = engine[-1] if engine else usual
                    self.assertEqual(
                        self.cmake_calls()[-2:],
                        [
                            f"cmake --preset board-{board} -D{name}_ENGINE={expected}",
                            f"cmake --build --preset board-{board} --target {kernel}",
                        ],
                    )

    def test_packages(self) -> None:
        """What is missing for a kernel is installed, and not what another one needs."""
        for kernel, needed, other in (
            ("lab", "qemu-system-x86", "qemu-system-misc"),
            ("processes", "qemu-system-misc", "qemu-system-x86"),
        ):
            with self.subTest(kernel):
                self.fake("id", "echo 1000")
                self.fake("dpkg-query", "exit 1")
                status, _, complaint = self.run_it(kernel)
                self.assertEqual(status, 1)
                self.assertIn(f" {needed}", complaint)
                self.assertIn(" picolibc-riscv64-unknown-elf", complaint)
                self.assertNotIn(other, complaint)


class Build(Workshop):
    def test_builds_then_boots(self) -> None:
        self.fake_build(BUILDS)
        status, output, complaint = self.run_it()
        self.assertEqual((status, complaint), (0, ""))
        self.assertRegex(output, r"\A  picture tool +\d+\.\d s\n  kernel +\d+\.\d s\nBooting ")
        picture_tool = self.project / "build/host/tools/picture/bareheap-picture"
        self.assertEqual(
            self.cmake_calls(),
            [
                "cmake --preset host -DBUILD_TESTING=ON",
                "cmake --build --preset host --target bareheap-picture",
                "cmake --preset board-aarch64 -DHOMER_ENGINE=granule-heap -U HOMER_PICTURE"
                f" -DBAREHEAP_PICTURE_TOOL:FILEPATH={picture_tool}",
                "cmake --build --preset board-aarch64 --target homer",
            ],
        )

    def test_engine_and_picture_reach_cmake(self) -> None:
        self.fake_build(BUILDS)
        (self.home / "my picture;.png").write_bytes(PNG)
        status, _, complaint = self.run_it("--engine=bump", "--picture", "my picture;.png")
        self.assertEqual((status, complaint), (0, ""))
        copy = self.project / "out/picture.png"
        self.assertIn(f"-DHOMER_ENGINE=bump -DHOMER_PICTURE:FILEPATH={copy}", self.cmake_calls()[2])
        self.assertEqual(copy.read_bytes(), PNG)

    def test_every_engine_that_the_kernels_know_is_taken(self) -> None:
        self.assertIn("real-time-heap", ENGINES)
        for engine in ENGINES:
            self.fake_build(BUILDS)
            self.assertEqual(self.run_it("--engine", engine)[::2], (0, ""), engine)

    def test_a_damaged_picture_is_refused_with_the_tools_sentence_and_no_kernel_is_built(self) -> None:
        self.fake_build(BUILDS)
        (self.home / "damaged.png").write_bytes(PNG)
        status, _, complaint = self.run_it("--picture", "damaged.png")
        self.assertEqual((status, complaint), (2, "run: the file ends too early.\n"))
        self.assertEqual(len(self.cmake_calls()), 2)

    def test_without_test_libraries_the_tests_are_left_out(self) -> None:
        self.fake_build(BUILDS)
        all_but_one = """for name; do [[ $name == *gtest* || $name == -* ]] || echo "$name installed"; done"""
        self.fake("dpkg-query", all_but_one)
        self.assertEqual(self.run_it()[0], 0)
        self.assertEqual(self.cmake_calls()[0], "cmake --preset host -DBUILD_TESTING=OFF")

    def test_failed_build_shows_the_end_of_its_log(self) -> None:
        self.fake_build('[[ $* != *homer ]] || { for i in {1..99}; do echo "line $i"; done; exit 1; }')
        status, output, complaint = self.run_it()
        self.assertEqual((status, complaint), (1, "run: building the kernel failed.\n"))
        self.assertIn("out/build.log:\n  | line 75\n", output)
        self.assertTrue(output.endswith("  | line 99\n"))
        self.assertEqual(self.started(), [], "QEMU started")

    def test_build_that_leaves_no_image(self) -> None:
        self.fake_build("exit 0")
        status, _, complaint = self.run_it()
        image = self.project / "build/aarch64/kernels/homer/homer.img"
        self.assertEqual((status, complaint), (1, f"run: the build went well but left no {image}.\n"))

    def test_missing_tool(self) -> None:
        self.fake_build(BUILDS)
        (self.commands / "ninja").unlink()
        status, _, complaint = self.run_it()
        sentence = "the command ninja is missing; tools/packages lists the Debian packages that ./run needs."
        self.assertEqual((status, complaint), (1, f"run: {sentence}\n"))
        self.assertEqual(self.cmake_calls(), [])

    def test_signals_end_the_build_with_all_its_children(self) -> None:
        self.fake_build('sleep 300 & echo "$$ $!" >>"$FAKE_PROCESSES"; wait')
        for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(wanted=wanted), self.start() as process:
                self.await_started(len(self.started()) + 2)
                os.killpg(process.pid, wanted)
                _, complaint = process.communicate(timeout=20)
                self.assertEqual((process.returncode, complaint), (128 + wanted, "run: stopped.\n"))
                self.leave_nothing_running()

    def test_debug_names_the_symbols(self) -> None:
        self.fake_build(BUILDS)
        status, output, _ = self.run_it("--debug")
        self.assertEqual(status, 0)
        self.assertIn("\n  gdb-multiarch project/build/aarch64/kernels/homer/homer.elf -ex 'target remote", output)


if __name__ == "__main__":
    unittest.main()

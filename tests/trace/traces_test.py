# SPDX-License-Identifier: MIT
"""Tests of `bareheap record`, `import` and `show`.

usage: traces_test.py BAREHEAP RECORDED RECORDED_STATIC KERNEL ASKS_IN_FREE [unittest's own arguments]
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TOOL, RECORDED, RECORDED_STATIC, KERNEL, ASKS_IN_FREE = (Path(path) for path in sys.argv[1:6])

HEAPTRACK_RAW = """v 10400 3
X ./small --all
I 1000 5e298d
s e ./small main +
t 55cfb48610b0 0
+ a 1 55cf00
+ 15 1 55cf20
- 55cf00
c 3
+ 1388 1 55cf00
- 55cf00
- 7777
R 3a0
"""
HEAPTRACK_INTERPRETED = """v 10400 3
X ./small --all
a a 1
+ 0
a 15 2
+ 1
- 0
+ 0
- 0
# strings: 2
"""


class Traces(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.trace = self.folder / "a.trace"
        self.temporary = self.folder / "temporary"
        self.temporary.mkdir()

    def tool(self, *arguments: object, **settings) -> subprocess.CompletedProcess[str]:
        command = [str(argument) for argument in (TOOL, *arguments)]
        settings["env"] = os.environ | {"TMPDIR": str(self.temporary)} | settings.get("env", {})
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder, timeout=120, **settings)

    def done(self, *arguments: object, **settings) -> str:
        result = self.tool(*arguments, **settings)
        self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        return result.stdout

    def refused(self, sentence: str, *arguments: object, status: int = 1, **settings) -> None:
        """The tool stops with exactly this sentence, in which {} is the folder, and leaves no trace."""
        result = self.tool(*arguments, **settings)
        expected = f"bareheap: {sentence.format(self.folder)}.\n"
        self.assertEqual((result.returncode, result.stdout, result.stderr), (status, "", expected))
        self.assertFalse(self.trace.exists())

    def facts(self, trace: Path | None = None) -> dict:
        (facts,) = json.loads(self.done("show", "--json", trace or self.trace))
        return facts

    def curve(self, points: int = 1_000_000) -> list[int]:
        lines = self.done("show", "--curve", "--points", points, self.trace).splitlines()
        self.assertEqual([int(line.split()[0]) for line in lines], list(range(len(lines))))
        return [int(line.split()[1]) for line in lines]


class Record(Traces):
    def record(self, *program: object, options: tuple[str, ...] = (), status: int = 0, **settings) -> list[int]:
        """What the program says."""
        result = self.tool("record", "-o", self.trace, *options, "--", *program, **settings)
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertRegex(result.stderr, r"\Abareheap: .*/a\.trace: [0-9]+ calls? of [0-9]+ threads?, .*\.\n\Z")
        self.assertEqual(list(self.temporary.iterdir()), [])
        return [int(line) for line in result.stdout.split()]

    def test_a_replay_has_the_recordings_own_curve(self) -> None:
        said = self.record(RECORDED, "calls", status=5)
        curve = self.curve()
        samples = json.loads(self.done("replay", "--curve", "--json", "--samples", len(curve), "--heap", "hole-list",
                                       self.trace))["results"][0]["samples"]
        self.assertEqual([sample["live_bytes"] for sample in samples], [0, *curve])
        self.assertEqual(curve[: len(said) - 1], said[:-1])

    def assert_all_calls(self, said: list[int]) -> None:
        """Six blocks are freed at the end of the calls before the program says again what lives."""
        curve = self.curve()
        self.assertEqual(curve[: len(said) - 1], said[:-1])
        self.assertEqual(len(curve), len(said) + 5)
        self.assertEqual(curve[-1], said[-1])

    def test_every_call_is_recorded_once(self) -> None:
        self.assert_all_calls(self.record(RECORDED, "calls", status=5))
        facts = self.facts()
        self.assertEqual(facts["program"], RECORDED.name)
        self.assertEqual(facts["calls"], {"allocate": 9, "deallocate": 8, "resize": 0, "reallocate": 2})
        self.assertEqual(facts["zeroed"], 1)
        page = os.sysconf("SC_PAGESIZE")
        alignments = {16: 4, 64: 1, 256: 1}
        alignments[page] = alignments.get(page, 0) + 2
        alignments[4096] = alignments.get(4096, 0) + 1
        self.assertEqual({entry["to"]: entry["blocks"] for entry in facts["alignments"]}, alignments)
        self.assertEqual((facts["end"]["bytes"], facts["end"]["blocks"]), (7, 1))

    def test_addresses_refusals_and_times_are_kept_if_asked(self) -> None:
        for options in (("--callers",), ("--times",), ("--callers", "--times")):
            self.assert_all_calls(self.record(RECORDED, "calls", options=options, status=5))
            self.assertEqual(self.facts()["refused"], 3)

    def test_nothing_is_lost_however_the_program_ends(self) -> None:
        for how, status in (("exit", 7), ("kill", 128 + signal.SIGKILL)):
            self.assert_all_calls(self.record(RECORDED, "calls", how, status=status))

    def test_a_program_may_close_every_file(self) -> None:
        self.record(RECORDED, "calls", "close")
        self.assertEqual(self.curve()[-2:], [8, 7])

    def test_what_the_program_becomes_is_recorded_in_its_place(self) -> None:
        said = self.record(RECORDED, "nothing", "become", RECORDED, "calls", status=5)
        self.assert_all_calls(said)
        self.record(RECORDED, "calls", "become", RECORDED, "nothing", status=5)
        self.assertEqual(self.curve(), [])

    def test_what_the_program_starts_is_not_recorded(self) -> None:
        said = self.record(RECORDED, "calls", "start", RECORDED, "calls")
        self.assertEqual(said[: len(said) // 2], said[len(said) // 2 :])
        self.assert_all_calls(said[: len(said) // 2])

    def test_threads_do_not_contradict_each_other(self) -> None:
        # What one thread gives back, the next one gets at once.
        one_arena = {"GLIBC_TUNABLES": "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0"}
        for _ in range(3):
            self.record(RECORDED, "threads", options=("--callers",), env=one_arena)
            self.assertEqual(self.facts()["threads"], 4)
            self.assertEqual(self.facts()["unknown_blocks"], 0)
            self.assertGreater(sum(self.facts()["calls"].values()), 20000)

    def test_another_preloaded_library_stays(self) -> None:
        result = self.tool("record", "-o", self.trace, "--", "printenv", "LD_PRELOAD", env={"LD_PRELOAD": "libm.so.6"})
        self.assertRegex(result.stdout, r"\A/.*/libbareheap-record\.so:libm\.so\.6\n\Z")

    def test_what_is_typed_to_interrupt_ends_the_program_and_not_the_tool(self) -> None:
        command = [TOOL, "record", "-o", self.trace, "--", "cat"]
        for number in (signal.SIGTERM, signal.SIGINT):
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  start_new_session=True, bufsize=0) as tool:
                tool.stdin.write(b"a line\n")
                self.assertEqual(tool.stdout.read(7), b"a line\n")  # the program runs, and is recorded
                while not self.passes_on(tool.pid):
                    time.sleep(0.01)
                os.kill(tool.pid, number) if number == signal.SIGTERM else os.killpg(tool.pid, number)
                self.assertEqual(tool.wait(60), 128 + number)
            self.assertEqual(self.facts()["program"], "cat")

    def passes_on(self, tool: int) -> bool:
        """Whether the tool waits for its program, and passes on what it is told."""
        lines = Path(f"/proc/{tool}/status").read_text().splitlines()
        caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt:"))
        return bool(caught >> (signal.SIGHUP - 1) & 1)

    def test_arguments_are_the_programs_own(self) -> None:
        arguments = ["-o", "--help", "[a,b]", "show", "--", ""]
        result = self.tool("record", "-o", self.trace, "--", "printf", "<%s>", *arguments)
        self.assertEqual(result.stdout, "".join(f"<{argument}>" for argument in arguments))

    def test_the_trace_is_named_like_the_program(self) -> None:
        self.assertEqual(self.tool("record", RECORDED).returncode, 5)
        self.assertEqual(self.facts(self.folder / f"{RECORDED.name}.trace")["program"], RECORDED.name)

    def test_a_recording_that_cannot_be_written_is_told(self) -> None:
        script = f"ulimit -f 1; trap '' XFSZ; exec {RECORDED} threads"
        result = self.tool("record", "-o", self.trace, "--", "sh", "-c", script)
        self.assertRegex(result.stderr, r"\Abareheap: the last calls are missing: the recording in .* could not be "
                                        r"written: File too large\.\n.*\n\Z")
        self.assertEqual(result.returncode, 0)
        self.facts()

    def test_a_temporary_folder_that_is_full_is_told(self) -> None:
        script = f"ulimit -f 1; trap '' XFSZ; exec {TOOL} record -o {self.trace} true"
        environment = os.environ | {"TMPDIR": str(self.temporary)}
        result = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True)
        self.assertRegex(result.stderr, r"\Abareheap: .*/state cannot be written: File too large\.\n\Z")
        self.assertEqual((result.returncode, list(self.temporary.iterdir())), (1, []))

    def test_the_trace_may_go_to_a_file_that_keeps_nothing(self) -> None:
        for options in ((), ("--times",)):
            result = self.tool("record", "-o", "/dev/null", *options, "--", RECORDED, "calls")
            self.assertEqual(result.returncode, 5)
            told = r"\Abareheap: /dev/null: 2\d calls of 1 thread, .* file of \d\d+ bytes\.\n\Z"
            self.assertRegex(result.stderr, told)

    def test_what_the_allocator_asks_for_while_it_frees_is_not_the_programs(self) -> None:
        self.assert_all_calls(self.record(RECORDED, "calls", status=5, env={"LD_PRELOAD": str(ASKS_IN_FREE)}))

    def test_refusals(self) -> None:
        self.refused("PROGRAM is required (bareheap --help tells more)", "record", status=2)
        record = ("record", "-o", self.trace, "--")
        self.refused("nowhere cannot be started: No such file or directory", *record, "nowhere")
        self.refused("/nowhere/a cannot be written: No such file or directory", "record", "-o", "/nowhere/a", "true")
        self.refused("{} cannot be written: it is a folder", "record", "-o", self.folder, "true")
        self.refused(f"nothing was recorded: {RECORDED_STATIC} did not load the recorder's library (it is linked "
                     "statically, is for another processor, or runs with another user's rights)",
                     *record, RECORDED_STATIC)
        nowhere = {"TMPDIR": "/nowhere"}
        self.refused("there is no folder for temporary files where TMPDIR says", *record, "true", env=nowhere)
        alone = self.folder / "alone"
        shutil.copy(TOOL, alone)
        result = subprocess.run([alone, "record", "true"], capture_output=True, text=True)
        self.assertEqual(result.stderr,
                         f"bareheap: there is no {self.folder}/libbareheap-record.so, which records programs.\n")


class ImportHeaptrack(Traces):
    def imported(self, content: str | bytes) -> list[int]:
        file = self.folder / "heaptrack"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        self.done("import", "heaptrack", file, "-o", self.trace)
        return self.curve()

    def test_raw(self) -> None:
        self.assertEqual(self.imported(HEAPTRACK_RAW), [10, 31, 21, 5021, 21])
        self.assertEqual(self.facts()["program"], "small")
        self.assertEqual(self.imported(gzip.compress(HEAPTRACK_RAW.encode())), [10, 31, 21, 5021, 21])
        parts = [gzip.compress(part.encode()) for part in (HEAPTRACK_RAW[:90], HEAPTRACK_RAW[90:])]
        self.assertEqual(self.imported(parts[0] + parts[1]), [10, 31, 21, 5021, 21])
        for damaged in (parts[0] + parts[1][:-1], parts[0] + b"rest"):
            (self.folder / "heaptrack").write_bytes(damaged)
            result = self.tool("import", "heaptrack", self.folder / "heaptrack", "-o", self.trace)
            self.assertRegex(result.stderr, r"\Abareheap: .* is (cut off|damaged): it does not unpack.*\.\n\Z")

    def test_interpreted(self) -> None:
        self.assertEqual(self.imported(HEAPTRACK_INTERPRETED), [10, 31, 21, 31, 21])

    def test_refusals(self) -> None:
        for content, sentence in (
            (HEAPTRACK_RAW[2:], "this is no file of heaptrack: it does not begin with its version"),
            (HEAPTRACK_RAW[:-3], "line 13 is cut off"),
            (HEAPTRACK_RAW.replace("10400 3", "10500 4"),
             "this is version 4 of heaptrack's format; version 3 is read here"),
            (HEAPTRACK_RAW.replace("+ 15", "+ 1g"), "line 7 cannot be understood"),
            (HEAPTRACK_RAW.replace("- 7777", "- "), "line 12 cannot be understood"),
            (HEAPTRACK_RAW.replace("+ 15 1", "+ 15 1 2"), "line 7 cannot be understood"),
            (HEAPTRACK_RAW.replace("c 3", "? 3"), "line 9 is of no known kind"),
            (HEAPTRACK_RAW.replace("c 3", "a 3 4"), "line 9 cannot be understood: blocks had addresses before"),
            (HEAPTRACK_RAW.replace("55cf20", "55cf00"),
             "the trace contradicts itself: call 2 allocates where another block lives"),
            (HEAPTRACK_INTERPRETED.replace("+ 1", "+ 2"), "line 6 cannot be understood"),
            (HEAPTRACK_INTERPRETED.replace("+ 0\n- 0\n#", "- 0\n#"),
             "line 8 gives back more blocks of a kind than live"),
        ):
            file = self.folder / "heaptrack"
            file.write_text(content)
            self.refused(f"{{}}/heaptrack: {sentence}", "import", "heaptrack", file, "-o", self.trace)

    def test_files_of_heaptrack_itself(self) -> None:
        if shutil.which("heaptrack") is None:
            self.skipTest("heaptrack is not installed")
        curves = []
        for options in ((), ("--raw",)):
            command = ["heaptrack", *options, "-o", self.folder / "file", RECORDED, "calls"]
            subprocess.run(command, capture_output=True, timeout=60)
            (file,) = self.folder.glob("file*")
            self.done("import", "heaptrack", file, "-o", self.trace)
            self.assertEqual(self.facts()["program"], RECORDED.name)
            curves.append(self.curve())
            file.unlink()
        self.assertEqual(curves[0], curves[1])
        self.assertIn(curves[0][-1], (7, 7 + 77), "heaptrack 1.4 does not know that realloc(p, 0) frees")
        self.assertGreater(len(curves[0]), 10)


class ImportSerial(Traces):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.folder / "log"
        self.lines = subprocess.run([KERNEL], stdout=subprocess.PIPE, check=True).stdout.splitlines(keepends=True)

    def test_between_other_lines(self) -> None:
        said = [int(line.split()[4]) for line in self.lines if b"heap: live" in line]
        self.log.write_bytes(b"".join(self.lines))
        self.done("import", "serial", self.log, "-o", self.trace)
        self.assertEqual(self.curve(), said)
        self.assertEqual(self.facts()["program"], "kernel")
        self.assertEqual(len(self.facts()["alignments"]), 8)

    def test_carriage_returns_and_words_without_a_line_end(self) -> None:
        self.log.write_bytes(b"".join(b"a trace: " + line.replace(b"\n", b"\r\n") for line in self.lines))
        self.done("import", "serial", self.log, "-o", self.trace)

    def test_damage_is_found(self) -> None:
        places = [index for index, line in enumerate(self.lines) if line.startswith(b"trace: ")]
        self.assertGreater(len(places), 10)
        end = "the trace is cut off: it has no end"
        damaged = "the trace is damaged: what it says does not fit its check"
        for place in places:
            line = self.lines[place]
            letter = b"A" if line[12:13] != b"A" else b"B"
            changed = (line[:12] + other + line[13:] for other in (letter, b"\x80"))
            for other in (b"", line[:20] + b"\n", *changed, line * 2):
                self.log.write_bytes(b"".join([*self.lines[:place], other, *self.lines[place + 1 :]]))
                result = self.tool("import", "serial", self.log, "-o", self.trace)
                self.assertEqual(result.returncode, 1, (place, other))
                self.assertRegex(result.stderr, r"\Abareheap: .*/log: th[^\n]*\.\n\Z")
        self.log.write_bytes(b"".join(self.lines[: places[-1]]))
        self.refused(f"{{}}/log: {end}", "import", "serial", self.log, "-o", self.trace)
        self.lines[places[3]] = b""
        self.log.write_bytes(b"".join(self.lines))
        self.refused(f"{{}}/log: {damaged}", "import", "serial", self.log, "-o", self.trace)

    def test_a_log_without_a_trace(self) -> None:
        self.log.write_bytes(b"hello\ntrace: \ntrace: not base64\n")
        sentence = "{}/log: there is no line of a trace in it: 'trace: ' and base64"
        self.refused(sentence, "import", "serial", self.log, "-o", self.trace)


class Show(Traces):
    def setUp(self) -> None:
        super().setUp()
        (self.folder / "log").write_bytes(subprocess.run([KERNEL], stdout=subprocess.PIPE, check=True).stdout)
        self.done("import", "serial", self.folder / "log", "-o", self.trace)

    def test_the_page(self) -> None:
        text = self.done("show", self.trace, self.trace)
        page = text[: len(text) // 2]
        self.assertEqual(text, page + page)
        for line in (
            r"  program       kernel",
            r"  calls         301",
            r"    allocate               200",
            r"    deallocate             100",
            r"    resize                   1",
            r"  at the peak   19,900 bytes, at most 200 blocks",
            r"  at the end    10,000 bytes in 100 blocks",
            r"          16             8  ████▌",
            r"         256            71  ████████████████████████████████████████",
            r"  aligned to    1: 25 blocks",
            r"  aligned to    16: 25 blocks (as all are)",
        ):
            self.assertIn(line + "\n", page)

    def test_a_thinned_curve_keeps_the_peak(self) -> None:
        lines = self.done("show", "--curve", "--points", 3, self.trace).splitlines()
        self.assertEqual(lines, ["99 4950", "199 19900", "200 19770"])
        both = self.done("show", "--curve", "--points", 3, self.trace, self.trace).splitlines()
        self.assertEqual(both, [f"# {self.trace}", *lines] * 2)

    def test_json_has_the_curve(self) -> None:
        (facts,) = json.loads(self.done("show", "--json", "--curve", "--points", 1, self.trace))
        self.assertEqual(facts["curve"], [[199, 19900]])
        self.assertEqual(facts["peak"], {"bytes": 19900, "blocks": 200})

    def test_help_has_examples(self) -> None:
        for command in ((), ("show",), ("record",), ("import",)):
            self.assertIn("Examples:", self.done(*command, "--help"))

    def test_refusals(self) -> None:
        self.trace.unlink()
        tells_more = "(bareheap --help tells more)"
        self.refused(f"FILE is required {tells_more}", "show", status=2)
        self.refused(f"there is no command 'nonsense' {tells_more}", "nonsense", status=2)
        self.refused("/nowhere cannot be read: No such file or directory", "show", "/nowhere")
        no_trace = "{}/log: this is not a trace: it does not begin with 'bareheap trace'"
        self.refused(no_trace, "show", self.folder / "log")
        self.refused(f"A subcommand is required {tells_more}", "import", status=2)
        self.refused(f"FILE is required {tells_more}", "import", "serial", status=2)
        self.refused("/nowhere cannot be read: No such file or directory", "import", "heaptrack", "/nowhere")
        result = self.tool("show", "--points", "0", "a")
        self.assertEqual(result.returncode, 2)
        self.assertRegex(result.stderr, r"\Abareheap: .*--points.*\n\Z")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[6:]])

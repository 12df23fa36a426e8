# SPDX-License-Identifier: MIT
"""The table of the programs that are recorded, the scripts that make their input, and record.py with a recorder that
does nothing but run the program. None of the recorded programs is needed.

traces_test.py BAREHEAP [unittest's own arguments]
"""

from __future__ import annotations

import collections
import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

TRACES = Path(__file__).resolve().parents[2] / "bench/traces"
sys.path.insert(0, str(TRACES))
import programs  # noqa: E402
import record  # noqa: E402
from programs import Program  # noqa: E402
from real_programs import ExecutionError, TableError  # noqa: E402

TOOL = Path()
ENTRY = 'kind = "k"\nuse = "tuning"\ndoes = "d"\npackages = []\ncommand = "true"\n'
RECORDER = """#!/bin/sh
output=$3
shift 4
echo "$*" >"$output"
"$@"
"""
SERVER = """import signal, socket, sys
listening = socket.socket(socket.AF_UNIX)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
listening.bind("socket")
listening.listen()
while True:
    listening.accept()
"""
CLIENT = "import socket; socket.socket(socket.AF_UNIX).connect('socket')"


class Table(unittest.TestCase):
    def test_half_of_the_programs_and_of_every_kind_are_kept_for_judging(self) -> None:
        table = programs.load()
        self.assertGreaterEqual(len(table), 16)
        uses = collections.Counter(program.use for program in table.values())
        self.assertEqual(uses["tuning"], uses["judging"])
        for kind in {program.kind for program in table.values()}:
            halves = {program.use for program in table.values() if program.kind == kind}
            self.assertEqual(halves, {"tuning", "judging"}, kind)

    def test_tools_packages_and_the_table_name_the_same_packages(self) -> None:
        table = programs.load()
        self.assertTrue(all(program.packages for program in table.values()))
        self.assertEqual({name for program in table.values() for name in program.packages}, programs.listed_packages())

    def test_each_program_has_its_trace_and_all_of_them_are_small(self) -> None:
        traces = {file.stem: file.stat().st_size for file in (TRACES / "library").iterdir()}
        self.assertEqual(set(traces), set(programs.load()))
        self.assertLess(sum(traces.values()), 10_000_000)

    def test_what_makes_input_with_python_names_that_package(self) -> None:
        for program in programs.load().values():
            runs_python = any(words[0] == "python3" for words in program.commands())
            self.assertEqual(runs_python, "python3" in program.packages, program.name)

    def test_no_script_or_input_is_left_over(self) -> None:
        used = {word for program in programs.load().values() for words in program.commands() for word in words}
        there = {f"{folder}/{path.name}" for folder in programs.FOLDERS for path in (TRACES / folder).glob("*.*")}
        self.assertEqual(there - used, {"inputs/words.py", "programs/random.h"})

    def test_the_page_has_a_row_for_each_program(self) -> None:
        rows = re.findall(
            r"^\| `(\w+)` \| (\w+) \| ([\w -]+) \| (.*?) \|", (TRACES / "README.md").read_text(), re.MULTILINE
        )
        self.assertEqual(
            rows, [(program.name, program.use, program.kind, program.does) for program in programs.load().values()]
        )

    def test_a_wrong_table_is_refused_with_a_sentence(self) -> None:
        wrong = {
            "[p]\n" + ENTRY.replace("tuning", "fun"): "p is for tuning or for judging, not for 'fun'",
            "[p]\n" + ENTRY + 'colour = "red"\n': "p has a wrong or missing key",
            '[p]\nkind = "k"\n': "p has a wrong or missing key",
            "[p]\n" + ENTRY + 'client = "python3 clients/gone.py"\n': "p uses clients/gone.py, which is not there",
            "[p": "cannot be read",
        }
        for text, sentence in wrong.items():
            with self.subTest(sentence), self.assertRaisesRegex(TableError, re.escape(sentence)):
                programs.load(text)


class Library(unittest.TestCase):
    def test_each_trace_is_what_the_page_says(self) -> None:
        files = sorted((TRACES / "library").iterdir())
        shown = subprocess.run([TOOL, "show", "--json", *files], capture_output=True, text=True, check=True)
        rows = re.findall(
            r"^\| `(\w+)` \|(?:[^|]*\|){3} ([\d,]+) \| ([\d.]+ [MK]iB) \|",
            (TRACES / "README.md").read_text(),
            re.MULTILINE,
        )
        told = {name: (int(calls.replace(",", "")), alive) for name, calls, alive in rows}
        found = {}
        for facts in json.loads(shown.stdout):
            peak = facts["peak"]["bytes"]
            alive = f"{peak / (1 << 20):.1f} MiB" if peak >= 1 << 20 else f"{peak / (1 << 10):.0f} KiB"
            found[Path(facts["file"]).stem] = (sum(facts["calls"].values()), alive)
        self.assertEqual(told, found)


class Inputs(unittest.TestCase):
    def test_are_the_same_in_every_run(self) -> None:
        commands = {
            tuple(shlex.split(text)[:-1])
            for program in programs.load().values()
            for text in program.prepare
            if text.startswith("python3 ")
        }
        for command in sorted({words[1]: words for words in commands}.values()):
            with self.subTest(command[1]):
                first, second = (self.made(command, seed) for seed in ("1", "2"))
                self.assertTrue(first)
                self.assertEqual(first, second)

    def made(self, command: tuple[str, ...], seed: str) -> dict[str, bytes]:
        """All that a script writes when a small amount is asked for, by name."""
        with tempfile.TemporaryDirectory() as name:
            words = [sys.executable, str(TRACES / command[1]), *command[2:], "4"]
            subprocess.run(words, cwd=name, env=os.environ | {"PYTHONHASHSEED": seed}, check=True)
            files = (
                path for path in Path(name).rglob("*") if path.is_file() and "logs" not in path.parts
            )  # logs: of git
            return {str(path.relative_to(name)): path.read_bytes() for path in files}


class Recording(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        limit = mock.patch.object(record, "LIMIT", 15.0)
        limit.start()
        self.addCleanup(limit.stop)
        self.folder = Path(temporary.name)
        self.recorder = self.folder / "recorder"
        self.recorder.write_text(RECORDER)
        self.recorder.chmod(0o755)

    def record(self, command: str, **entry: object) -> tuple[int, str, str]:
        """How many failed, what was said, and what is in the trace."""
        program = Program("p", "k", "tuning", "d", [], command, **entry)  # type: ignore[arg-type]
        out, said = self.folder / "out", io.StringIO()
        with contextlib.redirect_stdout(said):
            failed = record.record_all([program], self.recorder, out)
        trace = out / "p.trace"
        return failed, said.getvalue(), trace.read_text() if trace.is_file() else ""

    def test_a_program_runs_on_what_was_prepared_for_it(self) -> None:
        answer = self.record("ls b.txt a*.txt", prepare=["touch a2.txt a1.txt b.txt"])
        self.assertEqual((answer[0], answer[2]), (0, "ls b.txt a1.txt a2.txt\n"), answer[1])

    def test_the_environment_is_the_tables_alone(self) -> None:
        words = "sh -c 'test -z \"$SECRET\" && test $ASKED = yes && test -f programs/random.h'"
        os.environ["SECRET"] = "1"
        self.addCleanup(os.environ.pop, "SECRET")
        answer = self.record(words, environment={"ASKED": "yes"}, prepare=["sh -c 'test -z \"$SECRET\"'"])
        self.assertEqual(answer[0], 0, answer[1])

    def test_another_status_is_a_failure_that_leaves_the_old_trace(self) -> None:
        self.assertEqual(self.record("true")[0], 0)
        failed, said, trace = self.record("sh -c 'echo oh dear >&2; exit 3'")
        self.assertEqual((failed, trace), (1, "true\n"))
        self.assertIn("failed: it ended with status 3, not 0: oh dear", said)
        self.assertEqual(self.record("sh -c 'exit 3'", status=3)[0], 0)

    def test_a_preparation_that_fails_or_is_not_there_is_told(self) -> None:
        self.assertIn("failed: false ended with status 1", self.record("true", prepare=["false"])[1])
        self.assertIn("failed: no-such-command did not run", self.record("true", prepare=["no-such-command"])[1])

    def test_what_never_ends_is_ended_and_told(self) -> None:
        file = self.folder / "process"
        with mock.patch.object(record, "LIMIT", 0.3):
            self.assertIn("failed: it did not end within", self.record(f"sh -c 'echo $$ >{file}; exec sleep 60'")[1])
            self.assertIn("failed: sleep 60 did not run: ", self.record("true", prepare=["sleep 60"])[1])
        state = Path(f"/proc/{int(file.read_text())}/stat")
        self.assertFalse(state.is_file() and state.read_text().split()[2] not in "XZ")

    def test_a_recorder_that_writes_nothing_is_told(self) -> None:
        self.recorder.write_text("#!/bin/sh\n")
        self.assertIn("failed: the recorder wrote nothing", self.record("true")[1])

    def test_a_server_gets_its_client_and_is_ended(self) -> None:
        python = shlex.quote(sys.executable)
        server = {"client": f'{python} -c "{CLIENT}"', "terminate": True, "status": 7}
        command = f"{python} -c {shlex.quote(SERVER)}"
        self.assertEqual(self.record(command, **server)[0], 0)
        self.recorder.write_text(RECORDER.replace('"$@"\n', 'exec "$@"\n'))  # a recorder that becomes the program
        self.assertEqual(self.record(command, **server)[0], 0)
        self.assertIn("failed: it ended before it listened", self.record("true", **server)[1])
        with mock.patch.object(record, "SOCKET_LIMIT", 0.2):
            self.assertIn("failed: it did not listen within", self.record("sleep 60", **server)[1])


class CommandLine(unittest.TestCase):
    def said(self, *arguments: str) -> tuple[int, str, str]:
        answer = subprocess.run(
            [sys.executable, TRACES / "record.py", *arguments], capture_output=True, text=True, check=False
        )
        return answer.returncode, answer.stdout, answer.stderr.strip().splitlines()[-1] if answer.stderr else ""

    def test_the_list(self) -> None:
        status, out, _ = self.said("--list")
        self.assertEqual((status, len(out.splitlines())), (0, len(programs.load())))
        self.assertEqual(len(self.said("--list", "--only", "lua", "redis")[1].splitlines()), 2)

    def test_wrong_arguments_get_a_sentence(self) -> None:
        self.assertEqual(
            self.said("--only", "nobody"), (2, "", "record.py: error: there is no program nobody; --list shows all")
        )
        status, _, sentence = self.said("--only", "bash", "--recorder", "gone")
        self.assertEqual(status, 1)
        self.assertRegex(sentence, "^record.py: (there is no recorder at gone|packages are missing)")

    def test_missing_packages_are_named_with_the_line_that_installs_them(self) -> None:
        program = Program("p", "k", "tuning", "d", ["no-such-package", "bash"], "true")
        with self.assertRaisesRegex(ExecutionError, "install -y --no-install-recommends .*no-such-package"):
            record.have_packages([program], install=False)


if __name__ == "__main__":
    TOOL = Path(sys.argv.pop(1)).resolve()
    unittest.main()

# SPDX-License-Identifier: MIT
"""The table of real programs, and that the runner notices each way in which a library can go wrong.

programs_test.py LIBRARY [unittest's own arguments]
"""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import execution
import programs
import run
from programs import Program
from real_programs import ExecutionError, TableError, require_packages, run_as_command

LIBRARY = ""
ENTRY = 'does = "d"\npackages = []\namounts = {short = 3, long = 4}\ncommands = ["echo AMOUNT"]\n'
WRONG = r"""
#include <stdlib.h>
#include <string.h>
__attribute__((constructor)) static void change(void) {
  const char* what = getenv("WRONG");
  if (strcmp(what, "answer") == 0) setenv("SAID", "another", 1);
  if (strcmp(what, "status") == 0) _Exit(3);
  if (strcmp(what, "stop") == 0) abort();
}
"""


class Table(unittest.TestCase):
    def test_every_program_that_was_asked_for_is_there(self) -> None:
        wanted = {"python3", "python3_suite", "gcc", "clang", "sqlite3", "redis", "perl", "git", "lua", "jq", "xmllint",
                  "node", "gdb", "stress-ng"}  # fmt: skip
        table = programs.load()
        self.assertLessEqual(wanted, set(table))
        self.assertEqual(sum("bench" in program.amounts for program in table.values()), 8)
        self.assertTrue(any(program.checked and "short" in program.amounts for program in table.values()))

    def test_tools_packages_names_the_packages_of_each_program(self) -> None:
        lines = (line.partition("#")[0].split() for line in programs.PACKAGES.read_text(encoding="utf-8").splitlines())
        words = {line[0]: set(line[1:]) for line in lines if line}
        for program in programs.load().values():
            needed_by = {"run", "test"} if "short" in program.amounts else {"run", "test", "long"}
            for package in program.packages:
                self.assertTrue(words.get(package, set()) & needed_by, f"{program.name}: {package}")

    def test_no_load_is_left_over(self) -> None:
        texts = [text for each in programs.load().values() for text in (*each.prepare, *each.commands, each.client)]
        for file in (programs.HERE / "loads").glob("*.*"):
            self.assertTrue(any(f"loads/{file.name}" in text for text in texts), file.name)

    def test_a_wrong_table_is_refused_with_a_sentence(self) -> None:
        wrong = {
            "[p]\n" + ENTRY + 'colour = "red"\n': "p has a wrong or missing key",
            "[p]\n" + ENTRY.replace(", long = 4", ""): "p needs commands and an amount for long",
            "[p]\n" + ENTRY + 'client = "python3 loads/gone.py"\n': "p uses loads/gone.py, which is not there",
            "[p]\n" + ENTRY + 'changes = [["(", ""]]\n': "p has a pattern that is none",
            "[p": "cannot be read",
        }
        for text, sentence in wrong.items():
            with self.subTest(sentence), self.assertRaisesRegex(TableError, re.escape(sentence)):
                programs.load(text)


class Comparison(unittest.TestCase):
    folder: tempfile.TemporaryDirectory[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.wrong = str(Path(cls.folder.name) / "wrong.so")
        command = ["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-x", "c", "-", "-o", cls.wrong]
        subprocess.run(command, input=WRONG, text=True, check=True)

    def compare(self, command: str, library: str, proof: run.Proof = run.no_proof, **entry: object) -> list[str]:
        entry = {"environment": {"WRONG": "", "SAID": "this"}} | entry
        program = Program("p", "d", [], {"short": 3, "long": 4}, [command], **entry)  # type: ignore[arg-type]
        return run.compare(program, "short", [(library, proof)])

    def test_the_same_answer_is_told_with_what_was_lent(self) -> None:
        prepare = ["sh -c 'echo b >AMOUNT'"]
        [sentence] = self.compare("sort AMOUNT", LIBRARY, run.proof_of_counters, prepare=prepare, files=["3"])
        self.assertRegex(sentence, r"the same answer in 4 parts, [\d,]+ bytes lent or in stock at most; .* s of CPU")

    def test_a_library_that_lent_nothing_is_noticed(self) -> None:
        with self.assertRaisesRegex(ExecutionError, "lent sh nothing; it told of 0"):
            self.compare("sh -c 'echo x'", self.wrong, run.proof_of_counters)
        with self.assertRaisesRegex(ExecutionError, "told of no process"):
            self.compare("sh -c 'echo x'", self.wrong, run.proof_of_ends)

    def test_other_answers_are_noticed(self) -> None:
        print_it = "sh -c 'echo first; echo $SAID'"
        for what, command, sentence in (
            ("answer", print_it, "output of command 1 .* line 2 is b'another' with the library and b'this' without"),
            ("answer", f"{print_it[:-1]} >&2; echo x'", "the complaints of command 1 .* differs"),
            ("answer", "sh -c 'echo $SAID >file; echo x'", "the file file differs"),
            ("answer", "sh -c 'echo $SAID >file_$SAID; echo x'", "is there only with"),
            ("status", "sh -c 'echo x; exit 0'", "the status of command 1 .* is b'3' with the library and b'0'"),
            ("stop", "sh -c 'echo x'", "the status of command 1"),
        ):
            environment = {"WRONG": what, "SAID": "this"}
            with self.subTest(command), self.assertRaisesRegex(ExecutionError, sentence):
                self.compare(command, self.wrong, environment=environment, files=["file*"])

    def test_what_differs_by_itself_can_be_told(self) -> None:
        self.compare("sh -c 'echo $SAID one'", self.wrong, environment={"WRONG": "answer", "SAID": "this"},
                     changes=[["\\w+ one", "x"]])  # fmt: skip

    def test_a_program_that_fails_without_the_library_is_told(self) -> None:
        for command, sentence in (
            ("sh -c 'echo x; exit 5'", r"without a library, the status of command 1 \(sh\) is 5"),
            ("true", "without a library it prints nothing and writes no file"),
            ("no-such-command", r"without a library, the status of command 1 \(no-such-command\) is 127"),
        ):
            with self.subTest(command), self.assertRaisesRegex(ExecutionError, sentence):
                self.compare(command, self.wrong)
        with self.assertRaisesRegex(ExecutionError, "false ended with status 1"):
            self.compare("echo x", self.wrong, prepare=["false"])

    def test_what_never_ends_is_ended_and_told(self) -> None:
        with mock.patch.object(execution, "LIMIT", 0.3), self.assertRaisesRegex(ExecutionError, "not end within"):
            self.compare("sh -c 'echo x; sleep 60'", self.wrong)

    def test_a_server_gets_its_client(self) -> None:
        serve = "import socket as s; a = s.socket(s.AF_UNIX); a.bind('socket'); a.listen(); a.accept()[0].send(b'yes')"
        ask = "import socket as s; a = s.socket(s.AF_UNIX); a.connect('socket'); print(a.recv(9))"
        client = f'python3 -c "{ask}"'
        self.assertIn("the same answer in 4 parts", self.compare(f'python3 -c "{serve}"', self.wrong, client=client)[0])
        with self.assertRaisesRegex(ExecutionError, "the server ended before it listened"):
            self.compare("echo x", self.wrong, client=client)
        with mock.patch.object(execution, "SOCKET_LIMIT", 0.2), self.assertRaisesRegex(ExecutionError, "not listen"):
            self.compare("sleep 60", self.wrong, client=client)


class CommandLine(unittest.TestCase):
    def status(self, *arguments: str) -> tuple[int, str]:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                return run.main(arguments), said.getvalue()
            except SystemExit as end:
                return int(end.code or 0), said.getvalue()

    def test_the_lists(self) -> None:
        table = programs.load()
        self.assertEqual(len(self.status("--list", "--long")[1].splitlines()), len(table))
        short = [name for name, program in table.items() if "short" in program.amounts]
        self.assertEqual([line.split()[0] for line in self.status("--list")[1].splitlines()], short)

    def test_wrong_arguments_get_a_sentence(self) -> None:
        self.assertIn("there is no program nobody", self.status("nobody", "--library", "x")[1])
        for option in ("--library", "--checked"):
            self.assertIn("there is no library '/no/such.so'\n", self.status("lua", option, "/no/such.so")[1])
        self.assertIn("--library FILE tells which malloc is tried", self.status("lua")[1])

    def test_a_failure_is_a_sentence_and_a_status(self) -> None:
        with mock.patch.object(run, "compare", side_effect=ExecutionError("it broke")):
            status, said = self.status("lua", "--library", "x")
        self.assertEqual(status, 1)
        self.assertIn("lua: failed: it broke.", said)

    def test_missing_packages_are_named(self) -> None:
        program = Program("p", "d", ["no-such-package", "bash"], {}, [])
        with self.assertRaisesRegex(ExecutionError, "^packages are missing: apt-get .* no-such-package$"):
            require_packages([program])

    def test_what_goes_wrong_ends_the_command(self) -> None:
        ends = ((ExecutionError("it broke"), "run.py: it broke."), (TableError("it is bad"), "run.py: it is bad."),
                (KeyboardInterrupt(), 130))  # fmt: skip
        for trouble, code in ends:
            with self.assertRaises(SystemExit) as end:
                run_as_command("run.py", mock.Mock(side_effect=trouble))
            self.assertEqual(end.exception.code, code)

    def test_commands_that_the_page_shows_can_be_started(self) -> None:
        for command in ("tests/programs/run.py", "bench/programs/run.py", "bench/programs/page.py"):
            subprocess.run([programs.ROOT / command, "--help"], capture_output=True, check=True)


if __name__ == "__main__":
    LIBRARY = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()

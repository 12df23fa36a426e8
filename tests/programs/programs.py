# SPDX-License-Identifier: MIT
"""The real programs of programs.toml, checked while they are read."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "bench"))

from real_programs import TableError, entries_of  # noqa: E402

TABLE = HERE / "programs.toml"
PACKAGES = ROOT / "tools/packages"
AMOUNTS = ("short", "long", "bench")

# What every program finds in the folder that it runs in.
TRACES = ROOT / "bench/traces"
FOLDERS = {name: TRACES / name for name in ("inputs", "scripts", "clients", "programs")} | {
    "loads": HERE / "loads",
    "bareheap": ROOT,
}


@dataclass(frozen=True)
class Program:
    """An entry of the table, which tells what each member is."""

    name: str
    does: str
    packages: list[str]
    amounts: dict[str, int]
    commands: list[str]
    prepare: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    changes: list[list[str]] = field(default_factory=list)
    client: str = ""
    process: str = ""
    checked: bool = False

    def words(self, text: str, amount: str) -> list[str]:
        """Of a command of this program, for that amount."""
        return [word.replace("AMOUNT", str(self.amounts[amount])) for word in shlex.split(text)]

    def counted_process(self) -> str:
        return self.process or Path(shlex.split(self.commands[0])[0]).name


def _checked(name: str, entry: dict[str, object]) -> Program:
    try:
        program = Program(name, **entry)  # type: ignore[arg-type]
    except TypeError as error:
        raise TableError(f"{name} has a wrong or missing key: {error}") from error
    if not program.commands or "long" not in program.amounts or not set(program.amounts) <= set(AMOUNTS):
        raise TableError(f"{name} needs commands and an amount for long, and perhaps for short and bench")
    for text in (*program.prepare, *program.commands, program.client):
        for word in shlex.split(text):
            folder, _, rest = word.partition("/")
            if rest and folder in FOLDERS and not (FOLDERS[folder] / rest).exists():
                raise TableError(f"{name} uses {word}, which is not there")
    for pattern, _ in program.changes:
        try:
            re.compile(pattern)
        except re.error as error:
            raise TableError(f"{name} has a pattern that is none: {error}") from error
    return program


def load(text: str | None = None) -> dict[str, Program]:
    """All programs of a table by name, of ours where none is given. Raises TableError."""
    return entries_of(TABLE.read_text(encoding="utf-8") if text is None else text, _checked)

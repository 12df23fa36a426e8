# SPDX-License-Identifier: MIT
"""The real programs of programs.toml, checked while they are read."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLE = HERE / "programs.toml"
PACKAGES = ROOT / "tools/packages"
AMOUNTS = ("short", "long", "bench")

# What every program finds in the folder that it runs in.
TRACES = ROOT / "bench/traces"
FOLDERS = {name: TRACES / name for name in ("inputs", "scripts", "clients", "programs")} | {
    "loads": HERE / "loads",
    "bareheap": ROOT,
}


class TableError(Exception):
    """What is wrong with the table, as one sentence."""


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


def load(table: Path = TABLE) -> dict[str, Program]:
    """All programs by name. Raises TableError."""
    try:
        entries = tomllib.loads(table.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{table.name} cannot be read: {error}") from error
    return {name: _checked(name, entry) for name, entry in entries.items()}


def missing_packages(programs: Sequence[Program]) -> list[str]:
    """Those that are not installed; all of them where there is no dpkg-query."""
    wanted = sorted({package for program in programs for package in program.packages})
    query = ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *wanted]
    try:
        installed = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    except OSError:
        installed = []
    return [package for package in wanted if f"{package} installed" not in installed]

# SPDX-License-Identifier: MIT
"""The programs of programs.toml, checked while they are read."""

from __future__ import annotations

import shlex
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
TABLE = HERE / "programs.toml"
PACKAGES = HERE.parents[1] / "tools/packages"
WORD = "traces"  # of the packages in tools/packages that recording needs
FOLDERS = ("inputs", "scripts", "clients", "programs")  # which every program finds in the folder that it runs in


class TableError(Exception):
    """What is wrong with the table, as one sentence."""


@dataclass(frozen=True)
class Program:
    name: str
    kind: str
    use: str
    does: str
    packages: list[str]
    command: str
    prepare: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    client: str = ""
    terminate: bool = False
    status: int = 0

    def commands(self) -> list[list[str]]:
        """The words of all that is run for this program."""
        return [shlex.split(text) for text in (*self.prepare, self.command, self.client) if text]


def _checked(name: str, entry: dict[str, object]) -> Program:
    try:
        program = Program(name, **entry)  # type: ignore[arg-type]
    except TypeError as error:
        raise TableError(f"{name} has a wrong or missing key: {error}") from error
    if program.use not in ("tuning", "judging"):
        raise TableError(f"{name} is for tuning or for judging, not for {program.use!r}")
    for words in program.commands():
        for word in words:
            if word.startswith(tuple(f"{folder}/" for folder in FOLDERS)) and not (HERE / word).is_file():
                raise TableError(f"{name} uses {word}, which is not there")
    return program


def load(table: Path = TABLE) -> dict[str, Program]:
    """All programs by name. Raises TableError."""
    try:
        entries = tomllib.loads(table.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{table.name} cannot be read: {error}") from error
    return {name: _checked(name, entry) for name, entry in entries.items()}


def listed_packages(file: Path = PACKAGES) -> set[str]:
    """The packages whose line in tools/packages bears the word of this folder."""
    lines = (line.partition("#")[0].split() for line in file.read_text(encoding="utf-8").splitlines())
    return {words[0] for words in lines if WORD in words[1:]}


def missing_packages(programs: Sequence[Program]) -> list[str]:
    """Those that are not installed; all of them where dpkg-query knows none."""
    wanted = sorted({package for program in programs for package in program.packages})
    query = ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *wanted]
    installed = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    return [package for package in wanted if f"{package} installed" not in installed]

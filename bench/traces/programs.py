# SPDX-License-Identifier: MIT
"""The programs of programs.toml, checked while they are read."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

from real_programs import TableError, entries_of  # noqa: E402

TABLE = HERE / "programs.toml"
PACKAGES = HERE.parents[1] / "tools/packages"
WORD = "traces"  # of the packages in tools/packages that recording needs
FOLDERS = ("inputs", "scripts", "clients", "programs")  # which every program finds in the folder that it runs in


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


def load(text: str | None = None) -> dict[str, Program]:
    """All programs of a table by name, of ours where none is given. Raises TableError."""
    return entries_of(TABLE.read_text(encoding="utf-8") if text is None else text, _checked)


def listed_packages(file: Path = PACKAGES) -> set[str]:
    """The packages whose line in tools/packages bears the word of this folder."""
    lines = (line.partition("#")[0].split() for line in file.read_text(encoding="utf-8").splitlines())
    return {words[0] for words in lines if WORD in words[1:]}

# SPDX-License-Identifier: MIT
"""Real programs, be it that their calls are recorded (bench/traces) or that they run on a heap (tests/programs): their
tables, the Debian packages they need, and commands that have to succeed."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

# Nothing of the environment of whoever runs it gets to a program.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LC_ALL": "C",
    "TZ": "UTC",
    "HOME": ".",
    "GIT_CONFIG_NOSYSTEM": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class TableError(Exception):
    """What is wrong with a table, as one sentence."""


class ExecutionError(Exception):
    """Why a program did not do what it should, as one sentence."""


class Packaged(Protocol):
    packages: list[str]


Entry = TypeVar("Entry")


def entries_of(text: str, checked: Callable[[str, dict[str, object]], Entry]) -> dict[str, Entry]:
    """All that the text of a table has, by name, each as `checked` makes it. Raises TableError."""
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"the table cannot be read: {error}") from error
    return {name: checked(name, entry) for name, entry in entries.items()}


def missing_packages(programs: Iterable[Packaged]) -> list[str]:
    """Those that are not installed; all of them where there is no dpkg-query."""
    wanted = sorted({package for program in programs for package in program.packages})
    query = ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *wanted]
    try:
        installed = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    except OSError:
        installed = []
    return [package for package in wanted if f"{package} installed" not in installed]


def require_packages(programs: Iterable[Packaged]) -> None:
    """Raises ExecutionError where some are not installed."""
    if missing := missing_packages(programs):
        raise ExecutionError(f"packages are missing: apt-get install --no-install-recommends {' '.join(missing)}")


def run_as_command(name: str, main: Callable[[Sequence[str]], int]) -> NoReturn:
    """Runs `main` with the words of the command line; what goes wrong is a sentence."""
    try:
        sys.exit(main(sys.argv[1:]))
    except (ExecutionError, TableError) as trouble:
        sys.exit(f"{name}: {trouble}.")
    except KeyboardInterrupt:
        sys.exit(130)


def quietly(words: Sequence[str], folder: Path, environment: Mapping[str, str], limit: float) -> bytes:
    """What a command prints that prepares, or a client; it has to succeed within `limit` s. Raises ExecutionError."""
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExecutionError(f"{shlex.join(words)} did not run: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-400:]
        raise ExecutionError(f"{shlex.join(words)} ended with status {done.returncode}: {said}")
    return done.stdout

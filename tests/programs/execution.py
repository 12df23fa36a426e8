# SPDX-License-Identifier: MIT
"""Runs a real program with a malloc loaded before it, and tells what it answered and what it took."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from programs import FOLDERS, Program
from real_programs import ENVIRONMENT, ExecutionError, quietly

LIMIT = 1200.0  # seconds, for one command: ends a hang, and is no measure
SOCKET_LIMIT = 30.0  # seconds until a server listens

NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """All that is compared: status and output of each command, and the files that were asked for."""

    parts: dict[str, bytes]  # by what it is

    def says_something(self) -> bool:
        """Whether there is more than complaints and the status."""
        return any(text for name, text in self.parts.items() if not name.startswith(("the status", "the complaints")))

    def difference(self, other: Answer) -> str:
        """The first one, as a sentence; nothing where there is none."""
        for name in dict.fromkeys((*self.parts, *other.parts)):
            ours, theirs = self.parts.get(name), other.parts.get(name)
            if ours is None or theirs is None:
                return f"{name} is there only {'with' if theirs is None else 'without'} the library"
            if ours != theirs:
                return f"{name} differs: {first_difference(ours, theirs)}"
        return ""


def first_difference(ours: bytes, theirs: bytes) -> str:
    lines = zip((*ours.splitlines(), b"(the end)"), (*theirs.splitlines(), b"(the end)"))
    for number, (mine, its) in enumerate(lines, 1):
        if mine != its:
            return f"line {number} is {mine[:300]!r} with the library and {its[:300]!r} without"
    return "only in the ends of lines"


@dataclass
class Taken:
    """By the commands of a program, one after the other."""

    wall: float = 0.0  # seconds
    cpu: float = 0.0  # seconds of all threads and processes
    peak: int = 0  # bytes that were resident at most, in the largest process


@dataclass(frozen=True)
class Run:
    answer: Answer
    taken: Taken
    reports: list[str] = field(default_factory=list)  # lines that the library's processes told when they ended


def prepare(program: Program, amount: str, folder: Path) -> None:
    """Makes the input of a program, in a folder that is new."""
    folder.mkdir(parents=True)
    for name, target in FOLDERS.items():
        (folder / name).symlink_to(target)
    for text in program.prepare:
        quietly(program.words(text, amount), folder, ENVIRONMENT, LIMIT)


def run(
    program: Program, amount: str, prepared: Path, scratch: Path, library: str, settings: Mapping[str, str] = NONE
) -> Run:
    """In a fresh copy of what was prepared, with a malloc loaded first, or none; `settings` are for that one. The copy
    has the same path each time, and is gone afterwards."""
    folder, report, peak = scratch / "here", scratch / "report", scratch / "peak"
    shutil.copytree(prepared, folder, symlinks=True)
    variables = ENVIRONMENT | program.environment
    loaded = {"LD_PRELOAD": library, "BAREHEAP_MALLOC_REPORT": str(report), **settings} if library else {}
    # The process that waits has to be small: a program's peak of resident pages is never below that of who started it.
    start = ["/usr/bin/time", "--quiet", "--format=%M", f"--output={peak}", "env"]
    start += [f"{name}={value}" for name, value in (variables | loaded).items()]
    parts: dict[str, bytes] = {}
    taken = Taken()
    try:
        for number, text in enumerate(program.commands, 1):
            words = program.words(text, amount)
            name = f"command {number} ({Path(words[0]).name})"
            client = program.words(program.client, amount)
            status, told = _run_command([*start, *words], client, scratch, taken)
            taken.peak = max(taken.peak, int(peak.read_text(encoding="ascii").split()[-1]) << 10)
            parts[f"the status of {name}"] = str(status).encode()
            if client:
                parts["what the client printed"] = told
            for stream, file in (("output", "out"), ("complaints", "err")):
                parts[f"the {stream} of {name}"] = _changed((scratch / file).read_bytes(), program.changes)
        for path in sorted(path for pattern in program.files for path in folder.glob(pattern)):
            parts[f"the file {path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest().encode()
        reports = report.read_text(encoding="utf-8", errors="replace").splitlines() if report.is_file() else []
        return Run(Answer(parts), taken, reports)
    finally:
        shutil.rmtree(folder)
        report.unlink(missing_ok=True)


def _run_command(words: Sequence[str], client: Sequence[str], scratch: Path, taken: Taken) -> tuple[int, bytes]:
    """Its status, and what its client printed, if it has one."""
    told = b""
    with (scratch / "out").open("wb") as out, (scratch / "err").open("wb") as err:
        begun = time.monotonic()
        process = _start(words, scratch / "here", out.fileno(), err.fileno())
        with _ended(process):
            if client:
                told = _talk(client, process, scratch / "here")
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begun
    if wall > LIMIT:
        raise ExecutionError(f"{shlex.join(words[-3:])} did not end within {LIMIT:.0f} s")
    taken.wall += wall
    taken.cpu += usage.ru_utime + usage.ru_stime
    return process.returncode, told


def _start(words: Sequence[str], folder: Path, out: int, err: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
    except OSError as error:
        raise ExecutionError(f"{shlex.join(words)} did not run: {error}") from error


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Whatever happens, the process and all that it started are gone afterwards; after LIMIT in any case."""

    def kill() -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(LIMIT, kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        kill()
        if process.returncode is None:
            process.wait()


def _talk(client: Sequence[str], process: subprocess.Popen[bytes], folder: Path) -> bytes:
    """Runs the client of a server once that listens."""
    end = time.monotonic() + SOCKET_LIMIT
    while not (folder / "socket").is_socket():
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            raise ExecutionError("the server ended before it listened")
        if time.monotonic() > end:
            raise ExecutionError(f"the server did not listen within {SOCKET_LIMIT:.0f} s")
        time.sleep(0.01)
    return quietly(client, folder, ENVIRONMENT, LIMIT)


def _changed(text: bytes, changes: Sequence[Sequence[str]]) -> bytes:
    for pattern, replacement in changes:
        text = re.sub(pattern.encode(), replacement.encode(), text)
    return text

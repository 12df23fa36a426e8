#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records the calls that the programs of programs.toml make, on Debian 12 for x86-64.

    bench/traces/record.py --list                    what there is
    bench/traces/record.py                           record everything; takes two minutes
    bench/traces/record.py --only lua redis          record two of them again
    bench/traces/record.py --out /tmp/traces --install   elsewhere, after the missing Debian packages were installed
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import programs
from programs import FOLDERS, HERE, Program
from real_programs import ENVIRONMENT, ExecutionError, TableError, missing_packages, quietly

ROOT = HERE.parents[1]
RECORDER = ROOT / "build/host/tools/bareheap/bareheap"
ADDRESSES_AS_THEY_ARE = 0x0040000  # ADDR_NO_RANDOMIZE of personality(2): tables of addresses look alike in every run
LIMIT = 600.0  # seconds, for one command
SOCKET_LIMIT = 30.0  # seconds until a server is there


def with_files(words: Sequence[str], folder: Path) -> list[str]:
    """A word with a * and no space becomes the files of that name."""
    found: list[str] = []
    for word in words:
        if "*" in word and " " not in word:
            found += sorted(str(path.relative_to(folder)) for path in folder.glob(word))
        else:
            found.append(word)
    return found


def terminate(process: subprocess.Popen[bytes]) -> None:
    """Asks the recorded program to end: the recorder's child, or what the recorder has become."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(children[0]) if children else process.pid, signal.SIGTERM)


def serve(program: Program, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Lets the client talk to the program once that listens."""
    end = time.monotonic() + SOCKET_LIMIT
    while not (folder / "socket").is_socket():
        if process.poll() is not None:
            raise ExecutionError("it ended before it listened")
        if time.monotonic() > end:
            raise ExecutionError(f"it did not listen within {SOCKET_LIMIT:.0f} s")
        time.sleep(0.05)
    quietly(shlex.split(program.client), folder, ENVIRONMENT, LIMIT)
    if program.terminate:
        terminate(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the recorder with all that it started, if that has not ended by itself."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def record(program: Program, recorder: Path, target: Path, folder: Path) -> None:
    """One program's calls into one file."""
    for name in FOLDERS:
        (folder / name).symlink_to(HERE / name)
    for text in program.prepare:
        quietly(shlex.split(text), folder, ENVIRONMENT, LIMIT)
    command = [str(recorder), "record", "-o", str(target), "--", *with_files(shlex.split(program.command), folder)]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=ENVIRONMENT | program.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        try:
            if program.client:
                serve(program, process, folder)
            status = process.wait(LIMIT)
        except subprocess.TimeoutExpired as error:
            raise ExecutionError(f"it did not end within {LIMIT:.0f} s") from error
        finally:
            stop(process)
    if status != program.status:
        end = (folder / "said").read_text(encoding="utf-8", errors="replace").strip()[-400:]
        raise ExecutionError(f"it ended with status {status}, not {program.status}: {end}")
    if not target.is_file():
        raise ExecutionError("the recorder wrote nothing")


def have_packages(chosen: Sequence[Program], install: bool) -> None:
    missing = missing_packages(chosen)
    if not missing:
        return
    line = f"apt-get update && apt-get install -y --no-install-recommends {shlex.join(missing)}"
    if not install:
        raise ExecutionError(f"packages are missing; record.py --install installs them, or as root: {line}")
    if subprocess.run(["sh", "-c", line], check=False).returncode != 0:
        raise ExecutionError(f"installing failed; as root, type: {line}")


def record_all(chosen: Sequence[Program], recorder: Path, out: Path) -> int:
    """How many could not be recorded; what was recorded before stays in its place then."""
    ctypes.CDLL(None).personality(ADDRESSES_AS_THEY_ARE)
    out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for number, program in enumerate(chosen, 1):
        print(f"[{number:2}/{len(chosen)}] {program.name:12} ", end="", flush=True)
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="bareheap-traces-") as name:
            fresh = Path(name) / "trace"
            try:
                record(program, recorder, fresh, Path(name))
            except (ExecutionError, OSError) as error:
                failed += 1
                print(f"failed: {error}")
                continue
            target = out / f"{program.name}.trace"
            target.write_bytes(fresh.read_bytes())
        print(f"{target.stat().st_size:9,} bytes {time.monotonic() - started:6.1f} s")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="show the programs, and record nothing")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these programs alone")
    parser.add_argument("--out", type=Path, default=HERE / "library", metavar="FOLDER", help="where the traces go")
    parser.add_argument("--recorder", type=Path, default=RECORDER, metavar="FILE", help="the command bareheap")
    parser.add_argument("--install", action="store_true", help="install missing Debian packages; needs root")
    options = parser.parse_args()
    table = programs.load()
    unknown = sorted(set(options.only or ()) - set(table))
    if unknown:
        parser.error(f"there is no program {unknown[0]}; --list shows all")
    chosen = [table[name] for name in options.only or table]
    if options.list:
        for program in chosen:
            print(f"{program.name:12} {program.use:8} {program.kind:20} {program.does}")
        return 0
    have_packages(chosen, options.install)
    if not options.recorder.is_file():
        raise ExecutionError(f"there is no recorder at {options.recorder}; build it: cmake --build --preset host")
    return 1 if record_all(chosen, options.recorder.resolve(), options.out) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ExecutionError, TableError) as trouble:
        sys.exit(f"record.py: {trouble}")
    except KeyboardInterrupt:
        sys.exit(130)

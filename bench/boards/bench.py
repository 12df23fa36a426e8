#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts what each engine's calls take on the boards, in instructions of the board, and says it as JSON.

The kernels have to be there, of each PROCESSOR aarch64, riscv64, x86_64:

    cmake --preset board-PROCESSOR && cmake --build --preset board-PROCESSOR --target bench_kernel

    python3 bench/boards/bench.py --output boards.json      all boards
    python3 bench/boards/bench.py --short --board raspi3b   one board, small loads, to the terminal
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from emulator import PC, RASPI3B, RISCV64_SBI, Emulator, EmulatorError, Machine  # noqa: E402

READY_SECONDS = 60.0
SECONDS = 600.0  # ends a hang; a board takes a fraction of it
KINDS = ("allocate", "deallocate", "reallocate")
PREFIX = "bench: "

# Every instruction takes a nanosecond of the board's time.
COUNTED_TIME = ("-icount", "shift=0")


@dataclass(frozen=True)
class Board:
    processor: str
    machine: Machine
    extra: tuple[str, ...] = ()

    def kernel(self, builds: Path) -> Path:
        return builds / self.processor / "bench/boards" / f"bench_kernel{self.machine.image_suffix}"


# One CPU: the time is that of all of them. The Pi always has four; its kernel brings the others to a stop.
ONE_CPU = ("-smp", "1")
BOARDS = {
    "raspi3b": Board("aarch64", RASPI3B),
    "riscv64": Board("riscv64", RISCV64_SBI, ONE_CPU),
    "x86_64": Board("x86_64", PC, ONE_CPU),
}


class BenchError(Exception):
    """What went wrong, as one sentence."""


def with_means(result: dict[str, Any]) -> dict[str, Any]:
    for kind in KINDS:
        figures = result[kind]
        figures["mean"] = round(figures["instructions"] / figures["calls"], 2) if figures["calls"] else None
    return result


def run(name: str, builds: Path, key: str, extra: Sequence[str], progress: bool) -> list[dict[str, Any]]:
    """What the kernel of a board says when it is given this key."""
    board = BOARDS[name]
    kernel = board.kernel(builds)
    if not kernel.is_file():
        raise BenchError(f"{kernel} is not there: cmake --build --preset board-{board.processor} --target bench_kernel")
    said: list[dict[str, Any]] = []

    def listen(line: str) -> None:
        if not line.startswith(PREFIX):
            return
        said.append(json.loads(line[len(PREFIX) :]))
        if progress and "load" in said[-1]:
            print(f"\r{name}: {said[-1]['load']}, {said[-1]['engine']}\x1b[K", end="", file=sys.stderr, flush=True)

    with Emulator(kernel, machine=board.machine, extra=(*COUNTED_TIME, *extra), listener=listen) as emulator:
        emulator.wait_for("ready", READY_SECONDS)
        emulator.type(key)
        status = emulator.wait_exit(SECONDS)
        last = emulator.log.strip().splitlines()[-1]
    if progress:
        print(f"\r{name}: done\x1b[K", file=sys.stderr)
    if status != 0 or last != "bench is over":
        raise BenchError(f"the kernel on {name} ended with status {status}; its last line was '{last}'")
    return said


def measure(name: str, builds: Path, short: bool = False, progress: bool = False) -> dict[str, Any]:
    """All figures of one board: `counter`, how exact it is, and `results`, one for each load and engine."""
    counter, *results = run(name, builds, "s" if short else "f", BOARDS[name].extra, progress)
    return {"counter": counter, "results": [with_means(result) for result in results]}


def measure_together(name: str, builds: Path) -> list[dict[str, Any]]:
    """Of one, two and four CPUs on a heap: `per_thousand`, the operations of all in a thousand instructions of all."""
    results = run(name, builds, "t", (), False)
    for result in results:
        result["per_thousand"] = round(1000 * result["operations"] / result["instructions"], 2)
    return results


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", action="append", choices=BOARDS, help="may be given again; all if left out")
    parser.add_argument("--short", action="store_true", help="loads a tenth as large")
    parser.add_argument("--builds", type=Path, default=ROOT / "build", help="folder of the builds (default: build)")
    parser.add_argument("--output", type=Path, help="the file to write; else standard output")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    wanted = parse(arguments)
    try:
        progress = sys.stderr.isatty()
        boards = {name: measure(name, wanted.builds, wanted.short, progress) for name in wanted.board or BOARDS}
        for name, figures in boards.items():
            figures["together"] = measure_together(name, wanted.builds)
        text = json.dumps({"short": wanted.short, "boards": boards}, indent=1) + "\n"
        if wanted.output is None:
            print(text, end="")
        else:
            wanted.output.write_text(text)
    except (BenchError, EmulatorError, OSError) as error:
        print(f"bench: {str(error).rstrip('.')}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

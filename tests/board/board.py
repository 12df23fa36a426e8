# SPDX-License-Identifier: MIT
"""What the tests of the kernel Homer share: the kernels' folder, a board that runs one of them, and the walk of its
heap as the kernel prints it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from emulator import Emulator, read_ppm  # noqa: E402
from screen import DOTS, Screen, decode_png  # noqa: E402

SECONDS = 30.0  # everything here takes less than one, unless the machine is busy
PAGE = 4096
BUILD_COMMAND = "cmake --preset board-aarch64 && cmake --build --preset board-aarch64"

_folder = Path()


def kernel(name: str) -> Path:
    """A file in the folder that the tests were given."""
    return _folder / name


def main() -> None:
    """Reads the folder from the command line, hands the rest of it to unittest, and does not return."""
    global _folder
    program = Path(sys.argv[0]).name
    if len(sys.argv) < 2:
        sys.exit(f"usage: {program} KERNEL_DIRECTORY [unittest's own arguments]")
    _folder = Path(sys.argv[1]).resolve()
    for name in ("homer", "homer_story", "homer_bump", "homer_null"):
        for file in (kernel(f"{name}.elf"), kernel(f"{name}.img")):
            if not file.is_file():
                sys.exit(f"{program}: there is no '{file}'; this builds it: {BUILD_COMMAND}.")
    unittest.main(module="__main__", argv=[sys.argv[0], *sys.argv[2:]])


def output_of(*command: str | Path, directory: Path | None = None) -> str:
    """What a command prints; it must succeed."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=directory, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)} ended with status {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def symbols_of(elf: Path) -> dict[str, int]:
    """Addresses of all names in an ELF file."""
    lines = output_of("llvm-nm-19", "--defined-only", elf).splitlines()
    return {name: int(address, 16) for address, _, name in (line.split(maxsplit=2) for line in lines)}


@dataclass(frozen=True)
class Tile:
    at: int
    size: int
    kind: str

    @property
    def end(self) -> int:
        return self.at + self.size


@dataclass(frozen=True)
class Walk:
    """The tiles of the heap, as the key w prints them."""

    tiles: tuple[Tile, ...]

    @classmethod
    def read(cls, said: str) -> Walk:
        found = re.findall(r"^homer: walk 0x([0-9a-f]+) (\d+) (\w+)$", said, re.MULTILINE)
        return cls(tuple(Tile(int(at, 16), int(size), kind) for at, size, kind in found))

    @property
    def start(self) -> int:
        return self.tiles[0].at

    @property
    def end(self) -> int:
        return self.tiles[-1].end

    def of(self, *kinds: str) -> list[Tile]:
        return [tile for tile in self.tiles if tile.kind in kinds]

    def bytes_of(self, *kinds: str) -> int:
        return sum(tile.size for tile in self.of(*kinds))

    def holes(self) -> list[int]:
        """The sizes of the stretches of free tiles that touch."""
        holes = [0]
        for tile in self.tiles:
            if tile.kind in ("free", "cached"):
                holes[-1] += tile.size
            elif holes[-1] != 0:
                holes.append(0)
        return [hole for hole in holes if hole != 0]

    def bytes_a_dot(self) -> int:
        """16, or as often twice that until the whole heap has its dots."""
        size = 16
        while size * DOTS < self.end - self.start:
            size *= 2
        return size

    def dots_of(self, at: int, size: int) -> range:
        """The dots that these bytes touch."""
        step = self.bytes_a_dot()
        return range((at - self.start) // step, -(-(at + size - self.start) // step))

    def dots(self) -> list[str]:
        """What each dot of the map must show. Where tiles share a dot, what is later in the list of kinds wins."""
        shown = ["background"] * DOTS
        for kind in ("free", "cached", "used", "meta"):
            for tile in self.of(kind):
                for dot in self.dots_of(tile.at, tile.size):
                    shown[dot] = kind
        return shown


class Board(Emulator):
    """An Emulator that knows how Homer talks."""

    def press(self, key: str) -> str:
        """Types a key that acts, and returns the lines that come after its echo."""
        self.type(key)
        said = self.wait_for("homer: done\n", SECONDS)
        if not said.startswith(f"{key}\n"):
            raise AssertionError(f"the key {key} was echoed as {said.splitlines()[0]!r}")
        return said.removeprefix(f"{key}\n").removesuffix("homer: done\n")

    def walk(self) -> Walk:
        return Walk.read(self.press("w"))

    def look(self) -> Screen:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "screen.ppm")
            self.screenshot(path)
            return Screen(*read_ppm(path))

    def memory(self, address: int, size: int) -> bytes:
        """Physical memory, which QEMU reads past everything that the kernel has mapped."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "memory")
            self.monitor("pmemsave", val=address, size=size, filename=str(path))
            return path.read_bytes()


class BoardTest(unittest.TestCase):
    def boot(self, name: str = "homer.img", **options: object) -> Board:
        """A board that has come to the end of its boot, and ends with the test."""
        board = Board(kernel(name), **options)  # type: ignore[arg-type]
        self.addCleanup(board.close)
        board.wait_for("homer: ready\n", SECONDS)
        return board

    def assert_shows_picture(self, screen: Screen) -> None:
        width, height, expected = decode_png(ROOT / "kernels/homer/picture.png")
        self.assertEqual((width, height), (96, 64))
        self.assertTrue(screen.block(464, 352, 96, 64) == expected, "the picture on the screen is another one")

    def assert_same_dots(self, shown: list[str], expected: list[str]) -> None:
        """Not assertEqual, which takes minutes to compare lists of this length when they differ."""
        differing = [index for index in range(DOTS) if shown[index] != expected[index]]
        if differing:
            first = differing[0]
            self.fail(f"{len(differing)} dots differ; dot {first} is {shown[first]} and should be {expected[first]}")

    def assert_whole(self, walk: Walk, start: int, end: int) -> None:
        """The tiles follow one another from the start to the end, without a gap."""
        self.assertEqual((walk.start, walk.end), (start, end))
        for tile, next_tile in zip(walk.tiles, walk.tiles[1:]):
            self.assertEqual(tile.end, next_tile.at, "a gap or an overlap")
        self.assertLessEqual({tile.kind for tile in walk.tiles}, {"free", "cached", "used", "meta"})
        self.assertGreater(min(tile.size for tile in walk.tiles), 0)

    def assert_agree(self, screen: Screen, walk: Walk) -> None:
        """Map and figures on the screen are those of the walk."""
        self.assert_same_dots(screen.map(), walk.dots())
        self.assertEqual(screen.scale(), f"one dot = {walk.bytes_a_dot()} bytes")
        expected = {
            "free": f"{walk.bytes_of('free', 'cached')} bytes",
            "in stock": f"{walk.bytes_of('cached')} bytes",
            "used": f"{walk.bytes_of('used')} bytes",
            "heap's own": f"{walk.bytes_of('meta')} bytes",
            "largest free": f"{max(walk.holes(), default=0)} bytes",
            "holes": str(len(walk.holes())),
            "tiles in use": str(len(walk.of("used"))),
        }
        self.assertEqual(screen.figures(), expected)

    def agreed(self, board: Board) -> tuple[Screen, Walk]:
        """Screen and walk of this moment, which agree. The screen comes first: w changes the message on it."""
        screen = board.look()
        walk = board.walk()
        self.assert_agree(screen, walk)
        return screen, walk


def changed(before: list[str], after: list[str]) -> Iterator[int]:
    """The dots that are no longer what they were."""
    return (index for index in range(DOTS) if before[index] != after[index])

# SPDX-License-Identifier: MIT
"""Holds the floors: includes point down only, neighbours never include each other, and there is no circle.

    python3 tests/house/floors.py [ROOT]

Prints a line for each include that breaks the order (docs/floors.md) and ends with status 1 when there is one.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
SOURCES = {".hpp", ".cpp", ".h", ".c", ".S", ".in"}

# Where quoted includes are looked for, besides the folder of the file itself.
SEARCHED = ("", "include", "src", "tests")

# Some bindings are for a header of the standard library or of the C library, and include that one besides.
BOUND = {"memory_resource.hpp": "memory_resource", "pool_resource.hpp": "memory_resource",
         "malloc.hpp": "errno.h", "malloc_newlib.hpp": "reent.h"}  # fmt: skip

# What a freestanding C++23 compiler brings along; the library includes nothing else from outside.
FREESTANDING = {
    "atomic", "bit", "climits", "compare", "concepts", "coroutine", "cstddef", "cstdint", "initializer_list",
    "iterator", "limits", "memory", "new", "numeric", "source_location", "stdbool.h", "stddef.h", "tuple",
    "type_traits", "utility", "version",
}  # fmt: skip


@dataclass(frozen=True)
class Floor:
    """A folder, the folders below it that its files may include, and whether they may include each other."""

    folder: str
    below: tuple[str, ...]
    neighbours: bool = False
    freestanding: bool = False


LIBRARY = "include/bareheap"
CORE = f"{LIBRARY}/core"
PARTS = f"{LIBRARY}/parts"
ENGINES = f"{LIBRARY}/engines"
BINDINGS = f"{LIBRARY}/bindings"

# The first entry whose folder holds a file is that file's floor.
FLOORS = (
    Floor(CORE, (), neighbours=True, freestanding=True),
    Floor(PARTS, (CORE,), freestanding=True),
    Floor(ENGINES, (CORE, PARTS), freestanding=True),
    Floor(f"{LIBRARY}/wrappers/cpu_", (CORE, PARTS), neighbours=True, freestanding=True),
    Floor(f"{LIBRARY}/wrappers", (CORE, PARTS), freestanding=True),
    Floor(f"{BINDINGS}/malloc", (CORE, PARTS), neighbours=True, freestanding=True),
    Floor(BINDINGS, (CORE, PARTS), freestanding=True),
    Floor(LIBRARY, (LIBRARY,), neighbours=True, freestanding=True),
    Floor("src/engines", (CORE, PARTS, ENGINES), freestanding=True),
    Floor("src/bindings/c_", (LIBRARY,), freestanding=True),
    Floor("src/bindings", (CORE, PARTS, BINDINGS), freestanding=True),
    Floor("src/runtime", (CORE,), neighbours=True),
    Floor("ports/common", (CORE, PARTS, f"{ENGINES}/page_heap.hpp"), neighbours=True),
    Floor("ports/", (CORE, PARTS, f"{ENGINES}/page_heap.hpp", "ports/common"), neighbours=True),
    Floor("kernels", ("",), neighbours=True),
    Floor("examples", ("",), neighbours=True),
    Floor("tests", ("",), neighbours=True),
    Floor("bench", ("",), neighbours=True),
    Floor("tools", ("",), neighbours=True),
)
TOP = ("kernels/", "examples/", "tests/", "bench/", "tools/")


def floor_of(file: str) -> Floor | None:
    return next((floor for floor in FLOORS if file.startswith(floor.folder)), None)


def room_of(file: str, floor: Floor) -> str:
    """The folder whose files belong together: one port, one kernel, else the floor's own."""
    return "/".join(file.split("/")[:2]) if floor.folder in ("ports/", "kernels") else floor.folder


def resolve(root: Path, file: Path, name: str) -> str | None:
    for folder in (file.parent, *(root / searched for searched in SEARCHED)):
        if (folder / name).is_file():
            return str((folder / name).resolve().relative_to(root))
    return None


def why_not(file: str, included: str) -> str | None:
    """The reason that `file` may not include `included`, or None."""
    floor = floor_of(file)
    if floor is None:
        return "stands on no floor"
    if floor.folder + "/" not in TOP and included.startswith(TOP):
        return "looks up to where nobody may look"
    if included.startswith(room_of(file, floor)) and (floor_of(included) == floor):
        return None if floor.neighbours else "includes its neighbour"
    return None if included.startswith(floor.below) else "looks up or aside"


def check_file(root: Path, file: Path) -> tuple[list[str], list[str]]:
    """The complaints about one file, and the files of the house that it includes."""
    name = str(file.relative_to(root))
    floor = floor_of(name)
    complaints, included_files = [], []
    for quoted, system in INCLUDE.findall(file.read_text(encoding="utf-8")):
        if system:
            if floor is not None and floor.freestanding and system not in FREESTANDING | {BOUND.get(file.name)}:
                complaints.append(f"{name}: <{system}> is not for a freestanding library")
            continue
        included = resolve(root, file, quoted)
        if included is None:
            continue  # generated while the kernels are built
        included_files.append(included)
        if (reason := why_not(name, included)) is not None:
            complaints.append(f"{name}: {reason}: {included}")
    return complaints, included_files


def find_circle(graph: dict[str, list[str]]) -> list[str] | None:
    """The files of a circle of includes, or None."""
    done: set[str] = set()

    def visit(file: str, path: list[str]) -> list[str] | None:
        if file in path:
            return path[path.index(file) :] + [file]
        if file in done:
            return None
        for included in graph.get(file, []):
            if (circle := visit(included, [*path, file])) is not None:
                return circle
        done.add(file)
        return None

    return next((circle for file in graph if (circle := visit(file, [])) is not None), None)


def check(root: Path) -> list[str]:
    root = root.resolve()
    complaints: list[str] = []
    graph: dict[str, list[str]] = {}
    folders = {floor.folder.split("/")[0] for floor in FLOORS}
    for file in sorted(file for folder in folders for file in (root / folder).rglob("*") if file.suffix in SOURCES):
        if "broken" in file.relative_to(root).parts:
            continue
        found, graph[str(file.relative_to(root))] = check_file(root, file)
        complaints += found
    if not graph:
        complaints.append(f"there are no sources below {root}")
    if (circle := find_circle(graph)) is not None:
        complaints.append("a circle of includes: " + " -> ".join(circle))
    return complaints


if __name__ == "__main__":
    found = check(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2])
    print("\n".join(found) or "The floors hold.")
    sys.exit(1 if found else 0)

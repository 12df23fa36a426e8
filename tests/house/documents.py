# SPDX-License-Identifier: MIT
"""Holds the documents to the tree: every path that one of them names is there, and every heading that it links to.

    python3 tests/house/documents.py [ROOT]
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
TO_HEADING = re.compile(r"\[[^\]]*\]\(([^)#\s:]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*\S)", re.MULTILINE)
QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^\.?[\w.-]*(/[\w.-]+)*/?$")
SUFFIXES = {".hpp", ".cpp", ".h", ".md", ".py", ".S", ".ld", ".sh", ".cmake", ".txt", ".png", ".svg", ".json", ".in"}
GENERATED = ("build/", "out/", "include/c++")

# Files on the card that a board boots from.
ON_THE_CARD = {"config.txt", "overlays/disable-bt.dtbo"}


def named_paths(text: str) -> set[str]:
    """Links, and what stands in backquotes and looks like a path of this tree."""
    paths = {target for target in LINK.findall(text) if "://" not in target}
    for quoted in QUOTED.findall(LINK.sub("", text)):
        word = quoted.split()[0].removeprefix("./")
        if PATH.match(word) and ("/" in word or Path(word).suffix in SUFFIXES):
            paths.add(word)
    return {path for path in paths - ON_THE_CARD if not path.startswith(GENERATED)}


def anchors(text: str) -> set[str]:
    """What a link says for each heading, as most that show Markdown have it."""
    headings = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in HEADING.findall(text))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def missing_headings(document: Path, text: str) -> list[str]:
    links = [(document.parent / path if path else document, heading) for path, heading in TO_HEADING.findall(text)]
    return [f"{file.name}#{heading}" for file, heading in links
            if file.is_file() and heading not in anchors(file.read_text(encoding="utf-8"))]  # fmt: skip


def exists(root: Path, document: Path, path: str) -> bool:
    folders = (document.parent, root, root / "include", root / "include/bareheap", root / "src", root / "tests")
    return any((folder / path).exists() for folder in folders)


def documents(root: Path) -> list[Path]:
    """All that git knows, and without git all there are."""
    command = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    names = listed.stdout.split() if listed.returncode == 0 else [str(path) for path in root.rglob("*.md")]
    return [root / name for name in names if "broken" not in Path(name).parts]


def check(root: Path) -> list[str]:
    complaints = []
    for document in documents(root):
        text = document.read_text(encoding="utf-8")
        missing = [path for path in sorted(named_paths(text)) if not exists(root, document, path)]
        for name in missing + missing_headings(document, text):
            complaints.append(f"{document.relative_to(root)} names {name}, which is not there")
    return complaints


if __name__ == "__main__":
    found = check(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(__file__).parents[2])
    print("\n".join(found) or "Every path that a document names is there.")
    sys.exit(1 if found else 0)

# SPDX-License-Identifier: MIT
"""Makes a git repository with a long history: files are written, changed, renamed and removed.

    python3 git_history.py FOLDER SEED COMMITS
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from words import Words


class History:
    """The stream that `git fast-import` reads."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.files: dict[str, list[str]] = {}
        self.stream: list[bytes] = []

    def _data(self, text: str) -> bytes:
        content = text.encode()
        return b"data %d\n%s\n" % (len(content), content)

    def _write(self, path: str) -> None:
        self.stream.append(b"M 100644 inline %s\n" % path.encode() + self._data("\n".join(self.files[path]) + "\n"))

    def _change(self) -> None:
        words = self.words
        kind = words.number(0, 9)
        if kind == 0 or len(self.files) < 5:
            path = f"{words.word()}/{words.name()}_{len(self.stream)}.txt"
            self.files[path] = [words.sentence() for _ in range(words.number(10, 120))]
        else:
            path = words.random.choice(sorted(self.files))
            if kind == 1:
                new = f"{words.word()}/{words.name()}_{len(self.stream)}.txt"
                self.stream.append(b"R %s %s\n" % (path.encode(), new.encode()))
                self.files[new] = self.files.pop(path)
                return
            lines = self.files[path]
            place = words.number(0, len(lines))
            lines[place : place + words.number(0, 5)] = [words.sentence() for _ in range(words.number(0, 6))]
        self._write(path)

    def commit(self, number: int) -> None:
        who = (
            f"{self.words.word().capitalize()} <{self.words.word()}@example.org> {1_700_000_000 + number * 3600} +0000"
        )
        self.stream.append(b"commit refs/heads/main\ncommitter %s\n" % who.encode())
        self.stream.append(self._data(f"{self.words.sentence()}\n\n{self.words.paragraph(3)}\n"))
        for _ in range(self.words.number(1, 5)):
            self._change()


def main() -> None:
    folder, seed, commits = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    history = History(Words(seed))
    for number in range(commits):
        history.commit(number)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", folder], check=True)
    subprocess.run(["git", "-C", folder, "fast-import", "--quiet"], input=b"".join(history.stream), check=True)


if __name__ == "__main__":
    main()

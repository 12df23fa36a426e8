# SPDX-License-Identifier: MIT
"""Writes the log of a web server that never was.

    python3 server_log.py FILE SEED LINES
"""

from __future__ import annotations

import sys
from pathlib import Path

from words import Words


def line(words: Words, second: int) -> str:
    clock = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
    address = f"10.{words.number(0, 3)}.{words.number(0, 40)}.{words.number(1, 250)}"
    status = words.random.choice((200, 200, 200, 200, 301, 304, 404, 500))
    return (
        f'{address} - {words.word()} [{clock}] "GET /{words.word()}/{words.name()}.html HTTP/1.1" {status} '
        f'{words.number(100, 90000)} "{words.sentence(2, 6)}"\n'
    )


def main() -> None:
    file, seed, lines = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(seed)
    file.write_text("".join(line(words, index * 7) for index in range(lines)), encoding="utf-8")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Writes a program for nasm: macros, tables, and jumps between many labels.

    python3 assembly.py FILE SEED ROUTINES
"""

from __future__ import annotations

import sys
from pathlib import Path

from words import Words

HEAD = """bits 64
default rel
%macro save 1-*
  %rep %0
    push %1
    %rotate 1
  %endrep
%endmacro
%macro restore 1-*
  %rep %0
    %rotate -1
    pop %1
  %endrep
%endmacro
%macro count_down 2
%%again:
  add rax, %2
  dec %1
  jnz %%again
%endmacro
%define limit(x) ((x) * 4 + 7)
"""
LINES = (
    "  mov rax, [table_{near} + rcx * 8]\n  xor rdx, rdx\n",
    "  mov ecx, limit({number})\n  count_down rcx, {number}\n",
    "  cmp rax, {number}\n  jge .{word}\n  lea rsi, [text_{near}]\n.{word}:\n",
    "  call routine_{near}\n  imul rax, rax, {number}\n",
    "%assign step {number}\n%rep 3\n  add rdx, step\n%assign step step + 8\n%endrep\n",
)


def routine(words: Words, index: int) -> str:
    near = max(0, index - words.number(0, 30))
    body = "".join(
        words.random.choice(LINES).format(near=near, number=words.number(1, 400), word=f"{words.name()}_{line}")
        for line in range(words.number(3, 12))
    )
    values = ", ".join(str(words.number(0, 1 << 40)) for _ in range(words.number(2, 12)))
    return (
        f"\nsection .text\nglobal routine_{index}\nroutine_{index}: ; {words.sentence()}\n  save rbx, rbp, r12\n{body}"
        f"  restore rbx, rbp, r12\n  ret\nsection .data\ntable_{index}: dq {values}\n"
        f'text_{index}: db "{words.sentence()}", 0\n'
    )


def main() -> None:
    file, seed, routines = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(seed)
    file.write_text(HEAD + "".join(routine(words, index) for index in range(routines)), encoding="utf-8")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Writes a C program: structures, tables, and functions that call those before them.

    python3 c_source.py FILE SEED FUNCTIONS
"""

from __future__ import annotations

import sys
from pathlib import Path

from words import Words

HEAD = """#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAMP(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))
#define SWAP(type, a, b) do { type kept = (a); (a) = (b); (b) = kept; } while (0)

"""


def structure(words: Words, index: int) -> str:
    fields = "".join(
        f"  {words.random.choice(('int', 'uint16_t', 'double', 'char *'))} {words.name()}_{field};\n"
        for field in range(words.number(2, 9))
    )
    return f"struct record_{index} {{\n{fields}  int sum;\n  struct record_{max(index - 1, 0)} *next;\n}};\n\n"


def table(words: Words, index: int) -> str:
    rows = "".join(f'  {{"{words.sentence(1, 6)}", {words.number(0, 9999)}}},\n' for _ in range(words.number(3, 20)))
    return f"static const struct {{ const char *text; int value; }} table_{index}[] = {{\n{rows}}};\n\n"


def statement(words: Words, index: int) -> str:
    local, limit = words.word(), words.number(3, 99)
    choices = [
        f"  for (int {local}_i = 0; {local}_i < {limit}; ++{local}_i) result += {local}_i * argument % {limit};\n",
        f"  if (result > {limit * 7}) {{ result -= CLAMP(argument, 1, {limit}); }} else {{ result ^= {limit}; }}\n",
        f"  switch (result % 4) {{\n  case 0: ++result; break;\n  case 1: SWAP(int, result, argument); break;\n"
        f'  case 2: result += (int)strlen("{words.sentence(2, 5)}"); break;\n  default: result /= 2;\n  }}\n',
        f"  struct record_{words.number(0, 9)} {local}_record = {{0}};\n  {local}_record.sum += result;\n"
        f"  result += {local}_record.sum;\n",
    ]
    if index > 0:
        choices.append(f"  while (result > {limit}) result = function_{words.number(0, index - 1)}(result / 3);\n")
        choices.append(f"  result += function_{words.number(0, index - 1)}(argument - {limit});\n")
    return "  {\n" + words.random.choice(choices) + "  }\n"


def function(words: Words, index: int) -> str:
    body = "".join(statement(words, index) for _ in range(words.number(2, 10)))
    head = f"/* {words.paragraph(2)} */\nint function_{index}(int argument) {{\n"
    return f"{head}  int result = argument;\n{body}  return result;\n}}\n\n"


def main() -> None:
    file, seed, functions = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(seed)
    parts = [HEAD, *(structure(words, index) for index in range(10))]
    for index in range(functions):
        if index % 4 == 0:
            parts.append(table(words, index))
        parts.append(function(words, index))
    parts.append(f'int main(void) {{\n  printf("%d\\n", function_{functions - 1}(17));\n  return 0;\n}}\n')
    file.write_text("".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()

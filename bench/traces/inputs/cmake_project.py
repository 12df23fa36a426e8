# SPDX-License-Identifier: MIT
"""Writes a project for cmake: libraries that use each other, tests, settings and some functions of its own.

    python3 cmake_project.py FOLDER SEED LIBRARIES
"""

from __future__ import annotations

import sys
from pathlib import Path

from words import Words

TOP = """cmake_minimum_required(VERSION 3.24)
project(harbour LANGUAGES CXX)
enable_testing()
function(describe target)
  cmake_parse_arguments(PARSE_ARGV 1 its "QUIET" "TITLE" "WORDS")
  set(text "")
  foreach(word IN LISTS its_WORDS)
    string(TOUPPER "${word}" upper)
    string(REGEX REPLACE "([AEIOU]+)" "<\\\\1>" marked "${upper}")
    list(APPEND text "${marked}")
  endforeach()
  list(REMOVE_DUPLICATES text)
  list(SORT text)
  string(JOIN "," joined ${text})
  set_property(TARGET ${target} PROPERTY DESCRIPTION "${its_TITLE}: ${joined}")
  configure_file(${PROJECT_SOURCE_DIR}/about.in ${CMAKE_CURRENT_BINARY_DIR}/about_${target}.txt)
endfunction()
"""


def library(words: Words, folder: Path, index: int) -> None:
    place = folder / f"part_{index:03}"
    place.mkdir()
    sources = [f"{words.name()}_{number}.cpp" for number in range(words.number(3, 9))]
    for source in sources:
        (place / source).write_text("int f();\n", encoding="utf-8")
    needed = sorted({words.number(0, index - 1) for _ in range(3)}) if index else []
    links = "".join(f"target_link_libraries(part_{index} PUBLIC part_{other})\n" for other in needed)
    options = "".join(
        f"target_compile_definitions(part_{index} PUBLIC {words.name().upper()}={words.number(1, 99)})\n"
        for _ in range(3)
    )
    text = " ".join(words.word() for _ in range(30))
    (place / "CMakeLists.txt").write_text(
        f"add_library(part_{index} STATIC {' '.join(sources)})\n{links}{options}"
        f"target_include_directories(part_{index} PUBLIC ${{CMAKE_CURRENT_SOURCE_DIR}}/include)\n"
        f'describe(part_{index} TITLE "{words.sentence(2, 5)}" WORDS {text})\n'
        f'if(part_{index}_DESCRIPTION MATCHES "^(.*)$" AND NOT {words.word()}_off)\n'
        f"  add_executable(try_{index} {sources[0]})\n  target_link_libraries(try_{index} PRIVATE part_{index})\n"
        f"  add_test(NAME try_{index} COMMAND try_{index} $<TARGET_FILE:part_{index}>)\nendif()\n",
        encoding="utf-8",
    )


def main() -> None:
    folder, seed, libraries = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(seed)
    folder.mkdir()
    (folder / "about.in").write_text("@target@ is @its_TITLE@ (@joined@)\n", encoding="utf-8")
    for index in range(libraries):
        library(words, folder, index)
    parts = "".join(f"add_subdirectory(part_{index:03})\n" for index in range(libraries))
    (folder / "CMakeLists.txt").write_text(TOP + parts, encoding="utf-8")


if __name__ == "__main__":
    main()

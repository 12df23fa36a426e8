# SPDX-License-Identifier: MIT
"""Writes a folder of small sources with a build.ninja and a Makefile that would compile and link them.

    python3 build_files.py FOLDER SEED LIBRARIES
"""

from __future__ import annotations

import sys
from pathlib import Path

from words import Words

NINJA = """rule compile
  command = c++ $flags -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  description = compile $out
rule archive
  command = ar rcs $out $in
flags = -O2 -Wall
"""
MAKE = """CXXFLAGS := -O2 -Wall
COMPILE = c++ $(CXXFLAGS) $(if $(filter %_test.o,$@),-DTEST) -c $< -o $@
objects = $(patsubst %.cpp,%.o,$(filter %.cpp,$(1)))
define library
$(1).a: $$(call objects,$$(sources_$(1))) $$(foreach other,$$(needs_$(1)),$$(other).a)
\tar rcs $$@ $$(filter %.o,$$^)
all: $(1).a
endef
.PHONY: all
all:
%.o: %.cpp
\t$(COMPILE)
"""


def main() -> None:
    folder, seed, libraries = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(seed)
    folder.mkdir()
    headers = sorted({f"{words.name()}.hpp" for _ in range(120)})
    for header in headers:
        (folder / header).touch()
    ninja, make = [NINJA], [MAKE]
    for index in range(libraries):
        sources = [f"{words.name()}_{index}_{number}.cpp" for number in range(words.number(4, 16))]
        for source in sources:
            (folder / source).touch()
            used = " ".join(words.random.sample(headers, words.number(2, 12)))
            ninja.append(
                f"build {source[:-4]}.o: compile {source} | {used}\n  flags = $flags -D{words.word()}={index}\n"
            )
            make.append(f"{source[:-4]}.o: {used}\n")
        objects = " ".join(f"{source[:-4]}.o" for source in sources)
        needed = [f"part_{other}" for other in sorted({words.number(0, index - 1) for _ in range(3)})] if index else []
        ninja.append(f"build part_{index}.a: archive {objects} | {' '.join(f'{name}.a' for name in needed)}\n")
        make.append(
            f"sources_part_{index} := {' '.join(sources)}\nneeds_part_{index} := {' '.join(needed)}\n"
            f"$(eval $(call library,part_{index}))\n"
        )
    (folder / "build.ninja").write_text("".join(ninja), encoding="utf-8")
    (folder / "Makefile").write_text("".join(make), encoding="utf-8")


if __name__ == "__main__":
    main()

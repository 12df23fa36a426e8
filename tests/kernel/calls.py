# SPDX-License-Identifier: MIT
"""What a function of an image calls, and whether it knows where: read from the image's instructions."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

# Calls and jumps to where a register or memory says: AArch64, x86-64, RISC-V, where one whose target is known is
# printed with it.
INDIRECT = re.compile(r"\t(?:br|blr)\t|\t(?:call|jmp)q?\t\*|\t(?:jr|jalr)\t[^<]*$")


class Image:
    """The functions of an image, by their names in C++."""

    def __init__(self, path: Path) -> None:
        command = ["llvm-objdump-19", "--disassemble", "--demangle", "--no-show-raw-insn", str(path)]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        parts = re.split(r"(?m)^[0-9a-f]{16} <([^.].*)>:$", text)  # labels inside of functions begin with a dot
        self.functions = {name: body.splitlines() for name, body in zip(parts[1::2], parts[2::2])}

    def targets(self, name: str) -> Iterator[str]:
        """The functions that this one calls or jumps into."""
        for line in self.functions[name]:
            found = re.search(r"<(.*?)(?:\+0x[0-9a-f]+)?>$", line)
            if found is not None and found[1] != name and found[1] in self.functions:
                yield found[1]

    def indirect(self, name: str) -> list[str]:
        """Its calls and jumps that do not say where to."""
        return [line for line in self.functions[name] if INDIRECT.search(line)]

    def reached_from(self, name: str, ends_at: Callable[[str], bool]) -> set[str]:
        """This function and all that it comes to by direct calls, up to those at which the way ends."""
        reached = {name}
        ahead = [name]
        while ahead:
            for target in self.targets(ahead.pop()):
                if target not in reached and not ends_at(target):
                    reached.add(target)
                    ahead.append(target)
        return reached

# SPDX-License-Identifier: MIT
"""Puts one mistake after the other into a copy of the headers of CpuCached: the explorer must find each.

usage: mutants_test.py COMPILER LIBRARY [every] [unittest's own arguments]

COMPILER is GCC's, LIBRARY that of the explorer; `every`: not only some of the mistakes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HEADERS = tuple(
    f"bareheap/{header}.hpp"
    for header in (
        "wrappers/cpu_cached",
        "wrappers/cpu_large",
        "wrappers/cpu_sizes",
        "wrappers/cpu_forks",
        "wrappers/cpu_recall",
        "wrappers/cpu_magazines",
        "parts/change_count",
    )
)
OPTIONS = ["-std=c++23", "-O1", "-fsanitize=thread", "-Wno-tsan"]

COMPILER, LIBRARY, EVERY = "", "", False


@dataclass(frozen=True)
class Mistake:
    """What is replaced by what, each once in the headers; which program finds it, and what it says."""

    name: str
    changes: tuple[tuple[str, str], ...]
    program: str
    says: str
    is_quick: bool = False


BY_INTERRUPT, DIRECTLY, THREADS = "by_interrupt", "directly", "threads"
FREED_TWICE = "freed a block that is free already"
NO_ORDER, REFUSED = "in no order with another CPU", "a request was refused that there was room for"

MASK = "interrupts_ = P::mask_interrupts();\n        Cpu& cpu = heap.this_cpu();"
UNLOCK, RESTORE = "lock_.unlock(none, nullptr);", "P::restore_interrupts(interrupts);"
TAKE = "if (!cpu.state.compare_exchange_strong(state, taking, std::memory_order_relaxed, std::memory_order_relaxed))"
LEAVE = "if (cpu_ != nullptr) cpu_->inside.store(0, std::memory_order_{});"
PUT_OFF = (
    "} while (!threads_.put_off.compare_exchange_strong(first, static_cast<Number>(number), "
    "std::memory_order_release,\n"
    "                                                       std::memory_order_relaxed));"
)
HAND_OVER = "cpu.state.store(handed_over, std::memory_order_{});"

# Each of these lines by itself only makes others wait longer.
SERVING = (
    ("      serve_here();\n      P::pause();", "      P::pause();"),
    ("if constexpr (!is_direct) serve_here();", ""),
    ("    hand_over(cpu);\n    collect(cpu);\n    if (recalls_", "    collect(cpu);\n    if (recalls_"),
)

MISTAKES = (
    Mistake("who waits with interrupts masked does not serve", SERVING, BY_INTERRUPT, "every CPU waits"),
    Mistake(
        "the fast path is not masked",
        ((MASK, MASK.replace("\n", "P::restore_interrupts(interrupts_);\n")),),
        BY_INTERRUPT,
        "memory was lost",
        is_quick=True,
    ),
    Mistake(
        "interrupts come before the lock is released",
        ((f"{UNLOCK}\n    {RESTORE}", f"{RESTORE}\n    {UNLOCK}"),),
        BY_INTERRUPT,
        "a CPU took a lock that it holds already",
    ),
    Mistake(
        "what is handed over is not published",
        ((HAND_OVER.format("release"), HAND_OVER.format("relaxed")),),
        BY_INTERRUPT,
        NO_ORDER,
    ),
    Mistake(
        "what is handed over stays in the magazines",
        (("std::exchange(cpu.racks[number], {});\n        cpu.handed", "cpu.racks[number];\n        cpu.handed"),),
        BY_INTERRUPT,
        "",
    ),
    Mistake(
        "a magazine stays in the depot when it is taken",
        (("depot_[size] = taken.below();", ""),),
        BY_INTERRUPT,
        "a block is lent twice",
    ),
    Mistake("there is no fence of all threads", (("P::fence_all();", ""),), DIRECTLY, NO_ORDER, is_quick=True),
    Mistake(
        "two take the same stock",
        ((TAKE, "cpu.state.store(taking, std::memory_order_relaxed);\n      if (false)"),),
        DIRECTLY,
        NO_ORDER,
    ),
    Mistake(
        "who leaves the fast path does not publish its magazines",
        ((LEAVE.format("release"), LEAVE.format("relaxed")),),
        DIRECTLY,
        NO_ORDER,
    ),
    Mistake(
        "what was handed over late is not collected",
        (("if (state == handed_over) collect(cpu);", ""),),
        DIRECTLY,
        REFUSED,
    ),
    Mistake(
        "nobody waits for a stock that is being taken",
        (("if (state != asked_for && state != taking) break;", "if (state != asked_for) break;"),),
        DIRECTLY,
        REFUSED,
    ),
    Mistake(
        "larger blocks are not handed over",
        (("cpu.handed_racks = racks_in_use(cpu);", "cpu.handed_racks = classes;"),),
        DIRECTLY,
        REFUSED,
    ),
    Mistake(
        "a CPU is retired while another takes its stock",
        (("if (cpu.state.load(std::memory_order_relaxed) == taking) return;", ""),),
        DIRECTLY,
        NO_ORDER,
    ),
    Mistake(
        "a CPU's own empty stock, which another takes, counts as one that is not there",
        (("if (is_own ? is_inside(cpu) : ", "if ("),),
        DIRECTLY,
        FREED_TWICE,
    ),
    Mistake(
        "what a handler has freed is put off in two steps",
        (
            (
                PUT_OFF,
                "} while (threads_.put_off.store(static_cast<Number>(number), std::memory_order_release), false);",
            ),
        ),
        THREADS,
        "",
    ),
    Mistake(
        "what a handler has freed is not published",
        ((PUT_OFF, PUT_OFF.replace("release", "relaxed")),),
        THREADS,
        NO_ORDER,
    ),
    Mistake(
        "who empties the list of what handlers have freed does not acquire it",
        (("put_off.exchange(0, std::memory_order_acquire)", "put_off.exchange(0, std::memory_order_relaxed)"),),
        THREADS,
        NO_ORDER,
    ),
    Mistake(
        "a size is believed while the map changes",
        (("if (begun_.load(std::memory_order_relaxed) != ended)", "if (ended == ~std::uint64_t{0})"),),
        THREADS,
        "another size",
    ),
    Mistake(
        "a fork does not wait for who is inside",
        (("    await_others();\n    threads_.interrupts", "    threads_.interrupts"),),
        THREADS,
        "a stock is lost to the child",
    ),
)


class Mistakes(unittest.TestCase):
    def test_each_is_found(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for mistake in MISTAKES:
                if mistake.is_quick or EVERY:
                    with self.subTest(mistake.name):
                        self.find(mistake, Path(folder))

    def find(self, mistake: Mistake, folder: Path) -> None:
        sources = {header: (ROOT / "include" / header).read_text(encoding="utf-8") for header in HEADERS}
        for right, wrong in mistake.changes:
            self.assertEqual(sum(source.count(right) for source in sources.values()), 1, f"there once: {right}")
            sources = {header: source.replace(right, wrong) for header, source in sources.items()}
        for header, source in sources.items():
            copy = folder / header
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(source, encoding="utf-8")
        program = folder / "program"
        searched = [f"-I{place}" for place in (folder, ROOT / "include", ROOT / "tests")]
        source_file = HERE / f"{mistake.program}.cpp"
        subprocess.run([COMPILER, *OPTIONS, *searched, "-c", source_file, "-o", folder / "object.o"], check=True)
        subprocess.run([COMPILER, folder / "object.o", LIBRARY, "-o", program], check=True)
        done = subprocess.run([program, "2", "0"], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        failure = next(line for line in done.stdout.splitlines() if line.startswith("FAILED"))
        self.assertIn(mistake.says, failure)
        print(f"{mistake.name}: {failure}")


if __name__ == "__main__":
    COMPILER, LIBRARY = sys.argv[1:3]
    EVERY = sys.argv[3:4] == ["every"]
    unittest.main(argv=sys.argv[:1] + sys.argv[4 if EVERY else 3 :])

# SPDX-License-Identifier: MIT
"""Homer with each of its requests refused in turn: it says so and ends, or says so and goes on; it never crashes.

    python3 tests/homer/refused_test.py HOMER_REFUSED [unittest's own arguments]
"""

from __future__ import annotations

import re
import subprocess
import sys
import unittest

KEYS = "+aaaafaxarcwaaafrcwq"
STORY = (
    "homer: out of memory: no 36 bytes for the clock's message",
    "homer: out of memory: no 140 bytes for the screen's message",
    "homer: out of memory: no 16 bytes for the picture",
)
NEVER_GRANTED = 4  # key x ends each of its three sizes by a request that finds no room, and so does the a behind it

program = ""


class Run:
    """One run of Homer to its end."""

    def __init__(self, number: int, how: str, screen: str = "screen", keys: str = KEYS) -> None:
        words = [program, str(number), how, screen, keys]
        ended = subprocess.run(words, stdout=subprocess.PIPE, timeout=60, check=False)
        self.status = ended.returncode
        self.log = ended.stdout.decode()
        *self.lines, last = [line.strip() for line in self.log.splitlines()]
        sums = re.fullmatch(r"requests (\d+), refused (\d+)", last)
        if sums is None:
            raise AssertionError(f"request {number} refused {how}: {self.log}")
        self.requests, self.refused = int(sums[1]), int(sums[2])

    def used_at_the_end(self) -> int:
        """Bytes that the last walk shows as used."""
        walk = self.log.rsplit("homer: walk end", 1)[0].rsplit("homer: check", 1)[1]
        return sum(int(size) for size in re.findall(r"walk 0x\w+ (\d+) used", walk))


class Refused(unittest.TestCase):
    def test_nothing_refused(self) -> None:
        run = Run(0, "once")
        self.assertEqual((run.status, run.refused, run.lines[-1]), (0, 0, "homer: bye"))
        self.assertGreater(run.requests, 30)

    def test_the_story_says_what_it_has_no_room_for_and_ends(self) -> None:
        for how in ("once", "from-then-on"):
            for number, line in enumerate(STORY, start=1):
                run = Run(number, how)
                self.assertEqual((run.status, run.refused, run.lines[-1]), (1, 1, line))

    def test_no_screen_and_no_room_to_say_why(self) -> None:
        run = Run(3, "once", "no-screen")
        self.assertEqual((run.status, run.refused), (1, 1))
        self.assertEqual(run.lines[-1], "homer: the firmware gave no screen, and there is no room to say why")

    def test_each_request_of_the_keys_is_refused_and_it_goes_on(self) -> None:
        whole = Run(0, "once")
        for how, unnoticed in (("once", NEVER_GRANTED), ("from-then-on", 0)):
            same = 0
            for number in range(len(STORY) + 1, whole.requests + 1):
                with self.subTest(request=number, refused=how):
                    run = Run(number, how)
                    self.assertGreaterEqual(run.refused, 1)
                    self.assertEqual((run.status, run.lines[-1]), (0, "homer: bye"), run.log)
                    self.assertEqual(run.log.count("homer: check: nothing is wrong"), KEYS.count("c"), run.log)
                    self.assertEqual(run.used_at_the_end(), whole.used_at_the_end(), "something is lost")
                same += run.lines == whole.lines
            self.assertEqual(same, unnoticed, "what is refused must be said")
        print(f"\n{whole.requests} requests, each refused once, and from each on all")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("refused_test.py wants the program homer_refused.")
    program = sys.argv.pop(1)
    unittest.main()

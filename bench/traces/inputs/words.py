# SPDX-License-Identifier: MIT
"""Made-up words, the same for the same seed: what every input is written in."""

from __future__ import annotations

import random

CONSONANTS = ("b", "br", "d", "f", "g", "gr", "k", "l", "m", "n", "p", "pl", "r", "s", "st", "t", "tr", "v", "z")
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ou")


class Words:
    """A source of numbers and words. Frequent words come often, as in any language."""

    def __init__(self, seed: int, vocabulary: int = 1200) -> None:
        self.random = random.Random(seed)
        self._words = [self._new_word() for _ in range(vocabulary)]

    def _new_word(self) -> str:
        syllables = self.random.choice((1, 2, 2, 2, 3, 3, 4))
        pairs = (self.random.choice(CONSONANTS) + self.random.choice(VOWELS) for _ in range(syllables))
        return "".join(pairs) + self.random.choice(("", "", "n", "s", "r"))

    def number(self, low: int, high: int) -> int:
        """From low to high, both included."""
        return self.random.randint(low, high)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def word(self) -> str:
        return self._words[int(len(self._words) * self.random.random() ** 3)]

    def name(self) -> str:
        """Two words that make an identifier."""
        return f"{self.word()}_{self.word()}"

    def sentence(self, low: int = 4, high: int = 18) -> str:
        return " ".join(self.word() for _ in range(self.number(low, high))).capitalize() + "."

    def paragraph(self, sentences: int) -> str:
        return " ".join(self.sentence() for _ in range(sentences))

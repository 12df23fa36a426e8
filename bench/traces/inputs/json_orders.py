# SPDX-License-Identifier: MIT
"""Writes a JSON array of orders.

    python3 json_orders.py FILE SEED ORDERS
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from words import Words


def order(words: Words, index: int) -> dict[str, object]:
    lines = [
        {
            "article": words.name(),
            "count": words.number(1, 20),
            "price": words.number(50, 90000) / 100,
            "tags": [words.word() for _ in range(words.number(0, 4))],
        }
        for _ in range(words.number(1, 8))
    ]
    return {
        "id": index,
        "customer": {"name": words.sentence(2, 3), "town": words.word(), "trusted": words.chance(0.8)},
        "day": f"2024-{words.number(1, 12):02}-{words.number(1, 28):02}",
        "lines": lines,
        "note": words.paragraph(2) if words.chance(0.3) else None,
    }


def main() -> None:
    file, seed, orders = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(seed)
    file.write_text(json.dumps([order(words, index) for index in range(orders)], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""A store: articles come and go, orders are parsed, priced, grouped and printed as text and JSON.

    python3 inventory.py ROUNDS
"""

import collections
import dataclasses
import json
import random
import re
import string
import sys

source = random.Random(11)
LINE = re.compile(r"(?P<count>\d+) x (?P<name>\w+)(?: @(?P<price>\d+\.\d\d))?")


@dataclasses.dataclass
class Article:
    name: str
    price: float
    tags: list[str] = dataclasses.field(default_factory=list)
    history: dict[int, int] = dataclasses.field(default_factory=dict)


def new_name() -> str:
    return "".join(source.choices(string.ascii_lowercase, k=source.randint(3, 18)))


def new_article() -> Article:
    return Article(new_name(), source.randint(1, 9999) / 100, [new_name() for _ in range(source.randint(0, 4))])


def order(names: list[str]) -> str:
    return "; ".join(
        f"{source.randint(1, 30)} x {source.choice(names)}" + f" @{source.randint(1, 99)}.50" * (source.random() < 0.3)
        for _ in range(source.randint(1, 12))
    )


def main() -> None:
    store = {article.name: article for article in (new_article() for _ in range(1500))}
    sold: collections.Counter[str] = collections.Counter()
    queue: collections.deque[str] = collections.deque(maxlen=300)
    for day in range(int(sys.argv[1])):
        names = sorted(store)
        queue.extend(order(names) for _ in range(60))
        for text in list(queue)[-80:]:
            for found in LINE.finditer(text):
                article = store.get(found["name"])
                if article is not None:
                    article.history[day] = article.history.get(day, 0) + int(found["count"])
                    sold[article.name] += int(found["count"])
        for name in source.sample(names, 40):
            del store[name]
        store.update((article.name, article) for article in (new_article() for _ in range(40)))
        by_tag = collections.defaultdict(set)
        for article in store.values():
            for tag in article.tags:
                by_tag[tag[0]].add(article.name)
        report = json.dumps({tag: sorted(names)[:20] for tag, names in sorted(by_tag.items())})
        print(
            day, len(json.loads(report)), sold.most_common(2), f"{sum(article.price for article in store.values()):.2f}"
        )


main()

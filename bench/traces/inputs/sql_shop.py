# SPDX-License-Identifier: MIT
"""Writes SQL that fills a shop's tables, asks about them, changes them and asks again.

    python3 sql_shop.py FILE SEED CUSTOMERS
"""

from __future__ import annotations

import sys
from pathlib import Path

from words import Words

TABLES = """CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, town TEXT, note TEXT);
CREATE TABLE sale (
  id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer(id), day TEXT, article TEXT, price REAL);
CREATE INDEX sale_by_customer ON sale(customer, day);
CREATE INDEX customer_by_town ON customer(town);
CREATE VIEW turnover AS
  SELECT town, sum(price) AS sum FROM customer JOIN sale ON customer.id = sale.customer GROUP BY town;
"""
QUESTIONS = (
    "SELECT town, count(*), round(sum, 2) FROM customer JOIN turnover USING (town) GROUP BY town "
    "ORDER BY sum DESC LIMIT 9;\n",
    "SELECT name, group_concat(article, ', ') FROM customer JOIN sale ON customer.id = customer WHERE town LIKE 'b%' "
    "GROUP BY customer.id ORDER BY name LIMIT 40;\n",
    "WITH best AS (SELECT article, avg(price) AS mean FROM sale GROUP BY article HAVING count(*) > 2) "
    "SELECT article, mean, rank() OVER (ORDER BY mean) FROM best ORDER BY 3 LIMIT 50;\n",
    "SELECT json_group_array(json_object('n', name, 'l', length(note))) FROM customer WHERE id % 31 = 0;\n",
)


def customer(words: Words, index: int) -> str:
    sales = "".join(
        f"INSERT INTO sale(customer, day, article, price) VALUES ({index}, '2024-{words.number(1, 12):02}-"
        f"{words.number(1, 28):02}', '{words.name()}', {words.number(1, 99999) / 100});\n"
        for _ in range(words.number(1, 7))
    )
    return (
        f"INSERT INTO customer VALUES ({index}, '{words.sentence(2, 3)}', '{words.word()}', '{words.paragraph(2)}');\n"
        + sales
    )


def main() -> None:
    file, seed, customers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    words = Words(seed)
    parts = [TABLES]
    for start in range(0, customers, 100):
        parts += ["BEGIN;\n", *(customer(words, start + index) for index in range(100)), "COMMIT;\n"]
        parts.append(words.random.choice(QUESTIONS))
        parts.append(f"UPDATE customer SET note = upper(note) || name WHERE town = '{words.word()}';\n")
        parts.append(f"DELETE FROM sale WHERE article LIKE '{words.word()}%';\n")
    file.write_text("".join([*parts, *QUESTIONS]), encoding="utf-8")


if __name__ == "__main__":
    main()

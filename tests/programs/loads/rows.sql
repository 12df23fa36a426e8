-- SPDX-License-Identifier: MIT
-- :rows rows by a generator that is written here, so they are the same wherever it runs; then joins, groups, windows,
-- changes of a third of them, an index more, and what is left.
CREATE TABLE part(id INTEGER PRIMARY KEY, name TEXT NOT NULL, town TEXT NOT NULL, price REAL, note TEXT);
CREATE TABLE move(part INTEGER, day INTEGER, count INTEGER);
WITH RECURSIVE number(i, x) AS (
  SELECT 1, 12345
  UNION ALL SELECT i + 1, (x * 1103515245 + 12345) % 2147483648 FROM number WHERE i < :rows
)
INSERT INTO part SELECT i, printf('part-%d-%x', i, x), printf('town %d', x / 65536 % 97), x % 10000 / 100.0,
  substr('a note that is long or short, as notes are, and that tells nothing at all', 1, x / 65536 % 73) FROM number;
INSERT INTO move SELECT id * 7919 % :rows + 1, id % 365, id % 11 - 3 FROM part;
CREATE INDEX part_by_town ON part(town, price);
CREATE INDEX move_by_part ON move(part);
SELECT town, count(*), round(sum(price), 2), max(length(note)) FROM part GROUP BY town ORDER BY 3 DESC LIMIT 12;
SELECT p.town, sum(m.count), group_concat(DISTINCT m.day % 7) FROM part p JOIN move m ON m.part = p.id
  WHERE p.price > 42 GROUP BY p.town ORDER BY 2, 1 LIMIT 12;
SELECT town, name, rank FROM (SELECT town, name, rank() OVER (PARTITION BY town ORDER BY price DESC, name) AS rank
  FROM part) WHERE rank <= 2 ORDER BY town, rank, name LIMIT 20;
UPDATE part SET note = upper(note) || name, price = price * 1.1 WHERE id % 3 = 0;
DELETE FROM move WHERE count < 0;
CREATE INDEX part_by_note ON part(note);
SELECT length(json_group_array(json_object('n', name, 'p', price))) FROM part WHERE id % 5 = 0;
SELECT note, count(*) FROM part GROUP BY note HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT 8;
DROP INDEX part_by_town;
DELETE FROM part WHERE price < 10;
SELECT count(*), round(sum(price), 2), sum(length(note)) FROM part;
SELECT count(*), sum(count) FROM move;
PRAGMA integrity_check;

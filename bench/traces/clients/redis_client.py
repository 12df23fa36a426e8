# SPDX-License-Identifier: MIT
"""Talks to a redis server as a web site would: sessions, queues, rankings, counters. Then it shuts the server down.

    python3 redis_client.py SOCKET ROUNDS
"""

from __future__ import annotations

import random
import socket
import sys
from typing import BinaryIO

Command = tuple[object, ...]


def commands(source: random.Random, now: int) -> list[Command]:
    """What one visit makes of the data."""
    who, page = f"user:{source.randrange(700)}", f"page:{source.randrange(300)}:{'x' * source.randrange(20)}"
    visit: list[Command] = [
        ("HSET", f"session:{who}", f"field{source.randrange(30)}", "v" * source.randrange(1, 200), "seen", now),
        ("ZINCRBY", "ranking", source.randrange(1, 9), page),
        ("INCR", f"count:{page}"),
        ("RPUSH", "mail", f"{who} read {page} at {now}" + "." * source.randrange(100)),
        ("SADD", f"readers:{source.randrange(12)}", who),
        ("SET", f"cache:{source.randrange(400)}", "c" * source.randrange(1, 3000)),
        ("APPEND", f"log:{source.randrange(40)}", f"{now} {page};"),
    ]
    rare: list[Command] = [
        ("LRANGE", "mail", 0, 20),
        ("LTRIM", "mail", -400, -1),
        ("ZREVRANGE", "ranking", 0, 9, "WITHSCORES"),
        ("HGETALL", f"session:{who}"),
        ("DEL", f"session:{who}", f"log:{source.randrange(40)}"),
        ("SUNIONSTORE", "all", f"readers:{source.randrange(12)}", f"readers:{source.randrange(12)}"),
        ("GETRANGE", f"cache:{source.randrange(400)}", 0, 99),
        ("EVAL", "return redis.call('GET', KEYS[1]) or #ARGV[1]", 1, f"count:{page}", page),
    ]
    large: list[Command] = (
        [("UNLINK", f"readers:{now // 100 % 12}")] if now % 100 == 99 else []
    )  # freed by a thread of its own
    return [*visit, *source.sample(rare, 2), *large]


def written(command: Command) -> bytes:
    words = [str(word).encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def read_answer(stream: BinaryIO) -> None:
    line = stream.readline()
    kind, rest = line[:1], line[1:].strip()
    if kind in (b"", b"-"):
        sys.exit(f"redis_client.py: the server answers {line.decode()!r}")
    if kind == b"$" and rest != b"-1":
        stream.read(int(rest) + 2)
    elif kind == b"*":
        for _ in range(int(rest)):
            read_answer(stream)


def main() -> None:
    source = random.Random(21)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(sys.argv[1])
        with connection.makefile("rb") as answers:
            for now in range(int(sys.argv[2])):
                batch = commands(source, now)
                connection.sendall(b"".join(written(command) for command in batch))
                for _ in batch:
                    read_answer(answers)
            connection.sendall(written(("SHUTDOWN", "NOSAVE")))


if __name__ == "__main__":
    main()

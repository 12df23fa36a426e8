# SPDX-License-Identifier: MIT
"""Loads a redis server by redis-benchmark, whose calls are by chance, empties it, and fills it again with what is the
same in each run. Prints the digest of that, which the server makes, and shuts the server down.

    python3 redis_load.py SOCKET CALLS
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench/traces/clients"))

from redis_client import commands, read_answer, written  # noqa: E402

LOADS = "set,get,incr,lpush,rpush,lpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset"


def main() -> None:
    path, calls = sys.argv[1], int(sys.argv[2])
    benchmark = ["redis-benchmark", "-s", path, "-n", str(calls), "-c", "20", "-P", "16", "-r", "20000", "-d", "64"]
    subprocess.run([*benchmark, "-t", LOADS, "-q"], stdout=subprocess.DEVNULL, check=True)
    source = random.Random(22)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        with connection.makefile("rb") as answers:
            send(connection, answers, [("FLUSHALL",)])
            for now in range(calls // 4):
                send(connection, answers, commands(source, now))
            connection.sendall(written(("DBSIZE",)) + written(("DEBUG", "DIGEST")))
            print(answers.readline().decode(), answers.readline().decode(), sep="", end="")
            connection.sendall(written(("SHUTDOWN", "NOSAVE")))


def send(connection: socket.socket, answers: BinaryIO, batch: list[tuple[object, ...]]) -> None:
    connection.sendall(b"".join(map(written, batch)))
    for _ in batch:
        read_answer(answers)


if __name__ == "__main__":
    main()

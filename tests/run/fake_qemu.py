# SPDX-License-Identifier: MIT
"""Plays QEMU for the tests: FAKE_QEMU says how, FAKE_PROCESSES names the file that collects who runs."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def remember(process: int) -> None:
    with open(os.environ["FAKE_PROCESSES"], "a", encoding="ascii") as file:
        file.write(f"{process}\n")


def say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(line + "\r\n")
    sys.stdout.flush()


def screendump(arguments: dict[str, str]) -> None:
    content = PNG_SIGNATURE if arguments["format"] == "png" else b"P6 2 1 255\n\x01\x02\x03\x04\x05\x06"
    Path(arguments["filename"]).write_bytes(content)


def answer_monitor() -> None:
    """Speaks the monitor's protocol at the socket that the command line names, events in between included."""
    number = re.search(r"socket,id=qmp,fd=(\d+)", " ".join(sys.argv))
    assert number is not None
    with socket.socket(fileno=int(number[1])) as line, line.makefile("rw") as stream:
        stream.write('{"QMP": {}}\n')
        stream.flush()
        for request in map(json.loads, stream):
            if request["execute"] == "screendump" and os.environ["FAKE_QEMU"] == "blind":
                stream.write('{"error": {"class": "GenericError", "desc": "no screen here"}}\n')
            else:
                if request["execute"] == "screendump":
                    screendump(request["arguments"])
                stream.write('{"event": "SOMETHING"}\n{"return": {}}\n')
            stream.flush()


def boot(status: int = 0) -> int:
    threading.Thread(target=answer_monitor, daemon=True).start()
    say("homer: hello", "homer: ready")
    if "gtk" in sys.argv:
        time.sleep(0.2)  # a quick hand closes the window
        return status
    if sys.stdin.read(1) != "q":
        return 9
    say("homer: bye")
    return status


def exit_at_once() -> int:
    sys.stderr.write("qemu-system-aarch64: -M raspi3b: no such luck\n")
    return 1


def hang() -> int:
    """With a child: that one must not outlive the test either."""
    remember(subprocess.Popen(["sleep", "300"]).pid)
    say("homer: hello")
    while True:
        time.sleep(300)


def out_of_memory() -> int:
    say("homer: out of memory: 144 bytes, aligned to 16")
    return 1


def leave_early() -> int:
    say("homer: hello")
    return 0


def talk_long() -> int:
    say(*(f"{number:080d}" for number in range(200)), "the last word")
    return 0


def die_without_goodbye() -> int:
    say("homer: ready")
    threading.Thread(target=answer_monitor, daemon=True).start()
    sys.stdin.read(1)
    return 5


def ready_then_silent() -> int:
    threading.Thread(target=answer_monitor, daemon=True).start()
    say("homer: ready")
    time.sleep(300)
    return 0


def play_without_a_screen(name: str, status: int) -> int:
    say("a line", f"{name}: bye")
    return status


def report_arguments() -> int:
    say("arguments: " + " ".join(sys.argv[1:]), "homer: ready")
    return leave_early()


PARTS: dict[str, Callable[[], int]] = {
    "homer": boot,
    "blind": boot,
    "exits": exit_at_once,
    "hangs": hang,
    "out of memory": out_of_memory,
    "leaves early": leave_early,
    "talks long": talk_long,
    "no goodbye": die_without_goodbye,
    "bad status": lambda: boot(7),
    "ready then silent": ready_then_silent,
    "lab": lambda: play_without_a_screen("lab", 33),
    "lab fails": lambda: play_without_a_screen("lab", 35),
    "processes": lambda: play_without_a_screen("processes", 0),
    "processes fail": lambda: play_without_a_screen("processes", 1),
    "arguments": report_arguments,
}

if __name__ == "__main__":
    remember(os.getpid())
    sys.exit(PARTS[os.environ["FAKE_QEMU"]]())

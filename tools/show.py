# SPDX-License-Identifier: MIT
"""The last part of ./run: boots Homer, prints what it says, saves its screen, says goodbye."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from emulator import Emulator, EmulatorError

READY = "homer: ready"
BYE = "homer: bye"
DEBUGGER_PORT = 1234  # the one that QEMU's own manual uses


class Stopped(BaseException):
    """A signal asked us to end: no `except Exception` may hold this up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, required=True, help="the kernel")
    parser.add_argument("--screen", type=Path, required=True, help="where the picture of the screen goes")
    parser.add_argument("--log", type=Path, required=True, help="where the kernel's words go")
    parser.add_argument("--seconds", type=float, default=60.0, help="the time limit from start to end")
    parser.add_argument("--window", action="store_true", help="shows the screen until its window is closed")
    parser.add_argument("--debug", action="store_true", help="waits for a debugger, without a time limit")
    parser.add_argument("--symbols", type=Path, help="what the debugger reads names from")
    return parser.parse_args()


def stop_on_signals() -> None:
    """Turns the signals that end a program into an exception, so that `with` can end QEMU first."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for other in wanted:
            signal.signal(other, signal.SIG_IGN)  # once is enough; cleaning up must not be interrupted
        raise Stopped(number)

    wanted = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    for number in wanted:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup wants it ignored
            signal.signal(number, stop)


def nearby(path: Path) -> str:
    """The path as a reader wants it: relative where that is short."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def say(text: str) -> None:
    """Prints; a reader who went away (./run | head) is no reason to leave the boot half done."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def debugger_line(symbols: Path | None) -> str:
    names = [nearby(symbols)] if symbols else []
    return shlex.join(["gdb-multiarch", *names, "-ex", f"target remote 127.0.0.1:{DEBUGGER_PORT}"])


class Session:
    """One boot of Homer, from the first line to the last."""

    def __init__(self, options: argparse.Namespace, board: Emulator) -> None:
        self.options = options
        self.board = board
        self.deadline = time.monotonic() + options.seconds

    def seconds_left(self) -> float | None:
        """None where a human being sets the pace."""
        return None if self.options.debug else max(self.deadline - time.monotonic(), 0.0)

    def play(self) -> str:
        """Returns how it ended; EmulatorError where it did not end well."""
        if self.options.debug:
            self.board.monitor("query-status")  # answers when QEMU has really opened the debugger's port
            say(f"The board waits for a debugger; in another terminal type:\n  {debugger_line(self.options.symbols)}")
        self.board.wait_for(READY, self.seconds_left())
        self.board.screenshot(self.options.screen)
        if self.options.window:
            say("Close QEMU's window to end.")
            self.require_success(self.board.wait_exit(None))
            return "the window was closed"
        self.board.type("q")
        self.board.wait_for(BYE, self.seconds_left())
        self.require_success(self.board.wait_exit(self.seconds_left()))
        return "the kernel said goodbye and QEMU ended with status 0"

    def require_success(self, status: int) -> None:
        if status != 0:
            screen = nearby(self.options.screen)
            raise EmulatorError(f"the screen is in {screen}, but in the end QEMU ended with status {status}.")


def show(options: argparse.Namespace) -> str:
    options.screen.unlink(missing_ok=True)  # an old picture must not pass for a new one
    port = DEBUGGER_PORT if options.debug else None
    board = Emulator(
        options.image, window=options.window, debugger_port=port, listener=lambda line: say(f"  | {line}")
    )
    with board:
        try:
            return Session(options, board).play()
        finally:
            board.close()
            options.log.write_text(board.log, encoding="utf-8")


def main() -> int:
    options = read_options()
    stop_on_signals()
    started = time.monotonic()
    say(f"Booting {nearby(options.image)} on a Raspberry Pi 3 in QEMU:")
    try:
        how = show(options)
    except EmulatorError as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"run: {error.strerror}: '{error.filename}'.", file=sys.stderr)
        return 1
    except Stopped as stopped:
        print("run: stopped.", file=sys.stderr)
        return 128 + stopped.number
    say(f"The screen is in {nearby(options.screen)}; {how} ({time.monotonic() - started:.1f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())

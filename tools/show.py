# SPDX-License-Identifier: MIT
"""The last part of ./run: boots a kernel, prints what it says, saves Homer's screen, waits for the goodbye."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from emulator import PC, RASPI3B, RISCV64_BARE, Emulator, EmulatorError, Machine


@dataclass(frozen=True)
class Kernel:
    """Where a kernel runs, and its last line."""

    board: str
    machine: Machine
    bye: str


KERNELS = {
    "homer": Kernel("a Raspberry Pi 3", RASPI3B, "homer: bye"),
    "lab": Kernel("a PC", PC, "lab: bye"),
    "processes": Kernel("a RISC-V board", RISCV64_BARE, "processes: bye"),
}
READY = "homer: ready"
DEBUGGER_PORT = 1234  # the one that QEMU's own manual uses


class Stopped(BaseException):
    """A signal asked us to end: no `except Exception` may hold this up."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", choices=KERNELS, default="homer", help="which one it is")
    parser.add_argument("--image", type=Path, required=True, help="the file that is booted")
    parser.add_argument("--screen", type=Path, help="where the picture of the screen goes; for homer")
    parser.add_argument("--cpus", type=int, help="how many the board has, where that is not fixed")
    parser.add_argument("--log", type=Path, required=True, help="where the kernel's words go")
    parser.add_argument("--seconds", type=float, default=60.0, help="the time limit from start to end")
    parser.add_argument("--window", action="store_true", help="opens QEMU's window")
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
    """One boot, from the first line to the last."""

    def __init__(self, options: argparse.Namespace, board: Emulator) -> None:
        self.options = options
        self.board = board
        self.kernel = KERNELS[options.kernel]
        self.deadline = time.monotonic() + options.seconds

    def seconds_left(self) -> float | None:
        """None where a human being sets the pace."""
        return None if self.options.debug else max(self.deadline - time.monotonic(), 0.0)

    def play(self) -> str:
        """Returns how it ended; EmulatorError where it did not end well."""
        if self.options.debug:
            self.board.monitor("query-status")  # answers when QEMU has really opened the debugger's port
            say(f"The board waits for a debugger; in another terminal type:\n  {debugger_line(self.options.symbols)}")
        if self.options.screen and self.options.window:
            return self.show_window()
        if self.options.screen:
            self.save_screen()
            self.board.type("q")
        self.board.wait_for(self.kernel.bye, self.seconds_left())
        self.require_success(self.board.wait_exit(self.seconds_left()))
        return f"{self.where_is_the_screen()}the kernel said goodbye and QEMU ended with status 0"

    def save_screen(self) -> None:
        self.board.wait_for(READY, self.seconds_left())
        self.board.screenshot(self.options.screen)

    def show_window(self) -> str:
        self.save_screen()
        say("Close QEMU's window to end.")
        self.require_success(self.board.wait_exit(None))
        return f"{self.where_is_the_screen()}the window was closed"

    def where_is_the_screen(self) -> str:
        return f"the screen is in {nearby(self.options.screen)}; " if self.options.screen else ""

    def require_success(self, status: int) -> None:
        if status != 0:
            said = self.where_is_the_screen()[:-2] or "the kernel said goodbye"
            raise EmulatorError(f"{said}, but in the end QEMU ended with status {status}.")


def show(options: argparse.Namespace) -> str:
    if options.screen:
        options.screen.unlink(missing_ok=True)  # an old picture must not pass for a new one
    board = Emulator(
        options.image,
        machine=KERNELS[options.kernel].machine,
        window=options.window,
        debugger_port=DEBUGGER_PORT if options.debug else None,
        at_once=bool(options.cpus),
        extra=("-smp", str(options.cpus)) if options.cpus else (),
        listener=lambda line: say(f"  | {line}"),
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
    say(f"Booting {nearby(options.image)} on {KERNELS[options.kernel].board} in QEMU:")
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
    say(f"{how[0].upper()}{how[1:]} ({time.monotonic() - started:.1f} s).")
    return 0


if __name__ == "__main__":
    sys.exit(main())

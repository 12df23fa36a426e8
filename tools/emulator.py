# SPDX-License-Identifier: MIT
"""Drives a board inside QEMU: reads and types on its serial line, takes pictures of its screen, sees it end.

    with Emulator("homer.img") as board:
        board.wait_for("homer: ready", seconds=30)
        board.screenshot("screen.png")
        board.type("q")
        status = board.wait_exit(seconds=10)

QEMU never outlives the `with`, nor the thread that made it. Every trouble is an EmulatorError of one sentence.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

_ANSWER_SECONDS = 20.0  # QEMU's monitor answers at once, but the machine under QEMU may be busy
_POLL_SECONDS = 0.05
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class EmulatorError(Exception):
    """What went wrong, as one sentence."""


@dataclass(frozen=True)
class Machine:
    """A board as QEMU knows it: the program and what it always needs."""

    program: str
    arguments: tuple[str, ...]
    package: str
    image_suffix: str = ".img"  # of what -kernel wants
    statuses: Mapping[int, int] = field(default_factory=dict)  # QEMU's status -> the kernel's, where they differ


RASPI3B = Machine("qemu-system-aarch64", ("-M", "raspi3b", "-semihosting"), "qemu-system-arm")
PC = Machine(
    "qemu-system-x86_64",
    ("-M", "pc", "-m", "128M", "-smp", "4", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04", "-no-reboot"),
    "qemu-system-x86",
    image_suffix=".elf",
    statuses={33: 0, 35: 1, 0: 1},  # 0: no kernel ends so, but a processor that resets itself does
)
RISCV64_SBI = Machine("qemu-system-riscv64", ("-M", "virt", "-m", "128M", "-smp", "4"), "qemu-system-misc")
RISCV64_BARE = Machine(RISCV64_SBI.program, (*RISCV64_SBI.arguments, "-bios", "none"), RISCV64_SBI.package)


class Emulator:
    """One QEMU, from its start in the constructor to its sure end in close()."""

    def __init__(
        self,
        image: str | os.PathLike[str],
        *,
        machine: Machine = RASPI3B,
        window: bool = False,
        debugger_port: int | None = None,
        at_once: bool = False,
        extra: Sequence[str] = (),
        listener: Callable[[str], None] | None = None,
    ) -> None:
        """With `debugger_port` the processor is held until a debugger that comes to this port of this machine lets it
        go. With `at_once` the board's CPUs run at the same time; else QEMU has one thread for all, since CPUs that only
        wait would keep this machine busy. `listener` gets each line that the board prints, when it is complete, on a
        thread of its own."""
        self._machine = machine
        self._listener = listener
        self._received = bytearray()
        self._heard = 0  # wait_for searches from here on
        self._news = threading.Condition()
        self._complaints = tempfile.TemporaryFile()
        self._monitor, theirs = socket.socketpair()
        self._monitor_ready = False
        self._monitor_unread = b""
        command = [machine.program, *machine.arguments, "-kernel", os.fspath(image)]
        command += ["-serial", "stdio", "-monitor", "none"]
        command += ["-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control"]
        command += [] if at_once else ["-accel", "tcg,thread=single"]
        command += ["-display", "gtk" if window else "none"]
        command += ["-S", "-gdb", f"tcp:127.0.0.1:{debugger_port}"] if debugger_port else []
        self._process = self._start([*command, *extra], theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _start(self, command: list[str], theirs: socket.socket) -> subprocess.Popen[bytes]:
        parent = os.getpid()

        def die_with_parent() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it was already gone
                os._exit(1)

        try:
            with theirs:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._complaints,
                    bufsize=0,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,  # Ctrl-C is for us; we end QEMU ourselves
                    preexec_fn=die_with_parent,
                )
        except OSError as error:
            self._monitor.close()
            self._complaints.close()
            if isinstance(error, FileNotFoundError):
                reason = f"it is not installed (Debian package {self._machine.package})"
            else:
                reason = error.strerror or str(error)
            raise EmulatorError(f"{self._machine.program} did not start: {reason}.") from error

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends QEMU and all that belongs to it; the log stays."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._reader.join(timeout=5)
        for open_end in (self._process.stdin, self._process.stdout, self._monitor, self._complaints):
            if open_end is not None:
                open_end.close()

    # --- the serial line ---

    @property
    def log(self) -> str:
        """All that the board has printed so far."""
        with self._news:
            return self._received.decode("utf-8", errors="replace")

    def wait_for(self, text: str, seconds: float | None) -> str:
        """Waits until the board prints `text` (what an earlier wait_for has passed does not count) and returns what it
        printed up to there; None waits for ever."""
        deadline = None if seconds is None else time.monotonic() + seconds
        wanted = text.encode()
        while True:
            ended = self._has_ended()  # asked before the search, so that the last words are not missed
            with self._news:
                at = self._received.find(wanted, self._heard)
                if at >= 0:
                    start, self._heard = self._heard, at + len(wanted)
                    return self._received[start : self._heard].decode("utf-8", errors="replace")
                if not ended and (deadline is None or time.monotonic() < deadline):
                    self._news.wait(_POLL_SECONDS)
                    continue
            if ended:
                raise EmulatorError(self._how_it_ended(text))
            raise EmulatorError(f"'{text.strip()}' did not come within {seconds:.3g} seconds; {self._last_line()}.")

    def type(self, text: str) -> None:
        """Types on the board's serial line."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(text.encode())
        except BrokenPipeError as error:
            raise EmulatorError(f"QEMU had already ended when '{text.strip()}' was to be typed.") from error

    def wait_exit(self, seconds: float | None) -> int:
        """Waits until QEMU ends by itself and returns the kernel's exit status; None waits for ever."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise EmulatorError(f"QEMU still ran after {seconds:.3g} seconds; {self._last_line()}.") from error
        self._reader.join(timeout=1)
        return self._machine.statuses.get(status, status)

    def _read(self) -> None:
        assert self._process.stdout is not None
        unfinished = b""
        while piece := self._process.stdout.read(4096):
            piece = piece.replace(b"\r", b"")
            with self._news:
                self._received += piece
                self._news.notify_all()
            *lines, unfinished = (unfinished + piece).split(b"\n")
            self._tell(lines)
        self._tell([unfinished] if unfinished else [])

    def _tell(self, lines: list[bytes]) -> None:
        if self._listener is not None:
            for line in lines:
                self._listener(line.decode("utf-8", errors="replace"))

    # --- how it is going ---

    def _has_ended(self) -> bool:
        if self._process.poll() is None:
            return False
        self._reader.join(timeout=1)
        return True

    def _last_line(self) -> str:
        lines = [line for line in self.log.splitlines() if line.strip()]
        return f"the last line was '{lines[-1].strip()}'" if lines else "the board printed nothing at all"

    def _last_complaint(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", errors="replace").strip().splitlines()
        return lines[-1].strip().rstrip(".") if lines else ""

    def _how_it_ended(self, awaited: str) -> str:
        status = self._process.returncode
        how = f"with status {status}" if status >= 0 else f"by signal {-status}"
        complaint = self._last_complaint()
        if status != 0 and complaint and not self.log.strip():
            return f"QEMU did not start (it ended {how}): {complaint}."
        said = f"; QEMU says: {complaint}" if complaint else ""
        return f"the kernel ended {how} before '{awaited.strip()}'; {self._last_line()}{said}."

    # --- QEMU's monitor (QMP: one JSON object a line) ---

    def screenshot(self, path: str | os.PathLike[str]) -> None:
        """Saves the screen as .png or .ppm; the file appears complete or not at all."""
        target = Path(path).resolve()
        kind = target.suffix[1:].lower()
        if kind not in ("png", "ppm"):
            raise EmulatorError(f"a screenshot is a .png or a .ppm file, not '{target.name}'.")
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            self.monitor("screendump", filename=str(unfinished), format=kind)
            unfinished.replace(target)
        except OSError as error:
            raise EmulatorError(f"the screenshot '{target}' could not be saved: {error.strerror}.") from error
        finally:
            unfinished.unlink(missing_ok=True)

    def monitor(self, command: str, **arguments: Any) -> Any:
        """Sends one command of the QEMU Machine Protocol and returns its answer."""
        if not self._monitor_ready:
            self._monitor_line()  # the greeting
            self._monitor_ready = True
            self.monitor("qmp_capabilities")
        request = {"execute": command, "arguments": arguments}
        try:
            self._monitor.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise EmulatorError(self._how_it_ended_asked(command)) from error
        while True:
            answer = self._monitor_line(command)
            if "error" in answer:
                description = str(answer["error"].get("desc", "no reason given")).rstrip(".")
                raise EmulatorError(f"QEMU refused '{command}': {description}.")
            if "return" in answer:
                return answer["return"]

    def _monitor_line(self, command: str = "start") -> dict[str, Any]:
        deadline = time.monotonic() + _ANSWER_SECONDS
        while b"\n" not in self._monitor_unread:
            self._monitor.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                piece = self._monitor.recv(4096)
            except TimeoutError as error:
                raise EmulatorError(f"QEMU did not answer '{command}' within {_ANSWER_SECONDS:g} seconds.") from error
            except ConnectionError:
                piece = b""
            if not piece:
                raise EmulatorError(self._how_it_ended_asked(command))
            self._monitor_unread += piece
        line, self._monitor_unread = self._monitor_unread.split(b"\n", 1)
        try:
            return dict(json.loads(line))
        except ValueError as error:
            raise EmulatorError(f"QEMU answered '{command}' with something that is not JSON.") from error

    def _how_it_ended_asked(self, command: str) -> str:
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            return f"QEMU closed its monitor at '{command}'."
        self._reader.join(timeout=1)
        return self._how_it_ended(command)


def read_ppm(path: str | os.PathLike[str]) -> tuple[int, int, bytes]:
    """Width, height and the pixels (red, green, blue; a byte each) of a binary PPM file."""
    content = Path(path).read_bytes()
    gap = rb"(?:\s+|#[^\n]*\n)+"
    header = re.match(rb"P6" + gap + rb"(\d+)" + gap + rb"(\d+)" + gap + rb"255\s", content)
    if header is None:
        raise EmulatorError(f"'{path}' is not a binary PPM file of 8 bits a colour.")
    width, height = int(header[1]), int(header[2])
    pixels = content[header.end() :]
    if len(pixels) != width * height * 3:
        raise EmulatorError(f"'{path}' should hold {width * height * 3} bytes of pixels, but holds {len(pixels)}.")
    return width, height, pixels

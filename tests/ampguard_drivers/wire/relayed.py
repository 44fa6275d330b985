"""A board and its clients on two sides of a relay, whose guest's side is compiled for this machine."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tests.ampguard_drivers.wire.processes import ROOT, served, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 30.0
BOARD = "tests.ampguard_drivers.wire.serve"


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, condition
        time.sleep(0.01)


def compiled(folder: Path) -> Path:
    """As `hil/bench-initrd` does it for a guest."""
    program = folder / "relay"
    flags = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
    subprocess.run(["cc", *flags, "-o", program, ROOT / "hil/ampguard_hil/wire/relay.c"], check=True)
    return program


class Relay:
    """Its two ends and what they reach, each to be started and ended on its own."""

    def __init__(self, folder: Path) -> None:
        self.board, self.port, self.socket = folder / "board.sock", folder / "port.sock", folder / "guest.sock"
        self.program = compiled(folder)

    @contextmanager
    def guest_end(self) -> Iterator[subprocess.Popen[bytes]]:
        """Once clients can connect."""
        self.socket.unlink(missing_ok=True)
        process = subprocess.Popen([self.program, self.port, self.socket])
        try:
            until(self.socket.exists)
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def board_end(self) -> Iterator[subprocess.Popen[str]]:
        arguments = ["-m", "ampguard_hil.wire.relay", "--socket", str(self.port), "--board", str(self.board)]
        with started(arguments) as process:
            yield process

    @contextmanager
    def served_board(self, *arguments: str) -> Iterator[None]:
        """`arguments`: of another than the one with a memory for registers."""
        module = ["-m", *(arguments or (BOARD, str(self.board)))]
        with served(module, self.board):
            yield

    @contextmanager
    def whole(self, *arguments: str) -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(self.served_board(*arguments))
            stack.enter_context(self.board_end())
            stack.enter_context(self.guest_end())
            yield

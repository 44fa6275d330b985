"""Processes of these tests: a board that is served, and somebody who works on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_hil.wire.launch import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def started(
    arguments: Sequence[str], environ: dict[str, str] | None = None, *, errors: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A Python process in the tree's top folder, ended with SIGTERM."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def served(arguments: Sequence[str], socket: Path) -> Iterator[subprocess.Popen[str]]:
    """A server, once it answers."""
    with started([*arguments]) as server:
        while True:
            assert server.poll() is None, f"{' '.join(arguments)} ended with {server.returncode}"
            try:
                BenchPanel(socket).close()
            except BusFault:
                continue
            break
        yield server


def preloaded(socket: Path, folder: Path) -> dict[str, str]:
    """The environment of a process whose device files are those of the board at the socket."""
    return {**environment(socket), "LG_WD": str(folder)}  # lgpio keeps its pipes there


class Runner:
    """Somebody who works on a board by one of the ways."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, case: str) -> str | None:
        """What went wrong."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{case}\n")
        stdin.flush()
        line = stdout.readline()
        assert line, f"the process ended in {case} with {self.process.wait()}"
        failure = json.loads(line)["failure"]
        return None if failure is None else str(failure)


@contextmanager
def runner(way: str, socket: Path, folder: Path) -> Iterator[Runner]:
    environ = preloaded(socket, folder) if way == "linux" else dict(os.environ)
    with started(["-W", "error", "-m", "tests.ampguard_drivers.wire.runner", way, str(socket)], environ) as process:
        yield Runner(process)

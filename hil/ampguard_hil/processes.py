"""Child processes that end with their parent, write to a file, and are started again when they die."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

STOP_TIMEOUT_S = 8.0
RESTART_S = 1.0
"""Between a death and the next start."""
_URGENT_PRIORITY = 5
"""Of the real-time class, see sched(7)."""


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether the condition came true in that time."""
    deadline_s = time.monotonic() + timeout_s
    never = threading.Event()
    while not condition():
        if time.monotonic() >= deadline_s:
            return False
        never.wait(0.05)
    return True


class ProcessError(Exception):
    """A program does not do what it is there for: a sentence for people, and the end of what it wrote."""

    def __init__(self, sentence: str, last_words: str = "") -> None:
        super().__init__(sentence)
        self.last_words = last_words
        if last_words:
            self.add_note(last_words)


class Process:
    """One program; `watch` starts it again when it died."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str], *, urgent: bool = False
    ) -> None:
        """`urgent`: it has the processor before others, as far as the system lets us (root)."""
        self.name = name
        self.log = log
        self.restarts = 0
        self._command = [*_ends_with_parent(), *command]
        self._environment = {**os.environ, **environment}
        self._urgent = urgent
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._died_s: float | None = None

    @property
    def pid(self) -> int | None:
        """Its number; None while it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Run it, in a session of its own: Ctrl-C is for the parent, which stops everything in order."""
        self._wanted = True
        self._died_s = None
        with self.log.open("ab") as log:
            self._process = _spawn(self._command, self._environment, log)
        if self._urgent:
            _put_first(self._process.pid)

    def watch(self) -> bool:
        """Whether it runs; starts it again a second after it died."""
        if not self._wanted or self.pid is not None:
            return self._wanted
        now_s = time.monotonic()
        if self._died_s is None:
            self._died_s = now_s
        elif now_s - self._died_s >= RESTART_S:
            self.restarts += 1
            self.start()
        return False

    def kill(self) -> None:
        """SIGKILL, as power loss or the kernel's memory watch would."""
        if self._process is not None:
            _kill_group(self._process)
            self._process.wait()

    def end(self) -> None:
        """SIGKILL without waiting, as a signal handler may; `stop` still gathers the exit code."""
        self._wanted = False
        if self._process is not None and self._process.returncode is None:
            _kill_group(self._process)

    def stop(self) -> int | None:
        """SIGTERM, then SIGKILL; the exit code, None if it did not run."""
        self._wanted = False
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                _kill_group(process)
                process.wait()
        self._process = None  # not before: `end` must find it while we wait
        return process.returncode

    def last_words(self, lines: int = 5) -> str:
        """The end of what it wrote."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


def _spawn(command: Sequence[str], environment: Mapping[str, str], log: BinaryIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - programs of this project, and the broker
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _put_first(pid: int) -> None:
    """As the unit's own service manager does for the meter."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(_URGENT_PRIORITY))


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _ends_with_parent() -> list[str]:
    """Where util-linux can arrange it, a parent that is killed takes its children with it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []

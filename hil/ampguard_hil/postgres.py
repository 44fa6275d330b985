"""A real PostgreSQL server on this machine: in a folder of its own, at a Unix socket, as nobody's root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "postgres"
"""Whom Debian's package makes; the server refuses to run as root."""
START_TIMEOUT_S = 60.0
"""After a SIGKILL it reads its log again first."""
END_TIMEOUT_S = 20.0


class PostgresError(ProcessError):
    """No PostgreSQL can be had; the sentence says why."""


class Postgres:
    """The server as a process that can be away for a while; its folder goes with `close`."""

    def __init__(self, settings: Sequence[str] = ()) -> None:
        """`settings`: of the server, as in `fsync=off`. Raises PostgresError."""
        programs = _programs()
        self.folder = Path(tempfile.mkdtemp(prefix="ampguard-postgres-"))
        try:
            rights = _without_root(self.folder)
            data = self.folder / "data"
            _make_database([*rights, str(programs / "initdb")], data)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        command = [*rights, *_ends_with_parent(), str(programs / "postgres"), "-D", str(data), "-k", str(self.folder)]
        for setting in ("listen_addresses=", *settings):
            command += ["-c", setting]
        self.process = Process("postgres", command, self.folder / "postgres.log", {})

    @property
    def address(self) -> str:
        """Where a store finds it."""
        return f"postgresql://{_USER}@/postgres?host={self.folder}"

    @property
    def database(self) -> Path:
        """Where its files are."""
        return self.folder / "data"

    def start(self) -> None:
        """Start and wait until it takes connections. Raises PostgresError."""
        self.process.start()
        wait_until(lambda: self._answers() or self.process.pid is None, START_TIMEOUT_S)
        if not self._answers():
            why = "its process ended" if self.process.pid is None else f"it is not ready after {START_TIMEOUT_S:.0f} s"
            raise PostgresError(f"PostgreSQL does not start: {why}", self.process.last_words())

    def kill(self) -> None:
        """SIGKILL, it and all processes that it has started: as power loss would. Raises PostgresError."""
        pid = self.process.pid
        if pid is None:
            return
        # who stands still has no more children, and none of them hears that another one is gone
        os.kill(pid, signal.SIGSTOP)
        family = _children(pid)
        for child in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process.kill()
        # a new one refuses to start while one of the old ones still has the memory that they shared
        if not wait_until(lambda: not any(map(_lives, family)), END_TIMEOUT_S):
            raise PostgresError("a part of a killed PostgreSQL lives on")

    def stop(self) -> None:
        """Go away without waiting for those who are connected."""
        pid = self.process.pid
        if pid is not None:
            os.kill(pid, signal.SIGINT)
            wait_until(lambda: self.process.pid is None, END_TIMEOUT_S)
        self.process.stop()

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        """The server writes into this file how far it is."""
        try:
            lines = (self.database / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return lines[:1] == [str(self.process.pid)] and lines[-1].strip() == "ready"


def _programs() -> Path:
    """Raises PostgresError."""
    found = [folder for folder in _DEBIAN.glob("*/bin") if (folder / "postgres").is_file()]
    if found:
        return max(found, key=lambda folder: float(folder.parent.name))
    elsewhere = shutil.which("postgres")
    if elsewhere is None:
        raise PostgresError("PostgreSQL is not installed. On Debian: apt install postgresql")
    return Path(elsewhere).resolve().parent


def _make_database(initdb: Sequence[str], folder: Path) -> None:
    """Raises PostgresError."""
    manner = ["--username", _USER, "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]
    command = [*initdb, "--pgdata", str(folder), *manner]
    made = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - PostgreSQL's own
    if made.returncode != 0:
        raise PostgresError("PostgreSQL does not make a database", made.stderr)


def _without_root(folder: Path) -> list[str]:
    """What to say before a command, so that it runs in the folder and not as root. Raises PostgresError."""
    there = ["env", f"--chdir={folder}"]  # whose working folder may not be entered, PostgreSQL does not start
    if os.geteuid() != 0:
        return there
    try:
        account = pwd.getpwnam(_USER)
    except KeyError as why:
        raise PostgresError(f"PostgreSQL refuses to run as root, and there is no user {_USER}") from why
    os.chown(folder, account.pw_uid, account.pw_gid)
    return ["setpriv", "--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--init-groups", *there]


def _ends_with_parent() -> list[str]:
    """Once more, and after the rights were dropped: the kernel forgets it with them. SIGINT waits for nobody."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "INT"] if setpriv else []


def _children(pid: int) -> list[int]:
    found = (one for task in Path(f"/proc/{pid}/task").glob("*/children") for one in task.read_text().split())
    return [int(one) for one in found]


def _lives(pid: int) -> bool:
    """A dead one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

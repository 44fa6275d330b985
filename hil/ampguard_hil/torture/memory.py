"""The memory that a unit's processes may have together: a control group of the kernel, which can become too small."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from ampguard_hil.processes import wait_until

_VERSION_1, _VERSION_2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
ROOM_BYTES = 24 * 1024 * 1024
"""Left to the unit when it becomes too small."""
_HUNGRY = """
import sys, time
kept = []
for _ in range(int(sys.argv[1])):
    kept.append(bytearray(1 << 20))
    time.sleep(0.005)
time.sleep(60)
"""
_MOST_MIB = 256
_NEVER_KILLED = "-1000"


def is_possible() -> bool:
    """Whether this machine has control groups of memory that may be made."""
    return _root() is not None


class MemoryGroup:
    """A group for one unit; None of its processes leaves it."""

    def __init__(self, name: str) -> None:
        """Raises OSError where there can be none, see `is_possible`."""
        root = _root()
        if root is None:
            raise OSError("wanted a writable control group of memory, met none")
        self._second = root == _VERSION_2
        self._place = root / f"ampguard-torture-{name}-{os.getpid()}"
        self._place.mkdir()
        self._hog: subprocess.Popen[bytes] | None = None

    @property
    def before(self) -> list[str]:
        """What a command begins with that is to be in the group."""
        return ["sh", "-c", f'echo $$ > {self._place}/cgroup.procs; exec "$@"', "sh"]

    def squeeze(self) -> None:
        """Little is left, and a stranger takes that; the kernel kills what is largest, but for the stranger."""
        used = int((self._place / ("memory.current" if self._second else "memory.usage_in_bytes")).read_text())
        self._limit(str(used + ROOM_BYTES))
        command = [*self.before, sys.executable, "-c", _HUNGRY, str(_MOST_MIB)]
        self._hog = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._hog.pid}/oom_score_adj").write_text(_NEVER_KILLED)

    def release(self) -> None:
        """The stranger goes, and there is room again."""
        self._limit("max" if self._second else "-1")
        if self._hog is not None:
            self._hog.kill()
            self._hog.wait()
            self._hog = None

    def close(self) -> None:
        """Once all of its processes have ended."""
        self.release()

        def gone() -> bool:
            with contextlib.suppress(OSError):
                self._place.rmdir()
            return not self._place.exists()

        wait_until(gone, 5.0)

    def _limit(self, limit: str) -> None:
        (self._place / ("memory.max" if self._second else "memory.limit_in_bytes")).write_text(limit)


def _root() -> Path | None:
    if (_VERSION_1 / "memory.limit_in_bytes").exists() or (_VERSION_1 / "cgroup.procs").exists():
        return _VERSION_1 if os.access(_VERSION_1, os.W_OK) else None
    controllers = _VERSION_2 / "cgroup.subtree_control"
    with contextlib.suppress(OSError):
        return _VERSION_2 if "memory" in controllers.read_text() and os.access(controllers, os.W_OK) else None
    return None

"""A wall clock of a unit's own, which can jump while its processes run; the monotonic clock is everybody's."""

from __future__ import annotations

import mmap
import os
from struct import Struct
from typing import TYPE_CHECKING

from ampguard_hil.wire.build import build

if TYPE_CHECKING:
    from pathlib import Path

_ADDED = Struct("=q")


class FalseClock:
    """How far it is off, in a file that its processes map. Raises `wire.build.BuildError` without a C compiler."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(_ADDED.pack(0))
        self._library = build(package="ampguard_hil.torture", name="falseclock")

    @property
    def before(self) -> list[str]:
        """What a command begins with that is to live by this clock."""
        return ["env", f"LD_PRELOAD={self._library}", f"AMPGUARD_FALSE_CLOCK={self._file}"]

    def jump_to(self, added_s: int) -> None:
        """So much ahead of the machine's clock; less than 0: behind it."""
        opened = os.open(self._file, os.O_RDWR | os.O_CLOEXEC)
        try:
            with mmap.mmap(opened, _ADDED.size) as page:
                page[:] = _ADDED.pack(added_s)
        finally:
            os.close(opened)

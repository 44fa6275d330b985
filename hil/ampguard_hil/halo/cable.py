"""What Halos draw reaches the simulated board's supply, on the phases that the electrician put their terminals on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from typing import TYPE_CHECKING, TypeAlias

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_hil.halo.connector import POWER_FACTOR_RATIO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ampguard_hil.halo.connector import Three

_LOG = logging.getLogger("ampguard_hil.halo.cable")
Rotation: TypeAlias = "tuple[int, int, int]"
RIGHT: Rotation = (0, 1, 2)
LAG_DEG = math.degrees(math.acos(POWER_FACTOR_RATIO))
"""Of the current behind the voltage."""


def rotation(told: str) -> Rotation:
    """On which phases terminals 1, 2 and 3 are: "123", "231" ... Raises ValueError."""
    if sorted(told) != ["1", "2", "3"]:
        raise ValueError(f"wanted the phases of the three terminals, like 231, met {told}")
    one, two, three = (int(each) - 1 for each in told)
    return one, two, three


def on_phases(terminals_a: Three, rotated: Rotation) -> Three:
    """What L1, L2 and L3 of the building carry for a charger."""
    found = [0.0, 0.0, 0.0]
    for current_a, phase in zip(terminals_a, rotated, strict=True):
        found[phase] = current_a
    return found[0], found[1], found[2]


def together(parts: Iterable[Three]) -> Three:
    """The sum on each phase."""
    rows = list(parts)
    return sum(row[0] for row in rows), sum(row[1] for row in rows), sum(row[2] for row in rows)


class Cable:
    """To the board at that socket; without a board there is nobody to tell, and it is tried again."""

    def __init__(self, board: Path, name: str) -> None:
        self._board = board
        self._name = name
        self._panel: BenchPanel | None = None

    async def draw(self, current_a: Three) -> None:
        """Say it; the board forgets it after 3 s."""
        await asyncio.to_thread(self._draw, current_a)

    def _draw(self, current_a: Three) -> None:
        try:
            if self._panel is None:
                self._panel = BenchPanel(self._board)
            self._panel.draw(self._name, current_a, LAG_DEG)
        except BusFault as why:
            _LOG.info("no board: %s", why)
            self.close()

    def close(self) -> None:
        """Let go of the board."""
        panel, self._panel = self._panel, None
        if panel is not None:
            with contextlib.suppress(OSError):
                panel.close()

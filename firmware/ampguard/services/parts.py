"""Choosing between the Pi's buses and a simulated board's: what the board file says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard_drivers import boardfile

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard_drivers.board import MeteringParts, PanelParts
    from ampguard_drivers.boardfile import BoardFile


def open_metering(path: Path | None) -> MeteringParts:
    """The metering IC's bus, pins and memory. Raises SetupError, HardwareFault."""
    board = _board(path)
    if board.kind == "simulated":
        from ampguard_drivers.simulated import client  # noqa: PLC0415 - on the unit it is never needed

        return client.open_metering(board)
    from ampguard_drivers.linux import parts  # noqa: PLC0415 - needs the board's libraries

    return parts.open_metering(board)


def open_panel(path: Path | None) -> PanelParts:
    """The lights and the button. Raises SetupError, HardwareFault."""
    board = _board(path)
    if board.kind == "simulated":
        from ampguard_drivers.simulated import client  # noqa: PLC0415 - on the unit it is never needed

        return client.open_panel(board)
    from ampguard_drivers.linux import parts  # noqa: PLC0415 - needs the board's libraries

    return parts.open_panel(board)


def is_simulated(path: Path | None) -> bool:
    """Whether there is no electronics behind it. Raises SetupError."""
    return _board(path).kind == "simulated"


def _board(path: Path | None) -> BoardFile:
    try:
        return boardfile.load(path)
    except boardfile.BoardFileError as why:
        raise SetupError(str(why)) from why

"""How a building is connected to the grid, and what protects it."""

from __future__ import annotations

from enum import StrEnum


class GridType(StrEnum):
    """How the building is connected."""

    THREE_PHASE = "three-phase"
    """TN or TT: three phases and N."""
    SINGLE_PHASE = "single-phase"
    SPLIT_PHASE = "split-phase"
    """L1 and L2 half a turn apart, and N (120/240 V)."""
    IT = "it"
    """Three phases without N."""


class Device(StrEnum):
    """What protects the supply."""

    FUSE_GG = "gG"
    MCB_B = "B"
    MCB_C = "C"

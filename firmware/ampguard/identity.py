"""Who the unit is and how its channels were calibrated: read from the identity memory, never invented."""

from __future__ import annotations

from dataclasses import dataclass

from ampguard_drivers.eeprom.records import Calibration, Identity


@dataclass(frozen=True, slots=True)
class Unit:
    """What the identity memory says of this unit."""

    identity: Identity
    calibration: Calibration

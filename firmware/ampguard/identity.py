"""Who the unit is and how its channels were calibrated: read from the identity memory, never invented."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_drivers.eeprom.records import Calibration, Identity
from ampguard_drivers.frontend import FRONT_ENDS

if TYPE_CHECKING:
    from ampguard.readings import Json


@dataclass(frozen=True, slots=True)
class Unit:
    """What the identity memory says of this unit."""

    identity: Identity
    calibration: Calibration


def as_told(unit: Unit) -> Json:
    """What others may know of it: nothing of the PIN, and of the calibration which one it is."""
    identity, calibration = unit.identity, unit.calibration
    return {
        "serial": identity.serial,
        "variant": identity.variant.value,
        "rated_current_a": FRONT_ENDS[identity.variant].rated_current_a,
        "ct_set": calibration.ct_set,
        "calibration": hashlib.sha256(repr(calibration).encode()).hexdigest()[:16],
    }

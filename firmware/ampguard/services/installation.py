"""What the settings mean for those who watch: the chip's levels, and what its supply should look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.chronicle.supplywatch import Expected
from ampguard.metering.calibration import CURRENTS, VOLTAGES, full_scale_rms
from ampguard.metering.halfcycle import DIP_RATIO, SWELL_RATIO
from ampguard.settings.grid import GridType
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.frontend import FRONT_ENDS

if TYPE_CHECKING:
    from ampguard.settings.settings import Settings
    from ampguard_drivers.eeprom.records import Calibration, Identity


def expected(settings: Settings) -> Expected:
    """What the supply should look like."""
    return Expected(
        terminals=settings.wired_voltages,
        has_neutral=settings.grid_type is GridType.THREE_PHASE,
        nominal_v=settings.star_voltage_v,
        is_pair=settings.voltage_pair is not None,
    )


def chip_settings(settings: Settings, calibration: Calibration) -> Ade9000Settings:
    """What the chip is told; it watches for no current beyond its full scale."""
    nominal_v, fuse_a = settings.input_voltage_v, settings.main_fuse_a
    full_scale_a = full_scale_rms(calibration, CURRENTS.l1)
    ratio = None if nominal_v is None else nominal_v / full_scale_rms(calibration, VOLTAGES.l1)
    return Ade9000Settings(
        nominal_frequency_hz=60 if settings.nominal_frequency_hz == 60.0 else 50,  # noqa: PLR2004 - hertz
        # only the chip's own fundamental values depend on it; where nobody told, half of full scale is its default
        nominal_voltage_ratio=0.5 if ratio is None else ratio,
        dip_ratio=None if ratio is None else DIP_RATIO * ratio,
        swell_ratio=None if ratio is None else SWELL_RATIO * ratio,
        over_current_ratio=None if fuse_a is None or fuse_a > full_scale_a else fuse_a / full_scale_a,
    )


def beyond_rated(settings: Settings, identity: Identity) -> str | None:
    """A main fuse larger than what the unit is rated for, in a sentence, with the figure that the pages show, too."""
    fuse_a, rated_a = settings.main_fuse_a, FRONT_ENDS[identity.variant].rated_current_a
    if fuse_a is None or fuse_a <= rated_a:
        return None
    return (
        f"main_fuse_a: {fuse_a:g} A is beyond the {rated_a:g} A that this unit measures: nobody can tell what is left"
    )

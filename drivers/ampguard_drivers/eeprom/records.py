"""What the identity memory says of a unit: who it is, which CTs it has, and how its channels were calibrated.

Values only; `eeprom.store` keeps them in the memory, twice, each with a checksum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ampguard_drivers.frontend import Variant


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the unit is."""

    serial: str
    """At most 16 ASCII characters; ends with G."""
    pin_hash: bytes = field(repr=False)
    """Salted slow hash of the owner's PIN (never the PIN itself), at most 64 bytes."""
    variant: Variant
    access_point_psk: bytes | None = field(default=None, repr=False)
    """The access point's WPA2 key, 32 bytes, made of the PIN and the network's name at the factory (IEEE 802.11, J.4);
    None in a record of layout 1, which has none."""


@dataclass(frozen=True, slots=True)
class ChannelCalibration:
    """One channel of the converter, from the terminal or conductor to the code."""

    scale_per_adc_v: float
    """Volts (or amperes) at the input for one volt at the converter's pin, as calibrated."""
    phase_lead_deg: float
    """By how much the channel's path advances the fundamental at 50 Hz (a CT leads: positive)."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How to turn this unit's codes into volts and amperes."""

    channels: tuple[ChannelCalibration, ...]
    """Seven, in the order of `samples.CHANNELS`."""
    sample_rate_error_ratio: float
    """True over nominal sample rate, minus one: the crystal's error."""
    temperature_degc: float
    """Temperature at which the calibration was made."""
    ct_set: str
    """Name of the CT set that was calibrated with the unit."""

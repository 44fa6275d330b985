"""ADE9000: what the driver must be told of the installation. Levels are ratios of the converter's full-scale RMS."""

from __future__ import annotations

from dataclasses import dataclass

from ampguard_drivers.ade9000.fields import PgaGain, Wiring

_FREQUENCIES_HZ = (50.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ade9000Settings:
    """Everything the configuration of the chip is derived from.

    A ratio of 1 is the RMS of a sine that fills the converter (0.7071 V at its pins with gain 1). ValueError for
    anything the chip cannot do.
    """

    nominal_frequency_hz: float
    """50 or 60."""
    nominal_voltage_ratio: float
    """RMS of the nominal voltage at the pin; the chip's fundamental values need it."""
    wiring: Wiring = Wiring.FOUR_WIRE_WYE
    stream_neutral_current: bool = True
    """Whether blocks have a seventh column."""
    current_gain: PgaGain = PgaGain.X1
    voltage_gain: PgaGain = PgaGain.X1
    dip_ratio: float | None = None
    """The chip reports a dip below this one-cycle voltage RMS; None = it watches for none."""
    swell_ratio: float | None = None
    over_current_ratio: float | None = None

    def __post_init__(self) -> None:
        if self.nominal_frequency_hz not in _FREQUENCIES_HZ:
            raise ValueError(f"nominal frequency must be 50 or 60 Hz, not {self.nominal_frequency_hz:g}")
        if not 0.0 < self.nominal_voltage_ratio <= 1.0:
            raise ValueError(
                f"nominal voltage must be over 0 and at most 1 x full scale: {self.nominal_voltage_ratio:g}"
            )
        for name in ("dip_ratio", "swell_ratio", "over_current_ratio"):
            ratio = getattr(self, name)
            if ratio is not None and not 0.0 < ratio <= _LARGEST_LEVEL_RATIO:
                raise ValueError(f"{name} must be over 0 and at most {_LARGEST_LEVEL_RATIO} x full scale: {ratio:g}")

    @property
    def channel_count(self) -> int:
        """Columns of a block."""
        return 7 if self.stream_neutral_current else 6


_LARGEST_LEVEL_RATIO = 10.0
"""24 bits hold ten times the full-scale RMS (shifted right by 5)."""

"""What stands between the grid and the converter's pins: CT sets, burden and voltage divider, as nominal data.

Values of a single unit differ by tolerance; what it really has is in its calibration (`eeprom.records`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Variant(StrEnum):
    """The hardware variants that one firmware serves."""

    ONE_MODULE = "one_module"
    HOME = "home"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Nominal data of a variant's inputs."""

    rated_current_a: float
    """Largest RMS current the variant is sold for."""
    ct_ratio: float
    """Primary over secondary amperes."""
    burden_ohm: float
    divider_ratio: float
    """Volts at the terminal for one volt at the converter's pin."""

    @property
    def amperes_per_adc_volt(self) -> float:
        """Primary amperes that make one volt at a current pin."""
        return self.ct_ratio / self.burden_ohm

    @property
    def volts_per_adc_volt(self) -> float:
        """Volts at the terminal that make one volt at a voltage pin."""
        return self.divider_ratio


FRONT_ENDS: Mapping[Variant, FrontEnd] = MappingProxyType(
    {
        # 63 A -> 30 mA (36 mA at 75.6 A); 18 ohm leave a crest factor of 1.85 at 63 A
        Variant.ONE_MODULE: FrontEnd(63.0, 2100.0, 18.0, 1001.0),
        Variant.HOME: FrontEnd(100.0, 3000.0, 16.0, 1001.0),
        Variant.PUBLIC: FrontEnd(400.0, 12000.0, 16.0, 1001.0),
    }
)

"""How much a clamp shows of a load whose power is stated: the error of its ratio, and of its phase.

A heater is a resistor: its power goes with the square of the voltage, and its current is in phase with it. What a label
states is not exact: a heater may draw 5 % more and 10 % less (IEC 60335-1, rated above 200 W). That is far more than
clamps err, so a ratio is told with it; another set of clamps than the settings say is off by far more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.phrase import Number, Phrase, phrase
from ampguard.wiring.check_snapshot import lag_deg
from ampguard.wiring.check_weigh import Kind

if TYPE_CHECKING:
    from ampguard.wiring.check_weigh import Placing, Stimulus

VOLTAGE_PERCENT = 0.5
"""What a unit's voltage may err."""
HEATER_DEG = 0.5
"""What a heater is not quite a resistor: its lead, its fan."""
NOTABLE_PERCENT = 15.0
FACTORS = (10.0, 5.0, 4.0, 3.0, 2.0)
"""Sets of clamps differ by these, either way; and turns through a core are whole numbers."""
FACTOR_RATIO = 0.13
UNCLOSED_DEG = 10.0
"""A gap of a few hundredths of a millimetre makes a core lead by so much and more."""
_LEAST_V = 20.0


@dataclass(frozen=True, slots=True)
class StatedLoad:
    """What the label of an appliance says."""

    power_w: float
    rated_v: float | None
    """At which voltage; None: at the one that is measured."""
    tolerance_percent: float

    def current_a(self, voltage_v: float) -> float:
        """What it draws."""
        return self.power_w * voltage_v / (self.rated_v or voltage_v) ** 2


@dataclass(frozen=True, slots=True)
class Size:
    """What one clamp showed, and how far that is from what flowed."""

    shown_a: float
    lead_deg: float
    """Of what it showed, before the voltage of the phase it sits on; a clamp that is the wrong way round is turned."""
    lead_unsure_deg: float
    expected_a: float | None
    """None: nobody stated a power, or the voltage of its phase is not measured."""
    ratio_error_percent: float | None
    ratio_unsure_percent: float | None

    @property
    def warning(self) -> Phrase | None:
        """What is wrong with it, if anything clearly is."""
        if self.lead_deg >= UNCLOSED_DEG + self.lead_unsure_deg:
            return phrase(
                "it leads by {degrees}°: its core does not close, or the appliance is no heater",
                degrees=Number(self.lead_deg, ".0f"),
            )
        error, unsure = self.ratio_error_percent, self.ratio_unsure_percent
        if error is None or unsure is None or abs(error) <= max(NOTABLE_PERCENT, 1.5 * unsure):
            return None
        times = 1.0 + 0.01 * error
        for factor in FACTORS:
            if abs(times / factor - 1.0) <= FACTOR_RATIO:
                return phrase(
                    "it shows {factor} times what flows: another set of clamps than the settings say?",
                    factor=Number(factor, "g"),
                )
            if abs(times * factor - 1.0) <= FACTOR_RATIO:
                return phrase(
                    "it shows 1/{factor} of what flows: another set of clamps than the settings say?",
                    factor=Number(factor, "g"),
                )
        percent = Number(abs(error), ".0f")
        if error > 0.0:
            return phrase(
                "it shows {percent} % more than flows: is the stated power right, does its core close?", percent=percent
            )
        return phrase(
            "it shows {percent} % less than flows: is the stated power right, does its core close?", percent=percent
        )


def size(stimulus: Stimulus, clamp: int, placing: Placing, load: StatedLoad | None) -> Size | None:
    """Of a clamp that has answered; None where it sits around nothing."""
    place = list(placing.phase)[clamp]
    if place is None:
        return None
    shown_a = -stimulus.change_a[clamp] if list(placing.reversed)[clamp] else stimulus.change_a[clamp]
    voltage_v = stimulus.voltage_v[place]
    unsure_ratio = stimulus.unsure_a[clamp] / abs(shown_a)
    expected_a = None
    if load is not None and stimulus.kind is Kind.HEATER and abs(voltage_v) >= _LEAST_V:
        expected_a = load.current_a(abs(voltage_v))
    error_percent = unsure_percent = None
    if load is not None and expected_a is not None:
        error_percent = 100.0 * (abs(shown_a) / expected_a - 1.0)
        unsure_percent = math.hypot(load.tolerance_percent, VOLTAGE_PERCENT, 200.0 * unsure_ratio)
    return Size(
        shown_a=abs(shown_a),
        lead_deg=-lag_deg(shown_a, voltage_v),
        lead_unsure_deg=math.hypot(HEATER_DEG, math.degrees(math.atan(2.0 * unsure_ratio))),
        expected_a=expected_a,
        ratio_error_percent=error_percent,
        ratio_unsure_percent=unsure_percent,
    )

"""Everything a commissioning report says. What is not known is None; why, stands among `absences`.

The JSON keys are the field names. Texts of people and of files are cut and cleaned where they come in (`left`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.readings import Energy, PhaseValues, as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.phases import Phases
    from ampguard.readings import Json

FORMAT = "ampguard-report/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Who measured."""

    serial: str | None
    variant: str | None
    ct_set: str | None
    rated_current_a: float | None
    calibration: str | None
    """First digits of the calibration record's SHA-256: another one is another calibration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """With what."""

    ampguard: str
    python: str
    kernel: str
    computer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What an input of the unit is taken to measure."""

    clamp: str
    clamp_reversed: bool
    voltage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What the installer told the unit."""

    main_fuse_a: float | None
    grid_type: str
    generation_on_site: bool | None
    nominal_voltage_v: float | None
    nominal_frequency_hz: float | None
    wired_voltages: tuple[str, ...]
    inputs: Phases[Input]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One line of the settings, as text; secrets are left out."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phasors:
    """Of the fundamental. Voltage angles against L1; a current's angle is its lag behind its own voltage."""

    voltage_rms_v: PhaseValues
    voltage_angle_deg: PhaseValues
    current_fundamental_rms_a: PhaseValues
    current_angle_deg: PhaseValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What is found of one clamp."""

    verdict: str | None
    confidence_ratio: float | None
    phase: str | None
    """Where it really sits."""
    reversed: bool | None
    sentence: str | None
    """The solver's own words, in English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is found of all terminals and clamps."""

    utc: str | None
    verdict: str | None
    """Of terminals and clamps together."""
    voltage_verdict: str | None
    current_verdict: str | None
    confidence_ratio: float | None
    sentence: str | None
    """The solver's own words, in English."""
    channels: Phases[Channel | None]
    phasors: Phasors | None
    to_do: tuple[str, ...] = ()
    """What must be moved by hand, which load would decide what is open: in the language of the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one clamp showed of the appliances that were switched on in the guided check."""

    verdict: str | None
    phase: str | None
    """Where it sits by that; None: not decided."""
    reversed: bool | None
    appliance: str | None
    """Where somebody said that it is: a phase, "anywhere" or "three-phase"; None: the clamp has answered to none."""
    step_a: float | None
    ratio_error_percent: float | None
    """Against the power that the appliance's label states; None: nobody said what it states."""
    ratio_unsure_percent: float | None
    phase_error_deg: float | None
    """By which the step leads the voltage of its phase: a heater's does not."""
    phase_unsure_deg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidedCheck:
    """The last one in which an appliance was recognised."""

    utc: str | None
    verdict: str | None
    confidence_ratio: float | None
    sentence: str | None
    """In English; where it is a phrase, each language says it in its own way."""
    inputs: tuple[Setting, ...]
    """What they were taken to measure meanwhile."""
    is_of_present_inputs: bool
    """False: another assignment counts now, of which it says nothing."""
    clamps: Phases[Answer | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Wiring that was mended in software."""

    utc: str | None
    before: tuple[Setting, ...]
    after: tuple[Setting, ...]
    finding_before: Finding | None
    finding_after: Finding | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The wiring as the lights show it."""

    utc: str | None
    voltage: str
    current: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The newest reading of a second."""

    utc: str | None
    clock_quality: str | None
    frequency_hz: float | None
    voltage_rms_v: PhaseValues
    current_rms_a: PhaseValues
    current_angle_deg: PhaseValues
    active_power_w: PhaseValues
    power_factor_ratio: PhaseValues
    voltage_unbalance_percent: float | None
    quality: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfCheck:
    """Two measurement paths compared, and what the unit counted of itself since its start."""

    deviation_percent: float | None
    limit_percent: float
    temperature_degc: float | None
    lost_samples: int | None
    clipped_samples: int | None
    corrupt_frames: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Mean power of an interval."""

    utc: str
    active_power_w: PhaseValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The last hours, at most a day."""

    interval_s: float
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Something this report should say and cannot."""

    what: str
    """A name of a part of the report."""
    why: str
    """In the language of the report, as far as it has words for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it."""

    format: str
    language: str
    utc: str
    """When it was made, ISO 8601."""
    clock_quality: str
    unit: Unit
    software: Software
    installation: Installation
    settings: tuple[Setting, ...]
    condition: Condition | None
    finding: Finding | None
    """As it is now."""
    changes: tuple[Change, ...]
    """Oldest first."""
    check: GuidedCheck | None
    """None: none was made, or none in which an appliance was recognised."""
    latest: Latest | None
    energy: Energy | None
    self_check: SelfCheck
    trace: Trace | None
    conditions: tuple[Condition, ...]
    """What the wiring was found to be earlier, oldest first."""
    installer: str | None
    note: str | None
    absences: tuple[Absence, ...]

    def as_json(self) -> Mapping[str, Json]:
        """What is signed."""
        return cast("Mapping[str, Json]", as_json(self))

"""What happens to a unit and is worth telling: events, each with its place in the unit's run and in time.

Like readings they travel: through the live feed, the journal and the uplink. Their field names are the JSON keys. The
events of one run of the meter are numbered without a hole, whatever their kind, so that a missing one is noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from ampguard.clock import ClockQuality
from ampguard.phases import LinePairs, Phase, Phases
from ampguard.readings import VoltageEvent


class What(StrEnum):
    """What an event is about."""

    START = "start"
    """The meter has started."""
    VOLTAGE = "voltage"
    """A dip, swell or interruption."""
    GAP = "gap"
    """Readings that there are not, or not any more."""
    CLOCK = "clock"
    """The wall clock was set, or stepped."""
    WIRING = "wiring"
    """The verdict on the wiring changed."""
    PHASE_LOSS = "phase_loss"
    """A phase carries no voltage any more, or carries it again."""
    NEUTRAL_FAULT = "neutral_fault"
    """The neutral is broken or loose, or is whole again."""
    WRONG_VOLTAGE = "wrong_voltage"
    """The voltages are not those of the grid that is set, or of any grid; or they are so again."""
    OVERLOAD = "overload"
    """A phase carries more than the main fuse's rated current, or no longer does."""
    CONFIGURATION = "configuration"
    """Settings were changed: while the meter runs, or since the run before."""
    ASSIGNMENT = "assignment"
    """The inputs are taken to measure something else than before."""
    UPDATE = "update"
    """Other software runs than before, or was tried and not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Names one reading of a second."""

    boot: str
    sequence: int
    end_utc: str | None
    monotonic_ns: int | None
    """None where only its name is known."""


class GapReason(StrEnum):
    """Why readings are not there."""

    POWER_OFF = "power_off"
    """The system had no power, or started again by itself without an orderly end."""
    SHUT_DOWN = "shut_down"
    """The system was shut down or restarted in order."""
    RESTART = "restart"
    """The meter ended without a word (a crash, a kill) and was started again; the system ran on."""
    STOPPED = "stopped"
    """The meter was stopped in order and started again; the system ran on."""
    NEW_JOURNAL = "new_journal"
    """There was no journal of an earlier run: a first start, or a reset."""
    JOURNAL_DAMAGED = "journal_damaged"
    """The medium damaged the journal: what had not been sent before may be lost."""
    STORAGE_FULL = "storage_full"
    """The medium took nothing for longer than readings can wait in memory."""
    SAMPLES_LOST = "samples_lost"
    """The metering IC delivered nothing, or not in time."""
    EXPIRED = "expired"
    """Nobody had taken them when they became older than the journal keeps readings."""
    REFUSED = "refused"
    """The cloud can never store them. They are kept for as long as others are, and can be asked for again."""
    UNKNOWN = "unknown"
    """The run before has not told how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Between two readings there are none, or at most some."""

    reason: GapReason
    after: Mark | None
    """The last reading before the gap; None: whatever was before may be missing."""
    before: Mark | None
    """The first reading behind it; None: not known."""
    duration_s: float | None
    """Between the end of the one and the start of the other; None where no clock ran through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A run of the meter begins."""

    version: str
    """Of the software."""
    kernel_boot: str | None
    """Names the run of the system; the monotonic clocks of one run of it are one clock."""


class ClockMove(StrEnum):
    """What the wall clock did."""

    SET = "set"
    """It has become trustworthy: readings before it can be dated now."""
    STEPPED = "stepped"
    """It jumped while it was trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockChange:
    """The wall clock moved against the monotonic one; the new pair dates all moments of the same run of the system."""

    move: ClockMove
    step_s: float
    """Positive: the clock was put forward."""
    utc: str
    monotonic_ns: int
    kernel_boot: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WiringChange:
    """A new verdict on the wiring."""

    voltage: str
    current: str
    sentence: str


class Turn(StrEnum):
    """Which end of something that lasts."""

    BEGUN = "begun"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLoss:
    """A phase without voltage: below a tenth of the nominal one (of the highest one where no nominal one is set)."""

    phase: Phase
    turn: Turn
    voltage_rms_v: Phases[float | None]
    """Of the window that decided."""
    line_voltage_rms_v: LinePairs[float | None]
    duration_s: float | None
    """None while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeutralFault:
    """The neutral is broken or loose: the star voltages move, those between the phases stay. No protective device."""

    turn: Turn
    shift_v: float
    """By how much the neutral has left the middle of the phases (zero sequence of the fundamentals)."""
    neutral_ohm: float | None
    """What the neutral seems to have where it is loose, by how steps of load move it; None: it has moved by itself."""
    voltage_rms_v: Phases[float | None]
    """Of the window that decided, as all values here."""
    line_voltage_rms_v: LinePairs[float | None]
    current_rms_a: Phases[float | None]
    up: tuple[Phase, ...]
    """Phases clearly above what they would have with a whole neutral."""
    down: tuple[Phase, ...]
    """Phases clearly below it."""
    duration_s: float | None
    """None while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongVoltage:
    """Steady voltages that are far from the nominal one; where none is set, from those of any low-voltage grid."""

    turn: Turn
    nominal_v: float | None
    """Of a phase, as set; None: nobody told."""
    voltage_rms_v: Phases[float | None]
    """Of the window that decided."""
    line_voltage_rms_v: LinePairs[float | None]
    duration_s: float | None
    """None while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """More current in a phase than the main fuse is rated for."""

    phase: Phase
    turn: Turn
    highest_a: float
    """The highest reading of a second so far."""
    rated_a: float
    duration_s: float | None
    """None while it lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """One setting; a secret is told as "(secret)"."""

    name: str
    before: str | None
    """As it would stand in the settings file; None: it was not there."""
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What is set otherwise than before."""

    changes: tuple[SettingChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What each input measures, as it stands in the settings file."""

    clamps: Phases[str]
    """A phase, with "reversed" behind it where the clamp is the wrong way round."""
    voltages: Phases[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentChange:
    """Wrong wiring is mended in software, or that is undone; values from then on are of the phases as set."""

    before: Inputs | None
    """None: not told."""
    after: Inputs
    sentence: str | None
    """What was known of the clamps before; None where it changed while the meter did not run."""
    confidence_ratio: float | None
    """How sure that was."""


class UpdateEnd(StrEnum):
    """How an update ended."""

    KEPT = "kept"
    """The new software has shown that it measures as the one before, and stays."""
    RETURNED = "returned"
    """It has not: the software before runs again."""
    REFUSED = "refused"
    """It was not installed: nothing has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Other software was tried, or was not to be had."""

    end: UpdateEnd
    version: str | None
    """Of the software that was tried; None where it is not known."""
    former: str
    """Of the software before."""
    from_stick: bool
    """Whether it was on a USB stick that somebody has put into the unit."""
    reason: str | None
    """Why it was not installed or not kept."""


Event: TypeAlias = (
    Start
    | VoltageEvent
    | Gap
    | ClockChange
    | WiringChange
    | PhaseLoss
    | NeutralFault
    | WrongVoltage
    | Overload
    | Configuration
    | AssignmentChange
    | Update
)
KINDS: Mapping[type, What] = MappingProxyType({
    Start: What.START,
    VoltageEvent: What.VOLTAGE,
    Gap: What.GAP,
    ClockChange: What.CLOCK,
    WiringChange: What.WIRING,
    PhaseLoss: What.PHASE_LOSS,
    NeutralFault: What.NEUTRAL_FAULT,
    WrongVoltage: What.WRONG_VOLTAGE,
    Overload: What.OVERLOAD,
    Configuration: What.CONFIGURATION,
    AssignmentChange: What.ASSIGNMENT,
    Update: What.UPDATE,
})  # fmt: skip
"""How each type of event is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An event with its place in the unit's run and in time."""

    boot: str
    sequence: int
    """Counts up by one with every event within a boot, whatever its kind."""
    kind: What
    start_utc: str | None
    """ISO 8601 with offset; None where no clock was ever set."""
    start_monotonic_ns: int
    clock_quality: ClockQuality
    event: Event

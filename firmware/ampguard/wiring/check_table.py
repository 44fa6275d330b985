"""The stages of the guided check, and what leads from one to the next; what is asked for, and what is told.

is         what happens                  becomes
VOLTAGES   the voltages are known        QUIET
QUIET      seen for a second             ON        asks to switch on
ON         an appliance came on          OFF       asks to switch it off again
ON         "it is on": nothing answered  ON        another one there; then the next one
ON         nobody has the patience       ON        the next one
OFF        the same went off             ON        the next one: this one counts
OFF        "it is off": not seen         ON        the same once more
OFF        nobody has the patience       ON        the next one: this one does not count
ON         enough is known, or asked     DONE
VOLTAGES,  nobody has the patience       DONE
QUIET
any other  a voltage is lost             VOLTAGES  what was pending does not count
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.phases import Phase, Phases
from ampguard.wiring.check_weigh import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.wiring.check_size import StatedLoad
    from ampguard.wiring.check_step import Step


class Stage(StrEnum):
    """Where it is."""

    VOLTAGES = "voltages"
    QUIET = "quiet"
    ON = "on"
    """Waits for an appliance to be switched on."""
    OFF = "off"
    DONE = "done"


class Sign(StrEnum):
    """What happens."""

    KNOWN = "known"
    """The voltages, and their order."""
    SEEN = "seen"
    """Enough to recognise a step."""
    CAME_ON = "came on"
    WENT_OFF = "went off"
    TOLD = "told"
    """Somebody says that it is done, and nothing was seen."""
    LATE = "late"
    """Nobody has the patience."""
    ENOUGH = "enough"
    LOST = "lost"
    """A voltage."""


TABLE: Mapping[tuple[Stage, Sign], Stage] = MappingProxyType({
    (Stage.VOLTAGES, Sign.KNOWN): Stage.QUIET,
    (Stage.VOLTAGES, Sign.LATE): Stage.DONE,
    (Stage.QUIET, Sign.SEEN): Stage.ON,
    (Stage.QUIET, Sign.LATE): Stage.DONE,
    (Stage.QUIET, Sign.LOST): Stage.VOLTAGES,
    (Stage.ON, Sign.CAME_ON): Stage.OFF,
    (Stage.ON, Sign.TOLD): Stage.ON,
    (Stage.ON, Sign.LATE): Stage.ON,
    (Stage.ON, Sign.ENOUGH): Stage.DONE,
    (Stage.ON, Sign.LOST): Stage.VOLTAGES,
    (Stage.OFF, Sign.WENT_OFF): Stage.ON,
    (Stage.OFF, Sign.TOLD): Stage.ON,
    (Stage.OFF, Sign.LATE): Stage.ON,
    (Stage.OFF, Sign.LOST): Stage.VOLTAGES,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """One appliance to switch on."""

    kind: Kind
    phase: Phase | None
    """Where; None: on whichever phase it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for."""

    asks: tuple[Ask, ...]
    clamps: Phases[bool]
    """On which phases there is a current transformer."""
    terminals: Phases[bool]
    """On which phases the voltage is wired."""
    least_a: float
    """The appliance draws at least so much; what is smaller is another one."""
    patience_s: float
    """Waited for each thing that is asked for."""
    load: StatedLoad | None


def asks(clamps: Phases[bool], kind: Kind, *, is_phase_known: bool) -> tuple[Ask, ...]:
    """For heaters one on each phase, twice that where nobody knows their phases; for three phases one, and another."""
    if kind is Kind.THREE_PHASE:
        return (Ask(kind, None),) * 2
    there = [phase for phase, one in zip(Phase, clamps, strict=True) if one]
    return tuple(Ask(kind, phase) for phase in there) if is_phase_known else (Ask(kind, None),) * (2 * len(there))


class NoteKind(StrEnum):
    """What a note is about."""

    ASK = "ask"
    SEEN = "seen"
    REMARK = "remark"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell whoever does the check."""

    kind: NoteKind
    sentence: str
    step: Step | None = None
    """What was seen."""

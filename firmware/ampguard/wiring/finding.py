"""What is known of the clamps, as a whole and of each, and how it is said to an electrician."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.phases import Phase, Phases
from ampguard.wiring.hypotheses import Connection
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from ampguard.wiring.hypotheses import Look

NAMES = tuple(Phase)
AS_LABELLED = Phases.of(NAMES)
"""The input that each phase's clamp is plugged into, where nobody has set it otherwise."""
RIGHT = Connection(Phases(0, 1, 2), Phases.all_of(value=False))


@dataclass(frozen=True, slots=True)
class Channel:
    """What is known of one clamp."""

    condition: Condition
    phase: Phase | None
    """Where it sits; None where that is not known."""
    reversed: bool
    confidence_ratio: float
    """Probability of what is claimed; of the likeliest place where nothing is."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of the clamps."""

    condition: Condition
    sentence: str
    connection: Connection | None
    """As it really is; None where it is not known, or where only that something is wrong is known."""
    confidence_ratio: float
    """Probability of what is claimed; of the likeliest connection where nothing is."""
    decides_with_a: float | None
    """Amperes that would decide; None where nothing is open or no current decides it."""
    decides_within_s: float | None
    """For so long they must flow."""
    channels: Phases[Channel | None] = Phases(None, None, None)  # noqa: RUF009 - frozen
    """None where there is no clamp, or nothing was weighed."""
    decides_on: tuple[Phase, ...] = ()
    """The phases on which they must flow; empty: on each that has a clamp."""


def nothing_known(condition: Condition, sentence: str) -> Finding:
    """Before anything was weighed: what no current decides."""
    return Finding(condition, sentence, None, 0.0, None, None)


def named(inputs: Phases[Phase]) -> Phases[str]:
    """Each phase's clamp: whoever goes there needs the input where that bears another name."""
    return Phases.of(
        f"the clamp of {phase}" if one is phase else f"the clamp in input {one} (taken for {phase})"
        for phase, one in zip(NAMES, inputs, strict=True)
    )


_CLAMPS = named(AS_LABELLED)


def described(connection: Connection, clamp_of: Phases[str] = _CLAMPS, look: Look | None = None) -> str:
    """What an electrician must change; with what the clamps show, where a look is given."""
    if connection == RIGHT:
        return "all clamps are right"
    placed = list(enumerate(zip(connection.phase, connection.reversed, strict=True)))
    if all(turned and place == own for own, (place, turned) in placed):
        return "all clamps are the wrong way round (or the building exports on all phases)"
    moved = [(own, place, turned) for own, (place, turned) in placed if place != own]
    parts = [
        f"{clamp_of[NAMES[own]]} is on {NAMES[place]}"
        + (" and the wrong way round" if turned else "")
        + _numbers(look, own, place, turned=turned)
        for own, place, turned in moved
    ]
    parts += [
        f"{clamp_of[NAMES[own]]} is the wrong way round" + _numbers(look, own, own, turned=True)
        for own, (place, turned) in placed
        if place == own and turned
    ]
    return ", ".join(parts)


def is_of_the_voltage(connection: Connection) -> bool:
    """Whether another voltage, or another order of the phases, behind clamps that are right looks just like it.

    Where one voltage between two phases stands for all: with its wires interchanged all clamps seem turned round, on
    other phases all seem moved on by one, or both; and phases that run L3-L2-L1 interchange two and turn all.
    """
    if len(set(connection.phase)) < len(NAMES):
        return False
    is_ring = all(place != own for own, place in enumerate(connection.phase))
    return all(connection.reversed) or (is_ring and not any(connection.reversed))


def turned_or_feeding(one: Connection, other: Connection, look: Look) -> tuple[Phase, ...]:
    """The phases that seem to feed back where all is right, and have their clamps the wrong way round where not.

    None where that is not what is open between both, or where it is open of all clamps: `described` says it.
    """
    if RIGHT not in {one, other} or one.phase != other.phase:
        return ()
    turned = list(other.reversed if one == RIGHT else one.reversed)
    if all(turned) or not all(_feeds_back(look, clamp) for clamp, is_turned in enumerate(turned) if is_turned):
        return ()
    return tuple(name for name, is_turned in zip(NAMES, turned, strict=True) if is_turned)


def said_of_both(phases: tuple[Phase, ...], clamp_of: Phases[str]) -> str:
    """That these clamps are the wrong way round, or their phases feed back."""
    if len(phases) == 1:
        return f"{clamp_of[phases[0]]} is the wrong way round, or {phases[0]} feeds back"
    names, clamps = " and ".join(phases), " and ".join(clamp_of[phase] for phase in phases)
    return f"{clamps} are the wrong way round, or {names} feed back"


def _numbers(look: Look | None, clamp: int, phase: int, *, turned: bool) -> str:
    if look is None or not look.current_a[clamp]:
        return ""
    meant = f", {lag(look, clamp, phase, turned=turned)}" if phase != clamp else ""
    return f" ({shown(look, clamp, clamp, turned=False)}{meant})"


def shown(look: Look, clamp: int, phase: int, *, turned: bool) -> str:
    """What a clamp shows if it sits there: "4.98 A 8° behind L2"."""
    size_a = abs(look.current_a[clamp])
    return f"{size_a:.3g} A {lag(look, clamp, phase, turned=turned)}" if size_a else f"no current in {NAMES[clamp]}"


def drawn(look: Look, clamp: int) -> str:
    """What a clamp shows that sits where it should: "4.98 A 8° behind L2", "4.98 A fed back, 172° behind L2"."""
    text = shown(look, clamp, clamp, turned=False)
    return text.replace(" A ", " A fed back, ", 1) if _feeds_back(look, clamp) else text


def _feeds_back(look: Look, clamp: int) -> bool:
    """Whether it seems to."""
    return (look.voltage[clamp] * look.current_a[clamp].conjugate()).real < 0.0


def lag(look: Look, clamp: int, phase: int, *, turned: bool) -> str:
    """How its current stands to the voltage of that phase: "8° behind L2"."""
    current = -look.current_a[clamp] if turned else look.current_a[clamp]
    lag_deg = round(math.degrees(cmath.phase(look.voltage[phase] / current)))
    if not lag_deg:
        return f"in phase with {NAMES[phase]}"
    return f"{lag_deg}° behind {NAMES[phase]}" if lag_deg > 0 else f"{-lag_deg}° ahead of {NAMES[phase]}"

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


def described(connection: Connection, look: Look | None = None) -> str:
    """What an electrician must change; with what the clamps show, where a look is given."""
    if connection == RIGHT:
        return "all clamps are right"
    placed = list(enumerate(zip(connection.phase, connection.reversed, strict=True)))
    if all(turned and place == own for own, (place, turned) in placed):
        return "all clamps are the wrong way round (or the building exports on all phases)"
    moved = [(own, place, turned) for own, (place, turned) in placed if place != own]
    parts = [
        f"the clamp of {NAMES[own]} is on {NAMES[place]}"
        + (" and the wrong way round" if turned else "")
        + _numbers(look, own, place, turned=turned)
        for own, place, turned in moved
    ]
    parts += [
        f"the clamp of {NAMES[own]} is the wrong way round" + _numbers(look, own, own, turned=True)
        for own, (place, turned) in placed
        if place == own and turned
    ]
    return ", ".join(parts)


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
    if (look.voltage[clamp] * look.current_a[clamp].conjugate()).real >= 0.0:
        return text
    return text.replace(" A ", " A fed back, ", 1)


def lag(look: Look, clamp: int, phase: int, *, turned: bool) -> str:
    """How its current stands to the voltage of that phase: "8° behind L2"."""
    current = -look.current_a[clamp] if turned else look.current_a[clamp]
    lag_deg = round(math.degrees(cmath.phase(look.voltage[phase] / current)))
    if not lag_deg:
        return f"in phase with {NAMES[phase]}"
    return f"{lag_deg}° behind {NAMES[phase]}" if lag_deg > 0 else f"{-lag_deg}° ahead of {NAMES[phase]}"

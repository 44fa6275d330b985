"""Finding the columns of a recording by themselves: the best candidate for each conductor, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ampguard.recorder.channels import Conductor, Meaning, looks_like_a_waveform, meaning_of
from ampguard.recorder.signals import Signal, Term
from ampguard.recorder.units import Quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.recorder.recording import Recording

LINES = (Conductor.L1, Conductor.L2, Conductor.L3)
PAIRS = (Conductor.L1_L2, Conductor.L2_L3, Conductor.L3_L1)


@dataclass(slots=True)
class Found:
    """What the columns are taken for."""

    signals: dict[str, Signal] = field(default_factory=dict[str, Signal])
    """Keys as in `selection.TARGETS`."""
    has_neutral: bool = True
    unused: dict[int, str] = field(default_factory=dict[int, str])
    """Why a column is not used."""


def find(recording: Recording) -> Found:
    """Take each column for what its description and its values say."""
    candidates = _Candidates(recording)
    found = Found(unused=candidates.unused)
    for number, conductor in enumerate(LINES, 1):
        found.signals |= candidates.taken(f"u{number}", Quantity.VOLTAGE, conductor)
        found.signals |= candidates.taken(f"i{number}", Quantity.CURRENT, conductor)
    neutral, other = sorted(
        (Conductor.N, Conductor.RESIDUAL), key=lambda conductor: -candidates.rank(Quantity.CURRENT, conductor)
    )
    found.signals |= candidates.taken("in", Quantity.CURRENT, neutral)
    candidates.refuse(Quantity.CURRENT, other, "another column is taken for the neutral")
    for conductor in (Conductor.N, Conductor.RESIDUAL):
        candidates.refuse(Quantity.VOLTAGE, conductor, "voltage of neutral or earth")
    pairs = [candidates.signal(Quantity.VOLTAGE, pair) for pair in PAIRS]
    if not any(f"u{number}" in found.signals for number in (1, 2, 3)) and len([p for p in pairs if p]) > 1:
        found.signals |= _star_voltages(pairs)
        found.has_neutral = False
    else:
        for conductor in PAIRS:
            candidates.refuse(Quantity.VOLTAGE, conductor, "voltage between lines")
    return found


class _Candidates:
    """The best column for each quantity and conductor: the plainest description, then the first in the file."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._best: dict[tuple[Quantity, Conductor], tuple[int, Meaning]] = {}
        self.unused: dict[int, str] = {}
        for index, channel in enumerate(recording.channels):
            meaning = meaning_of(channel)
            if meaning is None:
                self.unused[index] = "neither voltage nor current of a phase"
            elif not looks_like_a_waveform(recording.head[:, index]):
                self.unused[index] = "no waveform: it never changes its sign"
            else:
                self._offer(index, meaning)

    def _offer(self, index: int, meaning: Meaning) -> None:
        key = (meaning.quantity, meaning.conductor)
        held = self._best.get(key)
        if held is not None and meaning.rank <= held[1].rank:
            self.unused[index] = "another column came first"
            return
        if held is not None:
            self.unused[held[0]] = "another column is named more plainly"
        self._best[key] = (index, meaning)

    def rank(self, quantity: Quantity, conductor: Conductor) -> int:
        held = self._best.get((quantity, conductor))
        return held[1].rank if held else -1

    def signal(self, quantity: Quantity, conductor: Conductor) -> Signal | None:
        held = self._best.get((quantity, conductor))
        if held is None:
            return None
        channel = self._recording.channels[held[0]]
        return Signal(channel.label, (Term(held[0], held[1].si_per_unit),), channel.skew_s)

    def taken(self, target: str, quantity: Quantity, conductor: Conductor) -> dict[str, Signal]:
        signal = self.signal(quantity, conductor)
        return {target: signal} if signal else {}

    def refuse(self, quantity: Quantity, conductor: Conductor, reason: str) -> None:
        held = self._best.get((quantity, conductor))
        if held is not None:
            self.unused[held[0]] = reason


def _star_voltages(pairs: Sequence[Signal | None]) -> dict[str, Signal]:
    """Voltages against the artificial star point from two or three line-to-line voltages (they sum to zero).

    u1 = (u12 - u31) / 3, and so on round; a pair that is not recorded is minus the sum of the other two.
    """
    label = f"star point of {', '.join(pair.label for pair in pairs if pair)}"
    known = [pair.terms[0] if pair else None for pair in pairs]
    signals: dict[str, Signal] = {}
    for phase in range(3):
        si_per_unit: dict[int, float] = {}
        for pair, sign in ((known[phase], 1.0), (known[(phase + 2) % 3], -1.0)):
            parts = [pair] if pair else [Term(other.column, -other.si_per_unit) for other in known if other]
            for part in parts:
                si_per_unit[part.column] = si_per_unit.get(part.column, 0.0) + sign * part.si_per_unit / 3
        signals[f"u{phase + 1}"] = Signal(label, tuple(Term(*item) for item in si_per_unit.items()))
    return signals

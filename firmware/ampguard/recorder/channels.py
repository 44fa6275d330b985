"""Which columns of a recording are the voltages and currents of L1, L2, L3 and N: told from names, units, phases.

Instruments name channels in their own ways ("J1 -IA", "U1", "VAN", "I_L2 [A]", "Strom L3"), and put beside the
waveforms what they computed themselves: magnitudes, angles, frequencies. A name is read word by word; the unit and
the phase field decide where the name is silent; a column that never changes its sign is no waveform.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ampguard.recorder.units import Quantity, quantity_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ampguard.recorder.recording import Channel, Samples


class Conductor(Enum):
    """Between what a voltage is, or where a current flows."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L1_L2 = "L1-L2"
    L2_L3 = "L2-L3"
    L3_L1 = "L3-L1"
    N = "N"
    """The neutral conductor."""
    RESIDUAL = "residual"
    """The sum of the phases, or earth: stands in for the neutral where that is not recorded."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one column is taken for."""

    quantity: Quantity
    conductor: Conductor
    si_per_unit: float
    """Volts or amperes on the primary side for one of the file's unit."""
    rank: int
    """How plainly the file says so: 2 for the phase field, 1 for a short name."""


_PHASES: Mapping[str, Conductor] = MappingProxyType(
    {
        **dict.fromkeys(("a", "l1", "1", "r"), Conductor.L1),
        **dict.fromkeys(("b", "l2", "2", "s"), Conductor.L2),
        **dict.fromkeys(("c", "l3", "3", "t"), Conductor.L3),
        **dict.fromkeys(("n", "4", "l4", "neutral", "neutre", "neutralleiter"), Conductor.N),
        **dict.fromkeys(("g", "gnd", "e", "pe", "x", "0", "o", "res", "residual", "ground"), Conductor.RESIDUAL),
    }
)
_UVW: Mapping[str, Conductor] = MappingProxyType({
    "u": Conductor.L1, "v": Conductor.L2, "w": Conductor.L3,
})  # fmt: skip
_PAIRS: Mapping[str, Conductor] = MappingProxyType(
    {
        **dict.fromkeys(("ab", "12", "l1l2", "rs", "uv"), Conductor.L1_L2),
        **dict.fromkeys(("bc", "23", "l2l3", "st", "vw"), Conductor.L2_L3),
        **dict.fromkeys(("ca", "31", "l3l1", "tr", "wu"), Conductor.L3_L1),
    }
)
_QUANTITIES: Mapping[str, Quantity] = MappingProxyType({
    **dict.fromkeys(("u", "v", "volt", "volts", "voltage", "spannung", "tension", "spænding", "spanning"),
                    Quantity.VOLTAGE),
    **dict.fromkeys(("i", "amp", "amps", "current", "strom", "courant", "strøm", "stroom", "ström"),
                    Quantity.CURRENT),
})  # fmt: skip
DERIVED = frozenset({"angle", "ang", "winkel", "phi", "mag", "magnitude", "rms", "freq", "frequency", "thd", "power",
                     "pf", "cos", "cosphi", "energy", "avg", "average", "mean", "min", "max", "demand", "df", "rocof",
                     "pos", "neg", "zero", "seq", "sequence", "harm", "harmonic", "unbalance", "temp",
                     "temperature", "fund", "fundamental", "trend", "watts", "vars"})  # fmt: skip
_SPLIT = re.compile(r"[\s_.:;,/|\-+()\[\]{}=]+")
_JOINED = re.compile(
    r"(?P<quantity>[uvi])(?P<phase>l?[123]l[123]|12|23|31|ab|bc|ca|rs|st|tr|l?[1-4]|[abcrstngexo0])"
    r"(?P<reference>n|g|e|pe)?"
)
_WORD_AND_PHASE = re.compile(r"(voltage|volt|current|spannung|strom|phase|ph)(l?[1-4]|[abcrstn])")


def meaning_of(channel: Channel) -> Meaning | None:
    """What a column is by its description; None where it is neither voltage nor current of one conductor."""
    by_unit = quantity_of(channel.unit)
    if by_unit is not None and by_unit[0] not in {Quantity.VOLTAGE, Quantity.CURRENT}:
        return None
    words = [word for word in _SPLIT.split(channel.name.lower()) if word]
    if DERIVED & set(words):
        return None
    quantity, conductor = _read_name(words)
    if by_unit is not None:
        if quantity is not None and quantity is not by_unit[0]:
            conductor = None  # "U1" in amperes: the name means something else
        quantity = by_unit[0]
    stated = _conductor_of_field(channel.phase)
    plain = conductor is not None and len(words) <= 2  # noqa: PLR2004 - "u l1", "J1 Ia"
    rank = 2 * (stated is not None) + plain
    conductor = conductor or stated
    if quantity is None or conductor is None:
        return None
    si_per_unit = (by_unit[1] if by_unit else 1.0) * channel.primary_ratio
    return Meaning(quantity, conductor, si_per_unit, rank)


def _read_name(words: Sequence[str]) -> tuple[Quantity | None, Conductor | None]:
    """Quantity and conductor as far as a name tells them: joined ("ual1n", "ia"), or in words."""
    for word in ["".join(words), *reversed(words)]:
        if found := _JOINED.fullmatch(word):
            phase = found["phase"]
            return _QUANTITIES[found["quantity"]], _PAIRS.get(phase.replace("l", "")) or _PHASES.get(phase)
    if len(words) == 1 and (found := re.fullmatch(r"i([uvw])", words[0])):
        return Quantity.CURRENT, _UVW[found[1]]
    quantity: Quantity | None = None
    conductor: Conductor | None = None
    for word in _parted(words):
        if quantity is None and word in _QUANTITIES:
            quantity = _QUANTITIES[word]
        elif conductor is None:
            conductor = _PAIRS.get(word) or _PHASES.get(word) or (_UVW.get(word) if quantity else None)
    return quantity, conductor


def _parted(words: Sequence[str]) -> Iterator[str]:
    """The words, with those like "voltagel1" and "phasea" taken apart."""
    for word in words:
        found = _WORD_AND_PHASE.fullmatch(word)
        yield from found.groups() if found else (word,)


def _conductor_of_field(phase: str) -> Conductor | None:
    """What the phase field of a channel states: "A", "L2", "BN", "V3", "AB"."""
    word = phase.strip().lower().replace("-", "").replace("_", "")
    if word in _PAIRS:
        return _PAIRS[word]
    if word in _PHASES:
        return _PHASES[word]
    if found := re.fullmatch(r"[uvi]?(l?[123]|[abcrst])(n|g|e)?", word):
        return _PHASES.get(found[1])
    return None


_CROSSINGS, _SWING_RATIO, _LEAP_RATIO, _UNEVEN_RATIO = 4, 0.2, 0.5, 0.2


def looks_like_a_waveform(values: Samples) -> bool:
    """False for a column whose values keep one sign: magnitudes, angles, counters. Silence (all zero) passes.

    So does what swings about its mean, up and down alike, by much of it: a waveform with direct current.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return False
    low, high, mean = float(known.min()), float(known.max()), float(known.mean())
    if low <= 0.0 <= high:
        return True
    crossings = int(np.count_nonzero(np.diff(known > mean)))
    longest = float(np.abs(np.diff(known)).max())
    is_smooth = longest < _LEAP_RATIO * (high - low)  # an angle that turns leaps back
    is_even = abs(high + low - 2.0 * mean) < _UNEVEN_RATIO * (high - low)  # what is rectified is not
    return is_smooth and is_even and crossings >= _CROSSINGS and bool(known.std() > _SWING_RATIO * abs(mean))

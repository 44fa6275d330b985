"""The columns of a recording chosen as voltages and currents, found by themselves or named by the user."""

from __future__ import annotations

from dataclasses import dataclass

from ampguard.phases import Phases
from ampguard.recorder.channels import Conductor, Meaning, looks_like_a_waveform, meaning_of
from ampguard.recorder.recording import ChannelsUnclear, Recording
from ampguard.recorder.units import Quantity, quantity_of

_LINES = (Conductor.L1, Conductor.L2, Conductor.L3)
_PAIRS = (Conductor.L1_L2, Conductor.L2_L3, Conductor.L3_L1)
TARGETS = ("u1", "u2", "u3", "i1", "i2", "i3", "in")
"""What `--channels` can name."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A voltage or current as a weighted sum of columns (nearly always one column)."""

    label: str
    terms: tuple[tuple[int, float], ...]  # unit: column number, volts or amperes for one of its unit
    skew_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Selection:
    """What is measured in a recording."""

    voltage: Phases[Signal | None]
    current: Phases[Signal | None]
    neutral_current: Signal | None
    has_neutral: bool
    """False where voltages were recorded between lines: they are then referred to the artificial star point."""
    unused: tuple[tuple[str, str], ...]
    """Names of the other columns, each with the reason why it is not used."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        """All signals that are there: voltages, currents, neutral current."""
        every = (*self.voltage, *self.current, self.neutral_current)
        return tuple(signal for signal in every if signal is not None)


def select(recording: Recording, named: str = "") -> Selection:
    """Choose the columns.

    Args:
        recording: what was opened.
        named: the user's word, "u1=Va,u2=Vb,i1=-Ia,in=#9": a column's name or number, a minus sign turns it round,
            "none" drops it. What is not named is found.

    Raises:
        ChannelsUnclear: no column is a voltage or current, or the user named one that does not exist.
    """
    found, unused = _find(recording)
    chosen: dict[str, Signal | None] = {target: found.get(target) for target in TARGETS}
    has_neutral = "star" not in found
    if named.strip():
        asked = _asked(recording, named)
        taken = {term[0] for signal in asked.values() if signal for term in signal.terms}
        for target, signal in chosen.items():
            if signal and any(column in taken for column, _ in signal.terms):
                chosen[target] = None
        chosen |= asked
        has_neutral = has_neutral or any(asked.get(target) for target in ("u1", "u2", "u3"))
    if all(signal is None for signal in chosen.values()):
        names = ", ".join(channel.name for channel in recording.channels[:8])
        more = "" if len(recording.channels) <= 8 else ", ..."  # noqa: PLR2004 - fits in a sentence
        raise ChannelsUnclear(
            f"{recording.path}: no column is recognised as a waveform of voltage or current among: {names}{more}; "
            f'name them, for example --channels "u1=NAME,i1=NAME"'
        )
    used = {column for signal in chosen.values() if signal for column, _ in signal.terms}
    return Selection(
        voltage=Phases(chosen["u1"], chosen["u2"], chosen["u3"]),
        current=Phases(chosen["i1"], chosen["i2"], chosen["i3"]),
        neutral_current=chosen["in"],
        has_neutral=has_neutral,
        unused=tuple(
            (channel.name, unused.get(index, "replaced"))
            for index, channel in enumerate(recording.channels)
            if index not in used
        ),
    )


def _find(recording: Recording) -> tuple[dict[str, Signal | None], dict[int, str]]:
    """The best column for each target ("star" marks star-point voltages), and why the others are not used."""
    best: dict[tuple[Quantity, Conductor], tuple[int, Meaning]] = {}
    unused: dict[int, str] = {}
    for index, channel in enumerate(recording.channels):
        meaning = meaning_of(channel)
        if meaning is None:
            unused[index] = "neither voltage nor current of a phase"
        elif not looks_like_a_waveform(recording.head[:, index]):
            unused[index] = "no waveform: it never changes its sign"
        else:
            key = (meaning.quantity, meaning.conductor)
            if key not in best or meaning.rank > best[key][1].rank:
                if key in best:
                    unused[best[key][0]] = "another column fits better"
                best[key] = (index, meaning)
            else:
                unused[index] = "another column came first"

    def signal(quantity: Quantity, conductor: Conductor) -> Signal | None:
        if (quantity, conductor) not in best:
            return None
        index, meaning = best[quantity, conductor]
        channel = recording.channels[index]
        return Signal(_label(channel.name, channel.unit), ((index, meaning.factor),), channel.skew_s)

    found: dict[str, Signal | None] = {}
    for number, conductor in enumerate(_LINES, 1):
        found[f"u{number}"] = signal(Quantity.VOLTAGE, conductor)
        found[f"i{number}"] = signal(Quantity.CURRENT, conductor)
    neutrals = [Conductor.N, Conductor.RESIDUAL]
    neutrals.sort(key=lambda conductor: -best[key][1].rank if (key := (Quantity.CURRENT, conductor)) in best else 0)
    found["in"] = signal(Quantity.CURRENT, neutrals[0])
    for key in ((Quantity.VOLTAGE, Conductor.N), (Quantity.VOLTAGE, Conductor.RESIDUAL)):
        if key in best:
            unused[best[key][0]] = "voltage of neutral or earth"
    if (Quantity.CURRENT, neutrals[1]) in best:
        unused.setdefault(best[Quantity.CURRENT, neutrals[1]][0], "another column is taken for the neutral")
    pairs = [signal(Quantity.VOLTAGE, pair) for pair in _PAIRS]
    if not any(found[f"u{number}"] for number in (1, 2, 3)):
        found |= _star_voltages(pairs)
    for pair in pairs:
        if pair:
            unused.setdefault(pair.terms[0][0], "voltage between lines")
    return found, unused


def _star_voltages(pairs: list[Signal | None]) -> dict[str, Signal | None]:
    """Voltages against the artificial star point from two or three line-to-line voltages (they sum to zero)."""
    known = [pair.terms[0] if pair else None for pair in pairs]
    if sum(term is not None for term in known) < 2:  # noqa: PLR2004 - two of three say it all
        return {}
    result: dict[str, Signal | None] = {"star": None}
    for phase in range(3):
        # u1 = (u12 - u31) / 3, and so on round; a pair not recorded is minus the sum of the other two
        weights: dict[int, float] = {}
        for pair_index, sign in ((phase, 1.0), ((phase + 2) % 3, -1.0)):
            term = known[pair_index]
            parts = [term] if term else [(c, -factor) for other in known if other for c, factor in [other]]
            for column, factor in parts:
                weights[column] = weights.get(column, 0.0) + sign * factor / 3
        labels = " ".join(pair.label for pair in pairs if pair)
        result[f"u{phase + 1}"] = Signal(f"star point of {labels}", tuple(weights.items()))
    return result


def _asked(recording: Recording, named: str) -> dict[str, Signal | None]:
    """The user's assignments."""
    asked: dict[str, Signal | None] = {}
    for item in named.split(","):
        if not item.strip():
            continue
        target, equals, name = (part.strip() for part in item.partition("="))
        if not equals or target.lower() not in TARGETS:
            raise ChannelsUnclear(f"--channels: wanted {'|'.join(TARGETS)}=COLUMN, met {item.strip()!r}")
        if name.lower() in {"", "none"}:
            asked[target.lower()] = None
            continue
        index, sign = _column(recording, name)
        channel = recording.channels[index]
        unit = quantity_of(channel.unit)
        wanted = Quantity.VOLTAGE if target.lower().startswith("u") else Quantity.CURRENT
        if unit is not None and unit[0] is not wanted:
            raise ChannelsUnclear(
                f"--channels: {target} is a {wanted.value}, but column {channel.name!r} is in {channel.unit!r}"
            )
        factor = sign * (unit[1] if unit else 1.0) * channel.primary_ratio
        label = ("-" if sign < 0 else "") + _label(channel.name, channel.unit)
        asked[target.lower()] = Signal(label, ((index, factor),), channel.skew_s)
    return asked


def _column(recording: Recording, name: str) -> tuple[int, float]:
    """Number of the column with that name or number, and -1 where a minus sign turned it round."""
    names = [channel.name.lower() for channel in recording.channels]
    for wanted, sign in ((name, 1.0), (name.removeprefix("-").strip(), -1.0)):
        if wanted.lower() in names:
            return names.index(wanted.lower()), sign
        if wanted.startswith("#") and wanted[1:].isdecimal() and 1 <= int(wanted[1:]) <= len(names):
            return int(wanted[1:]) - 1, sign
    raise ChannelsUnclear(
        f"--channels: there is no column {name!r}; there are: {', '.join(c.name for c in recording.channels)}"
    )


def _label(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name

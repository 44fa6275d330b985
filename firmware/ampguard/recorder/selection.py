"""The columns of a recording chosen as voltages and currents: found by themselves, or named by the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.phases import Phases
from ampguard.recorder.finding import find
from ampguard.recorder.recording import ChannelsUnclear
from ampguard.recorder.signals import Selection, Signal, Term
from ampguard.recorder.units import Quantity, quantity_of

if TYPE_CHECKING:
    from ampguard.recorder.recording import Recording

TARGETS = ("u1", "u2", "u3", "i1", "i2", "i3", "in")
"""What the user can name: voltages and currents of L1, L2, L3, and the neutral current."""
NAMES_IN_A_SENTENCE = 12


def select(recording: Recording, named: str = "") -> Selection:
    """Choose the columns.

    Args:
        recording: what was opened.
        named: the user's word, "u1=Va,u2=Vb,i1=-Ia,in=#9": a column's name or number, a minus sign turns it round,
            "none" drops it. What is not named is found.

    Raises:
        ChannelsUnclear: no column is a voltage or current, or the user named one that does not exist.
    """
    found = find(recording)
    chosen: dict[str, Signal | None] = {target: found.signals.get(target) for target in TARGETS}
    has_neutral = found.has_neutral
    if named.strip():
        asked = _asked(recording, named)
        taken = {term.column for signal in asked.values() if signal for term in signal.terms}
        for target, signal in chosen.items():
            if signal and any(term.column in taken for term in signal.terms):
                chosen[target] = None
        chosen |= asked
        has_neutral = has_neutral or any(asked.get(target) for target in ("u1", "u2", "u3"))
    if all(signal is None for signal in chosen.values()):
        raise ChannelsUnclear(
            f"{recording.path}: no column is recognised as a waveform of voltage or current among: "
            f'{_names(recording)}; name them, for example --channels "u1=NAME,i1=NAME"'
        )
    used = {term.column for signal in chosen.values() if signal for term in signal.terms}
    return Selection(
        voltage=Phases(chosen["u1"], chosen["u2"], chosen["u3"]),
        current=Phases(chosen["i1"], chosen["i2"], chosen["i3"]),
        neutral_current=chosen["in"],
        has_neutral=has_neutral,
        unused=tuple(
            (channel.name, found.unused.get(index, "not wanted"))
            for index, channel in enumerate(recording.channels)
            if index not in used
        ),
    )


def _asked(recording: Recording, named: str) -> dict[str, Signal | None]:
    """The user's assignments."""
    asked: dict[str, Signal | None] = {}
    for item in named.split(","):
        if not item.strip():
            continue
        target, equals, name = (part.strip() for part in item.partition("="))
        target = target.lower()
        if not equals or target not in TARGETS:
            raise ChannelsUnclear(f"--channels: wanted {'|'.join(TARGETS)}=COLUMN, met {item.strip()!r}")
        asked[target] = None if name.lower() in {"", "none"} else _signal(recording, target, name)
    return asked


def _signal(recording: Recording, target: str, name: str) -> Signal:
    index, sign = _column(recording, name)
    channel = recording.channels[index]
    unit = quantity_of(channel.unit)
    wanted = Quantity.VOLTAGE if target.startswith("u") else Quantity.CURRENT
    if unit is not None and unit[0] is not wanted:
        raise ChannelsUnclear(f"--channels: {target} is a {wanted.value}, but {channel.name!r} is in {channel.unit!r}")
    si_per_unit = sign * (unit[1] if unit else 1.0) * channel.primary_ratio
    label = f"-({channel.label})" if sign < 0 else channel.label
    return Signal(label, (Term(index, si_per_unit),), channel.skew_s)


def _column(recording: Recording, name: str) -> tuple[int, int]:
    """Number of the column with that name or number, and -1 where a minus sign turned it round."""
    names = [channel.name.lower() for channel in recording.channels]
    for wanted, sign in ((name, 1), (name.removeprefix("-").strip(), -1)):
        if wanted.lower() in names:
            return names.index(wanted.lower()), sign
        if wanted.startswith("#") and wanted[1:].isdecimal() and 1 <= int(wanted[1:]) <= len(names):
            return int(wanted[1:]) - 1, sign
    raise ChannelsUnclear(f"--channels: there is no column {name!r} among: {_names(recording)}")


def _names(recording: Recording) -> str:
    names = [channel.name for channel in recording.channels[:NAMES_IN_A_SENTENCE]]
    return ", ".join(names) + (", ..." if len(recording.channels) > NAMES_IN_A_SENTENCE else "")

"""Why the wiring is judged as it is, out of what the meter tells on its live feed: for a reader in his language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.phases import Phase, Phases
from ampguard.wiring import wording
from ampguard.wiring.faults import FaultKind, fault, kind_of
from ampguard.wiring.heard import in_force_of, places_of, to_be_moved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.catalogue import Words
    from ampguard.readings import Json, PhaseValues

_TURNED = "L3-L2-L1"


@dataclass(frozen=True, slots=True)
class Channel:
    """What is told of one clamp."""

    verdict: str
    phase: str | None
    reversed: bool


def reasons(words: Words, wiring: Mapping[str, Json] | None) -> list[str]:
    """One after the other, each a sentence or a clamp; a fault of the supply comes first.

    Args:
        words: the reader's.
        wiring: the message of that kind; None: there is none.
    """
    told: Mapping[str, Json] = {} if wiring is None else wiring
    first = fault(words, told)
    found = [] if first is None else [first.sentence]
    voltage, current = _text(told.get("voltage_verdict")), _text(told.get("current_verdict"))
    if voltage is not None and current is not None:
        # no load tells of a clamp whose voltage is missing
        is_lost = first is not None and first.kind is FaultKind.LOST_PHASE
        if not is_lost:
            found.append(_voltages(words, voltage, told))
        if not is_lost or current != "undecided":
            found.append(wording.clamps(words, current))
        found += _clamps(words, told)
        found += to_do(words, told)
        found.append(_mended(words, told))
    return [one for one in found if one]


def to_do(words: Words, told: Mapping[str, Json]) -> list[str]:
    """What must be moved by hand, and which load would decide what is open: a sentence each."""
    moved = to_be_moved(places_of(told))
    deciding = "" if kind_of(told) is FaultKind.LOST_PHASE else _deciding(words, told)
    return [one for one in ("" if moved is None else words.tell(moved), deciding) if one]


def _deciding(words: Words, told: Mapping[str, Json]) -> str:
    """Which load would decide what is open."""
    need_a, need_s, phases = (told.get(f"decides_{one}") for one in ("with_a", "within_s", "on"))
    if not isinstance(need_a, int | float) or not isinstance(need_s, int | float):
        return ""
    on = [str(one) for one in phases] if isinstance(phases, list) else []
    amperes, seconds = words.pointed(f"{need_a:g}"), words.pointed(f"{need_s:g}")
    if not on or len(on) == len(Phase):
        return words.say(
            "Switch on at least {amperes} A more on each phase for {seconds} s: that would decide it.",
            amperes=amperes,
            seconds=seconds,
        )
    return words.say(
        "Switch on at least {amperes} A more on {phases} for {seconds} s: that would decide it.",
        amperes=amperes,
        phases=words.say("{one} and {other}", one=on[0], other=on[1]) if len(on) > 1 else on[0],
        seconds=seconds,
    )


def _voltages(words: Words, voltage: str, told: Mapping[str, Json]) -> str:
    """More exactly where that is known."""
    if voltage == "wrong" and told.get("voltage_order") == _TURNED:
        return _sentence(words.say("the voltages run L3-L2-L1: two voltage wires are interchanged"))
    if voltage == "right" and (inferred := _inferred(words, told)):
        return inferred
    return wording.voltages(words, voltage)


def _inferred(words: Words, told: Mapping[str, Json]) -> str:
    """What is known where a phase with a clamp has no voltage of its own; empty where each has."""
    wired_v, clamp_a = _values(told, "voltage_rms_v"), _values(told, "current_fundamental_rms_a")
    wired = [phase.value for phase in Phase if wired_v[phase] is not None]
    if len(wired) > 1 and all(one is None for one in _values(told, "voltage_angle_deg").values()):
        return _of_a_pair(words, wired[0], wired[1], told)
    if not wired or all(wired_v[phase] is not None for phase in Phase if clamp_a[phase] is not None):
        return ""
    if len(wired) == 1:
        return words.say("{phase} is connected; the other voltages are inferred.", phase=wired[0])
    return words.say(
        "{one} and {other} are connected in the right order; the third voltage is inferred.",
        one=wired[0],
        other=wired[1],
    )


def _of_a_pair(words: Words, one: str, other: str, told: Mapping[str, Json]) -> str:
    """What is known where only the voltage between two phases is measured."""
    found = words.say(
        "The voltage between {one} and {other} is measured; those of the phases are inferred, as if they ran L1-L2-L3.",
        one=one,
        other=other,
    )
    seen = [channel for phase in Phase if (channel := _channel(told, phase)) is not None]
    if not seen or any(one.verdict != "wrong" for one in seen):
        return found
    first = words.say(
        "Look at the two voltage wires and the order of the phases first: if they are wrong, all clamps seem wrong."
    )
    return f"{found} {first}"


def _mended(words: Words, told: Mapping[str, Json]) -> str:
    """Which inputs are taken for something else than what they bear the name of."""
    if (assigned := in_force_of(told)) is None or not (inputs := wording.assigned(words, assigned)):
        return ""
    if told.get("verdict") == "right":
        return words.say("Mended in software: {inputs}.", inputs=inputs)
    return words.say("Set in software: {inputs}.", inputs=inputs)


def _clamps(words: Words, told: Mapping[str, Json]) -> list[str]:
    """Each clamp of which something is known, with what it shows."""
    current_a, lag_deg = _phases(told, "current_fundamental_rms_a"), _phases(told, "current_angle_deg")
    inputs = wording.inputs_of(in_force_of(told))
    lines: list[str] = []
    for phase in Phase:
        if (channel := _channel(told, phase)) is not None:
            shown = wording.shown(words, phase, current_a, lag_deg)
            if channel.verdict != "right" or not shown:
                shown = wording.clamp(words, phase, channel) + (f" ({shown})" if shown else "")
            lines.append(f"{wording.capital(wording.named(words, phase, inputs[phase]))}: {shown}")
    return lines


def _channel(told: Mapping[str, Json], phase: Phase) -> Channel | None:
    match told.get("channels"):
        case dict() as channels:
            match cast("Mapping[str, Json]", channels).get(phase.lower()):
                case {"verdict": str(verdict), "phase": (str() | None) as place, "reversed": bool(turned)}:
                    return Channel(verdict, place, turned)
                case _:
                    return None
        case _:
            return None


def _phases(told: Mapping[str, Json], name: str) -> PhaseValues:
    values = _values(told, name)
    return Phases.of(values[phase] for phase in Phase)


def _values(told: Mapping[str, Json], name: str) -> dict[Phase, float | None]:
    """Of the message's phasors."""
    match told.get("phasors"):
        case dict() as phasors:
            match cast("Mapping[str, Json]", phasors).get(name):
                case dict() as values:
                    found = cast("Mapping[str, Json]", values)
                    return {phase: _number(found.get(phase.lower())) for phase in Phase}
                case _:
                    pass
        case _:
            pass
    return dict.fromkeys(Phase)


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _sentence(text: str) -> str:
    return f"{wording.capital(text)}."

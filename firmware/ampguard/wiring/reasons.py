"""Why the wiring is judged as it is, out of what the meter tells on its live feed: for a reader in his language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.phases import Phase, Phases
from ampguard.phrase import as_heard
from ampguard.wiring import wording
from ampguard.wiring.heard import places_of, to_be_moved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.catalogue import Words
    from ampguard.readings import Json, PhaseValues

ABSENT_V = 20.0
"""A terminal that has less has no voltage (`voltages`)."""
_TURNED = "L3-L2-L1"


@dataclass(frozen=True, slots=True)
class Channel:
    """What is told of one clamp."""

    verdict: str
    phase: str | None
    reversed: bool


def reasons(words: Words, wiring: Mapping[str, Json] | None, condition: Mapping[str, Json] | None) -> list[str]:
    """One after the other, each a sentence or a clamp.

    Args:
        words: the reader's.
        wiring: the message of that kind; None: there is none.
        condition: likewise; a fault of the supply is told there first, in English; `alarm` of the other has its parts.
    """
    told: Mapping[str, Json] = {} if wiring is None else wiring
    voltage, current = _text(told.get("voltage_verdict")), _text(told.get("current_verdict"))
    found = [_alarm(words, condition, voltage, told)]
    if voltage is not None and current is not None:
        found += [_voltages(words, voltage, told), wording.clamps(words, current), *_clamps(words, told)]
        moved = to_be_moved(places_of(told))
        found += ["" if moved is None else words.tell(moved), _deciding(words, told)]
    return [one for one in found if one]


def _alarm(words: Words, condition: Mapping[str, Json] | None, voltage: str | None, told: Mapping[str, Json]) -> str:
    """What is wrong with the supply, where the wiring itself does not say it."""
    if condition is None or (voltage is not None and (condition.get("voltage") != "wrong" or voltage == "wrong")):
        return ""
    sentence, alarm = _text(condition.get("sentence")) or "", as_heard(told.get("alarm"))
    if alarm is not None and alarm == sentence:
        sentence = words.tell(alarm)
    return sentence[:1].upper() + sentence[1:]


def _deciding(words: Words, told: Mapping[str, Json]) -> str:
    """Which load would decide what is open."""
    need_a, need_s, phases = (told.get(f"decides_{one}") for one in ("with_a", "within_s", "on"))
    if not isinstance(need_a, int | float) or not isinstance(need_s, int | float):
        return ""
    on = [str(one) for one in phases] if isinstance(phases, list) else []
    amperes, seconds = words.pointed(f"{need_a:g}"), words.pointed(f"{need_s:g}")
    if not on or len(on) == len(Phase):
        return words.say(
            "At least {amperes} A on each phase for {seconds} s would decide it.", amperes=amperes, seconds=seconds
        )
    return words.say(
        "At least {amperes} A on {phases} for {seconds} s would decide it.",
        amperes=amperes,
        phases=words.say("{one} and {other}", one=on[0], other=on[1]) if len(on) > 1 else on[0],
        seconds=seconds,
    )


def _voltages(words: Words, voltage: str, told: Mapping[str, Json]) -> str:
    """More exactly where that is known."""
    if voltage == "wrong" and told.get("voltage_order") == _TURNED:
        return _sentence(words.say("the voltages run L3-L2-L1: two voltage wires are interchanged"))
    known_v = {phase: value for phase, value in _values(told, "voltage_rms_v").items() if value is not None}
    missing = [phase for phase, value in known_v.items() if value < ABSENT_V]
    if voltage == "absent" and missing and len(missing) < len(known_v):
        return _sentence(words.say("no voltage on {phases}", phases=", ".join(missing)))
    return wording.voltages(words, voltage)


def _clamps(words: Words, told: Mapping[str, Json]) -> list[str]:
    """Each clamp of which something is known, with what it shows."""
    current_a, lag_deg = _phases(told, "current_fundamental_rms_a"), _phases(told, "current_angle_deg")
    lines: list[str] = []
    for phase in Phase:
        if (channel := _channel(told, phase)) is not None:
            shown = wording.shown(words, phase, current_a, lag_deg)
            if channel.verdict != "right" or not shown:
                shown = wording.clamp(words, phase, channel) + (f" ({shown})" if shown else "")
            lines.append(f"{phase}: {shown}")
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
    return f"{text[:1].upper()}{text[1:]}."

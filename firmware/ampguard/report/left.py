"""What other processes left in files, read with suspicion: a value is what it should be, or it is absent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, cast

from ampguard.phases import Phase, Phases
from ampguard.phrase import as_heard
from ampguard.report.facts import (
    Answer,
    Change,
    Channel,
    Condition,
    Finding,
    GuidedCheck,
    Latest,
    Phasors,
    Point,
    Setting,
)
from ampguard.wiring.verdict import Condition as State

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.readings import PhaseValues

LONGEST_TEXT = 500
LARGEST_FILE = 4_000_000
_LARGEST = 1e9
"""No quantity of a building has more digits."""
_LONGEST_LISTS = 50
_PLACE, _FORM = re.compile(r"\{\w+\}"), re.compile(r"\+?(\.\d)?[fg]")
"""Of a phrase: what fills its places, and how a number is written."""


def content(path: Path) -> object:
    """A JSON file's content; None where there is no file. Raises ValueError with a sentence, OSError."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    if len(raw) > LARGEST_FILE:
        raise ValueError(f"wanted at most {LARGEST_FILE} bytes, met more")
    try:
        return cast("object", json.loads(raw))
    except (ValueError, RecursionError) as why:
        raise ValueError(f"wanted JSON, met something else ({type(why).__name__})") from why


def text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """A text of one line without control characters, not longer than that; None where there is none."""
    if not isinstance(value, str):
        return None
    clean = " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
    return (clean if len(clean) <= longest else f"{clean[: longest - 1]}…") or None


def number(value: object) -> float | None:
    """A quantity."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if -_LARGEST < value < _LARGEST and math.isfinite(value) else None


def count(value: object) -> int | None:
    """A count."""
    return value if type(value) is int and 0 <= value < _LARGEST else None


def table(value: object) -> Mapping[str, object]:
    """A JSON object; an empty one where there is none."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def per_phase(value: object) -> PhaseValues:
    """One quantity of each phase."""
    found = table(value)
    return Phases.of(number(found.get(phase.lower())) for phase in Phase)


def finding(value: object) -> Finding | None:
    """What was found of the clamps."""
    found = table(value)
    if not found:
        return None
    channels, places = table(found.get("channels")), table(found.get("assignment"))
    return Finding(
        utc=text(found.get("utc")),
        verdict=_state(found.get("verdict")),
        voltage_verdict=_state(found.get("voltage_verdict")),
        current_verdict=_state(found.get("current_verdict")),
        confidence_ratio=_share(found.get("confidence_ratio")),
        sentence=text(found.get("sentence")),
        channels=Phases.of(
            _channel({**table(places.get(phase.lower())), **table(channels.get(phase.lower()))}) for phase in Phase
        ),
        phasors=phasors(found.get("phasors")),
    )


def phasors(value: object) -> Phasors | None:
    """Angles and sizes; None where there is not one voltage or current."""
    found = table(value)
    made = Phasors(
        voltage_rms_v=per_phase(found.get("voltage_rms_v")),
        voltage_angle_deg=per_phase(found.get("voltage_angle_deg")),
        current_fundamental_rms_a=per_phase(found.get("current_fundamental_rms_a")),
        current_angle_deg=per_phase(found.get("current_angle_deg")),
    )
    sizes = (*made.voltage_rms_v, *made.current_fundamental_rms_a)
    return None if all(one is None for one in sizes) else made


def changes(value: object) -> tuple[Change, ...]:
    """The history of wiring mended in software, oldest first. Raises ValueError."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError("wanted a list of changes, met something else")  # noqa: TRY004 - what a file says, not a caller
    entries = [table(one) for one in cast("list[object]", value)[-_LONGEST_LISTS:]]
    return tuple(
        Change(
            utc=text(one.get("utc")),
            before=_settings(one.get("before")),
            after=_settings(one.get("after")),
            finding_before=finding(one.get("finding_before")),
            finding_after=finding(one.get("finding_after")),
        )
        for one in entries
        if one
    )


def check(value: object, present: object) -> GuidedCheck | None:
    """The last guided check; `present`: what the inputs are taken to measure now, as the check keeps it."""
    found = table(value)
    if not found:
        return None
    clamps = table(found.get("clamps"))
    return GuidedCheck(
        utc=text(found.get("utc"), 40),
        verdict=_state(found.get("verdict")),
        confidence_ratio=_share(found.get("confidence_ratio")),
        sentence=_said(found),
        inputs=_settings(found.get("inputs")),
        is_of_present_inputs=found.get("inputs") == present,
        clamps=Phases.of(_answer(table(clamps.get(phase.lower()))) for phase in Phase),
    )


def _said(found: Mapping[str, object]) -> str | None:
    """The sentence; as a phrase, where what it is made of makes just this sentence."""
    sentence, told = text(found.get("sentence")), found.get("told")
    said = as_heard(told) if _is_plain(told) else None
    return said if said == sentence else sentence


def _is_plain(told: object) -> bool:
    """Whether its places are names and nothing else, and its numbers are written as ours are: so it is no longer."""
    found = table(told)
    message, inner = found.get("message"), [one for one in map(table, table(found.get("facts")).values()) if one]
    if not isinstance(message, str) or set("{}") & set(_PLACE.sub("", message)):
        return False
    return all(_FORM.fullmatch(str(one["form"])) if "form" in one else _is_plain(one) for one in inner)


def _answer(found: Mapping[str, object]) -> Answer | None:
    where = _channel(found)
    if where is None:
        return None
    return Answer(
        verdict=where.verdict,
        phase=where.phase,
        reversed=where.reversed,
        appliance=text(found.get("appliance"), 20),
        step_a=number(found.get("step_a")),
        ratio_error_percent=number(found.get("ratio_error_percent")),
        ratio_unsure_percent=number(found.get("ratio_unsure_percent")),
        phase_error_deg=number(found.get("phase_error_deg")),
        phase_unsure_deg=number(found.get("phase_unsure_deg")),
    )


def condition(value: object, utc: str | None) -> Condition | None:
    """The wiring as the lights show it."""
    found = table(value)
    voltage, current = _state(found.get("voltage")), _state(found.get("current"))
    if voltage is None or current is None:
        return None
    return Condition(utc=utc, voltage=voltage, current=current, sentence=text(found.get("sentence")) or "")


def latest(value: object) -> Latest | None:
    """A reading."""
    found = table(value)
    if not found:
        return None
    quality = found.get("quality")
    words = cast("list[object]", quality) if isinstance(quality, list) else []
    return Latest(
        utc=text(found.get("end_utc")),
        clock_quality=text(found.get("clock_quality")),
        frequency_hz=number(found.get("frequency_hz")),
        voltage_rms_v=per_phase(found.get("voltage_rms_v")),
        current_rms_a=per_phase(found.get("current_rms_a")),
        current_angle_deg=per_phase(found.get("current_angle_deg")),
        active_power_w=per_phase(found.get("active_power_w")),
        power_factor_ratio=per_phase(found.get("power_factor_ratio")),
        voltage_unbalance_percent=number(found.get("voltage_unbalance_percent")),
        quality=tuple(word for one in words[:_LONGEST_LISTS] if (word := text(one, 40)) is not None),
    )


def point(value: object) -> Point | None:
    """A reading as a point of a trace; None where nobody knows its time or its power."""
    found = table(value)
    utc, power_w = found.get("end_utc"), per_phase(found.get("active_power_w"))
    if moment(utc) is None or all(one is None for one in power_w):
        return None
    return Point(utc=str(utc), active_power_w=power_w)


def moment(value: object) -> datetime | None:
    """A time of day with its offset."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None or found.tzinfo is None else found


def _channel(found: Mapping[str, object]) -> Channel | None:
    if not found:
        return None
    phase, turned = found.get("phase"), found.get("reversed")
    return Channel(
        verdict=_state(found.get("verdict")),
        confidence_ratio=_share(found.get("confidence_ratio")),
        phase=phase if isinstance(phase, str) and phase in [one.value for one in Phase] else None,
        reversed=turned if isinstance(turned, bool) else None,
        sentence=text(found.get("sentence")),
    )


def _state(value: object) -> str | None:
    return value if isinstance(value, str) and value in [one.value for one in State] else None


def _share(value: object) -> float | None:
    found = number(value)
    return found if found is not None and 0.0 <= found <= 1.0 else None


def _settings(value: object, above: str = "") -> tuple[Setting, ...]:
    """Texts by dotted name, however deep they lie; a text alone has no name."""
    if isinstance(value, str):
        return (Setting(name=above, value=text(value, 80) or ""),)
    if above.count(".") > 2:  # noqa: PLR2004 - nothing of ours lies deeper
        return ()
    found = list(table(value).items())[:_LONGEST_LISTS]
    names = [(f"{above}.{name}" if above else name, one) for name, one in found]
    return tuple(setting for name, one in names for setting in _settings(one, text(name, 80) or "?"))

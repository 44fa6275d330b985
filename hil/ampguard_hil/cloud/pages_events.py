"""A unit's events in a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_hil.cloud.account import reason_in_words
from ampguard_hil.cloud.told import body_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.readings import Json
    from ampguard_hil.cloud.store import ReceivedEvent


def told_of(event: ReceivedEvent) -> str:
    """What happened; of a kind that is not known, its name."""
    sentence = _SENTENCES.get(event.kind)
    return f"{event.kind.replace('_', ' ').capitalize()}." if sentence is None else sentence(body_of(event))


def _start(body: Mapping[str, Json]) -> str:
    return f"Measuring began, version {body.get('version')}."


def _voltage(body: Mapping[str, Json]) -> str:
    return f"{str(body.get('kind')).capitalize()} of {_lasting(body.get('duration_s'))}: {_extremes(body)}."


def _gap(body: Mapping[str, Json]) -> str:
    reason = str(body.get("reason"))
    if reason == "new_journal":
        return "First start of this unit, or a reset: there are no earlier readings."
    return f"Readings are missing: {reason_in_words(reason)}."


def _clock(body: Mapping[str, Json]) -> str:
    return f"The clock was {body.get('move')}, by {_lasting(body.get('step_s'))}."


def _wiring(body: Mapping[str, Json]) -> str:
    return f"{str(body.get('sentence')).removesuffix('.')}."


def _phase_loss(body: Mapping[str, Json]) -> str:
    turn = "carries no voltage" if body.get("turn") == "begun" else "carries voltage again"
    return f"{body.get('phase')} {turn}{_behind(_each(body.get('voltage_rms_v')))}."


def _neutral_fault(body: Mapping[str, Json]) -> str:
    if body.get("turn") == "ended":
        return f"The neutral is whole again, after {_lasting(body.get('duration_s'))}."
    if (ohm := body.get("neutral_ohm")) is not None:
        return (
            f"The neutral seems to be loose: loads move it as if it had {_plain(ohm)} ohm. Have an electrician look at "
            "it soon. The unit that says so is no protective device."
        )
    moved = f"it moved by {_plain(body.get('shift_v'))} V{_behind(_each(body.get('voltage_rms_v')))}"
    return (
        f"The neutral is broken or loose: {moved}. Switch the main switch off and call an electrician. "
        "The unit that says so is no protective device."
    )


def _wrong_voltage(body: Mapping[str, Json]) -> str:
    if body.get("turn") == "ended":
        return f"The voltages are right again, after {_lasting(body.get('duration_s'))}."
    nominal, volts = body.get("nominal_v"), _behind(_each(body.get("voltage_rms_v")))
    if nominal is None:
        return f"The voltages are those of no low-voltage grid{volts}."
    return f"The voltages are not those of a grid of {_plain(nominal)} V{volts}."


def _overload(body: Mapping[str, Json]) -> str:
    turn = "More than" if body.get("turn") == "begun" else "No longer more than"
    rated, highest = _plain(body.get("rated_a")), _plain(body.get("highest_a"))
    return f"{turn} the main fuse's {rated} A on {body.get('phase')}; highest {highest} A."


def _configuration(body: Mapping[str, Json]) -> str:
    return f"Settings were changed: {', '.join(_settings(body.get('changes')))}."


def _assignment(body: Mapping[str, Json]) -> str:
    why = body.get("sentence")
    because = f" What was known then: {why.removesuffix('.')}." if isinstance(why, str) else ""
    return f"The inputs are taken otherwise: {_inputs(body.get('after'))}.{because}"


def _update(body: Mapping[str, Json]) -> str:
    version, former, why = body.get("version"), body.get("former"), body.get("reason")
    if body.get("end") == "kept":
        return f"Updated from {former} to {version}."
    because = f": {why}" if isinstance(why, str) else ""
    if body.get("end") == "refused":
        where = " on a USB stick" if body.get("from_stick") is True else ""
        return f"An update{where} was not installed, {former} runs on{because}."
    return f"Version {version} was tried and not kept, {former} runs again{because}."


_SENTENCES: Mapping[str, Callable[[Mapping[str, Json]], str]] = {
    "start": _start,
    "voltage": _voltage,
    "gap": _gap,
    "clock": _clock,
    "wiring": _wiring,
    "phase_loss": _phase_loss,
    "neutral_fault": _neutral_fault,
    "wrong_voltage": _wrong_voltage,
    "overload": _overload,
    "configuration": _configuration,
    "assignment": _assignment,
    "update": _update,
}


def _lasting(value: Json) -> str:
    match value:
        case int() | float():
            return f"{value:.3g} s"
        case _:
            return "unknown duration"


def _plain(value: Json) -> str:
    match value:
        case int() | float():
            return f"{value:.1f}"
        case _:
            return "?"


def _extremes(body: Mapping[str, Json]) -> str:
    return _each(body.get("extreme_v")) or "no values"


def _each(volts: Json) -> str:
    """Of each phase that is known."""
    match volts:
        case dict():
            return ", ".join(f"{name.upper()} {_plain(value)} V" for name, value in volts.items() if value is not None)
        case _:
            return ""


def _behind(values: str) -> str:
    return f" ({values})" if values else ""


def _inputs(inputs: Json) -> str:
    """What each one measures whose name is another."""
    match inputs:
        case {"clamps": dict(clamps), "voltages": dict(voltages)}:
            named = [
                f"{what} {name.upper()} measures {phase}"
                for what, each in (("clamp", clamps), ("voltage", voltages))
                for name, phase in each.items()
                if str(phase) != name.upper()
            ]
            return ", ".join(named) or "each measures the phase whose name it bears"
        case _:
            return "not told"


def _settings(changes: Json) -> list[str]:
    match changes:
        case list():
            return [str(change["name"]) for change in changes if isinstance(change, dict)]
        case _:
            return []

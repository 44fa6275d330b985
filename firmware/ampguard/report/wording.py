"""Facts as sentences: from their structure, so that each language says them in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.phases import Phase
from ampguard.report.catalogue import marked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.report.catalogue import Words
    from ampguard.report.facts import Channel, Condition, Finding, Report, Setting

VERDICTS: Mapping[str, str] = {
    "right": marked("right"),
    "wrong": marked("wrong"),
    "absent": marked("not connected"),
    "undecided": marked("undecided"),
}
_HEADLINES: Mapping[str, str] = {
    "right": marked("The wiring is right"),
    "wrong": marked("The wiring is wrong"),
    "absent": marked("Not connected"),
    "undecided": marked("Not decided yet"),
}
_CLAMPS: Mapping[str, str] = {
    "right": marked("Every CT clamp sits on its own phase, the right way round."),
    "wrong": marked("At least one CT clamp sits on another phase or the wrong way round."),
    "absent": marked("No CT clamp shows a current: not connected, or nothing is switched on."),
    "undecided": marked("What flows does not yet tell where each CT clamp sits; more load is needed."),
}
_VOLTAGES: Mapping[str, str] = {
    "right": marked("The voltages are connected in the right order."),
    "wrong": marked("The voltages are connected wrongly."),
    "absent": marked("A voltage is missing."),
    "undecided": marked("The voltages are not decided yet."),
}
GRIDS: Mapping[str, str] = {
    "three-phase": marked("TN/TT, three phases and N"),
    "single-phase": marked("single phase and N"),
    "it": marked("IT, three phases without N"),
}
VARIANTS: Mapping[str, str] = {
    "one_module": "Amp Guard One Module",
    "home": "Amp Guard Home",
    "public": "Amp Guard Public",
}
PARTS: Mapping[str, str] = {
    "unit": marked("identity of the unit"),
    "settings": marked("settings"),
    "journal": marked("measured values"),
    "history": marked("history of the wiring"),
    "evidence": marked("evidence of the wiring check"),
}


def overall(report: Report) -> str | None:
    """The verdict of the whole wiring: no better than its worst part."""
    parts = [None if report.finding is None else report.finding.verdict]
    if report.condition is not None:
        parts += [report.condition.voltage, report.condition.current]
    known = [one for one in parts if one is not None]
    return next((state for state in ("wrong", "absent", "undecided", "right") if state in known), None)


def headline(words: Words, state: str | None) -> str:
    """In large letters."""
    return words.say("Not known") if state is None else words.say(_HEADLINES[state])


def reasons(words: Words, finding: Finding | None, condition: Condition | None) -> str:
    """Below the headline."""
    current = finding.verdict if finding is not None else None if condition is None else condition.current
    said: list[str] = []
    if condition is not None:
        said.append(words.say(_VOLTAGES[condition.voltage]))
    if current is not None:
        said.append(words.say(_CLAMPS[current]))
    return " ".join(said) or words.say(
        "Nothing has judged the wiring yet: the meter was not running, or not long enough."
    )


def clamp(words: Words, own: Phase, channel: Channel | None) -> str:
    """What is found of one clamp."""
    if channel is None or (channel.phase is None and channel.reversed is None):
        return words.say("nothing is known of this clamp")
    if channel.phase in {None, own.value}:
        return words.say(
            "on its own phase, the wrong way round" if channel.reversed else "on its own phase, the right way round"
        )
    if channel.reversed:
        return words.say("on {phase} instead of {own}, the wrong way round", phase=channel.phase or "", own=own.value)
    return words.say("on {phase} instead of {own}", phase=channel.phase or "", own=own.value)


def taken_as(words: Words, phase: str, *, is_reversed: bool) -> str:
    """What an input is set to measure."""
    return words.say("{phase}, reversed", phase=phase) if is_reversed else phase


def listed(settings: tuple[Setting, ...]) -> str:
    """Texts of the settings file in a line."""
    return ", ".join(f"{one.name} = {one.value}" if one.name else one.value for one in settings)


def yes_no(words: Words, value: bool | None) -> str:  # noqa: FBT001 - it is the value that is told
    """An answer."""
    if value is None:
        return words.say("not set")
    return words.say("yes") if value else words.say("no")

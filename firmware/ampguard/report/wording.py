"""Facts as sentences: from their structure, so that each language says them in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.phases import Phase
from ampguard.report.catalogue import ABSENT, marked
from ampguard.settings.assignment import REVERSED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.report.catalogue import Words
    from ampguard.report.facts import Channel, Report, Setting

_VERDICTS: Mapping[str, str] = {
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
    "split-phase": marked("split phase: L1, L2 and N"),
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
    parts = [None if report.finding is None else report.finding.verdict, *states(report)]
    known = [one for one in parts if one is not None]
    return next((state for state in ("wrong", "absent", "undecided", "right") if state in known), None)


def verdict(words: Words, state: str | None) -> str:
    """In a word."""
    return ABSENT if state is None else words.say(_VERDICTS[state])


def headline(words: Words, state: str | None) -> str:
    """In large letters."""
    return words.say("Not known") if state is None else words.say(_HEADLINES[state])


def states(report: Report) -> tuple[str | None, str | None]:
    """Of the voltages and of the clamps: as the check says, else as the lights show."""
    finding, condition = report.finding, report.condition
    voltage = None if finding is None else finding.voltage_verdict
    current = None if finding is None else finding.current_verdict
    if condition is None:
        return voltage, current
    return voltage or condition.voltage, current or condition.current


def reasons(words: Words, report: Report) -> list[str]:
    """Below the headline: what is right or wrong, and with how much help of the software."""
    voltage, current = states(report)
    said = [words.say(_VOLTAGES[voltage])] if voltage is not None else []
    if current is not None:
        said.append(words.say(_CLAMPS[current]))
    if not said:
        return [words.say("Nothing has judged the wiring yet: the meter was not running, or not long enough.")]
    found = [" ".join(said)]
    if faults := _faults(words, report):
        found.append(f"{faults}.")
    if assigned := _assigned(words, report):
        found.append(words.say("Inputs are assigned in software other than labelled: {inputs}.", inputs=assigned))
    return found


def _faults(words: Words, report: Report) -> str:
    """Each clamp that is wrong."""
    channels = None if report.finding is None else report.finding.channels
    wrong = (
        [] if channels is None else [phase for phase in Phase if (one := channels[phase]) and one.verdict == "wrong"]
    )
    return "; ".join(f"{phase.value}: {clamp(words, phase, channels[phase])}" for phase in wrong if channels)


def _assigned(words: Words, report: Report) -> str:
    """Inputs that measure something else than what their names say."""
    inputs = report.installation.inputs
    found: list[str] = []
    for phase in Phase:
        one = inputs[phase]
        if one.clamp != phase.value or one.clamp_reversed:
            found.append(f"I{phase[1]} = {taken_as(words, one.clamp, is_reversed=one.clamp_reversed)}")
        if one.voltage != phase.value:
            found.append(f"U{phase[1]} = {one.voltage}")
    return ", ".join(found)


def clamp(words: Words, own: Phase, channel: Channel | None) -> str:
    """What is found of one clamp."""
    if channel is not None and channel.verdict in {"undecided", "absent"}:
        return words.say("not decided yet") if channel.verdict == "undecided" else words.say("no current")
    if channel is None or (channel.phase is None and channel.reversed is None):
        return words.say("nothing is known of this clamp")
    if channel.phase in {None, own.value}:
        if channel.reversed:
            return words.say("on its own phase, the wrong way round")
        return words.say("on its own phase, the right way round")
    if channel.reversed:
        return words.say("on {phase} instead of {own}, the wrong way round", phase=channel.phase or "", own=own.value)
    return words.say("on {phase} instead of {own}", phase=channel.phase or "", own=own.value)


def taken_as(words: Words, phase: str, *, is_reversed: bool) -> str:
    """What an input is set to measure."""
    return words.say("{phase}, reversed", phase=phase) if is_reversed else phase


def listed(words: Words, settings: tuple[Setting, ...], others: tuple[Setting, ...]) -> str:
    """What the inputs are set to measure where the others say something else: "I1 = L2, I2 = L1 reversed"."""
    return ", ".join(f"{_input(one.name)} = {_value(words, one.value)}" for one in settings if one not in others)


def yes_no(words: Words, value: bool | None) -> str:  # noqa: FBT001 - it is the value that is told
    """An answer."""
    if value is None:
        return words.say("not set")
    return words.say("yes") if value else words.say("no")


def _input(name: str) -> str:
    kind, _, phase = name.rpartition(".")
    letter = {"clamps": "I", "voltages": "U"}.get(kind)
    return name if letter is None or phase not in {"l1", "l2", "l3"} else f"{letter}{phase[1]}"


def _value(words: Words, value: str) -> str:
    phase, _, turned = value.partition(" ")
    return taken_as(words, phase, is_reversed=True) if turned == REVERSED else value

"""Facts as sentences: from their structure, so that each language says them in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.catalogue import marked
from ampguard.phases import Phase, Phases
from ampguard.readings import Quality
from ampguard.settings.described import REVERSED
from ampguard.wiring import wording
from ampguard.wiring.wording import taken_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.report.catalogue import Words
    from ampguard.report.facts import Report, Setting

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
    "check": marked("result of the guided check"),
}


QUALITIES: Mapping[Quality, str] = {
    Quality.OVERRUN: marked("samples are missing"),
    Quality.CLIPPED: marked("beyond what an input measures"),
    Quality.MISSING_PHASE: marked("a phase carries no voltage"),
    Quality.INFERRED: marked("a voltage is inferred"),
    Quality.CLOCK_UNSYNCHRONISED: marked("nobody has set the clock"),
    Quality.NO_FREQUENCY: marked("no frequency"),
    Quality.SHORT_WINDOW: marked("too short"),
    Quality.EVENT: marked("a dip, a swell or an interruption"),
}


def overall(report: Report) -> str | None:
    """The verdict of the whole wiring: no better than its worst part."""
    parts = [None if report.finding is None else report.finding.verdict, *states(report)]
    known = [one for one in parts if one is not None]
    return next((state for state in ("wrong", "absent", "undecided", "right") if state in known), None)


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
    said = [wording.voltages(words, voltage)] if voltage is not None else []
    if current is not None:
        said.append(wording.clamps(words, current))
    if not said:
        return [words.say("Nothing has judged the wiring yet: the meter was not running, or not long enough.")]
    found = [" ".join(said)]
    inputs = _inputs_of(report)
    if report.finding is not None and (faults := wording.wrong(words, report.finding.channels, inputs)):
        found.append(f"{faults}.")
    if assigned := _assigned(words, report):
        found.append(words.say("Inputs are assigned in software other than labelled: {inputs}.", inputs=assigned))
    return found


def _inputs_of(report: Report) -> Phases[Phase]:
    """For each phase the input that its clamp is plugged into."""
    inputs = {one.clamp: phase for phase, one in zip(Phase, report.installation.inputs, strict=True)}
    return Phases.of(inputs.get(phase.value, phase) for phase in Phase)


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


def listed(words: Words, settings: tuple[Setting, ...], others: tuple[Setting, ...]) -> str:
    """What the inputs are set to measure where the others say something else: "I1 = L2, I2 = L1 reversed"."""
    return ", ".join(f"{_input(one.name)} = {_value(words, one.value)}" for one in settings if one not in others)


def flag(words: Words, quality: str) -> str:
    """Why a value is to be trusted less; one that this version does not know as it is."""
    return next((words.say(text) for one, text in QUALITIES.items() if one.value == quality), quality)


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

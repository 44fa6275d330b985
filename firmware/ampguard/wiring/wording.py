"""What is found of the wiring, as sentences: from its structure, so that each language says them in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ampguard.catalogue import ABSENT, marked
from ampguard.phases import Phase, Phases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.catalogue import Words
    from ampguard.readings import PhaseValues
    from ampguard.settings.assignment import Assignment

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


class Channel(Protocol):
    """What is found of one clamp."""

    @property
    def verdict(self) -> str | None:
        """As a word of `Condition`."""
        ...

    @property
    def phase(self) -> str | None:
        """Where it really sits; None where that is not known."""
        ...

    @property
    def reversed(self) -> bool | None:
        """Whether it sits the wrong way round."""
        ...


def verdict(words: Words, state: str | None) -> str:
    """In a word."""
    return ABSENT if state is None else words.say(_VERDICTS[state])


def headline(words: Words, state: str | None) -> str:
    """In large letters."""
    return words.say("Not known") if state is None else words.say(_HEADLINES[state])


def voltages(words: Words, state: str) -> str:
    """What is right or wrong of them."""
    return words.say(_VOLTAGES[state])


def clamps(words: Words, state: str) -> str:
    """What is right or wrong of them, all together."""
    return words.say(_CLAMPS[state])


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


def shown(words: Words, own: Phase, current_a: PhaseValues, lag_deg: PhaseValues) -> str:
    """What a clamp shows: "4.98 A, 8° behind L2"; empty where it shows nothing."""
    size_a, behind_deg = current_a[own], lag_deg[own]
    if size_a is None or behind_deg is None:
        return ""
    amperes, rounded = words.number(size_a, 2), round(behind_deg)
    if not rounded:
        return words.say("{amperes} A, in phase with {phase}", amperes=amperes, phase=own.value)
    degrees = words.number(abs(rounded), 0)
    if rounded > 0:
        return words.say("{amperes} A, {degrees}° behind {phase}", amperes=amperes, degrees=degrees, phase=own.value)
    return words.say("{amperes} A, {degrees}° ahead of {phase}", amperes=amperes, degrees=degrees, phase=own.value)


def named(words: Words, phase: Phase, input_: Phase) -> str:
    """A clamp: by the phase that it is taken for; with the input that it is plugged into where that is another."""
    if input_ is phase:
        return phase.value
    return words.say("the clamp in input {input} (taken for {phase})", input=input_.value, phase=phase.value)


def inputs_of(in_force: Assignment | None) -> Phases[Phase]:
    """For each phase the input that its clamp is plugged into; as labelled where nothing is told."""
    names = tuple(Phase)
    return Phases.of(names) if in_force is None else in_force.clamp_inputs.map(lambda number: names[number])


def wrong(words: Words, channels: Phases[Channel | None], inputs: Phases[Phase]) -> str:
    """Each clamp that is wrong; `inputs`: for each phase the one that its clamp is plugged into."""
    found = [(phase, one) for phase in Phase if (one := channels[phase]) is not None and one.verdict == "wrong"]
    return capital(
        "; ".join(f"{named(words, phase, inputs[phase])}: {clamp(words, phase, one)}" for phase, one in found)
    )


def assigned(words: Words, in_force: Assignment) -> str:
    """Inputs that are taken for something else than what their names say; empty where none is."""
    found: list[str] = []
    for phase in Phase:
        one, voltage = in_force.clamps[phase], in_force.voltages[phase]
        if one.phase is not phase or one.reversed:
            taken = taken_as(words, one.phase.value, is_reversed=one.reversed)
            found.append(words.say("clamp {input} is taken for {taken}", input=phase.value, taken=taken))
        if voltage is not phase:
            found.append(words.say("voltage {input} is taken for {taken}", input=phase.value, taken=voltage.value))
    return "; ".join(found)


def taken_as(words: Words, phase: str, *, is_reversed: bool) -> str:
    """What an input is set to measure."""
    return words.say("{phase}, reversed", phase=phase) if is_reversed else phase


def capital(text: str) -> str:
    """As a sentence begins."""
    return text[:1].upper() + text[1:]

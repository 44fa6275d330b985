"""What the guided check tells whoever stands before the cabinet: a short sentence each, with numbers, as phrases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.phrase import Number, Phrase, joined, phrase
from ampguard.wiring.check_snapshot import lag_deg
from ampguard.wiring.check_weigh import RIGHT, Kind
from ampguard.wiring.finding import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ampguard.phases import Phase
    from ampguard.wiring.check_size import Size
    from ampguard.wiring.check_step import Step
    from ampguard.wiring.check_weigh import Placing, Stimulus

_HALF_TURN_DEG = 180
VOLTAGES = phrase("waiting for the voltages")
QUIET = phrase("looking at what flows already: please switch nothing for some seconds")
NOT_SEEN_OFF = phrase("it was not seen going off, so it does not count: once more")


def prompt_on(kind: Kind, phase: Phase | None, least_a: float, left: Sequence[int]) -> Phrase:
    """What to switch on."""
    amperes = Number(least_a, ".2g")
    if kind is Kind.THREE_PHASE:
        return phrase(
            "switch on a three-phase appliance (a charger) of {amperes} A or more on each phase", amperes=amperes
        )
    if phase is not None:
        return phrase("switch on a kettle or heater of {amperes} A or more on {phase}", amperes=amperes, phase=phase)
    return phrase(
        "switch on a kettle or heater of {amperes} A or more on any phase (not yet answered: clamp of {clamps})",
        amperes=amperes,
        clamps=named(left),
    )


def prompt_off(kind: Kind) -> Phrase:
    """What to switch off."""
    return phrase("switch it off again") if kind is Kind.HEATER else phrase("stop it again, or set it back")


def came(step: Step) -> Phrase:
    """What came on, clamp by clamp."""
    return phrase("came on: {shown}", shown=_shown(step))


def went(step: Step) -> Phrase:
    """What went off; amperes and angle are those of what was on."""
    return phrase("went off: {shown}", shown=_shown(step, is_off=True))


def nothing_answered(*, is_again: bool) -> Phrase:
    """It is said to be on, and nothing shows it."""
    if is_again:
        return phrase("noted: on again, and no clamp has answered: none is on this phase")
    return phrase("noted: it is on, and no clamp has answered; to be sure, another appliance or socket of this phase")


def too_small(step: Step, least_a: float) -> Phrase:
    """Another appliance."""
    return phrase(
        "{shown}: another appliance, less than {amperes} A", shown=_shown(step), amperes=Number(least_a, ".2g")
    )


def several(step: Step) -> Phrase:
    """Not one appliance on one phase."""
    return phrase(
        "{shown}: more than one appliance at once, or not on one phase: switch it off and on again", shown=_shown(step)
    )


def less(step: Step) -> Phrase:
    """Something went off when something should come on."""
    shown = _shown(step, is_off=True)
    if not step.is_less:
        return phrase("{shown}: this went off rather than on; now switch it on", shown=shown)
    return phrase(
        "{shown}: this went off rather than on: the voltage rose by {volts} V; now switch it on",
        shown=shown,
        volts=Number(max(step.rise_v), ".1f"),
    )


def another(step: Step, first: Step) -> Phrase:
    """Not what was asked for."""
    return phrase(
        "{shown}: not what came on ({first}); still waiting for that to go off",
        shown=_shown(step, is_off=step.is_less),
        first=_shown(first),
    )


def late(patience_s: float, *, was_on: bool) -> Phrase:
    """Nobody did what was asked for, or nothing shows it."""
    seconds = Number(patience_s, ".0f")
    if was_on:
        return phrase("it did not go off within {seconds} s, so it does not count", seconds=seconds)
    return phrase(
        "nothing came on within {seconds} s. Was it switched on, and is it large enough? "
        "Then no clamp sits on its phase: look whether each is closed around its conductor, and plugged in",
        seconds=seconds,
    )


def instead(step: Step, asked: Phase | None) -> Phrase | None:
    """That other clamps answer than the one of the phase that was asked for."""
    found = [clamp for clamp in range(3) if step.answers(clamp)]
    if asked is None or not found or NAMES.index(asked) in found:
        return None
    return phrase(
        "the clamp of {found} answers, not that of {wanted}: clamps are interchanged, "
        "or this appliance is on another phase; go on, the check tells which",
        found=named(found),
        wanted=asked,
    )


def elsewhere(one: Stimulus, on: Phase | None) -> Phrase | None:
    """That the appliance is on another phase than somebody said."""
    if on is None or one.phase is None or on is one.phase:
        return None
    return phrase(
        "this appliance is on {found}, not on {wanted}: "
        "it is another socket's phase, or the voltage wires are interchanged",
        found=on,
        wanted=one.phase,
    )


def answer(clamp: int, one: Stimulus | None, placing: Placing, size: Size | None) -> Phrase:
    """What a clamp showed, and where that puts it."""
    name = NAMES[clamp]
    place, turned = list(placing.phase)[clamp], list(placing.reversed)[clamp]
    if one is None and place is None:
        return phrase(
            "the clamp of {clamp} answered to nothing: "
            "it is not closed around a conductor, on none of the phases, or not plugged in",
            clamp=name,
        )
    if one is None:
        return phrase("the clamp of {clamp} has not answered yet", clamp=name)
    if place is None or size is None:
        amperes = Number(abs(one.change_a[clamp]), ".1f")
        return phrase(
            "the clamp of {clamp} answered with {amperes} A, as no phase would have it do", clamp=name, amperes=amperes
        )
    return phrase(
        "the clamp of {clamp} answered with {amperes} A, {angle}: {verdict}",
        clamp=name,
        amperes=Number(size.shown_a, ".1f"),
        angle=_angle(size.lead_deg, NAMES[place], is_turned=turned),
        verdict=_place(name, NAMES[place], is_turned=turned),
    )


def _angle(lead_deg: float, place: Phase, *, is_turned: bool) -> Phrase:
    degrees = Number(abs(lead_deg), ".0f")
    if lead_deg > 0.0:
        found = phrase("{degrees}° before {phase}", degrees=degrees, phase=place)
    else:
        found = phrase("{degrees}° behind {phase}", degrees=degrees, phase=place)
    return phrase("turned by 180° and {angle}", angle=found) if is_turned else found


def _place(own: Phase, place: Phase, *, is_turned: bool) -> Phrase:
    if place is own:
        return phrase("it sits on its own phase, the wrong way round") if is_turned else phrase("right")
    if is_turned:
        return phrase("it sits on {phase}, the wrong way round", phase=place)
    return phrase("it sits on {phase}", phase=place)


def astray(clamp: int) -> Phrase:
    """No place on one conductor explains it."""
    return phrase(
        "the clamp of {clamp} answered to appliances of different phases: "
        "it is around the neutral, or around several conductors",
        clamp=NAMES[clamp],
    )


def measured(clamp: int, size: Size) -> Phrase:
    """How far it is from what was stated."""
    name, warning = NAMES[clamp], [] if size.warning is None else [size.warning]
    error, unsure = Number(size.lead_deg, "+.1f"), Number(size.lead_unsure_deg, ".1f")
    if size.ratio_error_percent is None or size.ratio_unsure_percent is None or size.expected_a is None:
        found = phrase(
            "the clamp of {clamp}: phase error {error}° ± {unsure}° of a heater's current",
            clamp=name,
            error=error,
            unsure=unsure,
        )
    else:
        found = phrase(
            "the clamp of {clamp}: {amperes} A where {expected} A were expected: ratio {ratio} % ± {ratio_unsure} % "
            "(what a label states is not exact), phase error {error}° ± {unsure}°",
            clamp=name,
            amperes=Number(size.shown_a, ".2f"),
            expected=Number(size.expected_a, ".2f"),
            ratio=Number(size.ratio_error_percent, "+.1f"),
            ratio_unsure=Number(size.ratio_unsure_percent, ".1f"),
            error=error,
            unsure=unsure,
        )
    return joined("; ", [found, *warning])


ASTRAY_NEXT = phrase("put that clamp around the one conductor of its phase, then check once more")


MEND_NEXT = phrase("move the clamps, or mend it in software")


def next_step(placing: Placing | None, left: Sequence[int]) -> Phrase:
    """What to do with the result."""
    if left:
        return phrase(
            "once more with an appliance on every phase: nothing is known of the clamp of {clamps}", clamps=named(left)
        )
    if placing is None:
        return phrase("once more, with another heater")
    if placing == RIGHT:
        return phrase("nothing to do")
    if placing.connection is None:
        return phrase("close that clamp around its conductor and plug it in, then check once more")
    if len(set(placing.phase)) < len(list(placing.phase)):
        return phrase("move the clamp: two on one phase cannot be mended in software")
    return MEND_NEXT


def named(clamps: Iterable[int]) -> str:
    """Several clamps: "L1, L3"."""
    return ", ".join(NAMES[one] for one in clamps)


def described(placing: Placing) -> Phrase:
    """What an electrician must change."""
    parts = [
        _change(NAMES[own], None if place is None else NAMES[place], is_turned=turned)
        for own, (place, turned) in enumerate(zip(placing.phase, placing.reversed, strict=True))
        if place != own or turned
    ]
    return joined(", ", parts) if parts else phrase("all clamps are right")


def _change(own: Phase, place: Phase | None, *, is_turned: bool) -> Phrase:
    if place is own:
        return phrase("the clamp of {clamp} is the wrong way round", clamp=own)
    if place is None:
        return phrase("the clamp of {clamp} is around no phase", clamp=own)
    if is_turned:
        return phrase("the clamp of {clamp} is on {phase} and the wrong way round", clamp=own, phase=place)
    return phrase("the clamp of {clamp} is on {phase}", clamp=own, phase=place)


def degrees(lag_deg: float) -> Number:
    """An angle as it is shown: without a sign where there is nothing to sign."""
    whole = round(lag_deg)
    is_signed = 0 < abs(whole) < _HALF_TURN_DEG
    return Number(whole if is_signed else abs(whole), "+.0f" if is_signed else ".0f")


def _shown(step: Step, *, is_off: bool = False) -> Phrase:
    """Each clamp that answers: amperes and the angle behind its own phase; alike in all languages.

    `is_off`: of what was on before, whose angle is the opposite one of that of the change.
    """
    sign = -1.0 if is_off else 1.0
    return joined(
        ", ",
        (
            Phrase(
                "{clamp} {amperes} A {degrees}°",
                {
                    "clamp": NAMES[clamp],
                    "amperes": Number(abs(step.change_a[clamp]), ".1f"),
                    "degrees": degrees(lag_deg(sign * step.change_a[clamp], step.voltage_v[clamp])),
                },
            )
            for clamp in range(3)
            if step.answers(clamp) or clamp == step.clamp
        ),
    )

"""What the guided check tells whoever stands before the cabinet: one short sentence each, with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.wiring.check_snapshot import lag_deg
from ampguard.wiring.check_weigh import RIGHT, Kind
from ampguard.wiring.finding import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.phases import Phase
    from ampguard.wiring.check_size import Size
    from ampguard.wiring.check_step import Step
    from ampguard.wiring.check_weigh import Placing, Stimulus

VOLTAGES = "waiting for the voltages"
QUIET = "looking at what flows already: please switch nothing for some seconds"
NOT_SEEN_OFF = "it was not seen going off, so it does not count: once more"


def prompt_on(kind: Kind, phase: Phase | None, least_a: float, left: Sequence[int]) -> str:
    """What to switch on."""
    if kind is Kind.THREE_PHASE:
        return f"switch on a three-phase appliance (a charger) of {least_a:.2g} A or more on each phase"
    if phase is not None:
        return f"switch on a kettle or heater of {least_a:.2g} A or more on {phase}"
    waited = ", ".join(NAMES[one] for one in left)
    return f"switch on a kettle or heater of {least_a:.2g} A or more on any phase (not yet answered: clamp of {waited})"


def prompt_off(kind: Kind) -> str:
    """What to switch off."""
    return "switch it off again" if kind is Kind.HEATER else "stop it again, or set it back"


def came(step: Step) -> str:
    """What came on, clamp by clamp."""
    return f"came on: {_shown(step)}"


def went(step: Step) -> str:
    """What went off."""
    return f"went off: {_shown(step)}"


def nothing_answered(*, is_again: bool) -> str:
    """It is said to be on, and nothing shows it."""
    if is_again:
        return "noted: on again, and no clamp has answered: none is on this phase"
    return "noted: it is on, and no clamp has answered; to be sure, another appliance or socket of this phase"


def too_small(step: Step, least_a: float) -> str:
    """Another appliance."""
    return f"{_shown(step)}: another appliance, less than {least_a:.2g} A"


def several(step: Step) -> str:
    """Not one appliance on one phase."""
    return f"{_shown(step)}: more than one appliance at once, or not on one phase: switch it off and on again"


def less(step: Step) -> str:
    """Something went off when something should come on."""
    rise_v = max(step.rise_v)
    why = f": the voltage rose by {rise_v:.1f} V" if step.is_less else ""
    return f"{_shown(step)}: this went off rather than on{why}; now switch it on"


def another(step: Step, first: Step) -> str:
    """Not what was asked for."""
    return f"{_shown(step)}: not what came on ({_shown(first)}); still waiting for that to go off"


def late(patience_s: float, *, was_on: bool) -> str:
    """Nobody did what was asked for, or nothing shows it."""
    if was_on:
        return f"it did not go off within {patience_s:.0f} s, so it does not count"
    return (
        f"nothing came on within {patience_s:.0f} s. Was it switched on, and is it large enough? "
        "Then no clamp sits on its phase: look whether each is closed around its conductor, and plugged in"
    )


def elsewhere(one: Stimulus, on: Phase | None) -> str | None:
    """That the appliance is on another phase than somebody said."""
    if on is None or one.phase is None or on is one.phase:
        return None
    return (
        f"this appliance is on {on}, not on {one.phase}: "
        "it is another socket's phase, or the voltage wires are interchanged"
    )


def answer(clamp: int, one: Stimulus | None, placing: Placing, size: Size | None) -> str:
    """What a clamp showed, and where that puts it."""
    name = f"the clamp of {NAMES[clamp]}"
    place, turned = list(placing.phase)[clamp], list(placing.reversed)[clamp]
    if one is None and place is None:
        return (
            f"{name} answered to nothing: it is not closed around a conductor, on none of the phases, or not plugged in"
        )
    if one is None:
        return f"{name} has not answered yet"
    if place is None or size is None:
        return f"{name} answered with {abs(one.change_a[clamp]):.1f} A, as no phase would have it do"
    behind = f"{abs(size.lead_deg):.0f}° {'before' if size.lead_deg > 0.0 else 'behind'} {NAMES[place]}"
    sentence = f"{name} answered with {size.shown_a:.1f} A, {'turned by 180° and ' if turned else ''}{behind}: "
    if place == clamp and not turned:
        return sentence + "right"
    sentence += f"it sits on {NAMES[place]}" if place != clamp else "it sits on its own phase"
    return sentence + (", the wrong way round" if turned else "")


def astray(clamp: int) -> str:
    """No place on one conductor explains it."""
    return (
        f"the clamp of {NAMES[clamp]} answered to appliances of different phases: "
        "it is around the neutral, or around several conductors"
    )


def measured(clamp: int, size: Size) -> str:
    """How far it is from what was stated."""
    warning = f"; {size.warning}" if size.warning is not None else ""
    phase = f"phase error {size.lead_deg:+.1f}° ± {size.lead_unsure_deg:.1f}°"
    if size.ratio_error_percent is None or size.ratio_unsure_percent is None or size.expected_a is None:
        return f"the clamp of {NAMES[clamp]}: {phase} of a heater's current{warning}"
    return (
        f"the clamp of {NAMES[clamp]}: {size.shown_a:.2f} A where {size.expected_a:.2f} A were expected: "
        f"ratio {size.ratio_error_percent:+.1f} % ± {size.ratio_unsure_percent:.1f} % (what a label states is not "
        f"exact), {phase}{warning}"
    )


ASTRAY_NEXT = "put that clamp around the one conductor of its phase, then check once more"


def next_step(placing: Placing | None, left: Sequence[int]) -> str:
    """What to do with the result."""
    if left:
        names = ", ".join(NAMES[one] for one in left)
        return f"once more with an appliance on every phase: nothing is known of the clamp of {names}"
    if placing is None:
        return "once more, with another heater"
    if placing == RIGHT:
        return "nothing to do"
    if placing.connection is None:
        return "close that clamp around its conductor and plug it in, then check once more"
    if len(set(placing.phase)) < len(list(placing.phase)):
        return "move the clamp: two on one phase cannot be mended in software"
    return "move the clamps, or mend it in software: ampguard wiring accept"


def _shown(step: Step) -> str:
    """Each clamp that answers: amperes and the angle behind its own phase."""
    parts = [
        f"{NAMES[clamp]} {abs(step.change_a[clamp]):.1f} A {lag_deg(step.change_a[clamp], step.voltage_v[clamp]):+.0f}°"
        for clamp in range(3)
        if step.answers(clamp) or clamp == step.clamp
    ]
    return ", ".join(parts)

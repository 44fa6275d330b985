"""What the stimulus test tells whoever has asked for it, as phrases."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.phrase import Number, joined, phrase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.balancing.stimulus_found import Answer, ClampFound
    from ampguard.phrase import Phrase

_FAILED: Mapping[str, Phrase] = MappingProxyType({
    "else": phrase("something else was switched meanwhile, or it was not the same again"),
    "unseen": phrase("the charger says that it has followed, and no clamp has shown it clearly"),
    "still": phrase("the car has not followed"),
    "taken": phrase("the group has needed the current itself"),
})  # fmt: skip


def steps_up(high_a: float, number: int) -> Phrase:
    """The balancer is asked for more."""
    return phrase("step {number}: up to {amperes} A, as soon as there is room", number=str(number),
                  amperes=Number(high_a, "g"))  # fmt: skip


def steps_down(low_a: float) -> Phrase:
    """And for less again."""
    return phrase("seen; down to {amperes} A again", amperes=Number(low_a, "g"))


def counted(up: Answer, down: Answer) -> Phrase:
    """It was the same again."""
    return phrase(
        "it counts: {amperes} A more and less again; up after {up} s, down after {down} s",
        amperes=Number(max(map(abs, up.change_a)), ".1f"),
        up=Number(up.done_s - up.order_s, ".1f"), down=Number(down.done_s - down.order_s, ".1f"),
    )  # fmt: skip


def did_not_count(why: str) -> Phrase:
    """Once more."""
    return phrase("it does not count: {why}; once more", why=_FAILED[why])


def failed(why: str, times: int) -> Phrase:
    """Too often."""
    return phrase("given up after {times} attempts; the commonest reason: {why}", times=str(times), why=_FAILED[why])


def on_fewer(phases: int) -> Phrase:
    """All of its phases step alike."""
    if phases == 1:
        return phrase("all its phases step alike: now on one of them, if the charger can (a pause of up to a minute)")
    return phrase("now on two of its phases, if the charger can (a pause of up to a minute)")


def keeps_its_phases() -> Phrase:
    """It cannot."""
    return phrase("the charger does not charge on fewer phases when it is asked to")


def not_charging(patience_s: float) -> Phrase:
    """There is nothing to step."""
    return phrase("no car has charged there for {seconds} s", seconds=Number(patience_s, ".0f"))


def no_room(high_a: float, patience_s: float) -> Phrase:
    """The group comes first."""
    return phrase(
        "the group has had no {amperes} A for it within {seconds} s, or the car takes less",
        amperes=Number(high_a, "g"), seconds=Number(patience_s, ".0f"),
    )  # fmt: skip


def took_too_long(patience_s: float) -> Phrase:
    """All of it."""
    return phrase("given up after {minutes} minutes", minutes=Number(patience_s / 60.0, ".0f"))


def behind(phases: Sequence[str | None], candidates: int) -> Phrase:
    """Each terminal with its phase."""
    known = [
        phrase("{phase} is behind terminal {terminal}", phase=phase, terminal=str(terminal))
        for terminal, phase in enumerate(phases, 1)
        if phase is not None
    ]
    if not candidates:
        return phrase("what was seen contradicts itself: nothing is said of the terminals")
    if not known:
        return phrase("which phase is behind which terminal is not known")
    if len(known) < len(phases):
        known.append(phrase("the others are not known: they carried nothing, or the same"))
    return joined(", ", known)


def agrees(*, declared: Sequence[str], is_so: bool) -> Phrase:
    """With the group's setup."""
    told = " ".join(declared)
    if is_so:
        return phrase("that is as the group's setup has it ({declared})", declared=told)
    return phrase("the group's setup has it otherwise ({declared}): set it right there", declared=told)


def clamp(name: str, found: ClampFound | None, own: str, place: str) -> Phrase:
    """How one of them answered. `own`: its phase; `place`: the one it sits on."""
    if found is None:
        return phrase("the clamp of {clamp} has not answered clearly", clamp=name)
    if found.reversed:
        where = phrase("on {phase}, the wrong way round", phase=place)
    elif place != own:
        where = phrase("on {phase}", phase=place)
    else:
        where = phrase("on its own phase, the right way round")
    if found.ratio is None or found.unsure_ratio is None:
        return phrase("the clamp of {clamp}: {where}", clamp=name, where=where)
    return phrase(
        "the clamp of {clamp}: {where}; it shows {ratio} ± {unsure} times what the charger says that flows",
        clamp=name, where=where, ratio=Number(found.ratio, ".2f"), unsure=Number(2.0 * found.unsure_ratio, ".2f"),
    )  # fmt: skip


def delay(loop_s: float, answers_s: float) -> Phrase:
    """Of the slowest step down."""
    return phrase(
        "from an order to the first sign of it on the meter {loop} s, until it is obeyed {answers} s",
        loop=Number(loop_s, ".1f"), answers=Number(answers_s, ".1f"),
    )  # fmt: skip

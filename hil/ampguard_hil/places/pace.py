"""How readings come: one a second, soon after the second that they are about, none left out."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard_hil.listener import Heard


@dataclass(frozen=True, slots=True)
class Pace:
    """Of the live readings of one boot, in their order."""

    first: int
    last: int
    missing: tuple[int, ...]
    """Numbers between first and last that did not come."""
    step_s: float
    """From the end of one to the end of the next, by the box's own clock; half of them are below."""
    longest_step_s: float
    delay_s: float
    """From the end of a reading to its arrival; half of them are below."""
    longest_delay_s: float


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a pace may be. The longest are those of a machine that does other things beside."""

    step_s: float = 1.0
    step_within_s: float = 0.05
    longest_step_s: float = 3.0
    delay_s: float = 0.5
    longest_delay_s: float = 5.0


def pace(heard: Sequence[Heard]) -> Pace:
    """Of those that came live, of the newest boot; two or more. The clocks of box and bench agree to some 10 ms."""
    boot = heard[-1].reading["boot"]
    live = {one.reading["sequence"]: one for one in heard if one.lane == "live" and one.reading["boot"] == boot}
    numbers = sorted(live)
    ends_s = [live[number].reading["monotonic_ns"] / 1e9 for number in numbers]
    steps_s = [after - before for before, after in pairwise(ends_s)]
    delays_s = [
        (one.arrived_utc - datetime.fromisoformat(one.reading["end_utc"])) / timedelta(seconds=1)
        for one in live.values()
    ]
    return Pace(
        numbers[0],
        numbers[-1],
        tuple(sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))),
        statistics.median(steps_s),
        max(steps_s),
        statistics.median(delays_s),
        max(delays_s),
    )


def faults(found: Pace, allowed: Allowed) -> Iterator[str]:
    """A sentence for each."""
    if found.missing:
        yield f"readings {found.first} to {found.last}: wanted all of them, missed {found.missing}"
    if abs(found.step_s - allowed.step_s) > allowed.step_within_s:
        yield f"wanted a reading each {allowed.step_s:g} s within {allowed.step_within_s:g}, met {found.step_s:.3f} s"
    for what, met_s, most_s in (
        ("between two readings", found.longest_step_s, allowed.longest_step_s),
        ("from the end of a reading to its arrival (half of them)", found.delay_s, allowed.delay_s),
        ("from the end of a reading to its arrival", found.longest_delay_s, allowed.longest_delay_s),
    ):
        if met_s > most_s:
            yield f"{what}: wanted {most_s:g} s at most, met {met_s:.3f} s"

"""Windows of a building in which heaters are switched, as clamps on any place show them."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator

import numpy as np
from tests.ampguard.journal.made import measurement

from ampguard.phases import PhaseOrder, Phases
from ampguard.readings import Measurement
from ampguard.wiring.check_snapshot import Snapshot, snapshot
from ampguard.wiring.check_step import Pace, Recogniser, Step
from ampguard.wiring.check_weigh import Placing

ALL = Phases.all_of(value=True)
RIGHT = Placing(Phases(0, 1, 2), Phases.all_of(value=False))
WINDOW_S = 0.2
BASE = (2.0 - 0.3j, 1.0 - 0.1j, 3.0 + 0.4j)
"""What is always on, against each phase's own voltage."""
NOISE_A = 0.02


def window(
    loads: tuple[complex, complex, complex], place: Placing = RIGHT, start_s: float = 0.0, volts_v: float = 230.0
) -> Measurement:
    """What the clamps show of these loads, each against its own phase's voltage."""
    turn = [cmath.rect(1.0, math.radians(-120.0 * phase)) for phase in range(3)]
    flowing = [load * one for load, one in zip(loads, turn, strict=True)]
    seen = [
        0j if where is None else -flowing[where] if turned else flowing[where]
        for where, turned in zip(place.phase, place.reversed, strict=True)
    ]
    return measurement(
        start_s=start_s,
        frequency_hz=50.0,
        voltage_rms_v=Phases.all_of(volts_v),
        voltage_fundamental_rms_v=Phases.all_of(volts_v),
        voltage_angle_deg=Phases(0.0, -120.0, 120.0),
        voltage_order=PhaseOrder.L1_L2_L3,
        current_fundamental_rms_a=Phases.of(abs(one) for one in seen),
        current_angle_deg=Phases.of(
            math.degrees(cmath.phase(u * i.conjugate())) for u, i in zip(turn, seen, strict=True)
        ),
    )


def share(start_s: float, on_s: float, off_s: float = math.inf) -> float:
    """How much of a window something is on."""

    def since(moment_s: float) -> float:
        return min(max(start_s + WINDOW_S - moment_s, 0.0), WINDOW_S) / WINDOW_S

    return since(on_s) - since(off_s)


def played(
    drawn: Callable[[float], tuple[complex, complex, complex]],
    seconds: float,
    place: Placing = RIGHT,
    seed: int = 1,
) -> Iterator[Measurement]:
    """Windows of what the phases draw beside the base load, each from the moment it starts at; with noise."""
    chance = np.random.default_rng(seed)
    for number in range(round(seconds / WINDOW_S)):
        start_s = number * WINDOW_S
        noise = [complex(*chance.normal(0.0, NOISE_A, 2)) for _ in range(3)]
        one, two, three = (base + more + n for base, more, n in zip(BASE, drawn(start_s), noise, strict=True))
        yield window((one, two, three), place, start_s)


def on_phase(phase: int, drawn_a: complex) -> tuple[complex, complex, complex]:
    """Nothing on the others."""
    one, two, three = (drawn_a if number == phase else 0j for number in range(3))
    return one, two, three


def snapped(one: Measurement) -> Snapshot:
    seen = snapshot(one, PhaseOrder.L1_L2_L3, ALL)
    assert seen is not None
    return seen


def steps(windows: Iterator[Measurement], least_a: float = 1.0, pace: Pace = Pace.SUDDEN) -> list[Step]:
    """All that are recognised."""
    under_test = Recogniser(ALL, least_a, pace)
    found = (under_test.follow(snapped(one)) for one in windows)
    return [one for one in found if one is not None]

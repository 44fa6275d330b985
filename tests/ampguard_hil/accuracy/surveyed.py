"""A box as it would be surveyed: right, noisy, with clamps and temperature by the models."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.ampguard_hil.accuracy.judged import reading

from ampguard_hil.accuracy import model, points
from ampguard_hil.accuracy.run import Result, results
from ampguard_hil.accuracy.subject import Subject
from ampguard_hil.accuracy.survey import Survey, with_clamps
from ampguard_hil.instruments.truth import LABORATORY, truth
from ampguard_hil.places.place import Kind

if TYPE_CHECKING:
    from ampguard_hil.accuracy.points import Point

RATED_A = 63.0
SUBJECT = Subject("2611000001G", "one_module", RATED_A, "simulated one_module", "0123456789abcdef", "0.1.0")
NOISE_RATIO = 2e-5


def surveyed(gain_ratio: float = 1.0, kind: Kind = Kind.SIMULATED) -> Survey:
    """`gain_ratio`: of all currents, against what was calibrated."""
    chance = random.Random(1)

    def found(point: Point, gain: float) -> list[Result]:
        own = gain * gain_ratio
        said = [
            reading(point, number, current_rms_a=own * chance.gauss(1.0, NOISE_RATIO), active_power_w=own)
            for number in range(1, 5)
        ]
        return list(results(point, truth(point.state, LABORATORY), said))

    electronics = [*points.intrinsic(RATED_A), *points.influenced(RATED_A), *points.by_temperature(RATED_A)]
    return Survey(
        SUBJECT,
        "simulated",
        kind,
        "a model of class 1 (IEC 61869-2), calibrated at 20 % In",
        4,
        datetime(2026, 11, 22, 5, 0, tzinfo=UTC),
        datetime(2026, 11, 22, 5, 9, tzinfo=UTC),
        tuple(one for point in electronics for one in found(point, model.of_temperature(point).gain_ratio[0])),
        tuple(one for point in with_clamps(RATED_A) for one in found(point, model.of_clamps(point).gain_ratio[0])),
    )

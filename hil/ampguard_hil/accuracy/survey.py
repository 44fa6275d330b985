"""One box, measured at all points: its electronics alone, and the whole with its clamps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING

from ampguard_drivers.simulated.front_end import Tolerances
from ampguard_hil.accuracy import model, points
from ampguard_hil.accuracy.limits import CARRYING
from ampguard_hil.accuracy.run import READINGS, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ampguard_hil.accuracy.points import Point
    from ampguard_hil.accuracy.run import Result, Rig
    from ampguard_hil.accuracy.subject import Subject
    from ampguard_hil.instruments.protocols import Drift
    from ampguard_hil.places.place import Kind, Place


class Part(StrEnum):
    """What an accuracy is of."""

    ELECTRONICS = "the electronics alone"
    """Inputs as they were calibrated: no error of clamps, nor of parts that drift."""
    WHOLE = "the whole with its clamps"


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found of one box."""

    subject: Subject
    place: str
    kind: Kind
    clamps: str
    """Which ones the whole has: a class of the model, or those that are there."""
    readings: int
    """Seconds for each point."""
    began: datetime
    ended: datetime
    electronics: tuple[Result, ...]
    whole: tuple[Result, ...]


def survey(subject: Subject, place: Place, rig: Rig, drift: Drift | None, count: int = READINGS) -> Survey:
    """Measure at every point. Without a model the clamps that are there are in every value: there is only a whole."""
    began, rated_a = datetime.now(UTC), subject.rated_current_a
    all_points = chain(points.intrinsic(rated_a), points.influenced(rated_a))
    electronics: tuple[Result, ...] = ()
    if drift is None:
        whole = tuple(measure(all_points, rig, count))
        clamps = f"those of the set {subject.ct_set}"
    else:
        at_temperatures = chain(all_points, points.by_temperature(rated_a))
        electronics = tuple(measure(at_temperatures, rig, count, modelled(drift, model.of_temperature)))
        whole = tuple(measure(with_clamps(rated_a), rig, count, modelled(drift, model.of_clamps)))
        drift.deviate(Tolerances())
        clamps = f"a model of class {model.BOARD_CLAMPS.name} (IEC 61869-2), calibrated at 20 % In"
    return Survey(subject, place.name, place.kind, clamps, count, began, datetime.now(UTC), electronics, whole)


def with_clamps(rated_a: float) -> Iterator[Point]:
    """The points at which a clamp says something of its own."""
    for point in points.intrinsic(rated_a):
        if point.conditions.kind in CARRYING and point.conditions.current_ratio >= _LEAST_CLAMP_RATIO:
            yield point


_LEAST_CLAMP_RATIO = 0.05
"""IEC 61869-2 says nothing of a clamp of class 1 below."""


def modelled(drift: Drift, what: Callable[[Point], Tolerances]) -> Callable[[Point], None]:
    """What makes the inputs what a model says they are at a point."""
    return lambda point: drift.deviate(what(point))

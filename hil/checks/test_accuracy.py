"""A box measures as true as its class says: at the points of IEC 61557-12, the reference's uncertainty counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from ampguard_drivers.simulated.front_end import Tolerances, Wiring
from ampguard_hil.accuracy import points
from ampguard_hil.accuracy.report import write
from ampguard_hil.accuracy.run import ReadingsOf, Rig, measure
from ampguard_hil.accuracy.subject import subject
from ampguard_hil.accuracy.survey import survey
from ampguard_hil.accuracy.table import WANTED, WHOLE_WANTED, influence_misses, misses
from ampguard_hil.instruments.session import Recording, TapedDrift, TapedReadings, TapedReference, TapedSource
from ampguard_hil.places.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ampguard_hil.places.place import Place

A_FEW = 2
"""Readings for each point of the short check."""


def rig(place: Place) -> Rig:
    """As it is wired and calibrated."""
    stand = place.instruments
    assert stand.source is not None
    assert stand.reference is not None
    if stand.wiring is not None:
        stand.wiring.connect(Wiring())
    if stand.drift is not None:
        stand.drift.deviate(Tolerances())
    return Rig(stand.source, stand.reference, ReadingsOf(place))


@pytest.mark.needs("meters", "source", "reference")
def test_a_box_is_of_its_class_at_the_ends_of_its_range(at: Callable[[Stage], Place]) -> None:
    place = at(Stage.METERING)
    rated_a = subject(place).rated_current_a
    assert misses(list(measure(points.short(rated_a), rig(place), A_FEW))) == []


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.needs("meters", "source", "reference")
def test_a_box_is_of_its_class_at_every_point_and_a_report_says_so(
    at: Callable[[Stage], Place], pytestconfig: pytest.Config
) -> None:
    place = at(Stage.METERING)
    stand = rig(place)
    folder = cast("Path", pytestconfig.getoption("--report")) / f"accuracy-{place.name}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "session.jsonl").open("w") as session:
        tape = Recording(session)
        taped = Rig(
            TapedSource(tape, stand.source), TapedReference(tape, stand.reference), TapedReadings(tape, stand.readings)
        )
        drift = None if place.instruments.drift is None else TapedDrift(tape, place.instruments.drift)
        found = survey(subject(place), place, taped, drift)
    write(found, folder)
    judged, wanted = (found.electronics, WANTED) if found.electronics else (found.whole, WHOLE_WANTED)
    assert misses(judged, wanted) == []
    assert misses(found.whole, WHOLE_WANTED) == []
    assert list(influence_misses(judged, wanted)) == []

"""A box that meters: its readings say what the supply was told, one a second, at once, and none is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ampguard_drivers.simulated.front_end import Wiring
from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_drivers.simulated.supply import Supply
from ampguard_hil.places.agreement import Tolerance, disagreements
from ampguard_hil.places.pace import Allowed, faults, pace
from ampguard_hil.places.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.places.place import Place

STATE = SCENARIOS["steady"]().supply.state_at(0.0)
SETTLED = 3
"""The first readings of a supply are partly of what was before."""
JUDGED = 5


@pytest.mark.needs("meters", "source", "wiring")
def test_readings_say_what_the_supply_was_told(at: Callable[[Stage], Place]) -> None:
    place = at(Stage.METERING)
    source, wiring = place.instruments.source, place.instruments.wiring
    assert source is not None
    assert wiring is not None
    wiring.connect(Wiring())
    source.apply(STATE)
    source.output(on=True)
    wanted = place.heard.highest() + SETTLED + JUDGED
    assert place.until(lambda: place.heard.highest() >= wanted, 60.0), place.last_words()
    readings = {one["sequence"]: one for one in place.heard.readings}
    judged = [readings[number] for number in sorted(readings)[-JUDGED:]]
    told = Supply([(0.0, source.told)]).told(0.0)
    assert [sentence for reading in judged for sentence in disagreements(reading, told, Tolerance())] == []


@pytest.mark.needs("meters")
@pytest.mark.parametrize("lasts_s", [12.0, pytest.param(180.0, marks=[pytest.mark.full, pytest.mark.timeout(300)])])
def test_a_reading_comes_each_second_and_at_once(
    at: Callable[[Stage], Place], record_property: Callable[[str, object], None], lasts_s: float
) -> None:
    place = at(Stage.METERING)
    known = len(place.heard.heard)
    place.until(lambda: False, lasts_s)
    found = pace(place.heard.heard[known:])
    record_property("pace", found)
    assert found.last - found.first >= lasts_s * 0.8 - 2
    assert list(faults(found, Allowed())) == []

"""A box that is left alone: nothing is missing, nothing grows, nothing starts again, and its medium lasts ten years."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ampguard_hil.places.growth import Allowed, faults, growth
from ampguard_hil.places.pace import pace
from ampguard_hil.places.provisioning import provision
from ampguard_hil.places.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.places.place import Place

WARM_S, LOOK_S = 90.0, 10.0
"""Until everything that is loaded late is there, a report's fonts and the like."""
BATCH_S = 60.0
"""As a unit is at a customer: a bench has it send sooner, and so write oftener."""


@pytest.mark.needs("meters", "vitals")
@pytest.mark.parametrize("lasts_s", [pytest.param(600.0, marks=[pytest.mark.full, pytest.mark.timeout(1200)])])
def test_left_alone_it_neither_grows_nor_wears_its_medium(
    at: Callable[[Stage], Place], record_property: Callable[[str, object], None], lasts_s: float
) -> None:
    place = at(Stage.METERING)
    provision(place.page, replace(place.installation, batch_s=BATCH_S), LOOK_S)
    try:
        place.until(lambda: False, WARM_S)
        known, looks = len(place.heard.heard), [place.vitals()]
        while len(looks) <= lasts_s / LOOK_S:
            place.until(lambda: False, LOOK_S)
            looks.append(place.vitals())
    finally:
        provision(place.page, place.installation, LOOK_S)
    found = growth(looks, LOOK_S)
    record_property("growth", found)
    assert list(faults(found, Allowed())) == [], found
    assert pace(place.heard.heard[known:]).missing == ()

"""The broker is gone for a while: the box says so, measures on, and afterwards nothing is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ampguard_hil.places.place import Ability
from ampguard_hil.places.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.places.place import Place

PATIENCE_S = 60.0


@pytest.mark.needs("meters", "broker")
@pytest.mark.parametrize("lasts_s", [8.0, pytest.param(120.0, marks=[pytest.mark.full, pytest.mark.timeout(400)])])
def test_an_outage_of_the_broker_loses_nothing(at: Callable[[Stage], Place], lasts_s: float) -> None:
    place = at(Stage.METERING)
    heard = place.heard
    before = heard.highest()
    place.broker_off()
    try:
        assert sees(place, "communication_blue"), f"met {sorted(place.lights())}"
        place.until(lambda: False, lasts_s)
    finally:
        place.broker_on()
    wanted = before + lasts_s * 0.8
    assert place.until(lambda: heard.highest() >= wanted and not heard.lost(), PATIENCE_S), (
        f"of readings 1 to {heard.highest()}: lost {sorted(heard.lost())}\n{place.last_words()}"
    )
    assert sees(place, "communication_green"), f"met {sorted(place.lights())}"


def sees(place: Place, light: str) -> bool:
    """Where somebody looks at the lights."""
    return Ability.LIGHTS not in place.abilities or place.until(lambda: light in place.lights(), PATIENCE_S)

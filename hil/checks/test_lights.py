"""What somebody at the box sees, against the manual's table of the lights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_hil.places.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.places.place import Place

PATIENCE_S = 30.0
ON, CONNECTED, NETWORK = "logo", "communication_green", "communication_blue"
VOLTAGE_RIGHT, VOLTAGE_WRONG = "voltage_green", "voltage_red"
CURRENT_RIGHT, CURRENT_WRONG = "current_green", "current_red"
NO_LIGHT = ""
"""Dark: what belongs there is not connected."""


@pytest.mark.needs("meters", "source", "wiring", "lights", "broker")
@pytest.mark.parametrize(
    ("scenario", "moment_s", "voltage", "current"),
    [
        ("swapped-cts", 0.0, VOLTAGE_RIGHT, CURRENT_WRONG),
        ("steady", 0.0, VOLTAGE_RIGHT, CURRENT_RIGHT),
        ("lost-phase", 10.0, NO_LIGHT, CURRENT_RIGHT),
        pytest.param("reversed-l2", 0.0, VOLTAGE_RIGHT, CURRENT_WRONG, marks=pytest.mark.full),
        pytest.param("lost-neutral", 10.0, VOLTAGE_WRONG, CURRENT_RIGHT, marks=pytest.mark.full),
    ],
)
def test_the_lights_say_what_is_wrong(
    at: Callable[[Stage], Place], scenario: str, moment_s: float, voltage: str, current: str
) -> None:
    place = at(Stage.METERING)
    story = SCENARIOS[scenario]()
    source, wiring = place.instruments.source, place.instruments.wiring
    assert source is not None
    assert wiring is not None
    wiring.connect(story.wiring)
    source.apply(story.supply.state_at(moment_s))
    source.output(on=True)
    wanted = {ON, CONNECTED, voltage, current} - {NO_LIGHT}
    assert place.until(lambda: place.lights() == wanted, PATIENCE_S), (
        f"{scenario}: wanted {sorted(wanted)}, met {sorted(place.lights())}; the box says {place.heard.wiring}"
    )

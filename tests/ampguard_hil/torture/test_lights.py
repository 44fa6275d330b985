"""What the lights must show for what is broken; a light that lies is found."""

from __future__ import annotations

import math

import pytest

from ampguard_hil.torture.lights import ALL_RIGHT, Broken, Picture, lies, truth

BLUE = frozenset(("logo", "communication_blue", "voltage_green", "current_green"))
DARK = frozenset(("logo", "communication_green"))


@pytest.mark.parametrize(
    ("broken", "lit"),
    [
        ((), ALL_RIGHT),
        ((Broken.CLOUD,), BLUE),
        ((Broken.MEASURING,), DARK),
        ((Broken.UPLINK,), ALL_RIGHT - {"communication_green"}),
        ((Broken.UPLINK, Broken.CLOUD), ALL_RIGHT - {"communication_green"}),
        ((Broken.CLOUD, Broken.MEASURING), frozenset(("logo", "communication_blue"))),
        ((Broken.LIGHTS, Broken.CLOUD), None),
    ],
)
def test_the_truth_follows_the_manuals_table(broken: tuple[Broken, ...], lit: frozenset[str] | None) -> None:
    assert truth(broken) == lit


def test_lights_that_change_in_time_tell_the_truth() -> None:
    shown = [Picture(0.0, ALL_RIGHT), Picture(12.0, BLUE), Picture(31.0, ALL_RIGHT)]
    assert lies(shown, BLUE, 15.0, 30.0) == []


def test_a_light_that_goes_on_saying_that_all_is_well_lies() -> None:
    (found,) = lies([Picture(0.0, ALL_RIGHT)], BLUE, 15.0, 30.0)
    assert "wanted communication_blue" in found
    assert "met communication_green" in found


def test_a_light_that_changes_back_too_early_lies() -> None:
    assert lies([Picture(0.0, ALL_RIGHT), Picture(12.0, BLUE), Picture(20.0, ALL_RIGHT)], BLUE, 15.0, 30.0)


@pytest.mark.parametrize("red", ["voltage_red", "current_red"])
def test_red_is_a_lie_whenever_it_is_shown(red: str) -> None:
    shown = [Picture(0.0, ALL_RIGHT), Picture(1.0, (ALL_RIGHT | {red}) - {red.replace("red", "green")})]
    (found,) = lies(shown, None, math.inf, math.inf)
    assert found == f"the installation is right, and {red} is lit"


def test_a_board_that_cannot_be_asked_tells_nothing() -> None:
    assert lies([Picture(0.0, None)], ALL_RIGHT, 0.0, 10.0) == []

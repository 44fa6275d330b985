"""The lights: every combination of what is known, and what a silent meter makes of it."""

from __future__ import annotations

import itertools

import pytest

from ampguard.indication.table import (
    COMMUNICATION_LIGHT,
    CURRENT_LIGHT,
    SILENT_S,
    VOLTAGE_LIGHT,
    Communication,
    Health,
    colours,
)
from ampguard.wiring.verdict import Condition
from ampguard_drivers.lights.panel import CommunicationColour, CurrentColour, LightColours, LogoColour, VoltageColour

WANTED_COMMUNICATION = {
    Communication.CONNECTED: CommunicationColour.GREEN,
    Communication.NETWORK: CommunicationColour.BLUE,
    Communication.NONE: CommunicationColour.OFF,
}
WANTED = {Condition.RIGHT: "GREEN", Condition.WRONG: "RED", Condition.ABSENT: "OFF"}
SHOWN = [
    LightColours(logo=logo, communication=communication, voltage=voltage, current=current)
    for logo, communication, voltage, current in itertools.product(
        LogoColour, CommunicationColour, VoltageColour, CurrentColour
    )
]
EVERYTHING = list(itertools.product(Communication, Condition, Condition))


@pytest.mark.parametrize(("communication", "voltage", "current"), EVERYTHING)
def test_every_combination_of_a_meter_that_speaks(
    communication: Communication, voltage: Condition, current: Condition
) -> None:
    for shown, silent_s in itertools.product(SHOWN, (0.0, SILENT_S)):
        found = colours(Health(communication, voltage, current, silent_s), shown)
        assert found.logo is LogoColour.ON
        assert found.communication is WANTED_COMMUNICATION[communication]
        undecided = voltage is Condition.UNDECIDED
        assert found.voltage is (shown.voltage if undecided else VoltageColour[WANTED[voltage]])
        undecided = current is Condition.UNDECIDED
        assert found.current is (shown.current if undecided else CurrentColour[WANTED[current]])


@pytest.mark.parametrize(("communication", "voltage", "current"), EVERYTHING)
@pytest.mark.parametrize("silent_s", [SILENT_S + 1e-6, 60.0, float("inf")])
def test_a_silent_meter_makes_its_lights_dark(
    communication: Communication, voltage: Condition, current: Condition, silent_s: float
) -> None:
    for shown in SHOWN:
        found = colours(Health(communication, voltage, current, silent_s), shown)
        assert (found.voltage, found.current) == (VoltageColour.OFF, CurrentColour.OFF)
        assert (found.logo, found.communication) == (LogoColour.ON, WANTED_COMMUNICATION[communication])


def test_the_tables_are_total() -> None:
    assert set(COMMUNICATION_LIGHT) == set(Communication)
    assert set(VOLTAGE_LIGHT) == set(CURRENT_LIGHT) == set(Condition)


def test_undecided_keeps_the_last_verdict_and_not_one_from_before_the_silence() -> None:
    def after(shown: LightColours, condition: Condition, silent_s: float = 0.0) -> LightColours:
        return colours(Health(Communication.NONE, condition, condition, silent_s), shown)

    shown = after(SHOWN[0], Condition.WRONG)
    shown = after(after(shown, Condition.UNDECIDED), Condition.UNDECIDED)
    assert (shown.voltage, shown.current) == (VoltageColour.RED, CurrentColour.RED)
    shown = after(shown, Condition.WRONG, silent_s=10.0)
    shown = after(shown, Condition.UNDECIDED)
    assert (shown.voltage, shown.current) == (VoltageColour.OFF, CurrentColour.OFF)


def test_what_is_shown_is_stable() -> None:
    for (communication, voltage, current), silent_s in itertools.product(EVERYTHING, (0.0, 10.0)):
        health = Health(communication, voltage, current, silent_s)
        for shown in SHOWN:
            once = colours(health, shown)
            assert colours(health, once) == once

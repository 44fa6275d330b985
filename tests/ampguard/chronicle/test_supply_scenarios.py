"""From samples to what is told of a supply, in the stream's own time: within a second of the fault."""

from __future__ import annotations

import pytest

from ampguard.chronicle.supplywatch import Expected, SupplyWatch
from ampguard.events import NeutralFault, PhaseLoss, Turn, WrongVoltage
from ampguard.metering.measurement import Analyser
from ampguard.metering.setup import NO_PHASE_ERROR, AnalyserSetup, Columns
from ampguard.phases import Phases
from ampguard_drivers.simulated.scenarios import SCENARIOS

RATE_HZ, BLOCK = 8000.0, 400
HOUSE = Expected(terminals=Phases.all_of(value=True), has_neutral=True, nominal_v=230.0)
SETUP = AnalyserSetup(
    sample_rate_hz=RATE_HZ,
    columns=Columns(voltage=Phases(1, 3, 5), current=Phases(0, 2, 4)),
    nominal_frequency_hz=50.0,
    reference_voltage_v=230.0,
    voltage_phase_error=Phases.all_of(NO_PHASE_ERROR),
    current_phase_error=Phases.all_of(NO_PHASE_ERROR),
    ac_coupled=True,
    has_neutral=True,
)


def told(scenario: str, until_s: float) -> list[tuple[float, float, type, Turn]]:
    """When it could be told, since when it holds, and what."""
    supply, analyser, watch = SCENARIOS[scenario]().supply, Analyser(SETUP), SupplyWatch(HOUSE)
    found: list[tuple[float, float, type, Turn]] = []
    for first in range(0, int(until_s * RATE_HZ), BLOCK):
        for window in analyser.push(supply.sample(first, BLOCK, RATE_HZ)):
            now_s = (first + BLOCK) / RATE_HZ
            found += [(now_s, one.start_s, type(one.event), one.event.turn) for one in watch.follow(window)]
    return found


@pytest.mark.parametrize(("scenario", "kind"), [("lost-neutral", NeutralFault), ("lost-phase", PhaseLoss)])
def test_a_fault_is_told_within_a_second_and_once(scenario: str, kind: type) -> None:
    found = told(scenario, 20.0)
    assert [(what, turn) for _, _, what, turn in found] == [(kind, Turn.BEGUN), (kind, Turn.ENDED)]
    (told_s, begun_s, _, _), (_, ended_s, _, _) = found
    assert told_s - 6.0 <= 1.0
    assert begun_s == pytest.approx(6.0, abs=0.25)
    assert ended_s == pytest.approx(16.0, abs=0.25)


@pytest.mark.parametrize("scenario", ["ev", "kettle", "solar", "steady", "swapped-cts", "reversed-l2"])
def test_of_a_healthy_supply_nothing_is_told(scenario: str) -> None:
    assert told(scenario, 27.0) == []


def test_the_other_grid_is_told_within_a_second() -> None:
    supply, analyser = SCENARIOS["steady"]().supply, Analyser(SETUP)
    watch = SupplyWatch(Expected(terminals=Phases.all_of(value=True), has_neutral=True, nominal_v=127.0))
    windows = analyser.push(supply.sample(0, int(RATE_HZ), RATE_HZ))
    assert [type(one.event) for window in windows for one in watch.follow(window)] == [WrongVoltage]

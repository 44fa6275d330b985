"""What a bench may break on a running board: by name, with a value, refused with a sentence otherwise."""

from __future__ import annotations

import dataclasses
import math

import pytest

from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.eeprom.store import IdentityStore
from ampguard_drivers.errors import ChipReset, MemoryMissing, RecordCorrupt, WrongChip
from ampguard_drivers.frontend import Variant
from ampguard_drivers.simulated.appliances import Drawn
from ampguard_drivers.simulated.board import SERIAL, Faults, Input
from ampguard_drivers.simulated.front_end import Clamp, Tolerances, Wiring
from ampguard_drivers.simulated.stage import ScenarioStage
from ampguard_drivers.simulated.supply import Load, State


@pytest.fixture
def stage() -> ScenarioStage:
    """A board in real time."""
    return ScenarioStage("steady", seed=3)


def chip(stage: ScenarioStage) -> Ade9000:
    return Ade9000(stage.board.metering, Ade9000Settings(nominal_frequency_hz=50.0, nominal_voltage_ratio=0.325))


def streams_until_it_fails(driver: Ade9000) -> None:
    """What was in the buffer may still come."""
    for _ in range(4):
        driver.next_block()


def store(stage: ScenarioStage) -> IdentityStore:
    parts = stage.board.metering
    return IdentityStore(parts.i2c, parts.clock, parts.eeprom_address)


def test_every_fault_of_the_board_has_a_name(stage: ScenarioStage) -> None:
    assert list(stage.faults) == [field.name for field in dataclasses.fields(Faults)]
    assert {"brown_out", "sister_chip", "saturated_input", "memory_absent", "torn_copies"} <= set(stage.faults)


def test_a_brown_out_while_it_streams_is_told_by_the_driver(stage: ScenarioStage) -> None:
    driver = chip(stage)
    driver.start()
    driver.next_block()
    stage.inject("brown_out", {})
    with pytest.raises(ChipReset):
        streams_until_it_fails(driver)
    driver.start()
    assert driver.next_block().lost_samples > 0
    assert stage.injected == ("brown_out = True",)


def test_a_stalled_reader_is_told_of_its_overrun_in_real_time(stage: ScenarioStage) -> None:
    driver = chip(stage)
    driver.start()
    before = driver.next_block()
    stage.board.clock.pause(0.08)
    after = driver.next_block()
    assert after.lost_samples >= 256
    assert after.first_index == before.first_index + 128 + after.lost_samples


def test_another_chip_is_told_by_the_driver(stage: ScenarioStage) -> None:
    stage.inject("sister_chip", {"value": True})
    with pytest.raises(WrongChip):
        chip(stage).start()


def test_an_input_is_broken_by_its_name(stage: ScenarioStage) -> None:
    stage.inject("saturated_input", {"value": "VB"})
    assert stage.board.faults.saturated_input is Input.VB
    driver = chip(stage)
    driver.start()
    peaks = abs(driver.next_block().codes).max(axis=0) / 74_518_668.0
    assert peaks[3] == pytest.approx(1.2, abs=1e-3)
    assert max(peaks[[1, 5]]) < 0.4
    stage.inject("saturated_input", {"value": "none"})
    assert stage.board.faults == Faults()


def test_a_memory_is_broken_and_comes_back(stage: ScenarioStage) -> None:
    stage.inject("memory_absent", {"value": True})
    with pytest.raises(MemoryMissing):
        store(stage).read_identity()
    stage.inject("memory_absent", {"value": False})
    stage.inject("torn_copies", {})
    assert store(stage).read_identity().serial == SERIAL
    stage.inject("torn_copies", {"value": 2})
    with pytest.raises(RecordCorrupt):
        store(stage).read_identity()


@pytest.mark.parametrize(
    ("fault", "arguments", "sentence"),
    [
        ("earthquake", {}, "no fault earthquake"),
        ("brown_out", {"value": 1}, "takes one argument"),
        ("torn_copies", {"value": "both"}, "takes one argument"),
        ("torn_copies", {"value": 1, "of": "identity"}, "takes one argument"),
        ("saturated_input", {"value": "VX"}, "'VX' is not a valid Input"),
        ("saturated_input", {}, "is not a valid Input"),
    ],
)
def test_what_cannot_be_broken_is_refused(
    stage: ScenarioStage, fault: str, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        stage.inject(fault, arguments)
    assert stage.injected == ()
    assert stage.board.faults == Faults()


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_heater_draws_its_power_and_the_grid_sags(stage: ScenarioStage, phase: int) -> None:
    before = stage.board.supply.sample(0, 8000, 8000.0)
    stage.heat(phase, 2000.0)
    after = stage.board.supply.sample(0, 8000, 8000.0)
    volts, amperes = after[:, 2 * phase + 1], after[:, 2 * phase] - before[:, 2 * phase]
    rms_v, rms_a = (float((one**2).mean() ** 0.5) for one in (volts, amperes))
    assert rms_a == pytest.approx(2000.0 / 230.0 * rms_v / 230.0, rel=2e-3)
    assert float((volts * amperes).mean()) == pytest.approx(rms_v * rms_a, rel=1e-3), "a heater has no angle"
    assert rms_v < float((before[:, 2 * phase + 1] ** 2).mean() ** 0.5) - 1.0
    stage.heat(phase, 0.0)
    others = [column for column in range(6) if column not in {2 * phase, 2 * phase + 1}]
    assert abs(after[:, others] - before[:, others]).max() < 0.2, "but for its noise"


def test_a_heater_that_is_none_is_refused(stage: ScenarioStage) -> None:
    for phase, power_w in ((3, 2000.0), (-1, 2000.0), (0, -1.0), (0, float("nan")), (0, 1e6)):
        with pytest.raises(ValueError, match="wanted phase 0, 1 or 2"):
            stage.heat(phase, power_w)
    assert stage.heaters_w == (0.0, 0.0, 0.0)


def test_a_heater_stays_on_when_the_story_changes(stage: ScenarioStage) -> None:
    stage.heat(1, 1500.0)
    stage.switch("solar")
    assert stage.heaters_w == (0.0, 1500.0, 0.0)


def drawn(
    stage: ScenarioStage, phase: int, state: State, current_a: float, lag_deg: float
) -> tuple[float, float, float]:
    """Current, power and voltage of a phase where a charger of one phase is all there is, by its samples."""
    stage.supply(state)
    flows = [0.0, 0.0, 0.0]
    flows[phase] = current_a
    stage.draw("charger", (flows[0], flows[1], flows[2]), lag_deg)
    values = stage.board.supply.sample(0, 8000, 8000.0)
    volts, amperes = values[:, 2 * phase + 1], values[:, 2 * phase]
    rms_v, rms_a = (float((one**2).mean() ** 0.5) for one in (volts, amperes))
    return rms_a, float((volts * amperes).mean()), rms_v


@pytest.mark.parametrize("phase", [0, 1, 2])
@pytest.mark.parametrize("voltage_v", [207.0, 230.0, 253.0])
def test_a_charger_draws_what_it_says_at_its_angle_whatever_the_voltage(
    stage: ScenarioStage, phase: int, voltage_v: float
) -> None:
    rms_a, power_w, rms_v = drawn(stage, phase, State(voltage_v=(voltage_v,) * 3), 16.0, 8.1)
    assert rms_a == pytest.approx(16.0, rel=1e-6)
    assert power_w == pytest.approx(rms_a * rms_v * math.cos(math.radians(8.1)), rel=1e-6)
    assert rms_v == pytest.approx(voltage_v - 16.0 * (0.18 + 0.11) * math.cos(math.radians(8.1)), rel=1e-3), "it sags"


def test_a_charger_comes_to_what_flows_already_and_several_add_up(stage: ScenarioStage) -> None:
    stage.supply(State(loads=(Load(10.0, 60.0), Load(), Load())))
    stage.draw("one", (6.0, 6.0, 6.0), 0.0)
    stage.draw("two", (0.0, 4.0, 0.0), 0.0)
    assert stage.drawn_a == (6.0, 10.0, 6.0)
    values = stage.board.supply.sample(0, 8000, 8000.0)
    rms = [float((values[:, column] ** 2).mean() ** 0.5) for column in (0, 2, 4)]
    assert rms == pytest.approx([math.sqrt(100.0 + 36.0 + 2 * 60.0 * 0.5), 10.0, 6.0], rel=1e-6)


def test_a_charger_that_says_no_more_what_it_draws_is_gone() -> None:
    now_ns = 0
    found = Drawn(lambda: now_ns)
    found.draw("one", (6.0, 0.0, 0.0), 0.0)
    now_ns = 2_900_000_000
    found.draw("two", (0.0, 7.0, 0.0), 0.0)
    assert found(State()).loads[0].current_a == pytest.approx(6.0)
    now_ns = 3_100_000_000
    assert found.current_a == (0.0, 7.0, 0.0)
    assert found(State()).loads[0].current_a == 0.0
    now_ns = 9_000_000_000
    assert found(State()) == State()


def test_chargers_stay_when_the_story_changes_and_are_refused_where_they_cannot_be(stage: ScenarioStage) -> None:
    stage.draw("one", (6.0, 6.0, 6.0), 8.0)
    stage.switch("solar")
    assert stage.drawn_a == (6.0, 6.0, 6.0)
    for wrong in ((-1.0, 0.0, 0.0), (0.0, 1001.0, 0.0), (float("nan"), 0.0, 0.0)):
        with pytest.raises(ValueError, match="wanted 0 to 1000 A"):
            stage.draw("one", wrong, 8.0)
    with pytest.raises(ValueError, match="wanted 0 to 1000 A"):
        stage.draw("one", (6.0, 0.0, 0.0), 91.0)
    with pytest.raises(ValueError, match="wanted 0 to 1000 A"):
        stage.draw("one", (6.0, 0.0, 0.0), float("nan"))
    assert stage.drawn_a == (6.0, 6.0, 6.0)


def currents_a(stage: ScenarioStage) -> list[float]:
    """RMS at the three current pins over a second, as the calibration reads them."""
    board = stage.board
    pins_v = board.front_end.pins(board.supply, 0, 8000, 8000.0)[4000:]
    channels = store(stage).read_calibration().channels
    return [float((pins_v[:, column] ** 2).mean() ** 0.5) * channels[column].scale_per_adc_v for column in (0, 2, 4)]


LOADS = (Load(10.0), Load(20.0, 60.0), Load(30.0))


def test_a_supply_that_is_told_is_what_the_inputs_carry(stage: ScenarioStage) -> None:
    stage.supply(State(loads=LOADS))
    assert currents_a(stage) == pytest.approx([10.0, 20.0, 30.0], rel=1e-3)
    assert stage.scenario == "told"


def test_clamps_that_are_told_are_where_they_are_told(stage: ScenarioStage) -> None:
    stage.supply(State(loads=LOADS))
    stage.wire(Wiring(clamps=(Clamp(1), Clamp(0, reversed=True), Clamp(None))))
    assert currents_a(stage) == pytest.approx([20.0, 10.0, 0.0], rel=1e-3, abs=1e-6)
    stage.switch("steady")
    assert stage.board.front_end.wiring == Wiring()


def test_inputs_deviate_from_their_calibration_and_not_from_what_was_told_before(stage: ScenarioStage) -> None:
    stage.supply(State(loads=LOADS))
    for gain in (1.01, 1.02):
        stage.deviate(Tolerances(gain_ratio=(gain,) + (1.0,) * 6))
    assert currents_a(stage) == pytest.approx([10.2, 20.0, 30.0], rel=1e-3)
    stage.wire(Wiring(clamps=(Clamp(1), Clamp(0), Clamp(2))))
    assert currents_a(stage) == pytest.approx([20.4, 10.0, 30.0], rel=1e-3)
    stage.deviate(Tolerances())
    assert currents_a(stage) == pytest.approx([20.0, 10.0, 30.0], rel=1e-3)


def test_another_variant_has_other_clamps_and_is_calibrated_for_them() -> None:
    stage = ScenarioStage("steady", seed=3, variant=Variant.PUBLIC)
    stage.supply(State(loads=(Load(400.0), Load(400.0), Load(40.0))))
    assert currents_a(stage) == pytest.approx([400.0, 400.0, 40.0], rel=1e-3)
    assert store(stage).read_calibration().ct_set == "simulated public"

"""Reported = told, all the way: supply, clamps, front end, chip, driver, calibration, processing, readings."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.ampguard.metering.told import known, turn_deg

from ampguard.clock import ClockQuality, Stamp
from ampguard.metering.pipeline import Found, Pipeline
from ampguard.phases import LinePairs, PhaseOrder
from ampguard.readings import NO_ENERGY, Interval, Quality, Reading
from ampguard.settings.settings import Settings, parsed
from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.eeprom.store import IdentityStore
from ampguard_drivers.simulated.board import SimulatedBoard
from ampguard_drivers.simulated.front_end import Clamp, FrontEndModel, Tolerances, Wiring
from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_drivers.simulated.supply import Harmonic, Load, State, Supply

FULL_SCALE_A = 63.0
angles = st.floats(-180.0, 180.0)
harmonics = st.lists(
    st.builds(Harmonic, st.integers(2, 20).map(float), st.floats(0.0, 0.05), angles),
    max_size=3,
    unique_by=lambda h: h.order,
).map(tuple)
# the range that the accuracy is promised for: 1 to 100 % of full scale
loads = st.builds(Load, st.floats(0.01 * FULL_SCALE_A, FULL_SCALE_A), angles, harmonics)
states = st.builds(
    State,
    voltage_v=st.tuples(*[st.floats(195.0, 255.0)] * 3),
    angle_deg=st.sampled_from([(0.0, -120.0, 120.0), (0.0, 120.0, -120.0), (12.0, -109.0, 133.5)]),
    frequency_hz=st.floats(47.0, 63.0),
    voltage_harmonics=harmonics,
    loads=st.tuples(loads, loads, loads),
    voltage_dc_v=st.floats(-0.5, 0.5),
)


class VirtualWallClock:
    """A wall clock that is the board's own."""

    def stamp(self, monotonic_ns: int) -> Stamp:
        seconds = monotonic_ns / 1e9
        return Stamp(monotonic_ns, seconds, f"1970-01-01T00:00:{seconds:06.3f}+00:00", ClockQuality.SYNCHRONISED)


@dataclass
class Unit:
    """A board in virtual time with the product above it."""

    board: SimulatedBoard
    chip: Ade9000
    pipeline: Pipeline

    def readings(self, duration_s: float) -> list[Reading]:
        found: list[Reading] = []
        end_ns = self.board.clock.now_ns() + round(duration_s * 1e9)
        while self.board.clock.now_ns() < end_ns:
            found += self.pipeline.process(self.chip.next_block()).readings
        return [*found, *self.pipeline.finish().readings]

    def events(self, duration_s: float) -> list[Found]:
        found: list[Found] = []
        end_ns = self.board.clock.now_ns() + round(duration_s * 1e9)
        while self.board.clock.now_ns() < end_ns:
            found += self.pipeline.process(self.chip.next_block()).events
        return found


def unit(
    supply: Supply,
    *,
    seed: int = 1,
    wiring: Wiring | None = None,
    nominal_hz: int = 50,
    settings: Settings | None = None,
) -> Unit:
    front_end = FrontEndModel(wiring=wiring or Wiring(), tolerances=Tolerances.of_unit(seed))
    board = SimulatedBoard(supply, front_end=front_end, seed=seed)
    parts = board.metering
    calibration = IdentityStore(parts.i2c, parts.clock, parts.eeprom_address).read_calibration()
    chip = Ade9000(parts, Ade9000Settings(nominal_frequency_hz=nominal_hz, nominal_voltage_ratio=0.5))
    chip.start()
    pipeline = Pipeline(calibration, settings or Settings(), VirtualWallClock(), "boot", NO_ENERGY)
    return Unit(board, chip, pipeline)


@given(state=states, seed=st.integers(0, 1000))
@effort(max_examples=25, deadline=None)
def test_reported_is_told(state: State, seed: int) -> None:
    supply = Supply([(0.0, state)])
    told = supply.told(0.0)
    read = unit(supply, seed=seed).readings(1.6)
    # the end cuts the last window short, and the reading says so: of one cycle less can be told
    seconds = [one for one in read if one.interval is Interval.SECOND and Quality.SHORT_WINDOW not in one.quality]
    assert seconds
    dc_a = [load.dc_a for load in state.loads]
    assert not any(dc_a)
    last = seconds[-1]
    told_v = [math.sqrt(u * u - state.voltage_dc_v**2) for u in told.voltage_rms_v]
    assert known(last.voltage_rms_v) == pytest.approx(told_v, rel=2e-4)
    assert known(last.current_rms_a) == pytest.approx(told.current_rms_a, rel=5e-4)
    assert last.frequency_hz == pytest.approx(told.frequency_hz, abs=2e-4)
    for index in range(3):
        apparent_va = told.voltage_rms_v[index] * told.current_rms_a[index]
        assert tuple(last.active_power_w)[index] == pytest.approx(told.active_power_w[index], abs=5e-4 * apparent_va)
        assert turn_deg(tuple(last.current_angle_deg)[index], told.current_lag_deg[index]) < 0.02
        assert turn_deg(tuple(last.voltage_angle_deg)[index], told.voltage_angle_deg[index]) < 0.02
    forwards = told.voltage_angle_deg[1] < 0.0
    assert last.voltage_order is (PhaseOrder.L1_L2_L3 if forwards else PhaseOrder.L3_L2_L1)
    # three full loads of any angle may add up to more than the neutral's input holds
    assert last.quality <= {Quality.EVENT, Quality.CLIPPED, Quality.SHORT_WINDOW}


def test_energy_is_power_times_time_in_both_directions() -> None:
    state = State(loads=(Load(10.0), Load(20.0, 180.0), Load(5.0, 60.0)))
    readings = unit(Supply([(0.0, state)])).readings(5.0)
    last = [one for one in readings if one.interval is Interval.SECOND][-1]
    hours = sum(one.duration_s for one in readings if one.interval is Interval.SECOND) / 3600.0
    assert last.energy.import_wh.l1 == pytest.approx(2300.0 * hours, rel=1e-3)
    assert last.energy.export_wh.l2 == pytest.approx(4600.0 * hours, rel=1e-3)
    assert last.energy.import_wh.l3 == pytest.approx(575.0 * hours, rel=1e-3)
    assert (last.energy.import_wh.l2, last.energy.export_wh.l1) == (0.0, 0.0)
    assert last.energy.total_export_wh == pytest.approx(1725.0 * hours, rel=1e-3)
    assert last.energy.total_import_wh == 0.0


def test_seconds_join_without_a_gap() -> None:
    readings = [one for one in unit(Supply([(0.0, State())])).readings(6.0) if one.interval is Interval.SECOND]
    assert [one.sequence for one in readings] == list(range(1, len(readings) + 1))
    assert sum(one.windows for one in readings) in {29, 30}
    assert all(one.windows == 5 for one in readings[1:-1])


@pytest.mark.parametrize(
    ("clamps", "turned"),
    [
        ((Clamp(0, reversed=True), Clamp(1), Clamp(2)), (180.0, 0.0, 0.0)),
        ((Clamp(1), Clamp(0), Clamp(2)), (120.0, -120.0, 0.0)),
        ((Clamp(1), Clamp(2), Clamp(0)), (120.0, 120.0, 120.0)),
    ],
)
def test_wrong_clamps_turn_the_angles(clamps: tuple[Clamp, Clamp, Clamp], turned: tuple[float, float, float]) -> None:
    state = State(loads=(Load(10.0, 10.0),) * 3)
    readings = unit(Supply([(0.0, state)]), wiring=Wiring(clamps=clamps)).readings(1.5)
    for found, wanted in zip(readings[0].current_angle_deg, turned, strict=True):
        assert turn_deg(found, wanted + 10.0) < 0.02


def test_an_open_clamp_and_an_open_terminal_carry_nothing() -> None:
    state = State(loads=(Load(10.0),) * 3)
    wiring = Wiring(clamps=(Clamp(None), Clamp(1), Clamp(2)), terminals=(0, None, 2))
    last = unit(Supply([(0.0, state)]), wiring=wiring).readings(1.5)[-1]
    assert last.current_rms_a.l1 is not None
    assert last.current_rms_a.l1 < 0.01
    assert last.current_angle_deg.l1 is None
    assert Quality.MISSING_PHASE in last.quality
    assert last.voltage_order is None


def test_an_it_grid_that_is_wired_to_two_phases_tells_the_power_and_the_voltage_between_them() -> None:
    told = SCENARIOS["it-grid"]()
    truth = told.supply.told(1.0)
    settings = parsed(Path("settings"), f"nominal_voltage_v = 230\n{told.settings}".encode())
    read = unit(told.supply, wiring=told.wiring, settings=settings).readings(2.0)
    last = next(one for one in read if one.interval is Interval.SECOND)
    assert last.line_voltage_rms_v == LinePairs(pytest.approx(229.6, abs=0.1), None, None)
    # the voltages of the story are not quite symmetrical
    assert last.total_active_power_w == pytest.approx(sum(truth.active_power_w), rel=0.01)
    assert Quality.INFERRED in last.quality


def test_readings_bear_the_time_of_their_samples() -> None:
    under_test = unit(Supply([(0.0, State(frequency_hz=50.0))]))
    seconds = [one for one in under_test.readings(4.0) if one.interval is Interval.SECOND]
    for before, after in itertools.pairwise(seconds[:-1]):
        # the chip's own clock is off by up to 200 ppm
        assert after.monotonic_ns - before.monotonic_ns == pytest.approx(1e9, rel=1e-3)


def test_an_event_bears_its_time_and_its_name() -> None:
    state = State()
    low = replace(state, voltage_v=(150.0, 230.0, 230.0))
    supply = Supply([(0.0, state), (1.0, low), (1.3, state), (2.0, low), (2.2, state)])
    under_test = unit(supply, settings=Settings(nominal_voltage_v=230.0))
    began_ns = under_test.board.clock.now_ns()
    found = under_test.events(3.0)
    assert len(found) == 2
    apart_ns = found[1].start.monotonic_ns - found[0].start.monotonic_ns
    assert apart_ns == pytest.approx(1e9, abs=2.1e7)
    for one, wanted_s in zip(found, (1.0, 2.0), strict=True):
        assert (one.start.monotonic_ns - began_ns) / 1e9 == pytest.approx(wanted_s, abs=0.03)
        assert one.start.utc == f"1970-01-01T00:00:{one.start.monotonic_ns / 1e9:06.3f}+00:00"


def test_what_the_range_does_not_hold_is_said() -> None:
    state = State(loads=(Load(300.0), Load(1.0), Load(1.0)))
    last = unit(Supply([(0.0, state)])).readings(1.5)[-1]
    assert Quality.CLIPPED in last.quality
    assert last.health.clipped_samples > 100

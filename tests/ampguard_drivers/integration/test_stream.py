"""The driver on the simulated chip: a minute of samples without a gap, and what they say."""

from __future__ import annotations

import numpy as np
import pytest
from tests.ampguard_drivers.integration.simulated import BLOCK_S, SCENARIO, Rig, assert_seamless

from ampguard_drivers.ade9000.results import SETTLING_TIME_S
from ampguard_drivers.ade9000.stream import BLOCK_SAMPLES

TOLD = SCENARIO.supply.told(0.0)


@pytest.mark.parametrize("neutral", [True, False])
def test_a_minute_has_no_gap(neutral: bool) -> None:  # noqa: FBT001 - a parameter of the test
    rig = Rig(neutral=neutral)
    rig.chip.start()
    began_ns = rig.clock.now_ns()
    blocks = rig.blocks(60.0)
    assert {block.codes.shape for block in blocks} == {(BLOCK_SAMPLES, 7 if neutral else 6)}
    assert blocks[0].first_index == 0
    assert blocks[0].lost_samples == 0
    assert_seamless(blocks)
    assert (rig.clock.now_ns() - began_ns) / 1e9 == pytest.approx(60.0, abs=0.05)
    assert (rig.chip.corrupt_frames, rig.chip.missed_interrupts) == (0, 0)
    stamps_ns = np.array([block.monotonic_ns for block in blocks])
    assert np.diff(stamps_ns) == pytest.approx(BLOCK_S * 1e9, abs=1e6)


def test_a_look_at_the_chip_once_a_second_costs_no_sample() -> None:
    rig = Rig()
    rig.chip.start()
    blocks = rig.blocks(2.0)
    for _ in range(10):
        rig.chip.read_results()
        rig.chip.poll_status()
        rig.chip.read_temperature_degc()
        blocks += rig.blocks(1.0)
    assert_seamless(blocks)


def test_samples_say_what_the_supply_was_told() -> None:
    rig = Rig()
    rig.chip.start()
    rig.blocks(1.0)
    values = rig.physical(rig.blocks(10.0))
    rms = np.sqrt(np.square(values - values.mean(axis=0)).mean(axis=0))
    assert rms[1:6:2] == pytest.approx(TOLD.voltage_rms_v, rel=0.001)
    assert rms[0:6:2] == pytest.approx(TOLD.current_rms_a, rel=0.002)


def test_the_chips_own_results_agree_with_the_samples() -> None:
    rig = Rig()
    rig.chip.start()
    rig.blocks(SETTLING_TIME_S + 1.0)
    own = rig.blocks(1.0)
    results = rig.chip.read_results()
    codes = np.vstack([block.codes for block in own]).astype(float)
    # codes and full scale of a sample are peaks of a sine, those of a result its RMS
    ratios = np.sqrt(np.square(codes - codes.mean(axis=0)).mean(axis=0)) / own[0].full_scale_codes * 2.0**0.5
    for phase in range(3):
        voltage = results.voltage_rms_codes[phase] / results.rms_full_scale_codes
        current = results.current_rms_codes[phase] / results.rms_full_scale_codes
        assert voltage == pytest.approx(ratios[2 * phase + 1], rel=0.002)
        assert current == pytest.approx(ratios[2 * phase], rel=0.002)
        power = results.active_power_codes[phase] / results.power_full_scale_codes
        sampled = np.mean(codes[:, 2 * phase] * codes[:, 2 * phase + 1]) / own[0].full_scale_codes ** 2 * 2.0
        assert power == pytest.approx(sampled, rel=0.005)
    assert results.frequency_hz == pytest.approx(TOLD.frequency_hz, abs=0.005)
    neutral = results.neutral_current_rms_codes / results.rms_full_scale_codes
    assert neutral == pytest.approx(ratios[6], rel=0.002)


def test_the_chips_angles_are_those_of_the_supply() -> None:
    rig = Rig()
    rig.chip.start()
    rig.blocks(SETTLING_TIME_S + 1.0)
    results = rig.chip.read_results()
    assert results.voltage_lag_deg.l1_l2 == pytest.approx(-TOLD.voltage_angle_deg[1], abs=0.5)
    assert results.voltage_lag_deg.l1_l3 == pytest.approx(-TOLD.voltage_angle_deg[2], abs=0.5)
    leads = [channel.phase_lead_deg for channel in rig.board.front_end.calibration().channels]
    for phase in range(3):
        expected = TOLD.current_lag_deg[phase] - leads[2 * phase]
        assert results.current_angle_deg[phase] == pytest.approx(expected, abs=1.0)


def test_the_temperature_is_that_of_a_living_room() -> None:
    rig = Rig()
    rig.chip.start()
    rig.blocks(0.1)
    assert 15.0 < rig.chip.read_temperature_degc() < 45.0


def test_a_stopped_chip_starts_again_and_numbers_go_on() -> None:
    rig = Rig()
    rig.chip.start()
    last = rig.blocks(1.0)[-1]
    rig.chip.stop()
    rig.clock.pause(2.0)
    rig.chip.start()
    first = rig.chip.next_block()
    assert first.lost_samples == pytest.approx(2.0 * 8000, abs=0.2 * 8000)
    assert first.first_index == last.first_index + len(last.codes) + first.lost_samples

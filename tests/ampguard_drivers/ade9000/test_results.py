"""The chip's own results, its status and its temperature, as registers become values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_drivers.ade9000 import scaling
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.ade9000.status import Sequence
from ampguard_drivers.errors import ChipReset, ConfigurationChanged, StreamStalled

if TYPE_CHECKING:
    from tests.ampguard_drivers.ade9000.scripted import ScriptedChip

    from ampguard_drivers.ade9000.chip import Ade9000

SEQERR, OI, CRC_CHG, DIP_B, SWELL_C = 1 << 18, 1 << 17, 1 << 26, 1 << 24, 1 << 22
PRESENT = round(0.32 * 52_702_092)


@pytest.mark.parametrize(("period", "frequency_hz"), [(0x00A00000, 50.0), (0x00855554, 60.0)])
def test_the_period_registers_of_the_data_sheet_are_50_and_60_hz(period: int, frequency_hz: float) -> None:
    assert scaling.frequency_hz(period) == pytest.approx(frequency_hz, abs=1e-5)


@pytest.mark.parametrize(
    ("register", "frequency_hz", "angle_deg"),
    [(6827, 50.0, 120.0), (13653, 50.0, -120.0), (0, 50.0, 0.0), (10240, 50.0, 180.0), (5689, 60.0, 120.0)],
)
def test_angles_are_lags_folded_to_half_a_turn(register: int, frequency_hz: float, angle_deg: float) -> None:
    assert scaling.angle_deg(register, frequency_hz) == pytest.approx(angle_deg, abs=0.02)


@given(st.integers(0, 0xFFFF), st.floats(40.0, 70.0))
def test_every_angle_is_within_half_a_turn(register: int, frequency_hz: float) -> None:
    assert -180.0 < scaling.angle_deg(register, frequency_hz) <= 180.0


def test_results_bear_the_names_of_the_phases_and_their_signs(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    for index, phase in enumerate("ABC"):
        for offset, quantity in enumerate(
            ["IRMS", "VRMS", "IFRMS", "VFRMS", "IRMSONE", "VRMSONE", "IRMS1012", "VRMS1012", "VA", "FVA"]
        ):
            scripted.registers[REGISTERS[phase + quantity].address] = 1000 * (offset + 1) + index
        for offset, quantity in enumerate(["WATT", "VAR", "FWATT", "FVAR"]):
            scripted.registers[REGISTERS[phase + quantity].address] = -(1000 * (offset + 1) + index) & 0xFFFFFFFF
        scripted.registers[REGISTERS[phase + "PF"].address] = 0xF8000000 if phase == "A" else 0x04000000
        scripted.registers[REGISTERS[phase + "ITHD"].address] = 0x08000000
        scripted.registers[REGISTERS[phase + "VTHD"].address] = 0x08000000 // 50
    scripted.registers[0x266], scripted.registers[0x267], scripted.registers[0x268] = 7, 8, 9
    scripted.registers[0x482], scripted.registers[0x483], scripted.registers[0x484] = 6827, 6827, 13653
    scripted.registers[0x485], scripted.registers[0x487] = 1707, 18773
    results = chip.read_results()
    assert results.current_rms_codes == (1000, 1001, 1002)
    assert results.voltage_rms_codes == (2000, 2001, 2002)
    assert results.current_fundamental_rms_codes.l1 == 3000
    assert results.voltage_fundamental_rms_codes.l2 == 4001
    assert results.current_one_cycle_rms_codes.l3 == 5002
    assert results.voltage_one_cycle_rms_codes.l3 == 6002
    assert results.current_window_rms_codes.l1 == 7000
    assert results.voltage_window_rms_codes.l1 == 8000
    assert results.apparent_power_codes == (9000, 9001, 9002)
    assert results.fundamental_apparent_power_codes == (10000, 10001, 10002)
    assert results.active_power_codes == (-1000, -1001, -1002)
    assert results.reactive_power_codes == (-2000, -2001, -2002)
    assert results.fundamental_active_power_codes == (-3000, -3001, -3002)
    assert results.fundamental_reactive_power_codes == (-4000, -4001, -4002)
    assert results.power_factor_ratio == (-1.0, 0.5, 0.5)
    assert results.current_thd_percent.l2 == 100.0
    assert results.voltage_thd_percent.l2 == pytest.approx(2.0, abs=1e-5)
    assert results.neutral_current_rms_codes == 7
    assert results.neutral_current_one_cycle_rms_codes == 8
    assert results.neutral_current_window_rms_codes == 9
    assert results.voltage_lag_deg == pytest.approx((120.0, 120.0, -120.0), abs=0.02)
    assert results.current_angle_deg == pytest.approx((30.0, 0.0, -30.0), abs=0.02)
    assert results.frequency_hz == pytest.approx(50.0, abs=1e-4)


def test_corrupt_replies_among_results_are_repeated(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    scripted.registers[REGISTERS["AIRMS"].address] = 12345
    scripted.corrupt = 2
    assert chip.read_results().current_rms_codes.l1 == 12345


def test_reading_results_and_status_once_a_second_costs_no_sample(chip: Ade9000) -> None:
    chip.start()
    for number in range(200):
        if number % 60 == 30:
            chip.read_results()
            chip.poll_status()
            chip.read_temperature_degc()
        block = chip.next_block()
        assert (block.first_index, block.lost_samples) == (128 * number, 0)


def test_a_quiet_chip_has_nothing_to_report(chip: Ade9000) -> None:
    chip.start()
    found = chip.poll_status()
    assert found.dip_now == (False, False, False)
    assert found.dip_lowest_codes == (None, None, None)
    assert found.swell_highest_codes == (None, None, None)
    assert found.over_current_codes == (None, None, None)
    assert found.neutral_over_current_codes is None
    assert found.sequence is Sequence.NO_ERROR


def test_a_dip_is_reported_with_its_depth_once(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    scripted.registers[0x403] |= DIP_B
    scripted.registers[0x404] = 1 << 1
    scripted.registers[0x412] = 300_000
    found = chip.poll_status()
    assert found.dip_now == (False, True, False)
    assert found.dip_lowest_codes == (None, 300_000 * 32, None)
    assert chip.poll_status().dip_lowest_codes == (None, None, None)


def test_a_swell_and_an_over_current_are_reported_with_their_heights(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    scripted.registers[0x403] |= SWELL_C | OI
    scripted.registers[0x417] = 700_000
    scripted.registers[0x48F] = 0b1001
    scripted.registers[0x40A], scripted.registers[0x40D] = 900_000, 800_000
    found = chip.poll_status()
    assert found.swell_highest_codes == (None, None, 700_000 * 32)
    assert found.over_current_codes == (900_000 * 32, None, None)
    assert found.neutral_over_current_codes == 800_000 * 32


def test_only_the_bits_that_were_seen_are_acknowledged(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    scripted.registers[0x403] |= DIP_B | 1 << 9
    chip.poll_status()
    assert scripted.registers[0x403] & (DIP_B | 1 << 9) == 1 << 9


@pytest.mark.parametrize(
    ("voltages", "lags", "meaning"),
    [
        ((PRESENT, PRESENT, PRESENT), (13653, 13653), Sequence.REVERSED),
        ((PRESENT, 0, PRESENT), (13653, 13653), Sequence.PHASE_MISSING),
        ((PRESENT, PRESENT, PRESENT), (6827, 6827), Sequence.TRANSIENT),
        ((PRESENT, PRESENT, PRESENT), (0, 6827), Sequence.UNDECIDED),
    ],
)
def test_a_sequence_error_is_judged_by_voltages_and_angles(
    chip: Ade9000,
    scripted: ScriptedChip,
    voltages: tuple[int, int, int],
    lags: tuple[int, int],
    meaning: Sequence,
) -> None:
    chip.start()
    for phase, code in zip("ABC", voltages, strict=True):
        scripted.registers[REGISTERS[f"{phase}VRMS"].address] = code
    scripted.registers[0x482], scripted.registers[0x483] = lags
    scripted.registers[0x403] |= SEQERR
    assert chip.poll_status().sequence is meaning


def test_a_configuration_that_changes_by_itself_is_named(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.poll_status()
    scripted.registers[0x00B] = 1 << 20
    with pytest.raises(ConfigurationChanged, match="nobody wrote"):
        chip.poll_status()


def test_a_change_noted_in_passing_that_is_none_is_no_fault(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    scripted.registers[0x403] |= CRC_CHG
    chip.poll_status()
    assert not scripted.registers[0x403] & CRC_CHG


def test_polling_notices_a_restarted_chip(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    scripted.registers[0x403] |= 1 << 16
    with pytest.raises(ChipReset):
        chip.poll_status()


def test_the_temperature_follows_the_formula_of_the_data_sheet(chip: Ade9000) -> None:
    chip.start()
    assert chip.read_temperature_degc() == pytest.approx(-0x3C0 * 0x48F6 / 65536 + 0x0A00 / 32)


def test_a_temperature_that_never_comes_is_named_quickly(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    scripted.temperature_dead = True
    began_ns = scripted.clock.ns
    with pytest.raises(StreamStalled, match="temperature"):
        chip.read_temperature_degc()
    assert scripted.clock.ns - began_ns < 16e6
    assert scripted.registers[0x4BF] == 1, "locked again"

"""The chip's temperature sensor (sections 5 and 8)."""

from __future__ import annotations

import pytest
from tests.ampguard_drivers.simulated.rig import MASK0, MS, RUN, STATUS0, Rig

TEMP_TRIM, TEMP_CFG, TEMP_RSLT = 0x474, 0x4B6, 0x4B7
TEMP_EN, TEMP_START, TEMP_RDY = 0x4, 0x8, 1 << 25
ROOM_DEGC, ACCURACY_DEGC = 31.0, 3.0


def measured(rig: Rig) -> float:
    """8: T = TEMP_RSLT * (-TEMP_GAIN / 65536) + TEMP_OFFSET / 32."""
    trim = rig.read(TEMP_TRIM)
    return rig.read(TEMP_RSLT) * (-(trim & 0xFFFF) / 65536.0) + (trim >> 16) / 32.0


@pytest.mark.parametrize("seed", range(4))
def test_8_the_temperature_is_about_31_degrees(seed: int) -> None:
    rig = Rig(seed=seed)
    rig.write(TEMP_CFG, TEMP_EN)
    rig.run(0)
    rig.write(TEMP_CFG, TEMP_EN | TEMP_START)
    rig.wait(2 * MS)
    assert measured(rig) == pytest.approx(ROOM_DEGC, abs=ACCURACY_DEGC)


def test_8_the_result_has_twelve_bits() -> None:
    rig = Rig()
    rig.run(0)
    rig.write(TEMP_CFG, TEMP_EN | TEMP_START)
    rig.wait(2 * MS)
    assert 0 < rig.read(TEMP_RSLT) < 1 << 12


@pytest.mark.parametrize(("run", "enable"), [(0, TEMP_EN), (1, 0)])
def test_8_it_needs_both_run_and_its_enable(run: int, enable: int) -> None:
    rig = Rig()
    rig.write(RUN, run)
    rig.write(TEMP_CFG, enable | TEMP_START)
    rig.wait(2_000 * MS)
    assert rig.read(TEMP_RSLT) == 0
    assert not rig.read(STATUS0) & TEMP_RDY


@pytest.mark.parametrize(
    ("setting", "earliest_ms", "latest_ms"), [(0, 0, 2), (1, 250, 330), (2, 500, 650), (3, 990, 1_400)]
)
def test_5_the_result_is_ready_after_the_averaging_time(setting: int, earliest_ms: int, latest_ms: int) -> None:
    rig = Rig()
    rig.run(0)
    rig.write(TEMP_CFG, TEMP_EN | TEMP_START | setting)
    rig.wait(earliest_ms * MS)
    assert not rig.read(STATUS0) & TEMP_RDY
    rig.wait((latest_ms - earliest_ms) * MS)
    assert rig.read(STATUS0) & TEMP_RDY


def test_5_the_start_bit_clears_itself_and_the_enable_stays() -> None:
    rig = Rig()
    rig.write(TEMP_CFG, TEMP_EN | TEMP_START | 2)
    assert rig.read(TEMP_CFG) == TEMP_EN | 2


def test_6_ready_pulls_irq0_until_it_is_acknowledged() -> None:
    rig = Rig()
    rig.run(0)
    rig.write(MASK0, TEMP_RDY)
    assert not rig.chip.irq0_low
    rig.write(TEMP_CFG, TEMP_EN | TEMP_START)
    rig.wait(2 * MS)
    assert rig.chip.irq0_low
    rig.write(STATUS0, TEMP_RDY)
    assert not rig.chip.irq0_low
    rig.write(TEMP_CFG, TEMP_EN | TEMP_START)
    rig.wait(2 * MS)
    assert rig.chip.irq0_low


def test_8_trimming_cannot_be_written() -> None:
    rig = Rig()
    before = rig.read(TEMP_TRIM)
    rig.write(TEMP_TRIM, ~before & 0xFFFFFFFF)
    assert rig.read(TEMP_TRIM) == before

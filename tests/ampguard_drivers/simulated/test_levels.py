"""Dips, swells, over-currents (sections 5, 6 and 9)."""

from __future__ import annotations

import pytest
from tests.ampguard_drivers.simulated.rig import CONFIG1, MASK1, MS, RUN, STATUS1, Rig, Sines

EVENT_STATUS = 0x404
DIP_LVL, DIPA, SWELL_LVL, SWELLA, DIP_CYC, SWELL_CYC = 0x410, 0x411, 0x414, 0x415, 0x48B, 0x48C
OILVL, OIA, OISTATUS, CONFIG3 = 0x409, 0x40A, 0x48F, 0x493
DIP, SWELL, OI = (1 << 23, 1 << 24, 1 << 25), (1 << 20, 1 << 21, 1 << 22), 1 << 17
ENTER_AND_EXIT = 1 << 10
RMS = 52_702_092
EVERYTHING = 0x0FFE_FFFF
SETTLED_NS = 200 * MS


def level(volts: float) -> int:
    """9: the level registers are the one-cycle RMS shifted right by five."""
    return int(volts * RMS) >> 5


def settled(pins: Sines, *, config1: int = 0, half_cycles: int = 1) -> Rig:
    rig = Rig(pins)
    rig.write(CONFIG1, config1)
    rig.write(DIP_CYC, half_cycles)
    rig.write(SWELL_CYC, half_cycles)
    rig.write(DIP_LVL, level(0.45))
    rig.write(SWELL_LVL, level(0.55))
    rig.run(SETTLED_NS)
    rig.write(STATUS1, EVERYTHING)
    return rig


def change(rig: Rig, pins: Sines, phase: int, volts: float, duration_ns: int = 100 * MS) -> None:
    voltages = list(pins.voltages)
    voltages[phase] = volts
    pins.voltages = (voltages[0], voltages[1], voltages[2])
    rig.wait(duration_ns)


def status(rig: Rig) -> int:
    return rig.read(STATUS1) & (sum(DIP) | sum(SWELL) | OI)


def test_9_a_nominal_voltage_is_neither_dip_nor_swell() -> None:
    pins = Sines()
    rig = settled(pins)
    rig.wait(3_000 * MS)
    assert status(rig) == 0


@pytest.mark.parametrize("phase", [0, 1, 2])
@pytest.mark.parametrize("config1", [0, ENTER_AND_EXIT])
def test_6_a_dip_is_told_of_its_phase_with_its_depth(phase: int, config1: int) -> None:
    pins = Sines()
    rig = settled(pins, config1=config1)
    change(rig, pins, phase, 0.3)
    assert status(rig) == DIP[phase]
    depths = [rig.read(DIPA + index) for index in range(3)]
    assert depths[phase] == pytest.approx(level(0.3), rel=0.0025)
    assert [depth for index, depth in enumerate(depths) if index != phase] == [0x7FFFFF] * 2


@pytest.mark.parametrize("phase", [0, 1, 2])
@pytest.mark.parametrize("config1", [0, ENTER_AND_EXIT])
def test_6_a_swell_is_told_of_its_phase_with_its_height(phase: int, config1: int) -> None:
    pins = Sines()
    rig = settled(pins, config1=config1)
    change(rig, pins, phase, 0.7)
    assert status(rig) == SWELL[phase]
    heights = [rig.read(SWELLA + index) for index in range(3)]
    assert heights[phase] == pytest.approx(level(0.7), rel=0.0025)
    assert [height for index, height in enumerate(heights) if index != phase] == [0] * 2


@pytest.mark.parametrize("phase", [0, 1, 2])
@pytest.mark.parametrize("config1", [0, ENTER_AND_EXIT])
@pytest.mark.parametrize(("volts", "first_bit"), [(0.3, 0), (0.7, 3)], ids=["dip", "swell"])
def test_6_the_live_bits_last_as_long_as_the_event(phase: int, config1: int, volts: float, first_bit: int) -> None:
    pins = Sines()
    rig = settled(pins, config1=config1)
    assert rig.read(EVENT_STATUS) == 0
    change(rig, pins, phase, volts)
    for _ in range(3):
        assert rig.read(EVENT_STATUS) == 1 << first_bit + phase
        rig.write(STATUS1, EVERYTHING)
        rig.wait(500 * MS)
    change(rig, pins, phase, 0.5)
    assert rig.read(EVENT_STATUS) == 0


def test_6_the_live_bits_of_several_phases_stand_side_by_side() -> None:
    pins = Sines()
    rig = settled(pins)
    pins.voltages = (0.3, 0.7, 0.1)
    rig.wait(100 * MS)
    assert rig.read(EVENT_STATUS) == 0b010_101
    rig.write(EVENT_STATUS, 0xFFFFFFFF)
    assert rig.read(EVENT_STATUS) == 0b010_101, "read-only"


def test_9_the_live_bits_wait_for_the_half_cycles_too() -> None:
    pins = Sines()
    rig = settled(pins, half_cycles=50)
    change(rig, pins, 0, 0.3, 400 * MS)
    assert rig.read(EVENT_STATUS) == 0
    change(rig, pins, 0, 0.3, 200 * MS)
    assert rig.read(EVENT_STATUS) == 1


def test_1_a_new_run_begins_without_events() -> None:
    pins = Sines()
    rig = settled(pins)
    change(rig, pins, 0, 0.3)
    rig.write(RUN, 0)
    rig.write(RUN, 1)
    assert rig.read(EVENT_STATUS) == 0


@pytest.mark.parametrize("volts", [0.46, 0.5, 0.54])
def test_9_near_the_levels_nothing_happens(volts: float) -> None:
    pins = Sines()
    rig = settled(pins)
    change(rig, pins, 0, volts)
    assert status(rig) == 0


@pytest.mark.parametrize(("volts", "bit"), [(0.44, DIP[1]), (0.56, SWELL[1])])
def test_9_just_beyond_the_levels_something_does(volts: float, bit: int) -> None:
    pins = Sines()
    rig = settled(pins)
    change(rig, pins, 1, volts)
    assert status(rig) == bit


@pytest.mark.parametrize(("volts", "bit"), [(0.3, DIP[0]), (0.7, SWELL[0])])
def test_5_mode_0_tells_again_as_long_as_it_lasts(volts: float, bit: int) -> None:
    pins = Sines()
    rig = settled(pins)
    change(rig, pins, 0, volts)
    for _ in range(5):
        rig.write(STATUS1, bit)
        assert status(rig) == 0
        rig.wait(60 * MS)
        assert status(rig) == bit
    change(rig, pins, 0, 0.5)
    rig.write(STATUS1, bit)
    rig.wait(200 * MS)
    assert status(rig) == 0


@pytest.mark.parametrize(("volts", "bit"), [(0.3, DIP[2]), (0.7, SWELL[2])])
def test_5_mode_1_tells_the_beginning_and_the_end(volts: float, bit: int) -> None:
    pins = Sines()
    rig = settled(pins, config1=ENTER_AND_EXIT)
    change(rig, pins, 2, volts)
    assert status(rig) == bit
    rig.write(STATUS1, bit)
    rig.wait(1_000 * MS)
    assert status(rig) == 0
    change(rig, pins, 2, 0.5)
    assert status(rig) == bit
    rig.write(STATUS1, bit)
    rig.wait(1_000 * MS)
    assert status(rig) == 0


@pytest.mark.parametrize(("volts", "bit"), [(0.3, DIP[0]), (0.7, SWELL[0])])
def test_9_a_condition_must_last_its_half_cycles(volts: float, bit: int) -> None:
    pins = Sines()
    rig = settled(pins, half_cycles=50)
    change(rig, pins, 0, volts, 400 * MS)
    assert status(rig) == 0
    change(rig, pins, 0, volts, 200 * MS)
    assert status(rig) == bit


def test_9_a_short_dip_below_its_half_cycles_is_not_told() -> None:
    pins = Sines()
    rig = settled(pins, half_cycles=50)
    for _ in range(5):
        change(rig, pins, 0, 0.3, 300 * MS)
        change(rig, pins, 0, 0.5, 200 * MS)
    assert status(rig) == 0


def test_13_with_reset_values_nothing_is_told() -> None:
    pins = Sines()
    rig = Rig(pins)
    rig.run()
    change(rig, pins, 0, 0.0, 1_000 * MS)
    change(rig, pins, 1, 1.0, 1_000 * MS)
    assert status(rig) == 0


def test_6_a_dip_pulls_irq1_when_asked() -> None:
    pins = Sines()
    rig = settled(pins)
    rig.write(MASK1, DIP[1])
    change(rig, pins, 0, 0.3)
    assert not rig.chip.irq1_low
    change(rig, pins, 1, 0.3)
    assert rig.chip.irq1_low


@pytest.mark.parametrize(("place", "enable"), [(0, 1 << 15), (1, 1 << 14), (2, 1 << 13), (3, 1 << 12)])
def test_9_over_current_tells_which_and_how_much(place: int, enable: int) -> None:
    a, b, c, neutral = (0.5 if index == place else 0.1 for index in range(4))
    rig = Rig(Sines(currents=(a, b, c), neutral=neutral))
    rig.write(OILVL, level(0.3))
    rig.write(CONFIG3, enable)
    rig.run(SETTLED_NS)
    assert status(rig) == OI
    assert rig.read(OISTATUS) == 1 << place
    assert rig.read(OIA + place) == pytest.approx(level(0.5), rel=0.0025)


@pytest.mark.parametrize("place", range(4))
def test_5_only_enabled_currents_are_watched(place: int) -> None:
    rig = Rig(Sines(currents=(0.5, 0.5, 0.5), neutral=0.5))
    rig.write(OILVL, level(0.3))
    rig.write(CONFIG3, 0xF000 & ~(1 << (15 - place)))
    rig.run(SETTLED_NS)
    assert rig.read(OISTATUS) == 0xF & ~(1 << place)
    assert rig.read(OIA + place) == 0


def test_9_a_current_below_the_level_is_none() -> None:
    rig = Rig(Sines(currents=(0.29, 0.29, 0.29), neutral=0.29))
    rig.write(OILVL, level(0.3))
    rig.run()
    assert status(rig) == 0
    assert rig.read(OISTATUS) == 0

"""Other settings for a chip that runs: they hold, and what they cost is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.ampguard_drivers.integration.simulated import Rig, assert_seamless

from ampguard_drivers.ade9000 import scaling
from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.fields import PgaGain
from ampguard_drivers.ade9000.link import RegisterLink
from ampguard_drivers.ade9000.recovery import RecoveringStream
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.errors import HardwareFault

FIRST = Ade9000Settings(nominal_frequency_hz=50.0, nominal_voltage_ratio=0.5)
WATCHED = replace(FIRST, nominal_voltage_ratio=0.4, dip_ratio=0.36, swell_ratio=0.44, over_current_ratio=0.3)


@pytest.fixture
def rig() -> Rig:
    rig = Rig()
    rig.chip.start()
    return rig


def held(rig: Rig) -> dict[str, int]:
    link = RegisterLink(rig.parts.spi)
    names = ("VLEVEL", "DIP_LVL", "DIP_CYC", "SWELL_LVL", "SWELL_CYC", "OILVL", "ACCMODE", "RUN", "WR_LOCK")
    return {name: link.read(REGISTERS[name]) for name in names}


def as_from_the_start(settings: Ade9000Settings) -> dict[str, int]:
    rig = Rig()
    Ade9000(rig.parts, settings).start()
    return held(rig)


def test_levels_are_changed_without_losing_a_sample_and_the_lock_is_closed_again(rig: Rig) -> None:
    blocks = rig.blocks(0.5)
    assert rig.chip.apply(WATCHED) is False
    blocks += rig.blocks(1.0)
    assert held(rig) == as_from_the_start(WATCHED)
    assert held(rig)["WR_LOCK"] == 1
    assert held(rig)["OILVL"] == scaling.level_codes(0.3)
    rig.chip.poll_status()
    assert rig.chip.apply(FIRST) is False
    blocks += rig.blocks(1.0)
    assert_seamless(blocks)
    rig.chip.poll_status()
    assert (held(rig)["OILVL"], held(rig)["SWELL_LVL"], held(rig)["DIP_LVL"]) == (0xFFFFFF, 0xFFFFFF, 0)


def test_levels_that_are_changed_are_watched_and_those_that_are_taken_back_no_more(rig: Rig) -> None:
    rig.blocks(1.5)
    rig.chip.poll_status()
    rig.blocks(0.5)
    assert list(rig.chip.poll_status().over_current_codes) == [None, None, None]
    rig.chip.apply(replace(FIRST, over_current_ratio=0.001))
    rig.blocks(0.5)
    assert None not in list(rig.chip.poll_status().over_current_codes)
    rig.chip.apply(FIRST)
    rig.blocks(0.5)
    rig.chip.poll_status()
    rig.blocks(0.5)
    assert list(rig.chip.poll_status().over_current_codes) == [None, None, None]


def test_another_frequency_needs_the_chip_to_stand_still_and_that_is_counted_as_lost(rig: Rig) -> None:
    before = rig.blocks(0.5)[-1]
    assert rig.chip.apply(replace(WATCHED, nominal_frequency_hz=60.0)) is True
    after = rig.blocks(1.0)
    assert 0 < after[0].lost_samples < 800, "less than a tenth of a second"
    assert after[0].first_index == before.first_index + 128 + after[0].lost_samples
    assert_seamless(after[1:])
    assert held(rig) == as_from_the_start(replace(WATCHED, nominal_frequency_hz=60.0))
    rig.chip.poll_status()


def test_a_restart_later_on_is_one_with_the_settings_of_then(rig: Rig) -> None:
    rig.chip.apply(WATCHED)
    rig.chip.start()
    rig.blocks(0.1)
    assert held(rig) == as_from_the_start(WATCHED)


def test_what_goes_wrong_meanwhile_is_mended_by_a_restart(rig: Rig) -> None:
    stream = RecoveringStream(rig.chip, rig.clock)
    stream.next_block()
    rig.board.faults.corrupt_frames = 10_000
    with pytest.raises(HardwareFault) as met:
        rig.chip.apply(WATCHED)
    rig.board.faults.corrupt_frames = 0
    stream.restart(met.value)
    stream.next_block()
    assert held(rig) == as_from_the_start(WATCHED)


def test_what_belongs_to_the_board_is_not_changed(rig: Rig) -> None:
    for other in (replace(FIRST, stream_neutral_current=False), replace(FIRST, current_gain=PgaGain.X2)):
        with pytest.raises(ValueError, match="belong to the board"):
            rig.chip.apply(other)
    assert_seamless(rig.blocks(0.5))

"""Restarting a chip that failed, and knowing when to give up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ampguard_drivers.ade9000.recovery import ATTEMPTS, RecoveringStream
from ampguard_drivers.errors import ChipMissing, ChipReset, HardwareFault, InterruptStuck, WrongChip

if TYPE_CHECKING:
    from tests.ampguard_drivers.ade9000.scripted import ScriptedChip

    from ampguard_drivers.ade9000.chip import Ade9000


def test_resets_and_stuck_lines_cost_samples_but_not_the_stream(chip: Ade9000, scripted: ScriptedChip) -> None:
    faults: list[HardwareFault] = []
    stream = RecoveringStream(chip, scripted.clock, faults.append)
    chip.start()
    next_index = lost = 0
    for number in range(400):
        if number in {50, 200}:
            scripted.clock.ns += 1_234_567
            scripted.restart()
        scripted.irq0_stuck = 300 <= number < 310
        block = stream.next_block()
        assert block.first_index == next_index + block.lost_samples
        next_index = block.first_index + 128
        lost += block.lost_samples
    assert [type(fault) for fault in faults][:2] == [ChipReset, ChipReset]
    assert {type(fault) for fault in faults[2:]} == {InterruptStuck}
    assert stream.restarts == len(faults)
    assert 0 < lost < 4 * 8000


def test_the_lost_samples_are_the_time_away(chip: Ade9000, scripted: ScriptedChip) -> None:
    stream = RecoveringStream(chip, scripted.clock)
    chip.start()
    before = stream.next_block()
    scripted.restart()
    after = stream.next_block()
    passed_ns = after.monotonic_ns - before.monotonic_ns
    assert after.lost_samples + 128 == pytest.approx(passed_ns * 8000 / 1e9, abs=6)


def test_a_chip_that_stays_away_is_given_up_after_bounded_attempts(chip: Ade9000, scripted: ScriptedChip) -> None:
    stream = RecoveringStream(chip, scripted.clock)
    chip.start()
    stream.next_block()
    scripted.present = False
    began_ns = scripted.clock.ns
    with pytest.raises(ChipMissing):
        stream.next_block()
    assert stream.restarts == ATTEMPTS
    assert scripted.clock.ns - began_ns < 20e9


def test_a_chip_that_comes_back_within_the_attempts_goes_on(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    failures: list[HardwareFault] = []

    def come_back_late(fault: HardwareFault) -> None:
        failures.append(fault)
        scripted.present = len(failures) >= 3

    stream = RecoveringStream(chip, scripted.clock, come_back_late)
    first = stream.next_block()
    scripted.present = False
    block = stream.next_block()
    assert len(failures) == 3
    assert block.first_index == first.first_index + 128 + block.lost_samples


def test_a_fault_after_every_block_is_given_up_too(chip: Ade9000, scripted: ScriptedChip) -> None:
    stream = RecoveringStream(chip, scripted.clock)
    chip.start()
    for _ in range(ATTEMPTS):
        stream.next_block()
        scripted.restart()
    stream.next_block()
    scripted.restart()
    with pytest.raises(ChipReset):
        stream.next_block()


def test_another_chip_is_not_restarted_again_and_again(chip: Ade9000, scripted: ScriptedChip) -> None:
    stream = RecoveringStream(chip, scripted.clock)
    chip.start()
    stream.next_block()
    scripted.identity = {0x472: 0}
    scripted.restart()
    with pytest.raises(WrongChip):
        stream.next_block()
    assert stream.restarts == 1

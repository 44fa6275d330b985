"""The stream that mends itself, on the simulated board: what was missed is counted to the sample, and it gives up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.ampguard_drivers.integration.simulated import Rig, assert_seamless

from ampguard_drivers.ade9000.recovery import ATTEMPTS, PROVEN_BLOCKS, RecoveringStream
from ampguard_drivers.errors import ChipMissing, ChipReset, FrameCorrupt, HardwareFault, InterruptStuck

if TYPE_CHECKING:
    from ampguard_drivers.samples import SampleBlock

RATE_HZ = 8000
FOR_EVER = 1_000_000


class Mended:
    """A rig whose stream is restarted when it fails."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.rig.chip.start()
        self.faults: list[HardwareFault] = []
        self.stream = RecoveringStream(self.rig.chip, self.rig.parts.clock, self.faults.append)

    def blocks(self, count: int) -> list[SampleBlock]:
        return [self.stream.next_block() for _ in range(count)]

    def until_lost(self, before: SampleBlock) -> tuple[SampleBlock, SampleBlock]:
        """The first block behind a gap and the one before it, from this block on."""
        for _ in range(500):
            block = self.stream.next_block()
            if block.lost_samples:
                return before, block
            before = block
        raise AssertionError("no gap came")


def assert_true_count(before: SampleBlock, after: SampleBlock) -> None:
    """The gap is as long in samples as it is in time."""
    assert after.first_index == before.first_index + len(before.codes) + after.lost_samples
    passed = (after.monotonic_ns - before.monotonic_ns) * RATE_HZ / 1e9
    assert after.lost_samples + len(after.codes) == pytest.approx(passed, abs=24)


def test_a_chip_that_restarts_is_back_within_a_quarter_of_a_second() -> None:
    mended = Mended()
    last = mended.blocks(100)[-1]
    mended.rig.board.chip.restart(mended.rig.clock.now_ns())
    before, after = mended.until_lost(last)
    assert_true_count(before, after)
    assert 0.05 * RATE_HZ < after.lost_samples < 0.25 * RATE_HZ
    assert [type(fault) for fault in mended.faults] == [ChipReset]
    assert mended.stream.restarts == 1
    assert_seamless([after, *mended.blocks(200)])


def test_many_restarts_each_after_a_proof_of_health_are_mended_for_ever() -> None:
    mended = Mended()
    for _ in range(3 * ATTEMPTS):
        last = mended.blocks(PROVEN_BLOCKS + 2)[-1]
        mended.rig.board.chip.restart(mended.rig.clock.now_ns())
        assert_true_count(*mended.until_lost(last))
    assert mended.stream.restarts == 3 * ATTEMPTS


def test_restarts_after_pauses_do_not_shift_the_count() -> None:
    mended = Mended()
    first = mended.blocks(1)[0]
    last = first
    for pause_s in (0.0, 0.3, 1.7, 20.0, 77.0):
        mended.blocks(PROVEN_BLOCKS + 2)
        mended.rig.clock.pause(pause_s)
        mended.rig.board.chip.restart(mended.rig.clock.now_ns())
        last = mended.blocks(PROVEN_BLOCKS + 2)[-1]
    expected = (last.monotonic_ns - first.monotonic_ns) * RATE_HZ / 1e9
    assert last.first_index - first.first_index == pytest.approx(expected, abs=5 * 24)


@pytest.mark.parametrize("pause_s", [0.005, 0.02, 0.033, 0.1, 0.5, 5.0, 61.0])
def test_a_machine_that_was_away_for_a_while_counts_what_it_missed(pause_s: float) -> None:
    mended = Mended()
    before = mended.blocks(50)[-1]
    mended.rig.clock.pause(pause_s)
    after = mended.blocks(1)[0]
    assert after.first_index == before.first_index + len(before.codes) + after.lost_samples
    assert mended.faults == []
    later = mended.blocks(20)
    assert_seamless([after, *later])
    passed = (later[-1].monotonic_ns - before.monotonic_ns) * RATE_HZ / 1e9
    assert later[-1].first_index - before.first_index == pytest.approx(passed, abs=24)
    assert (after.lost_samples == 0) == (pause_s < 0.03), "a half is whole until the chip comes round to it"


def test_a_chip_that_comes_back_late_is_used_again() -> None:
    mended = Mended()
    last = mended.blocks(100)[-1]
    faults = mended.rig.board.faults
    faults.chip_absent = True
    given_up: list[HardwareFault] = []

    def come_back(fault: HardwareFault) -> None:
        given_up.append(fault)
        if len(given_up) == 3:
            faults.chip_absent = False

    mended.stream._on_fault = come_back
    before, after = mended.until_lost(last)
    assert_true_count(before, after)
    assert {type(fault) for fault in given_up} == {ChipMissing}


@pytest.mark.parametrize(
    ("fault", "value", "name"),
    [
        ("chip_absent", True, ChipMissing),
        ("corrupt_frames", FOR_EVER, FrameCorrupt),
        ("irq0_stuck_low", True, InterruptStuck),
    ],
)
def test_a_fault_that_stays_is_given_up_in_time(fault: str, value: object, name: type[HardwareFault]) -> None:
    mended = Mended()
    mended.blocks(100)
    setattr(mended.rig.board.faults, fault, value)
    began_ns = mended.rig.clock.now_ns()
    with pytest.raises(name):
        mended.blocks(5000)
    assert (mended.rig.clock.now_ns() - began_ns) / 1e9 < 30.0
    assert mended.stream.restarts == ATTEMPTS

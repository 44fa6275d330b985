"""Samples without gaps, and gaps without lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.ade9000.scripted import PAGE_NS, ScriptedChip

from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.errors import ChipMissing, ChipReset, FrameCorrupt, InterruptStuck, StreamStalled
from ampguard_drivers.samples import SampleBlock

HALF_NS = 8 * PAGE_NS


def is_true(block: SampleBlock) -> bool:
    """Whether each sample is the one that its index says (sample n of channel c has the code 16 n + c)."""
    rows, columns = block.codes.shape
    expected = (block.first_index + np.arange(rows))[:, None] * 16 + np.arange(columns)
    return bool((block.codes == expected).all())


def stream(chip: Ade9000, *, blocks: int) -> None:
    for _ in range(blocks):
        assert is_true(chip.next_block())


@pytest.mark.parametrize("columns", [6, 7])
def test_ten_seconds_come_without_a_gap(scripted: ScriptedChip, columns: int) -> None:
    setup = Ade9000Settings(nominal_frequency_hz=50.0, nominal_voltage_ratio=0.3, stream_neutral_current=columns == 7)
    chip = Ade9000(scripted.parts(), setup)
    chip.start()
    for number in range(625):
        block = chip.next_block()
        assert block.codes.shape == (128, columns)
        assert block.codes.dtype == np.int32
        assert block.codes.flags.writeable
        assert (block.first_index, block.lost_samples) == (128 * number, 0)
        assert is_true(block)
    assert chip.missed_interrupts == 0


def test_a_half_buffer_costs_one_message(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.next_block()
    scripted.messages = 0
    for _ in range(100):
        chip.next_block()
    assert scripted.messages == 100


def test_an_interrupt_line_that_is_always_low_does_not_make_it_read_all_the_time(
    chip: Ade9000, scripted: ScriptedChip
) -> None:
    chip.start()
    chip.next_block()
    scripted.irq0_stuck = True
    scripted.transfers.clear()
    stream(chip, blocks=3)
    assert sum(int.from_bytes(sent[:2], "big") >> 4 >= 0x800 for sent in scripted.transfers) <= 2 * 3


def test_status_is_cleared_by_the_handled_bit_alone(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.next_block()
    scripted.registers[0x402] |= 1 << 0 | 1 << 25
    for _ in range(3):
        chip.next_block()
    assert scripted.registers[0x402] & (1 << 0 | 1 << 25) == 1 << 0 | 1 << 25
    writes = [sent for sent in scripted.transfers if sent[:2] == b"\x40\x20"]
    assert {sent[2:] for sent in writes} == {(1 << 17).to_bytes(4, "big")}


def test_the_stamp_of_a_block_is_when_its_last_sample_was_taken(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    assert scripted.capture_ns is not None
    for number in range(50):
        if number % 7 == 3:
            scripted.clock.ns += 5_000_000
        block = chip.next_block()
        late_ns = block.monotonic_ns - (scripted.capture_ns + (number + 1) * HALF_NS)
        assert 0 <= late_ns < 600_000


@pytest.mark.parametrize("corrupt_bursts", [1, 3])
def test_a_corrupt_burst_is_read_again_in_time(chip: Ade9000, scripted: ScriptedChip, corrupt_bursts: int) -> None:
    chip.start()
    chip.next_block()
    scripted.corrupt_bursts = corrupt_bursts
    block = chip.next_block()
    assert block.lost_samples == 0
    assert is_true(block)
    assert chip.corrupt_frames == corrupt_bursts


def test_bursts_that_stay_corrupt_are_a_fault_after_which_the_count_is_still_true(
    chip: Ade9000, scripted: ScriptedChip
) -> None:
    chip.start()
    chip.next_block()
    scripted.corrupt_bursts = 4
    with pytest.raises(FrameCorrupt):
        chip.next_block()
    block = chip.next_block()
    assert is_true(block)
    assert block.first_index == 128 + block.lost_samples


def test_without_any_interrupt_nothing_is_lost(chip: Ade9000, scripted: ScriptedChip) -> None:
    scripted.irq0_dead = True
    chip.start()
    for number in range(200):
        block = chip.next_block()
        assert (block.first_index, block.lost_samples) == (128 * number, 0)
        assert is_true(block)
    assert chip.missed_interrupts == 200


@pytest.mark.parametrize("late_ns", [1, 3 * PAGE_NS, 7 * PAGE_NS])
def test_a_reader_that_is_late_but_in_time_loses_nothing(chip: Ade9000, scripted: ScriptedChip, late_ns: int) -> None:
    chip.start()
    for number in range(40):
        scripted.clock.ns += late_ns if number % 3 == 0 else 0
        block = chip.next_block()
        assert (block.first_index, block.lost_samples) == (128 * number, 0)
        assert is_true(block)


@pytest.mark.parametrize("late_ns", [1, 7 * PAGE_NS, 20 * PAGE_NS, 50 * PAGE_NS])
def test_a_reader_that_is_late_has_missed_no_interrupt(chip: Ade9000, scripted: ScriptedChip, late_ns: int) -> None:
    chip.start()
    for _ in range(20):
        scripted.clock.ns += late_ns
        chip.next_block()
    assert chip.missed_interrupts == 0


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pauses_ns=st.lists(st.integers(0, 700_000_000), min_size=1, max_size=12))
def test_however_late_the_reader_every_sample_is_the_one_it_says(pauses_ns: list[int]) -> None:
    scripted = ScriptedChip()
    chip = Ade9000(scripted.parts(), Ade9000Settings(nominal_frequency_hz=50.0, nominal_voltage_ratio=0.3))
    chip.start()
    next_index = 0
    for pause_ns in pauses_ns:
        scripted.clock.ns += pause_ns
        for _ in range(2):
            block = chip.next_block()
            assert is_true(block)
            assert block.first_index == next_index + block.lost_samples
            next_index = block.first_index + 128


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_whole_rounds_of_the_buffer_that_the_page_register_hides_are_told_by_the_clock(
    chip: Ade9000, scripted: ScriptedChip, rounds: int
) -> None:
    chip.start()
    chip.next_block()
    scripted.clock.ns += rounds * 16 * PAGE_NS
    block = chip.next_block()
    assert block.lost_samples >= rounds * 256 - 128
    assert is_true(block)


@pytest.mark.parametrize("delay_ns", [HALF_NS, 2 * HALF_NS, 4 * HALF_NS])
def test_a_delay_between_the_page_check_and_the_burst_is_noticed_afterwards(
    chip: Ade9000, scripted: ScriptedChip, delay_ns: int
) -> None:
    chip.start()
    chip.next_block()
    scripted.delay_before_burst_ns = delay_ns
    block = chip.next_block()
    assert block.lost_samples > 0
    assert is_true(block)


def test_a_bus_too_slow_for_the_samples_is_named_and_does_not_hang(scripted: ScriptedChip, chip: Ade9000) -> None:
    chip.start()
    scripted.byte_ns = 8000
    with pytest.raises(StreamStalled, match="too slow"):
        chip.next_block()


def test_a_chip_that_stops_filling_is_named_within_half_a_second(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.next_block()
    scripted.frozen = True
    began_ns = scripted.clock.ns
    with pytest.raises(StreamStalled, match="filled no page"):
        chip.next_block()
    assert scripted.clock.ns - began_ns < 5e8


def test_a_stuck_interrupt_is_named_but_only_after_patience(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.next_block()
    scripted.irq0_stuck = True
    began_ns = scripted.clock.ns
    with pytest.raises(InterruptStuck, match="IRQ0"):
        stream(chip, blocks=100)
    assert 30e6 < scripted.clock.ns - began_ns < 2e9


def test_a_stuck_second_interrupt_is_named(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    scripted.irq1_stuck = True
    with pytest.raises(InterruptStuck, match="IRQ1"):
        stream(chip, blocks=100)


@pytest.mark.parametrize("blocks_before", [1, 2, 5])
def test_a_reset_in_the_middle_is_named_and_the_loss_counted_after_the_restart(
    chip: Ade9000, scripted: ScriptedChip, blocks_before: int
) -> None:
    chip.start()
    last = [chip.next_block() for _ in range(blocks_before)][-1]
    scripted.clock.ns += 3_000_000
    scripted.restart()
    with pytest.raises(ChipReset, match="RSTDONE"):
        chip.next_block()
    scripted.clock.ns += 500_000_000
    chip.start()
    block = chip.next_block()
    assert block.first_index == blocks_before * 128 + block.lost_samples
    passed_ns = block.monotonic_ns - last.monotonic_ns
    assert block.lost_samples == pytest.approx(passed_ns * 8000 / 1e9 - 128, abs=6)


def test_a_reset_that_nobody_saw_is_told_by_the_missing_configuration(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.next_block()
    scripted.restart()
    scripted.ready_ns = 0
    scripted.advance()
    scripted.registers[0x403] = 0
    with pytest.raises(ChipReset, match="lost its configuration"):
        chip.next_block()


def test_an_internal_error_of_the_chip_asks_for_a_restart(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.next_block()
    scripted.registers[0x403] |= 1 << 28
    with pytest.raises(ChipReset, match="internal error"):
        chip.next_block()


def test_a_chip_that_is_pulled_out_is_missing(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.next_block()
    scripted.present = False
    with pytest.raises(ChipMissing):
        chip.next_block()


def test_an_acknowledgement_that_got_lost_costs_nothing(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    for number in range(100):
        scripted.lost_writes = number % 3
        block = chip.next_block()
        assert (block.first_index, block.lost_samples) == (128 * number, 0)
        assert is_true(block)


@settings(deadline=None, max_examples=40)
@given(
    storm=st.lists(
        st.tuples(
            st.sampled_from(["corrupt", "corrupt_bursts", "lost_writes", "delay_before_burst_ns", "late", "irq0_dead"]),
            st.integers(1, 3),
        ),
        max_size=80,
    )
)
def test_in_a_storm_of_small_faults_every_delivered_sample_is_right_and_every_other_one_counted(
    storm: list[tuple[str, int]],
) -> None:
    scripted = ScriptedChip()
    chip = Ade9000(scripted.parts(), Ade9000Settings(nominal_frequency_hz=50.0, nominal_voltage_ratio=0.3))
    chip.start()
    next_index = 0
    for fault, strength in storm:
        scripted.irq0_dead = fault == "irq0_dead"
        if fault == "late":
            scripted.clock.ns += strength * 11_000_000
        elif fault == "delay_before_burst_ns":
            scripted.delay_before_burst_ns = strength * 9_000_000
        elif fault != "irq0_dead":
            setattr(scripted, fault, strength)
        block = chip.next_block()
        assert is_true(block)
        assert block.first_index == next_index + block.lost_samples
        next_index = block.first_index + 128

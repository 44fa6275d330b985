"""Everything that the simulated board can do wrong: mended, or named, and both in bounded time."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.ampguard_drivers.integration.simulated import Rig, assert_seamless

from ampguard_drivers.ade9000.link import RegisterLink
from ampguard_drivers.ade9000.recovery import RecoveringStream
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.errors import (
    BusFault,
    ChipMissing,
    ChipReset,
    ConfigurationChanged,
    FrameCorrupt,
    HardwareFault,
    InterruptStuck,
    NotAcknowledged,
    ResetTimeout,
    StreamStalled,
    WriteRefused,
    WrongChip,
)
from ampguard_drivers.simulated.board import Input

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_FAULT_S = 0.5
"""Within which `next_block` promises to raise."""
LONGEST_START_S = 2.1
FOR_EVER = 1_000_000


@pytest.fixture
def rig() -> Rig:
    """A chip that streams."""
    rig = Rig()
    rig.chip.start()
    rig.blocks(0.5)
    return rig


def met(rig: Rig, action: Callable[[], object], longest_s: float) -> HardwareFault:
    """The fault that an action meets, in time."""
    began_ns = rig.clock.now_ns()
    with pytest.raises(HardwareFault) as caught:
        action()
    assert (rig.clock.now_ns() - began_ns) / 1e9 <= longest_s
    return caught.value


def register(rig: Rig, name: str) -> int:
    """What the chip holds there, by way of the bus."""
    return RegisterLink(rig.parts.spi).read(REGISTERS[name])


def streams_until_it_fails(rig: Rig) -> None:
    """Blocks until a fault; what was in the buffer may still come."""
    for _ in range(4):
        rig.chip.next_block()


# ---------------------------------------------------------------- mended without a word


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_corrupt_frames_cost_nothing(rig: Rig, count: int) -> None:
    before = rig.blocks(0.1)
    rig.board.faults.corrupt_frames = count
    blocks = before + rig.blocks(1.0)
    assert_seamless(blocks)
    assert 1 <= rig.chip.corrupt_frames <= count  # a burst and its checksum are one


def test_corrupt_frames_now_and_then_cost_nothing(rig: Rig) -> None:
    blocks = rig.blocks(0.1)
    for _ in range(60):
        rig.board.faults.corrupt_frames = 1
        blocks += rig.blocks(0.1)
    assert_seamless(blocks)
    assert rig.chip.corrupt_frames == 60


@pytest.mark.parametrize("count", [1, 2, 10])
def test_lost_interrupts_cost_nothing_but_are_counted(rig: Rig, count: int) -> None:
    blocks = rig.blocks(0.1)
    rig.board.faults.lost_interrupts = count
    blocks += rig.blocks(2.0)
    assert_seamless(blocks)
    assert 1 <= rig.chip.missed_interrupts <= count


@pytest.mark.parametrize("stall_s", [0.04, 0.1, 1.0])
def test_a_reader_that_stalls_for_more_than_a_buffer_is_told_what_it_missed(rig: Rig, stall_s: float) -> None:
    before = rig.blocks(0.1)[-1]
    rig.clock.pause(stall_s)
    after = rig.chip.next_block()
    assert after.lost_samples > 0
    assert after.lost_samples % 128 == 0
    assert after.lost_samples == pytest.approx(stall_s * 8000.0, abs=256)
    assert after.first_index == before.first_index + 128 + after.lost_samples
    assert_seamless([after, *rig.blocks(0.5)])


@pytest.mark.parametrize("place", list(Input)[1:])
def test_an_input_that_saturates_shows_the_end_of_its_range_and_leaves_the_others_alone(rig: Rig, place: Input) -> None:
    column = list(Input).index(place) - 1
    before = rig.blocks(0.32)
    rig.board.faults.saturated_input = place
    rig.blocks(0.1)
    blocks = rig.blocks(0.32)
    ratios = np.vstack([block.codes for block in blocks]) / blocks[0].full_scale_codes
    earlier = np.vstack([block.codes for block in before]) / before[0].full_scale_codes
    assert np.abs(ratios[:, column]).max() == pytest.approx(1.2, abs=1e-3)
    assert (np.abs(ratios[:, column]) > 1.15).mean() > 0.5, "it stays there for most of a cycle"
    others = [each for each in range(7) if each != column]
    assert ratios[:, others].std(axis=0) == pytest.approx(earlier[:, others].std(axis=0), rel=0.01)
    rig.board.faults.saturated_input = Input.NONE
    assert_seamless([*blocks, *rig.blocks(0.1)])


# ---------------------------------------------------------------- named


def test_frames_that_stay_corrupt_are_named(rig: Rig) -> None:
    rig.board.faults.corrupt_frames = FOR_EVER
    assert type(met(rig, lambda: streams_until_it_fails(rig), LONGEST_FAULT_S)) is FrameCorrupt


def test_a_chip_that_is_gone_is_named(rig: Rig) -> None:
    rig.board.faults.chip_absent = True
    assert type(met(rig, lambda: streams_until_it_fails(rig), LONGEST_FAULT_S)) is ChipMissing


def test_a_chip_that_never_was_is_named() -> None:
    rig = Rig()
    rig.board.faults.chip_absent = True
    assert type(met(rig, rig.chip.start, LONGEST_START_S)) is ChipMissing


def test_a_stuck_interrupt_line_is_named(rig: Rig) -> None:
    rig.board.faults.irq0_stuck_low = True
    began_ns = rig.clock.now_ns()
    fault = met(rig, lambda: rig.blocks(5.0), 5.0)
    assert type(fault) is InterruptStuck
    assert "IRQ0" in str(fault)
    assert (rig.clock.now_ns() - began_ns) / 1e9 < 2.0


def test_a_chip_that_restarted_is_named(rig: Rig) -> None:
    rig.board.faults.brown_out = True
    assert type(met(rig, lambda: streams_until_it_fails(rig), LONGEST_FAULT_S)) is ChipReset


def test_a_brown_out_comes_once_and_leaves_reset_values(rig: Rig) -> None:
    assert (register(rig, "RUN"), register(rig, "MASK0")) == (1, 1 << 17)
    rig.board.faults.brown_out = True
    with pytest.raises(ChipMissing):
        register(rig, "RUN")
    assert not rig.board.faults.brown_out
    rig.clock.pause(0.06)
    assert register(rig, "STATUS1") & 1 << 16, "RSTDONE"
    for name in ("RUN", "MASK0", "WFB_CFG", "USER_PERIOD", "SEQ_CYC", "WR_LOCK"):
        assert register(rig, name) == REGISTERS[name].reset, name
    rig.chip.start()
    assert register(rig, "STATUS1") & 1 << 16 == 0
    assert_seamless(rig.blocks(0.5)[1:])


def test_a_sister_chip_is_named_and_nothing_is_written_to_it(rig: Rig) -> None:
    rig.board.faults.sister_chip = True
    fault = met(rig, rig.chip.start, LONGEST_START_S)
    assert type(fault) is WrongChip
    assert "VERSION 0x0040" in str(fault)
    assert register(rig, "RUN") == 0
    rig.board.faults.sister_chip = False
    rig.chip.start()
    assert_seamless(rig.blocks(0.2))


def test_a_sister_chip_behind_a_brown_out_is_given_up_at_once(rig: Rig) -> None:
    stream = RecoveringStream(rig.chip, rig.parts.clock)
    rig.board.faults.sister_chip = rig.board.faults.brown_out = True
    assert type(met(rig, lambda: [stream.next_block() for _ in range(4)], LONGEST_FAULT_S)) is WrongChip
    assert stream.restarts == 1


def test_a_restart_is_seen_by_a_look_at_the_status(rig: Rig) -> None:
    rig.board.chip.restart(rig.clock.now_ns())
    rig.clock.pause(0.1)
    assert type(met(rig, rig.chip.poll_status, LONGEST_FAULT_S)) is ChipReset


@pytest.mark.parametrize("action", ["read_results", "read_temperature_degc"])
def test_after_a_restart_no_other_look_hides_it_or_hangs(rig: Rig, action: str) -> None:
    rig.board.chip.restart(rig.clock.now_ns())
    rig.clock.pause(0.1)
    began_ns = rig.clock.now_ns()
    with contextlib.suppress(HardwareFault):  # a chip that computes nothing may be noticed there already
        getattr(rig.chip, action)()
    assert (rig.clock.now_ns() - began_ns) / 1e9 <= LONGEST_FAULT_S
    assert type(met(rig, rig.chip.poll_status, LONGEST_FAULT_S)) is ChipReset


def test_a_chip_that_stands_still_is_named(rig: Rig) -> None:
    rig.board.chip._run_ns += 1_000_000_000_000  # its next sample is far away
    assert type(met(rig, lambda: streams_until_it_fails(rig), LONGEST_FAULT_S)) is StreamStalled


@pytest.mark.parametrize(
    ("register", "value"), [("PART_ID", 0), ("VERSION", 0x0040), ("VERSION", 0x0000)], ids=["part", "old", "blank"]
)
def test_another_chip_is_named(register: str, value: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    real, address = rig.board.chip.read_word, REGISTERS[register].address
    monkeypatch.setattr(rig.board.chip, "read_word", lambda at: value if at == address else real(at))
    fault = met(rig, rig.chip.start, LONGEST_START_S)
    assert type(fault) is WrongChip
    assert register in str(fault)
    stream = RecoveringStream(rig.chip, rig.parts.clock)
    assert type(met(rig, lambda: stream.restart(fault), LONGEST_START_S)) is WrongChip
    assert stream.restarts == 0, "no restart makes another chip of it"


def test_a_chip_that_never_leaves_reset_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    real = rig.board.chip.read_word
    monkeypatch.setattr(
        rig.board.chip,
        "read_word",
        lambda at: real(at) & ~(1 << 16) if at == REGISTERS["STATUS1"].address else real(at),
    )
    assert type(met(rig, rig.chip.start, LONGEST_START_S)) is ResetTimeout


def test_a_register_that_does_not_hold_what_was_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    real = rig.board.chip.write_word

    def write(address: int, value: int) -> None:
        real(address, value ^ 0x20 if address == REGISTERS["WFB_CFG"].address else value)

    monkeypatch.setattr(rig.board.chip, "write_word", write)
    fault = met(rig, rig.chip.start, LONGEST_START_S)
    assert type(fault) is WriteRefused
    assert "WFB_CFG" in str(fault)


def test_a_configuration_that_changes_by_itself_is_named(rig: Rig) -> None:
    rig.chip.poll_status()
    rig.board.chip.words[REGISTERS["PGA_GAIN"].address] ^= 1
    assert type(met(rig, lambda: [(rig.blocks(0.1), rig.chip.poll_status()) for _ in range(3)], 1.0)) is (
        ConfigurationChanged
    )


@pytest.mark.parametrize("fault", [BusFault, NotAcknowledged])
def test_a_bus_that_refuses_is_passed_on(rig: Rig, fault: type[HardwareFault], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_mosi: bytes) -> bytes:
        raise fault("refused for the test")

    monkeypatch.setattr(rig.board, "spi_frame", refuse)
    assert type(met(rig, lambda: streams_until_it_fails(rig), LONGEST_FAULT_S)) is fault
    monkeypatch.undo()
    rig.chip.start()
    assert rig.chip.next_block().lost_samples > 0

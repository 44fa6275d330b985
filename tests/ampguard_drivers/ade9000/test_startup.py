"""From no power to a running chip, and every way in which that can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.fields import PgaGain, Wiring
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.bus import Level
from ampguard_drivers.errors import ChipMissing, FrameCorrupt, HardwareFault, ResetTimeout, WriteRefused, WrongChip

if TYPE_CHECKING:
    from tests.ampguard_drivers.ade9000.scripted import ScriptedChip


def test_a_started_chip_holds_the_configuration_of_its_settings(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    found = scripted.registers
    assert found[0x480] == 1, "RUN"
    assert found[0x4A0] == 0x12F0, "neutral, LPF 8 ksps, continuous, fixed rate, capturing, all channels"
    assert found[0x4A1] == 0x8080, "pages 7 and 15"
    assert found[0x492] == 0x0000, "50 Hz, four-wire wye"
    assert found[0x40E] == 0x00A00000, "USER_PERIOD of 50 Hz"
    assert found[0x49C] == 1, "SEQ_CYC"
    assert found[0x493] == 0xF000, "over-current on all four"
    assert found[0x410] == round(0.29 * 52_702_092) >> 5
    assert found[0x40F] == round(1_144_084 / 0.325)
    assert found[0x405] == 1 << 17
    assert found[0x4BF] == 1, "locked"
    assert not found[0x403] & 1 << 16, "RSTDONE acknowledged"


def test_gains_offsets_and_phases_are_never_written(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    written = {int.from_bytes(sent[:2], "big") >> 4 for sent in scripted.transfers if not sent[1] & 8}
    assert not written & (set(range(0x60)) | set(range(0x61, 0x74)))


def test_the_chips_own_accumulation_of_energy_and_power_is_never_switched_on(
    chip: Ade9000, scripted: ScriptedChip
) -> None:
    chip.start()
    written = {int.from_bytes(sent[:2], "big") >> 4 for sent in scripted.transfers if not sent[1] & 8}
    assert not written & {0x4B0, 0x4B1, 0x4B2}


def test_settings_reach_the_bits_that_the_data_sheet_names(scripted: ScriptedChip) -> None:
    settings = Ade9000Settings(
        nominal_frequency_hz=60.0,
        nominal_voltage_ratio=0.5,
        wiring=Wiring.THREE_WIRE_DELTA,
        stream_neutral_current=False,
        current_gain=PgaGain.X4,
        voltage_gain=PgaGain.X2,
    )
    Ade9000(scripted.parts(), settings).start()
    found = scripted.registers
    assert found[0x492] == 0x0110
    assert found[0x40E] == 0x00855555
    assert found[0x4B9] == 0b01_01_01_10_10_10_10
    assert found[0x40F] == 0x0022EA28, "the data sheet's example for half of full scale"
    assert found[0x4A0] == 0x02F0
    assert found[0x493] == 0xE000
    assert found[0x409] == 0xFFFFFF, "no over-current watch"


@pytest.mark.parametrize("blocks", [False, True])
def test_the_reset_is_acknowledged_whether_or_not_the_lock_covers_status(
    chip: Ade9000, scripted: ScriptedChip, *, blocks: bool
) -> None:
    scripted.lock_blocks_status = blocks
    chip.start()
    assert not scripted.registers[0x403] & 1 << 16
    assert scripted.registers[0x4BF] == 1
    assert [chip.next_block().first_index for _ in range(4)] == [0, 128, 256, 384]


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_a_missing_chip_is_named_within_two_seconds(chip: Ade9000, scripted: ScriptedChip, level: int) -> None:
    scripted.present, scripted.silent_level = False, level
    began_ns = scripted.clock.ns
    with pytest.raises(ChipMissing, match="nothing answers"):
        chip.start()
    assert scripted.clock.ns - began_ns < 2e9


@pytest.mark.parametrize("identity", [{0x472: 0}, {0x4FE: 0x0040}, {0x472: 0, 0x4FE: 0x0040}])
def test_another_chip_is_named_and_not_configured(
    chip: Ade9000, scripted: ScriptedChip, identity: dict[int, int]
) -> None:
    scripted.identity = identity
    with pytest.raises(WrongChip, match="VERSION"):
        chip.start()
    assert all(sent[1] & 8 for sent in scripted.transfers), "nothing but reads"


@pytest.mark.parametrize("version", [0x00C0, 0x00FE, 0x00FF])
def test_the_low_bits_of_the_silicon_version_may_vary(chip: Ade9000, scripted: ScriptedChip, version: int) -> None:
    scripted.identity = {0x4FE: version}
    chip.start()


def test_a_chip_that_answers_but_never_ends_its_reset_is_a_reset_timeout(chip: Ade9000, scripted: ScriptedChip) -> None:
    scripted.ready_ns = 0
    forget_reset_done = scripted.advance

    def advance() -> None:
        forget_reset_done()
        scripted.registers[0x403] = 0

    scripted.advance = advance  # type: ignore[method-assign]  # this chip's own fault
    began_ns = scripted.clock.ns
    with pytest.raises(ResetTimeout, match="RSTDONE"):
        chip.start()
    assert scripted.clock.ns - began_ns < 2.2e9


def test_a_chip_held_in_reset_is_a_missing_one(chip: Ade9000, scripted: ScriptedChip) -> None:
    scripted.never_ready = True
    with pytest.raises(ChipMissing):
        chip.start()


def test_a_low_interrupt_line_from_before_is_not_taken_for_readiness(chip: Ade9000, scripted: ScriptedChip) -> None:
    scripted.irq1_stuck = True
    chip.start()
    assert scripted.registers[0x480] == 1


def test_a_register_that_does_not_take_its_value_is_named(chip: Ade9000, scripted: ScriptedChip) -> None:
    scripted.refused = {0x4A1}
    with pytest.raises(WriteRefused, match=r"WFB_PG_IRQEN should hold 0x8080 but reads 0x0"):
        chip.start()


def test_a_write_that_got_lost_is_repeated(chip: Ade9000, scripted: ScriptedChip) -> None:
    scripted.lost_writes = 2
    chip.start()
    assert scripted.registers[0x480] == 1


@pytest.mark.parametrize("corrupt", [1, 3])
def test_a_few_corrupt_replies_are_repeated(chip: Ade9000, scripted: ScriptedChip, corrupt: int) -> None:
    scripted.corrupt = corrupt
    chip.start()
    assert chip.corrupt_frames >= corrupt


def test_replies_that_stay_corrupt_are_a_fault_that_is_neither_missing_nor_wrong(
    chip: Ade9000, scripted: ScriptedChip
) -> None:
    scripted.corrupt = 10**9
    with pytest.raises(FrameCorrupt):
        chip.start()


def test_stop_stops_the_chip(chip: Ade9000, scripted: ScriptedChip) -> None:
    chip.start()
    chip.stop()
    assert scripted.registers[0x480] == 0
    assert not scripted.registers[0x4A0] & 1 << 4


def test_stop_holds_a_chip_in_reset_that_answers_no_more(scripted: ScriptedChip, settings: Ade9000Settings) -> None:
    parts = scripted.parts()
    chip = Ade9000(parts, settings)
    chip.start()
    scripted.present = False
    chip.stop()
    assert scripted.in_reset
    assert parts.pm1.level is Level.LOW  # type: ignore[attr-defined]  # the test's own pin


def test_a_chip_can_be_started_after_a_failed_start(chip: Ade9000, scripted: ScriptedChip) -> None:
    scripted.present = False
    with pytest.raises(HardwareFault):
        chip.start()
    scripted.present = True
    chip.start()
    assert chip.next_block().first_index == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"nominal_frequency_hz": 55.0},
        {"nominal_voltage_ratio": 0.0},
        {"nominal_voltage_ratio": 1.5},
        {"dip_ratio": 0.0},
        {"swell_ratio": 11.0},
        {"over_current_ratio": -1.0},
    ],
)
def test_settings_that_the_chip_cannot_have_are_refused(wrong: dict[str, float]) -> None:
    right = {"nominal_frequency_hz": 50.0, "nominal_voltage_ratio": 0.3}
    with pytest.raises(ValueError, match="must be"):
        Ade9000Settings(**right | wrong)  # type: ignore[arg-type]  # numbers only

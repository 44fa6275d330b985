"""The register list against the published one, and its rules."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from ampguard_drivers.ade9000.registers import REGISTERS, Access, Group, width_bits

ROOT = Path(__file__).resolve().parents[3]
FACTS = Path(os.environ.get("AMPGUARD_FACTS", ROOT.parent / "shared" / "facts"))
LIST = FACTS / "ade9000_registers.csv"


@pytest.mark.skipif(not LIST.exists(), reason="the data sheet's register list is not at AMPGUARD_FACTS")
def test_every_register_of_the_data_sheet_is_there_as_it_is_printed() -> None:
    with LIST.open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["name"] != "WFB"]
    printed = {
        (
            int(row["address"], 16),
            row["name"],
            int(row["width_bits"]),
            row["access"],
            None if "X" in row["reset"][2:] else int(row["reset"], 16),
        )
        for row in rows
    }
    ours = {(r.address, r.name, r.width_bits, r.access.value, r.reset) for r in REGISTERS.values()}
    assert ours == printed


def test_no_address_is_taken_twice_and_every_one_lies_in_a_group() -> None:
    addresses = [register.address for register in REGISTERS.values()]
    assert len(addresses) == 467
    assert addresses == sorted(set(addresses))
    for register in REGISTERS.values():
        assert register.address in register.group.value


@pytest.mark.parametrize(
    ("address", "bits"), [(0x47F, 32), (0x480, 16), (0x4A9, 16), (0x4FE, 16), (0x4FF, 32), (0x500, 32), (0x000, 32)]
)
def test_the_16_bit_range_includes_both_its_ends(address: int, bits: int) -> None:
    assert width_bits(address) == bits


def test_resets_fit_their_widths() -> None:
    for register in REGISTERS.values():
        assert register.reset is None or 0 <= register.reset < 1 << register.width_bits


def test_status_registers_are_never_read_back() -> None:
    for register in REGISTERS.values():
        if register.access is Access.WRITE_1_TO_CLEAR:
            assert register.read_back_mask == 0


def test_the_burst_groups_run_without_holes() -> None:
    for group in (Group.BY_QUANTITY, Group.BY_PHASE):
        found = [register.address for register in REGISTERS.values() if register.group is group]
        assert group.is_burst
        assert found == list(group.value)


def test_the_lock_covers_configuration_but_not_results() -> None:
    assert REGISTERS["AIGAIN"].group.is_lockable
    assert REGISTERS["WFB_CFG"].group.is_lockable
    assert not REGISTERS["AIRMS"].group.is_lockable


def test_names_that_others_got_wrong_are_right_here() -> None:
    assert REGISTERS["ANGL_VA_IA"].address == 0x485
    assert REGISTERS["AVRMSONE_1"].address == 0x632
    assert REGISTERS["AVA_1"].address < REGISTERS["AVAR_1"].address
    assert REGISTERS["AVAR"].address < REGISTERS["AVA"].address
    assert REGISTERS["NIRMS1012_2"].address == 0x6BC

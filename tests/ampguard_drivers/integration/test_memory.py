"""The identity memory of the simulated board, read by the real store: whole, torn, blank, absent, and rewritten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.ampguard_drivers.integration.simulated import Rig

from ampguard_drivers.eeprom.store import CALIBRATION, IDENTITY, IdentityStore, Place
from ampguard_drivers.errors import HardwareFault, MemoryMissing, RecordCorrupt
from ampguard_drivers.simulated.board import PIN_HASH, SERIAL

PLACES = pytest.mark.parametrize("place", [IDENTITY, CALIBRATION], ids=lambda place: str(place.name))


def store(rig: Rig) -> IdentityStore:
    return IdentityStore(rig.parts.i2c, rig.parts.clock, rig.parts.eeprom_address)


def spoil(rig: Rig, place: Place, *slots: int) -> None:
    """Turn one bit of the content round in each of these copies."""
    for slot in slots:
        rig.board.eeprom.memory[place.slots[slot] + 20] ^= 0x10


def read(rig: Rig, place: Place) -> object:
    return store(rig).read_identity() if place is IDENTITY else store(rig).read_calibration()


def test_the_unit_is_who_the_factory_made() -> None:
    rig = Rig()
    identity = store(rig).read_identity()
    assert (identity.serial, identity.pin_hash, identity.variant) == (SERIAL, PIN_HASH, rig.board.front_end.variant)


def test_the_calibration_is_that_of_this_front_end() -> None:
    rig = Rig()
    found, written = store(rig).read_calibration(), rig.board.front_end.calibration()
    assert len(found.channels) == 7
    for one, other in zip(found.channels, written.channels, strict=True):
        assert one.scale_per_adc_v == pytest.approx(other.scale_per_adc_v, rel=1e-6)
        assert one.phase_lead_deg == pytest.approx(other.phase_lead_deg, abs=1e-5)
    assert found.ct_set == written.ct_set


@PLACES
@pytest.mark.parametrize("slot", [0, 1])
def test_one_spoilt_copy_does_not_matter(place: Place, slot: int) -> None:
    rig = Rig()
    whole = read(rig, place)
    spoil(rig, place, slot)
    assert read(rig, place) == whole


@PLACES
def test_two_spoilt_copies_are_named(place: Place) -> None:
    rig = Rig()
    spoil(rig, place, 0, 1)
    with pytest.raises(RecordCorrupt, match=f"no {place.name} record: the checksums of both copies fail"):
        read(rig, place)


@PLACES
def test_a_blank_memory_is_named(place: Place) -> None:
    rig = Rig()
    rig.board.eeprom.memory[:] = b"\xff" * len(rig.board.eeprom.memory)
    with pytest.raises(RecordCorrupt, match="blank"):
        read(rig, place)


@PLACES
def test_an_absent_memory_is_named_in_bounded_time(place: Place) -> None:
    rig = Rig()
    rig.board.faults.memory_absent = True
    began_ns = rig.clock.now_ns()
    with pytest.raises(MemoryMissing):
        read(rig, place)
    assert rig.clock.now_ns() - began_ns < 2e9


def test_a_memory_that_is_back_is_read_again() -> None:
    rig = Rig()
    rig.board.faults.memory_absent = True
    with pytest.raises(MemoryMissing):
        store(rig).read_identity()
    rig.board.faults.memory_absent = False
    assert store(rig).read_identity().serial == SERIAL


@PLACES
def test_of_a_torn_record_the_other_copy_is_read(place: Place) -> None:
    rig = Rig()
    whole, content = read(rig, place), bytes(rig.board.eeprom.memory)
    rig.board.faults.torn_copies = 1
    assert read(rig, place) == whole
    changed = [at for at, byte in enumerate(rig.board.eeprom.memory) if byte != content[at]]
    assert any(at in range(place.slots[0], place.slots[0] + 32) for at in changed), "it is torn"


@PLACES
def test_a_record_torn_in_both_copies_is_named(place: Place) -> None:
    rig = Rig()
    rig.board.faults.torn_copies = 2
    with pytest.raises(RecordCorrupt, match=f"no {place.name} record: the checksums of both copies fail"):
        read(rig, place)


def test_a_new_calibration_mends_a_torn_one() -> None:
    rig = Rig()
    calibration = store(rig).read_calibration()
    rig.board.faults.torn_copies = 2
    with pytest.raises(RecordCorrupt):
        store(rig).read_calibration()
    store(rig).write_calibration(calibration)
    assert store(rig).read_calibration() == calibration


def test_a_written_calibration_is_read_back() -> None:
    rig = Rig()
    changed = replace(store(rig).read_calibration(), temperature_degc=31.5, ct_set="another set")
    store(rig).write_calibration(changed)
    assert store(rig).read_calibration() == changed
    for slot in (0, 1):
        other = Rig()
        other.board.eeprom.memory[:] = rig.board.eeprom.memory
        spoil(other, CALIBRATION, slot)
        assert store(other).read_calibration() == changed, "both copies were replaced"


class PowerCut(Exception):
    """The power fails."""


@pytest.mark.parametrize("cut_at", range(1, 40))
def test_a_power_cut_at_any_write_leaves_the_old_or_the_new_record(
    cut_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig()
    before = store(rig).read_calibration()
    after = replace(before, temperature_degc=31.5, ct_set="another set")
    eeprom, real_write, writes = rig.board.eeprom, rig.board.eeprom.write, 0

    def write(data: bytes) -> None:
        nonlocal writes
        real_write(data)
        if len(data) > 2:
            writes += 1
            if writes == cut_at:
                rig.clock.pause(0.002)
                eeprom.cut_power()
                raise PowerCut

    monkeypatch.setattr(eeprom, "write", write)
    try:
        store(rig).write_calibration(after)
    except PowerCut:
        found = store(rig).read_calibration()
    else:
        assert writes < cut_at, "the writing was over before"
        found = after
    assert found in {before, after}
    monkeypatch.undo()
    store(rig).write_calibration(after)
    assert store(rig).read_calibration() == after


def test_no_fault_of_the_memory_is_nameless() -> None:
    for fault in (MemoryMissing, RecordCorrupt):
        assert issubclass(fault, HardwareFault)
        assert fault.code != HardwareFault.code

"""Identity and calibration survive everything short of losing both copies."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.eeprom.scripted import PowerFailed, ScriptedEeprom

from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration, Identity
from ampguard_drivers.eeprom.store import CALIBRATION, IDENTITY, IdentityStore, Place, memory_image
from ampguard_drivers.errors import MemoryMissing, RecordCorrupt
from ampguard_drivers.frontend import Variant

OLD = Identity("AG1234567890G", bytes(range(48)), Variant.HOME)
NEW = Identity("AG0987654321G", bytes(64), Variant.PUBLIC)

numbers = st.floats(allow_nan=False, allow_infinity=False)
calibrations = st.builds(
    Calibration,
    channels=st.tuples(*[st.builds(ChannelCalibration, numbers, numbers)] * 7),
    sample_rate_error_ratio=numbers,
    temperature_degc=numbers,
    ct_set=st.text(st.characters(codec="ascii"), min_size=1, max_size=32),
)
identities = st.builds(
    Identity,
    serial=st.text(st.characters(codec="ascii"), max_size=15).map(lambda text: text + "G"),
    pin_hash=st.binary(min_size=1, max_size=64),
    variant=st.sampled_from(Variant),
    access_point_psk=st.none() | st.binary(min_size=32, max_size=32),
)
STEADY = Calibration((ChannelCalibration(707.1, 0.1),) * 7, 12e-6, 24.5, "blue 100 A")


def store_on(memory: ScriptedEeprom) -> IdentityStore:
    return IdentityStore(memory, memory.clock, memory.address)


@given(identities, calibrations)
def test_what_is_written_is_read(identity: Identity, calibration: Calibration) -> None:
    memory = ScriptedEeprom()
    store_on(memory).write_identity(identity)
    store_on(memory).write_calibration(calibration)
    assert store_on(memory).read_identity() == identity
    assert store_on(memory).read_calibration() == calibration


@given(identities, calibrations)
def test_a_factory_image_reads_as_its_records(identity: Identity, calibration: Calibration) -> None:
    memory = ScriptedEeprom(content=bytearray(memory_image(identity, calibration)))
    assert len(memory.content) == 4096
    assert store_on(memory).read_identity() == identity
    assert store_on(memory).read_calibration() == calibration


@pytest.mark.parametrize("address", [0x50, 0x57])
def test_the_memory_may_have_any_address(address: int) -> None:
    memory = ScriptedEeprom(address=address)
    store_on(memory).write_identity(OLD)
    assert store_on(memory).read_identity() == OLD


def test_no_write_crosses_a_page_and_each_waits_for_the_one_before() -> None:
    memory = ScriptedEeprom()
    store_on(memory).write_calibration(STEADY)
    assert memory.page_writes
    assert all(start % 32 + length <= 32 for start, length in memory.page_writes)
    assert memory.clock.ns >= len(memory.page_writes) * 5_000_000


def test_two_kinds_and_two_copies_share_no_page() -> None:
    pages: list[int] = []
    for place in (IDENTITY, CALIBRATION):
        for start in place.slots:
            pages += range(start // 32, (start + place.slot_length) // 32)
    assert len(pages) == len(set(pages))


@settings(max_examples=300)
@given(
    failures=st.lists(st.tuples(st.integers(0, 260), st.booleans()), min_size=1, max_size=5),
    writes_before=st.integers(0, 2),
)
def test_power_failing_again_and_again_at_any_byte_leaves_the_old_or_the_new_record(
    failures: list[tuple[int, bool]], writes_before: int
) -> None:
    memory = ScriptedEeprom(content=bytearray(memory_image(OLD)))
    for _ in range(writes_before):
        store_on(memory).write_identity(OLD)
    for written, torn_page in failures:
        memory.bytes_until_power_fails, memory.torn_page = written, torn_page
        with contextlib.suppress(PowerFailed):
            store_on(memory).write_identity(NEW)
        memory.bytes_until_power_fails = None
        memory.clock.pause(0.01)
        assert store_on(memory).read_identity() in {OLD, NEW}
    store_on(memory).write_identity(NEW)
    assert store_on(memory).read_identity() == NEW


def test_after_a_torn_write_the_next_one_spares_the_only_good_copy() -> None:
    for written in range(1, 240, 7):
        memory = ScriptedEeprom(content=bytearray(memory_image(OLD)))
        for _ in range(2):
            memory.bytes_until_power_fails = written
            with contextlib.suppress(PowerFailed):
                store_on(memory).write_identity(NEW)
            memory.bytes_until_power_fails = None
            memory.clock.pause(0.01)
        assert store_on(memory).read_identity() in {OLD, NEW}


@given(place=st.sampled_from([IDENTITY, CALIBRATION]), copy=st.integers(0, 1), data=st.data())
def test_one_rotten_copy_is_replaced_by_the_other(place: Place, copy: int, data: st.DataObject) -> None:
    memory = ScriptedEeprom(content=bytearray(memory_image(OLD, STEADY)))
    start = place.slots[copy]
    memory.content[start + data.draw(st.integers(0, 80))] ^= data.draw(st.integers(1, 255))
    assert store_on(memory).read_identity() == OLD
    assert store_on(memory).read_calibration() == STEADY


@given(noise=st.binary(min_size=1536, max_size=1536))
def test_noise_is_never_a_record(noise: bytes) -> None:
    memory = ScriptedEeprom()
    memory.content[:1536] = noise
    with pytest.raises(RecordCorrupt, match="checksums of both copies fail"):
        store_on(memory).read_identity()
    with pytest.raises(RecordCorrupt):
        store_on(memory).read_calibration()


def test_a_blank_memory_is_said_to_be_blank() -> None:
    with pytest.raises(RecordCorrupt, match="blank"):
        store_on(ScriptedEeprom()).read_identity()


def test_a_record_of_another_kind_is_no_identity() -> None:
    memory = ScriptedEeprom(content=bytearray(memory_image(OLD, STEADY)))
    memory.content[0x000:0x200] = memory.content[0x200:0x400]
    with pytest.raises(RecordCorrupt):
        store_on(memory).read_identity()


def test_a_memory_that_is_not_there_is_named_within_a_tenth_of_a_second() -> None:
    memory = ScriptedEeprom()
    store = IdentityStore(memory, memory.clock, 0x51)
    with pytest.raises(MemoryMissing, match="0x51"):
        store.read_identity()
    with pytest.raises(MemoryMissing):
        store.write_identity(OLD)
    assert memory.clock.ns < 2e8


def test_a_write_that_does_not_stick_is_told() -> None:
    memory = ScriptedEeprom()
    memory.content = ReadOnly(memory.content)
    with pytest.raises(RecordCorrupt, match="reads back differently"):
        store_on(memory).write_identity(OLD)


class ReadOnly(bytearray):
    """A memory with its write-protect pin tied high."""

    def __setitem__(self, index: object, value: object) -> None:
        pass


@pytest.mark.parametrize(
    "impossible",
    [
        replace(OLD, serial="AG123"),
        replace(OLD, serial="A" * 16 + "G"),
        replace(OLD, serial="ÄG"),
        replace(OLD, serial=""),
        replace(OLD, pin_hash=b""),
        replace(OLD, pin_hash=bytes(65)),
        replace(OLD, access_point_psk=b""),
        replace(OLD, access_point_psk=bytes(33)),
    ],
)
def test_an_impossible_identity_is_refused_before_anything_is_written(impossible: Identity) -> None:
    memory = ScriptedEeprom()
    with pytest.raises(ValueError, match=r"serial|PIN|WPA2"):
        store_on(memory).write_identity(impossible)
    assert memory.page_writes == []


@pytest.mark.parametrize(
    "impossible",
    [
        replace(STEADY, channels=STEADY.channels[:6]),
        replace(STEADY, temperature_degc=float("nan")),
        replace(STEADY, sample_rate_error_ratio=float("inf")),
        replace(STEADY, ct_set=""),
        replace(STEADY, ct_set="x" * 33),
    ],
)
def test_an_impossible_calibration_is_refused_before_anything_is_written(impossible: Calibration) -> None:
    memory = ScriptedEeprom()
    with pytest.raises(ValueError, match=r"calibration|CT set"):
        store_on(memory).write_calibration(impossible)
    assert memory.page_writes == []

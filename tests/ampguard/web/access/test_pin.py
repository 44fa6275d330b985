"""The PIN opens the unit, nothing else does, and nothing of it can be read from what the unit keeps."""

from __future__ import annotations

import contextlib
import hashlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.errors import HardwareFault
from ampguard.web.access.pin import COST, Cost, access_point_psk, as_meant, hashed, read
from ampguard_drivers.eeprom.encoding import LONGEST_PIN_HASH
from ampguard_drivers.simulated.board import ACCESS_POINT_PSK, PIN, PIN_HASH, SERIAL

QUICK = Cost(4, 1, 1)
SALT = bytes(range(16))
pins = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=8)


@settings(max_examples=50)
@given(pins, st.text(max_size=80))
def test_only_the_pin_itself_is_right(pin: str, typed: str) -> None:
    kept = read(hashed(pin, SALT, QUICK).as_bytes())
    assert kept.is_of(pin)
    assert kept.is_of(typed) is (as_meant(typed) == pin.encode())


@given(pins)
def test_what_a_keyboard_adds_or_widens_is_not_held_against_anybody(pin: str) -> None:
    wide = "".join(chr(ord(one) + 0xFEE0) for one in pin)
    for typed in (f" {pin}\n", wide, f"\u00a0{pin}\u3000"):
        assert hashed(pin, SALT, QUICK).is_of(typed)


@pytest.mark.parametrize("typed", ["", "PÄSSWORT", "\U0001f511" * 8, "\ud800", "ﷺ" * 64, "x" * 1_000_000, "PIN\0PIN1"])
def test_whatever_is_typed_is_compared_and_wrong(typed: str) -> None:
    assert not hashed("abcd1234", SALT, QUICK).is_of(typed)


@pytest.mark.parametrize("pin", ["", "1234567", "123456789", "1234 678", "1234567ä", "1234567\n"])
def test_what_is_no_pin_is_never_made_one(pin: str) -> None:
    with pytest.raises(ValueError, match="8 printable"):
        hashed(pin, SALT, QUICK)


def test_the_hash_is_scrypt_with_its_parameters_in_front_and_fits_the_identity_record() -> None:
    content = hashed("abcd1234", SALT).as_bytes()
    assert content[:20] == struct.pack(">BBBB", 1, 13, 8, 10) + SALT
    assert content[20:] == hashlib.scrypt(b"abcd1234", salt=SALT, n=2**13, r=8, p=10, dklen=32)
    assert len(content) <= LONGEST_PIN_HASH


def test_a_comparison_takes_no_more_memory_than_the_web_can_spare() -> None:
    assert COST.memory == 8 << 20


@given(st.binary(max_size=LONGEST_PIN_HASH))
def test_any_bytes_are_a_hash_that_can_be_compared_or_a_fault_that_says_so(content: bytes) -> None:
    with contextlib.suppress(HardwareFault):
        assert read(content).cost.memory <= 32 << 20


@pytest.mark.parametrize(
    "head", [(2, 14, 8, 3), (1, 0, 8, 3), (1, 31, 8, 3), (1, 14, 0, 3), (1, 14, 8, 0), (1, 14, 8, 99)]
)
def test_a_hash_that_this_unit_cannot_pay_for_lets_nobody_in(head: tuple[int, ...]) -> None:
    with pytest.raises(HardwareFault, match="nobody can sign in"):
        read(bytes(head) + bytes(48))


def test_the_simulated_unit_opens_to_the_pin_that_it_is_said_to_have() -> None:
    assert read(PIN_HASH).is_of(PIN)
    assert not read(PIN_HASH).is_of(PIN.lower())


def test_the_access_points_key_is_the_one_that_a_phone_makes_of_the_pin() -> None:
    # IEEE 802.11-2020, J.4.2, test case 1
    wanted = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"
    assert access_point_psk("password", b"IEEE").hex() == wanted
    assert access_point_psk(PIN, f"AG_{SERIAL[-7:]}".encode()) == ACCESS_POINT_PSK

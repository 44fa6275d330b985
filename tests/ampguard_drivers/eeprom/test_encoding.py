"""What is inside an envelope: bounds, versions, and no crash on anything that has a fitting checksum."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_drivers.eeprom.encoding import decode_calibration, decode_identity, encode_identity
from ampguard_drivers.eeprom.envelope import Envelope, seal, unseal
from ampguard_drivers.eeprom.records import Identity
from ampguard_drivers.errors import RecordCorrupt
from ampguard_drivers.frontend import Variant

PSK = bytes(range(32))
GOOD = encode_identity(Identity("A1G", b"\x01\x02", Variant.ONE_MODULE))
OLDER = b"\x03A1G\x02\x01\x02\x0aone_module"


def test_the_layout_of_an_identity_is_as_documented() -> None:
    assert GOOD == OLDER + b"\x00"
    assert encode_identity(Identity("A1G", b"\x01\x02", Variant.ONE_MODULE, PSK)) == OLDER + b"\x20" + PSK


def test_a_record_from_before_the_access_points_key_is_still_read() -> None:
    assert decode_identity(1, OLDER) == Identity("A1G", b"\x01\x02", Variant.ONE_MODULE, None)


def test_secrets_are_not_shown_with_an_identity() -> None:
    assert "psk" not in repr(Identity("A1G", b"secret", Variant.HOME, PSK))
    assert "secret" not in repr(Identity("A1G", b"secret", Variant.HOME, PSK))


@given(st.integers(0, 255), st.binary(max_size=200))
def test_any_content_is_either_a_record_or_a_named_fault(version: int, content: bytes) -> None:
    for decode in (decode_identity, decode_calibration):
        with contextlib.suppress(RecordCorrupt):
            assert decode(version, content) is not None


@pytest.mark.parametrize(
    ("version", "content", "reason"),
    [
        (3, GOOD, "layout 3"),
        (0, GOOD, "layout 0"),
        (2, OLDER, "too early"),
        (2, OLDER + b"\x01x", "WPA2 key"),
        (1, OLDER[:-1], "too early"),
        (1, GOOD, "too many"),
        (1, b"\x03A1X\x02\x01\x02\x0aone_module", "ends with G"),
        (1, b"\x03A1G\x00\x0aone_module", "PIN hash"),
        (1, b"\x03A1G\x02\x01\x02\x05other", "none of"),
        (1, b"\x03A\xffG\x02\x01\x02\x0aone_module", "not ASCII"),
    ],
)
def test_a_record_that_this_software_cannot_use_says_why(version: int, content: bytes, reason: str) -> None:
    with pytest.raises(RecordCorrupt, match=reason):
        decode_identity(version, content)


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(RecordCorrupt, match="not finite"):
        decode_calibration(1, struct.pack(">16d", *[float("nan")] * 16) + b"\x01x")


@given(kind=st.integers(0, 255), sequence=st.integers(0, 2**32 - 1), content=st.binary(max_size=300))
def test_an_envelope_keeps_its_content_whatever_follows_it(kind: int, sequence: int, content: bytes) -> None:
    envelope = Envelope(kind, 1, sequence, content)
    assert unseal(seal(envelope) + b"\xff" * 20, kind) == envelope
    assert unseal(seal(envelope), (kind + 1) % 256) is None
    assert unseal(seal(envelope)[:-1], kind) is None


@given(st.integers(0, 2**32 - 1))
def test_the_next_copy_is_newer_also_when_the_sequence_wraps(sequence: int) -> None:
    now = Envelope(1, 1, sequence, b"")
    later = Envelope(1, 1, now.next_sequence, b"")
    assert later.is_newer_than(now)
    assert not now.is_newer_than(later)
    assert not now.is_newer_than(now)

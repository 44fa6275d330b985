"""The unit's signature on the facts, and the key that makes it."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.report.made import KEY, OTHER_KEY, full

from ampguard.errors import SetupError
from ampguard.report.signing import Validity, document, fingerprint, key_of_unit, public_bytes, signed

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = signed(full().as_json(), KEY)
CONTENT = DOCUMENT.as_bytes()


def test_what_the_unit_signed_is_valid_and_says_whose_key_it_was() -> None:
    found = document(CONTENT)
    assert found == DOCUMENT
    assert found.validity(None) is Validity.VALID
    assert found.validity(public_bytes(KEY)) is Validity.VALID
    assert found.validity(public_bytes(OTHER_KEY)) is Validity.UNKNOWN_KEY


def test_a_file_that_a_person_has_laid_out_anew_is_still_valid() -> None:
    assert document(json.dumps(json.loads(CONTENT), indent=2).encode()).validity(None) is Validity.VALID


def test_another_fuse_is_found() -> None:
    changed = document(CONTENT.replace(b'"main_fuse_a":25.0', b'"main_fuse_a":63.0'))
    assert changed.facts != DOCUMENT.facts
    assert changed.validity(None) is Validity.CHANGED


def test_whoever_signs_anew_signs_with_another_key() -> None:
    forged = signed({**DOCUMENT.facts, "installer": "somebody else"}, OTHER_KEY)
    assert forged.validity(None) is Validity.VALID
    assert forged.validity(public_bytes(KEY)) is Validity.UNKNOWN_KEY
    assert fingerprint(forged.public_key) != fingerprint(DOCUMENT.public_key)


def test_a_key_swapped_under_a_signature_is_found() -> None:
    assert replace(DOCUMENT, public_key=public_bytes(OTHER_KEY)).validity(None) is Validity.CHANGED


@given(place=st.integers(0, len(CONTENT) - 1), other=st.integers(1, 255))
def test_no_flipped_byte_makes_other_facts_valid(place: int, other: int) -> None:
    flipped = bytearray(CONTENT)
    flipped[place] ^= other
    try:
        found = document(bytes(flipped))
    except ValueError:
        return
    assert found.validity(None) is not Validity.VALID or found.facts == DOCUMENT.facts


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"facts":{},"public_key":"","signature":""}', b"\xff"])
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        document(content)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "identity" / "report.key"
    first = key_of_unit(path)
    assert public_bytes(key_of_unit(path)) == public_bytes(first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["report.key"]


def test_several_that_ask_at_once_get_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "identity" / "report.key"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: public_bytes(key_of_unit(path)), range(32)))
    assert len(found) == 1


def test_a_damaged_key_is_said_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.key"
    path.write_bytes(b"torn")
    with pytest.raises(SetupError, match=r"report\.key: wanted a private key"):
        key_of_unit(path)
    assert path.read_bytes() == b"torn"


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.key"
    other = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(SetupError, match="Ed25519"):
        key_of_unit(path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "identity").write_text("a file")
    with pytest.raises(SetupError, match="the key that signs reports"):
        key_of_unit(tmp_path / "identity" / "report.key")

"""The seal on a PDF: whatever somebody changes in the file, it is found."""

from __future__ import annotations

import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.report.made import KEY, OTHER_KEY, files_of, full

from ampguard.report.sealing import opened, sealed
from ampguard.report.signing import Validity, document, public_bytes

DOCUMENT, PDF = files_of(full())


def test_a_report_as_the_unit_made_it_is_valid() -> None:
    found = opened(PDF)
    assert found.attached == DOCUMENT
    assert found.validity(None) is Validity.VALID
    assert found.validity(public_bytes(OTHER_KEY)) is Validity.UNKNOWN_KEY


@given(place=st.integers(0, len(PDF) - 1), other=st.integers(1, 255))
def test_no_flipped_byte_leaves_the_pdf_valid(place: int, other: int) -> None:
    flipped = bytearray(PDF)
    flipped[place] ^= other
    try:
        found = opened(bytes(flipped))
    except ValueError:
        return
    assert found.validity(None) is Validity.CHANGED


def test_a_seal_has_one_spelling() -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = letters.index(chr(PDF[-4]))
    with pytest.raises(ValueError, match="another way"):
        opened(PDF[:-4] + letters[last | 1].encode() + PDF[-3:])


@given(st.binary(min_size=1, max_size=300))
def test_nothing_can_be_added_behind_the_end(more: bytes) -> None:
    try:
        found = opened(PDF + more)
    except ValueError:
        return
    assert found.validity(None) is Validity.CHANGED


@given(st.integers(0, len(PDF) - 1))
def test_a_torn_file_is_no_report(length: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        opened(PDF[:length])


def test_pages_of_one_report_with_the_facts_of_another_are_found() -> None:
    other, _ = files_of(full("de"))
    page = opened(PDF).page.replace(DOCUMENT.as_bytes(), other.as_bytes())
    assert opened(page + PDF[len(opened(PDF).page) :]).validity(None) is Validity.CHANGED


def test_pages_sealed_by_another_key_than_the_facts_are_found() -> None:
    assert opened(sealed(opened(PDF).page, OTHER_KEY)).validity(None) is Validity.CHANGED
    assert opened(sealed(opened(PDF).page, KEY)).validity(None) is Validity.VALID


def test_a_reader_shows_the_sealed_file_and_hands_out_the_very_facts() -> None:
    read = pypdfium2.PdfDocument(PDF)
    assert read.count_attachments() == 1
    attached = read.get_attachment(0)
    assert attached.get_name() == "report.json"
    assert document(bytes(attached.get_data())) == DOCUMENT

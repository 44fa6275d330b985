"""The QR code on the paper: a phone reads it, and it belongs to one report."""

from __future__ import annotations

from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.report.made import KEY, files_of, full

from ampguard.report.signing import signed
from ampguard.report.token import Token, token

DOCUMENT, PDF = files_of(full())


@given(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.text(max_size=30, alphabet="0123456789-:+TZ"),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=64, max_size=64),
)
def test_what_is_printed_is_read_back(serial: str, made: str, digest: bytes, signature: bytes) -> None:
    one = Token(serial, made, digest, signature)
    assert token(one.as_text()) == one
    assert token(one.as_text() + "\n") == one


def test_a_code_is_of_its_own_report_and_of_no_other() -> None:
    one = Token("A", "B", DOCUMENT.digest, DOCUMENT.signature)
    assert one.is_of(DOCUMENT)
    assert not one.is_of(signed({**DOCUMENT.facts, "note": None}, KEY))
    assert not replace(one, signature=bytes(64)).is_of(DOCUMENT)


@pytest.mark.parametrize("resolution", [150, 300])
def test_a_phone_reads_the_code_off_the_paper(resolution: int) -> None:
    found = []
    for page in pypdfium2.PdfDocument(PDF):
        found += zxingcpp.read_barcodes(page.render(scale=resolution / 72, grayscale=True).to_pil())
    (code,) = found
    assert token(code.text).is_of(DOCUMENT)
    assert (token(code.text).serial, token(code.text).made) == (full().unit.serial, full().utc)


@pytest.mark.parametrize(
    "text", ["", "AMPGUARD1", "AMPGUARD2:A:B:C", "AMPGUARD1:A:B:12", "AMPGUARD1:A:B:::::::", "AMPGUARD1:A:B:abc"]
)
def test_what_is_no_code_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="QR code"):
        token(text)


def test_a_code_that_was_not_read_to_its_end_is_refused() -> None:
    text = Token("A", "B", DOCUMENT.digest, DOCUMENT.signature).as_text()
    for length in range(len(text)):
        with pytest.raises(ValueError, match="QR code"):
            token(text[:length])

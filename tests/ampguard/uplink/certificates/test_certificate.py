"""What the unit reads of its certificate, held against somebody else's library; and what is none."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ampguard.uplink.certificates import certificate
from ampguard.uplink.certificates.certificate import Certificate

KEY = ec.generate_private_key(ec.SECP256R1())
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=16)
FIRST = datetime(1951, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 250 * 365 * 86400).map(lambda second: FIRST + timedelta(seconds=second))


def made(name: str, begins: datetime, ends: datetime, before: list[x509.NameAttribute[str]]) -> bytes:
    subject = x509.Name([*before, x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), 1, begins, ends)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


GOOD = made("AG1", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), [])


@given(
    name=NAMES,
    begins=MOMENTS,
    life=st.timedeltas(timedelta(seconds=1), timedelta(days=36500)),
    more=st.booleans(),
)
def test_name_and_life_are_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, begins: datetime, life: timedelta, *, more: bool
) -> None:
    begins = begins.replace(microsecond=0)
    ends = (begins + life).replace(microsecond=0) + timedelta(seconds=1)
    organisation = [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "an organisation")] * more
    file = tmp_path_factory.mktemp("one") / "unit.crt"
    file.write_bytes(b"words before\n" + made(name, begins, ends, organisation) + b"words behind\n")
    found = certificate.read(file)
    assert found == Certificate(name, begins, ends)


@given(st.data())
def test_whatever_the_bytes_are_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, 300))
    bad = GOOD[:place] + data.draw(st.binary(min_size=1, max_size=4)) + GOOD[place + data.draw(st.integers(0, 9)) :]
    file = tmp_path_factory.mktemp("one") / "unit.crt"
    file.write_bytes(bad)
    with contextlib.suppress(ValueError):  # and nothing else
        certificate.read(file)


def test_it_is_due_when_a_third_is_left() -> None:
    begins = datetime(2026, 1, 1, tzinfo=UTC)
    one = Certificate("AG1", begins, begins + timedelta(days=90))
    assert one.due_in_s(begins + timedelta(days=59)) > 0.0
    assert one.due_in_s(begins + timedelta(days=60)) == pytest.approx(0.0)
    assert one.due_in_s(begins + timedelta(days=61)) < 0.0
    assert one.left_s(begins + timedelta(days=91)) == -86400.0
    assert str(one) == "AG1, valid from 2026-01-01 00:00 until 2026-04-01 00:00 UTC"


def test_no_file_is_no_certificate(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"unit\.crt"):
        certificate.read(tmp_path / "unit.crt")

"""Certificates of a fleet: accepted by whom they are for, each with its own name, made once."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from ampguard_hil.fleet.certificates import CertificateError, Certificates, prepare

SERIALS = ("9900000000F", "9900000001F")


def shaken(made: Certificates, serial: str) -> tuple[str, str | None]:
    """The subject that the broker sees, and the version of TLS."""
    broker = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=made.authority)
    broker.verify_mode = ssl.CERT_REQUIRED
    broker.load_cert_chain(made.broker, made.broker_key)
    unit = ssl.create_default_context(cafile=made.authority)
    unit.load_cert_chain(made.unit(serial))
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = broker.wrap_bio(up, down, server_side=True)
    here = unit.wrap_bio(down, up, server_hostname="127.0.0.1")
    waiting = [here, there]
    while waiting:
        end = waiting.pop(0)
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(end)
    found = there.getpeercert()
    assert found is not None
    subject = found["subject"]
    assert isinstance(subject, tuple)
    return str(subject[0][0][1]), here.version()


def test_broker_and_unit_believe_each_other_by_tls_1_3(tmp_path: Path) -> None:
    made = prepare(tmp_path, SERIALS)
    assert [shaken(made, serial) for serial in SERIALS] == [(serial, "TLSv1.3") for serial in SERIALS]


def test_what_is_there_stays_and_what_is_missing_is_added(tmp_path: Path) -> None:
    made = prepare(tmp_path, SERIALS[:1])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert prepare(tmp_path, SERIALS) == made
    assert {path: path.read_bytes() for path in before} == before
    assert shaken(made, SERIALS[1])[0] == SERIALS[1]


def test_keys_are_for_nobody_else(tmp_path: Path) -> None:
    prepare(tmp_path, SERIALS)
    keys = [path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert len(keys) == 2 + len(SERIALS)
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_a_folder_of_something_else_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "authority.crt").write_text("no certificate")
    with pytest.raises(CertificateError, match=r"wanted a folder for certificates, or one that was made by this"):
        prepare(tmp_path, SERIALS)

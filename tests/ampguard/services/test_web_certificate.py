"""The unit's own certificate is one that browsers can be told to trust; an owner's is taken only if they can."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from ampguard.errors import SetupError
from ampguard.services import web_command
from ampguard.services.web_certificate import checked, own
from ampguard.web.access import certificate

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def pem(made: Key, password: bytes | None = None) -> bytes:
    locked = NoEncryption() if password is None else BestAvailableEncryption(password)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


def issued(  # noqa: PLR0913 - a certificate says that much
    for_key: Key,
    *,
    name: str,
    by: str,
    by_key: Key,
    begins: datetime = NOW - DAY,
    ends: datetime = NOW + DAY,
    alt: bool = True,
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]))
        .public_key(for_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=not alt, path_length=None), critical=True)
    )
    if alt:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    digest = None if isinstance(by_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(by_key, digest).public_bytes(Encoding.PEM)


AUTHORITY, LEAF = key(), key()
ROOT = issued(AUTHORITY, name="root", by="root", by_key=AUTHORITY, alt=False)
GOOD = issued(LEAF, name="unit.example", by="root", by_key=AUTHORITY)


def test_the_units_own_is_for_its_name_for_ten_years_by_a_key_of_p256() -> None:
    whole = own("2611000001G", NOW)
    found = x509.load_pem_x509_certificate(whole)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ampguard-2611000001g.local"]
    assert [one.value for one in found.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)] == ["2611000001G"]
    assert abs(found.not_valid_after_utc - NOW - 3652.5 * DAY) < DAY
    assert isinstance(found.public_key(), ec.EllipticCurvePublicKey)
    found.verify_directly_issued_by(found)
    assert whole.startswith(b"-----BEGIN PRIVATE KEY-----")


def test_two_units_never_share_a_key() -> None:
    assert own("1G", NOW)[:200] != own("1G", NOW)[:200]


@pytest.mark.parametrize("chain", [GOOD, GOOD + ROOT, b"Bag Attributes\n" + GOOD + b"\n\n" + ROOT])
def test_an_owners_certificate_is_taken_with_what_leads_to_its_authority(chain: bytes, tmp_path: Path) -> None:
    path = tmp_path / "whole.pem"
    path.write_bytes(checked(chain, pem(LEAF), NOW))
    certificate.context(path)
    assert path.read_bytes().count(b"BEGIN CERTIFICATE") == chain.count(b"BEGIN CERTIFICATE")


def small() -> tuple[bytes, bytes]:
    weak = rsa.generate_private_key(65537, 1024)
    return issued(weak, name="a", by="root", by_key=AUTHORITY), pem(weak)


def edwards() -> tuple[bytes, bytes]:
    made = ed25519.Ed25519PrivateKey.generate()
    return issued(made, name="a", by="root", by_key=AUTHORITY), pem(made)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: (GOOD, pem(key())), "the key of the first certificate"),
        (lambda: (ROOT + GOOD, pem(LEAF)), "the key of the first certificate"),
        (lambda: (GOOD, pem(LEAF, b"secret")), "without a password"),
        (lambda: (GOOD, GOOD), "private key"),
        (lambda: (GOOD, b""), "private key"),
        (lambda: (b"", pem(LEAF)), "certificates"),
        (lambda: (b"\xff" * 100, pem(LEAF)), "certificates"),
        (lambda: (GOOD.replace(b"M", b"N", 1), pem(LEAF)), "certificates"),
        (lambda: (GOOD + b" " * 100_000, pem(LEAF)), "at most"),
        (lambda: (GOOD + ROOT * 10, pem(LEAF)), "1 to 10 certificates"),
        (lambda: (GOOD + GOOD, pem(LEAF)), "issuer of CN=unit.example"),
        (lambda: (issued(LEAF, name="a", by="root", by_key=AUTHORITY, ends=NOW), pem(LEAF)), "valid now"),
        (lambda: (issued(LEAF, name="a", by="root", by_key=AUTHORITY, begins=NOW + DAY / 2), pem(LEAF)), "valid now"),
        (lambda: (issued(LEAF, name="a", by="root", by_key=AUTHORITY, alt=False), pem(LEAF)), "for none"),
        (small, "RSA with at least 2048"),
        (edwards, "P-256, P-384"),
    ],
)
def test_one_that_no_browser_is_content_with_is_refused(made: Callable[[], tuple[bytes, bytes]], reason: str) -> None:
    chain, private = made()
    with pytest.raises(SetupError, match=reason):
        checked(chain, private, NOW)


def test_a_unit_without_a_clock_judges_no_validity() -> None:
    over = issued(LEAF, name="a", by="root", by_key=AUTHORITY, begins=NOW - 2 * DAY, ends=NOW - DAY)
    assert checked(over, pem(LEAF), None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setenv("AMPGUARD_CLOCK", "host")
    folder = tmp_path / "identity"
    folder.mkdir()
    (folder / "card.json").write_text(
        '{"serial": "2611000001G", "variant": "home", "pin_hash": "00", "access_point_psk": null}'
    )
    return folder


def valid_today(tmp_path: Path) -> tuple[str, str]:
    now = datetime.now(UTC)
    made = issued(LEAF, name="a.example", by="root", by_key=AUTHORITY, begins=now - DAY, ends=now + DAY)
    (tmp_path / "chain.pem").write_bytes(made)
    (tmp_path / "key.pem").write_bytes(pem(LEAF))
    return str(tmp_path / "chain.pem"), str(tmp_path / "key.pem")


def test_the_command_makes_shows_installs_and_goes_back(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    web_command.main(["certificate", "show"])
    assert "none yet" in capsys.readouterr().out
    web_command.main(["certificate", "make"])
    mine = certificate.fingerprint(folder / certificate.OWN)
    assert (folder / certificate.OWN).stat().st_mode & 0o777 == 0o600
    web_command.main(["certificate", "make"])
    assert certificate.fingerprint(folder / certificate.OWN) == mine
    assert mine in capsys.readouterr().out
    web_command.main(["certificate", "install", *valid_today(tmp_path)])
    out = capsys.readouterr().out
    assert "installed by the owner" in out
    assert "a.example" in out
    assert certificate.files(folder)[0].name == certificate.INSTALLED
    assert {one.name for one in folder.iterdir()} == {"card.json", certificate.OWN, certificate.INSTALLED}
    web_command.main(["certificate", "reset"])
    assert mine in capsys.readouterr().out
    assert [one.name for one in certificate.files(folder)] == [certificate.OWN]


def test_a_refused_one_changes_nothing(folder: Path, tmp_path: Path) -> None:
    web_command.main(["certificate", "make"])
    chain, private = valid_today(tmp_path)
    web_command.main(["certificate", "install", chain, private])
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    for pair in ((private, chain), (str(tmp_path / "none.pem"), private)):
        with pytest.raises(SetupError):
            web_command.main(["certificate", "install", *pair])
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before


def test_several_at_once_are_installed_one_after_the_other(folder: Path, tmp_path: Path) -> None:
    web_command.main(["certificate", "make"])
    pair = valid_today(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(web_command.main, ["certificate", "install", *pair]) for _ in range(24)]
    assert [one.result() for one in done] == [0] * 24
    assert {one.name for one in folder.iterdir()} == {"card.json", certificate.OWN, certificate.INSTALLED}
    certificate.context(folder / certificate.INSTALLED)


def test_without_a_card_none_is_made_and_the_command_says_who_writes_it(folder: Path) -> None:
    (folder / "card.json").unlink()
    with pytest.raises(SetupError, match="the meter writes it"):
        web_command.main(["certificate", "make"])


def test_its_fingerprint_is_what_openssl_says(folder: Path) -> None:
    web_command.main(["certificate", "make"])
    path = folder / certificate.OWN
    shown = subprocess.run(
        ["openssl", "x509", "-in", str(path), "-noout", "-fingerprint", "-sha256"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout.strip().partition("=")[2] == certificate.fingerprint(path)


def test_what_the_web_loads_of_it_is_no_heavy_library() -> None:
    code = (
        "import sys, ampguard.web.access.access, ampguard.web.access.certificate, ampguard.web.api.session, "
        "ampguard.web.api.tokens, ampguard.services.web_secure; sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, env=os.environ).returncode == 0


def test_a_file_that_is_none_is_not_served(tmp_path: Path) -> None:
    (tmp_path / certificate.OWN).write_text("nothing")
    with pytest.raises(ssl.SSLError):
        certificate.context(tmp_path / certificate.OWN)
    with pytest.raises(ValueError, match="met none"):
        certificate.fingerprint(tmp_path / certificate.OWN)

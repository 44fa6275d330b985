"""The cloud's side of enrolment and renewal: who gets a certificate, for which key, and who gets none."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from fastapi import FastAPI
from tests.ampguard_hil.cloud.secured import secured

from ampguard_hil.cloud.app import application
from ampguard_hil.cloud.authority import Authority, RequestRefusedError
from ampguard_hil.cloud.enrolment import Enrolment, TakenError, Terms, router
from ampguard_hil.cloud.registry_refusals import LockedOut

SERIAL, PIN = "26110007G", "k3tt1e42"


@dataclass
class Label:
    """Knows one unit's PIN; locks at the fifth wrong one."""

    wrong: int = 0
    asked: list[str] = field(default_factory=list)

    def admits(self, serial: str, pin: str) -> bool:
        self.asked.append(serial)
        if self.wrong >= 5:
            raise LockedOut(840.0)
        right = (serial, pin) == (SERIAL, PIN)
        self.wrong = 0 if right else self.wrong + 1
        return right


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def secret_pem(secret: ec.EllipticCurvePrivateKey) -> bytes:
    return secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def request(serial: str = SERIAL, secret: Any = None, more: tuple[x509.NameAttribute[str], ...] = ()) -> str:
    secret = secret or key()
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, serial), *more])
    algorithm = None if isinstance(secret, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(secret, algorithm)
    return made.public_bytes(Encoding.PEM).decode()


@dataclass(frozen=True, slots=True)
class Cloud:
    url: str
    authority: Authority
    label: Label
    enrolment: Enrolment

    def post(self, path: str, body: object, shown: tuple[Path, Path] | None = None) -> httpx.Response:
        context = ssl.create_default_context(cafile=self.authority.file)
        if shown is not None:
            context.load_cert_chain(*shown)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        with httpx.Client(verify=context, trust_env=False, timeout=60.0) as client:
            return client.post(self.url + path, content=content)

    def enrol(self, **changed: object) -> httpx.Response:
        return self.post("/v1/enrolment", {"serial": SERIAL, "pin": PIN, "csr": request()} | changed)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    authority, label = Authority(tmp_path / "authority"), Label()
    enrolment = Enrolment(authority, Terms(timedelta(days=30), ("broker.example", 8883)))
    app = FastAPI()
    app.include_router(router(enrolment, label.admits))
    with secured(app, authority) as url:
        yield Cloud(url, authority, label, enrolment)


def test_the_right_pin_is_answered_with_a_certificate(cloud: Cloud) -> None:
    secret = key()
    answer = cloud.enrol(csr=request(secret=secret))
    assert answer.status_code == 201
    content = answer.json()
    assert content["mqtt"] == {"host": "broker.example", "port": 8883}
    made = x509.load_pem_x509_certificate(content["certificate"].encode())
    above = x509.load_pem_x509_certificate(content["authority"].encode())
    made.verify_directly_issued_by(above)
    assert made.subject.rfc4514_string() == f"CN={SERIAL}"
    assert made.public_key() == secret.public_key()
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert timedelta(days=30) <= made.not_valid_after_utc - made.not_valid_before_utc <= timedelta(days=31)


def test_a_wrong_serial_and_a_wrong_pin_have_the_same_answer(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [cloud.enrol(pin="wr0ngp1n"), cloud.enrol(serial="26119999G"), cloud.enrol(serial="../etc\n")]
    assert {one.status_code for one in answers} == {403}
    assert len({one.content for one in answers}) == 1
    assert PIN not in caplog.text
    assert "wr0ngp1n" not in caplog.text
    assert cloud.label.asked == [SERIAL, "26119999G"], "what cannot be a serial is not even looked up"


def test_too_many_wrong_pins_are_answered_with_patience(cloud: Cloud) -> None:
    assert [cloud.enrol(pin="wr0ngp1n").status_code for _ in range(5)] == [403] * 5
    answer = cloud.enrol()
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "840"


def test_who_lost_the_answer_asks_again_with_the_same_key(cloud: Cloud) -> None:
    secret = key()
    assert cloud.enrol(csr=request(secret=secret)).status_code == 201
    assert cloud.enrol(csr=request(secret=secret)).status_code == 201
    assert cloud.enrol().status_code == 409
    assert cloud.enrolment.release(SERIAL) == 2
    assert cloud.enrol().status_code == 201


def test_after_the_end_of_a_certificate_another_key_may_come(tmp_path: Path) -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    authority = Authority(tmp_path, now=lambda: now[0])
    enrolment = Enrolment(authority, Terms(timedelta(days=30)), now=lambda: now[0])
    enrolment.first(SERIAL, request())
    now[0] += timedelta(days=29)
    with pytest.raises(TakenError):
        enrolment.first(SERIAL, request())
    now[0] += timedelta(days=2)
    enrolment.first(SERIAL, request())


@pytest.mark.parametrize(
    "made",
    [
        lambda: request("26110008G"),
        lambda: request(more=(x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "x"),)),
        lambda: request(more=(x509.NameAttribute(x509.NameOID.COMMON_NAME, "26110008G"),)),
        lambda: request(secret=rsa.generate_private_key(65537, 2048)),
        lambda: request(secret=ed25519.Ed25519PrivateKey.generate()),
        lambda: request(secret=ec.generate_private_key(ec.SECP521R1())),
        lambda: request().replace("M", "N", 30),
        lambda: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        lambda: "",
        lambda: "x" * 9000,
    ],
)
def test_a_request_that_is_not_for_this_serial_and_a_good_key_is_not_signed(
    tmp_path: Path, made: Callable[[], str]
) -> None:
    with pytest.raises(RequestRefusedError, match="wanted"):
        Authority(tmp_path).sign(made(), SERIAL)


def test_a_request_that_another_key_signed_is_not_signed(tmp_path: Path) -> None:
    whole = x509.load_pem_x509_csr(request().encode())
    body = bytearray(whole.public_bytes(Encoding.DER))
    body[-1] ^= 1
    torn = x509.load_der_x509_csr(bytes(body)).public_bytes(Encoding.PEM).decode()
    with pytest.raises(RequestRefusedError, match="its own key"):
        Authority(tmp_path).sign(torn, SERIAL)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b"[" * 20_000,
        json.dumps({"serial": SERIAL, "pin": 12345678, "csr": ""}).encode(),
        json.dumps({"serial": SERIAL, "pin": PIN}).encode(),
        b" " * 100_000,
    ],
)
def test_a_body_that_is_none_is_refused_and_never_sent_back(cloud: Cloud, body: bytes) -> None:
    answer = cloud.post("/v1/enrolment", body)
    assert answer.status_code == 400
    assert PIN not in answer.text
    assert "12345678" not in answer.text


def test_the_next_certificate_is_for_whoever_shows_the_one_before(cloud: Cloud, tmp_path: Path) -> None:
    secret, others = key(), cloud.authority.pair("26110008G")
    mine = tmp_path / "unit.crt", tmp_path / "unit.key"
    mine[0].write_text(cloud.enrol(csr=request(secret=secret)).json()["certificate"])
    mine[1].write_bytes(secret_pem(secret))
    path = f"/v1/units/{SERIAL}/certificate"
    assert cloud.post(path, {"csr": request()}).status_code == 403
    assert cloud.post(path, {"csr": request()}, others).status_code == 403
    assert cloud.post(path, {"csr": request("26110008G")}, mine).status_code == 400
    assert cloud.post(path, {"csr": request()}, mine).status_code == 201
    assert cloud.post(path, {"csr": request()}, cloud.authority.pair(SERIAL)).status_code == 403, (
        "it is not in the book"
    )
    assert cloud.enrolment.release(SERIAL) == 2
    assert cloud.post(path, {"csr": request()}, mine).status_code == 403


def test_whoever_shows_a_certificate_speaks_for_its_serial_only(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    mine, others = authority.pair(SERIAL), authority.pair("26110008G")
    for wanted, codes in ((True, [200, 403, 403]), (False, [200, 403, 200])):
        with secured(application(tmp_path / "store.sqlite", None, certificates=wanted), authority) as url:
            found: list[int] = []
            for shown in (mine, others, None):
                context = ssl.create_default_context(cafile=authority.file)
                if shown is not None:
                    context.load_cert_chain(*shown)
                with httpx.Client(verify=context, trust_env=False, timeout=60.0) as client:
                    found.append(client.get(f"{url}/v1/units/{SERIAL}/completeness").status_code)
            assert found == codes


def test_a_certificate_with_two_names_is_nobodys(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    secret = key()
    names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, one) for one in ("26110008G", SERIAL)]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            x509.load_pem_x509_certificate(authority.pem.encode()).subject, x509.Name(names), secret.public_key(), 7
        )
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(authority._key, hashes.SHA256())
    )
    file = tmp_path / "two.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM) + secret_pem(secret))
    with secured(application(tmp_path / "store.sqlite", None, certificates=True), authority) as url:
        context = ssl.create_default_context(cafile=authority.file)
        context.load_cert_chain(file)
        with httpx.Client(verify=context, trust_env=False, timeout=60.0) as client:
            assert client.get(f"{url}/v1/units/{SERIAL}/completeness").status_code == 403


def test_the_authority_is_kept_and_its_key_is_nobodys_business(tmp_path: Path) -> None:
    first, again = Authority(tmp_path / "authority"), Authority(tmp_path / "authority")
    assert first.pem == again.pem
    assert (tmp_path / "authority" / "authority.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "authority").stat().st_mode & 0o777 == 0o700
    assert Authority(tmp_path / "other").pem != first.pem

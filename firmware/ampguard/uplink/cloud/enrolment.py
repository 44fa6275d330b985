"""Enrolment and renewal: a key made on the unit, signed by a cloud. The key never leaves the unit.

`POST <url>/v1/enrolment` `{"serial", "pin", "csr"}` the first time, `POST <url>/v1/units/<serial>/certificate`
`{"csr"}` with the certificate that is there to have the next one; both answer 201 `{"certificate", "chain",
"authority", "mqtt"}`. `cryptography` and httpx are loaded here and by no part of the uplink that stays (decision 0005).
"""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from ampguard.errors import SetupError, UplinkFault
from ampguard.uplink.certificates import keyring
from ampguard.uplink.certificates.certificate import read
from ampguard.uplink.certificates.refusal import Kind, NotEnrolledError
from ampguard.uplink.certificates.tls import Trust, asked_why, denial, mistrust
from ampguard.uplink.cloud.answer import LONGEST_RETRY_S, shown
from ampguard.uplink.faults import NotAdmitted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.uplink.certificates.certificate import Certificate
    from ampguard.uplink.certificates.keyring import Keyring

PATIENCE_S = 30.0
LARGEST_ANSWER = 1 << 18
_CREATED = 201
_LEAST_TLS = ssl.TLSVersion.TLSv1_2
"""Where the PIN goes; with a certificate it is 1.3 (`tls`)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit enrols."""

    url: str
    """https://..., up to where /v1 begins."""
    authority: str | None = None
    """The only one to trust; None: those of the system."""
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of it."""

    certificate: Certificate
    mqtt: tuple[str, int] | None
    """The cloud's broker, if it has one."""


def enrol(rings: Keyring, place: Place, serial: str, pin: str) -> Enrolled:
    """Have this unit's first certificate. Raises SetupError: the owner must act; UplinkFault: try again."""
    with rings.held():
        key = _key(rings.key_at(place.url, serial) or rings.asked_key())
        rings.keep_asked_key(_as_pem(key))
        body = {"serial": serial, "pin": pin, "csr": _request(key, serial)}
        answer = _posted(place, Trust(place.authority), "/v1/enrolment", body)
        return _accepted(rings, place, serial, key, _enrolment_answer(serial, answer))


def renew(rings: Keyring) -> Enrolled:
    """Have the next certificate, on the strength of the one that is there. Raises SetupError, UplinkFault."""
    with rings.held():
        known = rings.enrolment()
        url, serial, proxy = known.get("url"), known.get("serial"), known.get("proxy")
        if not isinstance(url, str) or not isinstance(serial, str):
            raise SetupError(f"{rings.folder / keyring.ENROLMENT}: wanted where this unit is enrolled, met nothing")
        place = Place(url, str(rings.folder / keyring.AUTHORITY), proxy if isinstance(proxy, str) else None)
        trust = Trust(place.authority, str(rings.certificate), str(rings.folder / keyring.KEY))
        key = _key(None)
        path = f"/v1/units/{quote(serial, safe='')}/certificate"
        answer = _posted(place, trust, path, {"csr": _request(key, serial)})
        if answer.status_code in {401, 403}:
            raise trust.denied(shown(answer.content))
        _expect_created(answer)
        return _accepted(rings, place, serial, key, answer, before=read(rings.certificate))


def _key(pem: bytes | None) -> ec.EllipticCurvePrivateKey:
    if pem is not None:
        try:
            known = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            known = None  # torn: another one will do
        if isinstance(known, ec.EllipticCurvePrivateKey):
            return known
    return ec.generate_private_key(ec.SECP256R1())


def _as_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _request(key: ec.EllipticCurvePrivateKey, serial: str) -> str:
    try:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, serial)])
    except ValueError as why:
        raise SetupError(f"serial {serial!r}: wanted 1 to 16 characters: {why}") from why
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode()


def _posted(place: Place, trust: Trust, path: str, body: Mapping[str, str]) -> httpx.Response:
    try:
        context = trust.context(_LEAST_TLS)
    except NotAdmitted as why:
        raise NotEnrolledError(Kind.AUTHORITY, str(why)) from why
    try:
        with httpx.Client(
            verify=context,
            proxy=place.proxy,
            trust_env=False,
            follow_redirects=False,
            timeout=PATIENCE_S,
            headers={"Accept-Encoding": "identity", "User-Agent": "ampguard"},
        ) as client:
            return client.post(place.url + path, json=body)
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as why:
        words = denial(why)
        if words is None and trust.certificate is not None and place.proxy is None:
            parts = urlsplit(place.url)
            words = asyncio.run(asked_why(context, parts.hostname or "", parts.port or 443))
        if words is not None:
            raise trust.denied(words) from why
        if (doubt := mistrust(why)) is not None:
            raise NotEnrolledError(Kind.MISTRUSTED, f"{place.url}: {doubt}") from why
        raise UplinkFault(f"{place.url}: no answer: {type(why).__name__}: {shown(str(why).encode())}") from why


def _enrolment_answer(serial: str, answer: httpx.Response) -> httpx.Response:
    """Raises NotEnrolledError, UplinkFault."""
    match answer.status_code:
        case 401 | 403:
            left = _content(answer).get("tries_left")
            tries = f"; {left} more tries before a pause" if type(left) is int else ""
            raise NotEnrolledError(Kind.PIN, f"not enrolled: does not admit {serial}: serial or PIN is wrong{tries}")
        case 409:
            raise NotEnrolledError(
                Kind.OTHER_KEY,
                f"{serial} is enrolled already with another key: the cloud's operator must release it, "
                "or wait for the end of that certificate",
            )
        case 429:
            asked = answer.headers.get("retry-after", "")
            wait = f"{min(float(asked), LONGEST_RETRY_S * 24):.0f} s" if asked.isdecimal() else "a while"
            raise NotEnrolledError(
                Kind.TRIES, f"not enrolled: too many wrong PINs for {serial}: wait {wait}, then try again"
            )
        case _:
            _expect_created(answer)
            return answer


def _expect_created(answer: httpx.Response) -> None:
    if answer.status_code != _CREATED:
        raise UplinkFault(f"answered {answer.status_code}: {shown(answer.content)}")


def _content(answer: httpx.Response) -> Mapping[str, object]:
    try:
        content = json.loads(answer.content[:LARGEST_ANSWER])
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", content) if isinstance(content, dict) else {}


def _accepted(  # noqa: PLR0913 - all that belongs together
    rings: Keyring,
    place: Place,
    serial: str,
    key: ec.EllipticCurvePrivateKey,
    answer: httpx.Response,
    *,
    before: Certificate | None = None,
) -> Enrolled:
    """Put what came into use, if it is what was asked for. Raises UplinkFault: nothing changed then."""
    content = _content(answer)
    pem, chain, authority = (content.get(name) for name in ("certificate", "chain", "authority"))
    if not isinstance(pem, str) or not isinstance(authority, str):
        raise UplinkFault(
            f"answered {answer.status_code}, but without certificate and authority: {shown(answer.content)}"
        )
    try:
        got = x509.load_pem_x509_certificate(pem.encode())
        x509.load_pem_x509_certificates(authority.encode())
    except ValueError as why:
        raise UplinkFault(f"answered with a certificate that is none: {why}") from why
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    names = [one.value for one in got.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [serial] or got.public_key().public_bytes(*spki) != key.public_key().public_bytes(*spki):
        raise UplinkFault(f"answered with a certificate for {names} and another key, wanted one for {serial} and ours")
    if before is not None and got.not_valid_after_utc < before.ends_utc:
        raise UplinkFault(
            f"answered with a certificate until {got.not_valid_after_utc}, which is before the end of ours"
        )
    known = {"url": place.url, "serial": serial, "proxy": place.proxy}
    rings.put({
        keyring.KEY: _as_pem(key),
        keyring.CERTIFICATE: f"{pem.strip()}\n{chain if isinstance(chain, str) else ''}".encode(),
        keyring.AUTHORITY: authority.encode(),
        keyring.ENROLMENT: json.dumps(known).encode(),
    })  # fmt: skip
    return Enrolled(read(rings.certificate), _broker(content.get("mqtt")))


def _broker(found: object) -> tuple[str, int] | None:
    match found:
        case {"host": str(host), "port": int(port)}:
            return host, port
        case _:
            return None

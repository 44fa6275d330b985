"""The cloud's certificate authority: a key and a certificate in a folder, and what it signs with them.

Whoever has the key can make any unit: the folder belongs to the enrolment's process and to nobody else. Leaves are EC
P-256 or P-384; a unit's certificate has its serial as the common name and is good for nothing but being a client.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

AUTHORITY_LIFE, UNIT_LIFE, SERVER_LIFE = timedelta(days=7300), timedelta(days=365), timedelta(days=90)
EARLIER = timedelta(hours=1)
"""A certificate begins so much before it is made, for clocks that are behind; at most a tenth of its life."""
LARGEST_REQUEST = 8192
_CURVES = ("secp256r1", "secp384r1")
_Pair: TypeAlias = "tuple[Path, Path]"


class RequestRefusedError(ValueError):
    """A signing request that is not signed; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate as it is handed out."""

    pem: str
    number: int
    key_sha256: str
    begins_utc: datetime
    ends_utc: datetime


class Authority:
    """Made at first use, kept then."""

    def __init__(
        self, folder: Path, name: str = "authority", now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.folder = folder
        self.file = folder / f"{name}.crt"
        """What those who trust it must have."""
        self._key_file = folder / f"{name}.key"
        self._now = now
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(folder / f"{name}.lock"):
            if not self.file.exists():
                self._make(name)
        self._certificate = x509.load_pem_x509_certificate(self.file.read_bytes())
        key = load_pem_private_key(self._key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._key_file}: wanted an EC key, met {type(key).__name__}")
        self._key = key

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self.file.read_text()

    def sign(self, request: str, serial: str, life: timedelta = UNIT_LIFE) -> Signed:
        """A unit's certificate for the key of its request. Raises RequestRefusedError."""
        key = _requested_key(request, serial)
        return self._signed(key, serial, (), life, self._now())

    def pair(
        self, name: str, hosts: Sequence[str] = (), life: timedelta | None = None, begins_utc: datetime | None = None
    ) -> _Pair:
        """Files with a certificate and its key: a server's for these names and addresses, without them a client's."""
        key = ec.generate_private_key(ec.SECP256R1())
        lasts = life or (SERVER_LIFE if hosts else UNIT_LIFE)
        made = self._signed(key.public_key(), name, hosts, lasts, begins_utc or self._now())
        certificate, secret = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        _write(secret, _as_pem(key))
        _write(certificate, made.pem.encode())
        return certificate, secret

    def _make(self, name: str) -> None:
        key, now = ec.generate_private_key(ec.SECP256R1()), self._now()
        subject = _named(name)
        only_sign = _usage(sign_certificates=True)
        made = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - EARLIER)
            .not_valid_after(now + AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(only_sign, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self._key_file, _as_pem(key))
        _write(self.file, made.public_bytes(Encoding.PEM))  # the last: where it is, the key is too

    def _signed(
        self, key: ec.EllipticCurvePublicKey, name: str, hosts: Sequence[str], life: timedelta, begins_utc: datetime
    ) -> Signed:
        begins = begins_utc - min(EARLIER, life / 10)
        ends = min(begins_utc + life, self._certificate.not_valid_after_utc)
        number = x509.random_serial_number()
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            x509.CertificateBuilder(self._certificate.subject, _named(name), key, number)
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_host(one) for one in hosts]), critical=False)
        made = builder.sign(self._key, hashes.SHA256())
        pem = made.public_bytes(Encoding.PEM).decode()
        return Signed(pem, number, _fingerprint(key), made.not_valid_before_utc, made.not_valid_after_utc)


def _requested_key(request: str, serial: str) -> ec.EllipticCurvePublicKey:
    """Raises RequestRefusedError."""
    if len(request) > LARGEST_REQUEST:
        raise RequestRefusedError(
            f"wanted a signing request of at most {LARGEST_REQUEST} characters, met {len(request)}"
        )
    try:
        opened = x509.load_pem_x509_csr(request.encode())
        key, genuine = opened.public_key(), opened.is_signature_valid
        names = [(one.oid, one.value) for one in opened.subject]
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature) as why:
        raise RequestRefusedError(f"wanted a signing request (PEM), met something else: {why}") from why
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        raise RequestRefusedError(f"wanted an EC key on {' or '.join(_CURVES)}, met another kind")
    if not genuine:
        raise RequestRefusedError("wanted a request signed with its own key, met another signature")
    if names != [(NameOID.COMMON_NAME, serial)]:
        raise RequestRefusedError(f"wanted CN={serial} as the whole subject, met {opened.subject.rfc4514_string()!r}")
    return key


def _fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _as_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """For its owner's eyes only; the old content or the new one, never a part."""
    partial = path.with_name(f"{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        partial.unlink()
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


@contextlib.contextmanager
def _held(path: Path) -> Generator[None]:
    """Several processes may begin at once."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)

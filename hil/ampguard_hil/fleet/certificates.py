"""Certificates for a fleet: the reference cloud's own authority, a broker's, and one for each unit, made once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ampguard_hil.cloud.authority import Authority, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_HERE = ("localhost", "127.0.0.1")
_BROKER = "broker"


class CertificateError(Exception):
    """The folder does not hold what it should; the sentence says what."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """What lies in the folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """Whom broker and units believe."""
        return self.folder / "authority.crt"

    @property
    def broker(self) -> Path:
        """The broker's, for this machine."""
        return self.folder / f"{_BROKER}.crt"

    @property
    def broker_key(self) -> Path:
        """Its key."""
        return self.folder / f"{_BROKER}.key"

    def unit(self, serial: str) -> Path:
        """A unit's own, whose subject is the serial, and its key, in one file."""
        return self.folder / "units" / f"{serial}.pem"


def prepare(folder: Path, serials: Iterable[str]) -> Certificates:
    """Make what is not there yet: a millisecond for each unit. Raises CertificateError."""
    found = Certificates(folder)
    try:
        authority = Authority(folder)
        if not found.broker.exists():
            authority.pair(_BROKER, _HERE)
        (folder / "units").mkdir(exist_ok=True)
        for serial in serials:
            if not found.unit(serial).exists():
                _issue(authority, serial, found.unit(serial))
    except (OSError, ValueError, TypeError, RequestRefusedError) as why:
        sentence = f"{folder}: wanted a folder for certificates, or one that was made by this: {why}"
        raise CertificateError(sentence) from why
    return found


def _issue(authority: Authority, serial: str, path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, serial)])
    request = x509.CertificateSigningRequestBuilder(subject).sign(key, hashes.SHA256())
    certificate = authority.sign(request.public_bytes(Encoding.PEM).decode(), serial).pem
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(certificate.encode() + secret)

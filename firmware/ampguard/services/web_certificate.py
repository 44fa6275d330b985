"""Key and certificate of the web: the unit's own is made, one of its owner is checked. Loads `cryptography`."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ampguard.errors import SetupError
from ampguard.web.access.certificate import grouped, name_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

LIFE_YEARS = 10
LEAST_RSA_BITS = 2048
LONGEST_CHAIN = 10
LARGEST = 1 << 16
_DAY = timedelta(days=1)


def own(serial: str, begins: datetime) -> bytes:
    """A new key and the certificate that it signs itself: P-256, for the unit's name in its network.

    Args:
        serial: the unit's; it stands in the certificate's subject too.
        begins: from when on it is valid, for ten years.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = name_of(serial)
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + LIFE_YEARS * 365.25 * _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _as_pem(key) + made.public_bytes(Encoding.PEM)


def checked(certificate: bytes, key: bytes, now: datetime | None) -> bytes:
    """An owner's certificate and key as one file. Raises SetupError: why no browser would be content with them.

    Args:
        certificate: PEM; the unit's first, then those that lead to an authority, in order.
        key: PEM, without a password.
        now: None where the clock was never set; validity is not judged then.
    """
    private, chain = _key(key), _chain(certificate)
    leaf = chain[0]
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if leaf.public_key().public_bytes(*spki) != private.public_key().public_bytes(*spki):
        raise SetupError("wanted the key of the first certificate, met another one")
    for one in chain:
        if now is not None and not one.not_valid_before_utc <= now < one.not_valid_after_utc:
            raise SetupError(
                f"wanted a certificate that is valid now, {now:%Y-%m-%d %H:%M} UTC; that of {_subject(one)} is valid "
                f"from {one.not_valid_before_utc:%Y-%m-%d %H:%M} until {one.not_valid_after_utc:%Y-%m-%d %H:%M}"
            )
    for below, above in pairwise(chain):
        try:
            below.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature) as why:
            raise SetupError(f"wanted the issuer of {_subject(below)} behind it, met {_subject(above)}") from why
    if not names(leaf):
        raise SetupError("wanted a certificate for a name or an address (subjectAltName), met one for none")
    return _as_pem(private) + b"".join(one.public_bytes(Encoding.PEM) for one in chain)


def told(pem: bytes) -> list[str]:
    """What a file's first certificate says, in lines. Raises ValueError."""
    leaf = x509.load_pem_x509_certificates(pem)[0]
    return [
        f"for:     {', '.join(names(leaf))}",
        f"valid:   from {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} until {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
        f"SHA-256: {grouped(leaf.fingerprint(hashes.SHA256()).hex())}",
    ]


def names(certificate: x509.Certificate) -> list[str]:
    """Whom it is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [str(one.value) for one in found if isinstance(one, x509.DNSName | x509.IPAddress)]


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    try:
        found: PrivateKeyTypes = load_pem_private_key(_bounded(pem), password=None)
    except TypeError as why:
        raise SetupError("wanted a private key without a password, met one that is encrypted") from why
    except ValueError as why:
        raise SetupError("wanted a private key (PEM), met something else") from why
    if isinstance(found, rsa.RSAPrivateKey) and found.key_size >= LEAST_RSA_BITS:
        return found
    if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP256R1 | ec.SECP384R1):
        return found
    raise SetupError(f"wanted a key of P-256, P-384 or RSA with at least {LEAST_RSA_BITS} bits, met another kind")


def _chain(pem: bytes) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(_bounded(pem))
    except ValueError as why:
        raise SetupError("wanted certificates (PEM), met something else") from why
    if not 0 < len(found) <= LONGEST_CHAIN:
        raise SetupError(f"wanted 1 to {LONGEST_CHAIN} certificates, met {len(found)}")
    return found


def _bounded(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise SetupError(f"wanted at most {LARGEST} bytes of PEM, met more")
    return content


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:80] or "nobody"


def _as_pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

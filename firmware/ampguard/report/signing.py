"""The unit's signature on a report: Ed25519, by a key that is made on the unit and never leaves it.

It is a key of its own: the one of the cloud's certificate is of another kind and changes with each renewal, while a
report must be verifiable in ten years.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ampguard.errors import SetupError
from ampguard.report.canonical import canonical, parsed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json

FACTS_CONTEXT = b"ampguard-report-facts-1\n"
"""Stands before the canonical facts in what is signed: a signature for one purpose serves no other."""
_KEYS = {"facts", "public_key", "signature"}


class Validity(StrEnum):
    """What a signature is worth."""

    VALID = "valid"
    CHANGED = "changed"
    UNKNOWN_KEY = "unknown key"
    """In itself all right, but made by another key than the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Document:
    """A signed report, as it stands in the JSON file and inside the PDF."""

    facts: Mapping[str, Json]
    public_key: bytes
    signature: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the canonical facts."""
        return hashlib.sha256(canonical(self.facts)).digest()

    def as_bytes(self) -> bytes:
        """The file's content: canonical as a whole, so one line."""
        return canonical(
            {"facts": self.facts, "public_key": as_text(self.public_key), "signature": as_text(self.signature)}
        )

    def validity(self, wanted: bytes | None) -> Validity:
        """`wanted`: the public key that should have signed; None: whichever did."""
        if not is_signed(FACTS_CONTEXT + canonical(self.facts), self.public_key, self.signature):
            return Validity.CHANGED
        return Validity.VALID if wanted in {None, self.public_key} else Validity.UNKNOWN_KEY


def key_of_unit(path: Path) -> Ed25519PrivateKey:
    """The unit's signing key; made where there is none. Raises SetupError: a damaged key is never replaced silently."""
    try:
        if not path.exists():
            _make(path)
        found = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as why:
        raise SetupError(f"{path}: wanted the key that signs reports, met: {why}") from why
    except (ValueError, TypeError) as why:
        raise SetupError(f"{path}: wanted a private key (PEM), met something else; move it away for a new one") from why
    if not isinstance(found, Ed25519PrivateKey):
        raise SetupError(f"{path}: wanted an Ed25519 key, met another kind; move it away for a new one")
    return found


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes that everybody may know."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def fingerprint(public_key: bytes) -> str:
    """What people compare: half of the key's SHA-256, in groups of four."""
    return grouped(hashlib.sha256(public_key).hexdigest()[:32])


def grouped(digits: str) -> str:
    """Digits as a fingerprint is shown."""
    return " ".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def signed(facts: Mapping[str, Json], key: Ed25519PrivateKey) -> Document:
    """The facts with the unit's word on them."""
    return Document(facts, public_bytes(key), key.sign(FACTS_CONTEXT + canonical(facts)))


def is_signed(content: bytes, public_key: bytes, signature: bytes) -> bool:
    """Whether that key signed exactly this."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def document(content: bytes) -> Document:
    """A JSON file's content. Raises ValueError: not such a file."""
    found = parsed(content)
    if not isinstance(found, dict) or set(found) != _KEYS or not isinstance(found["facts"], dict):
        raise ValueError("wanted an object with facts, public_key and signature")
    return Document(found["facts"], as_raw(found["public_key"], 32), as_raw(found["signature"], 64))


def as_text(raw: bytes) -> str:
    """Base64."""
    return base64.b64encode(raw).decode()


def as_raw(text: Json, length: int) -> bytes:
    """So many bytes of base64, in its one spelling. Raises ValueError."""
    try:
        raw = base64.b64decode(text if isinstance(text, str) else "", validate=True)
    except binascii.Error as why:
        raise ValueError("wanted base64, met something else") from why
    if len(raw) != length or as_text(raw) != text:
        raise ValueError(f"wanted {length} bytes as base64, met {len(raw)}, or spelled in another way")
    return raw


def _make(path: Path) -> None:
    """Whole or not at all, for its owner's eyes only; of two that make one at once the first wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # 0600 from the first byte on
    partial = Path(name)
    with os.fdopen(file, "wb") as out:
        out.write(key)
        out.flush()
        os.fsync(file)
    if os.geteuid() == 0:
        # what root makes belongs to whom the data folder belongs to
        owner = path.parent.parent.stat()
        for made in (path.parent, partial):
            os.chown(made, owner.st_uid, owner.st_gid)
    with contextlib.suppress(FileExistsError):
        os.link(partial, path)
    partial.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

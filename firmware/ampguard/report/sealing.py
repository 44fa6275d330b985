"""The seal on a PDF: its last line is the unit's signature on every byte before it.

Not only the facts inside the file are signed but the page that people read, whichever version of the software drew it:
one changed digit, one changed glyph of a font, and the seal is broken. Readers skip the line: it is a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.report.signing import Document, Validity, as_raw, as_text, document, is_signed, public_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PDF_CONTEXT = b"ampguard-report-pdf-1\n"
_SEAL = re.compile(rb"%AMPGUARD-REPORT ([A-Za-z0-9+/]{43}=) ([A-Za-z0-9+/]{86}==)\n")
_SEAL_BYTES = len("%AMPGUARD-REPORT ") + 44 + 1 + 88 + 1
_ATTACHED = re.compile(rb'stream\r?\n(\{"facts":[^\r\n]*\})\r?\n?endstream')
"""The JSON document is attached as it is: not compressed, one line."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A PDF's parts."""

    page: bytes
    """All but the seal."""
    public_key: bytes
    signature: bytes
    attached: Document

    def validity(self, wanted: bytes | None) -> Validity:
        """As of a document; both signatures must be of the same key."""
        facts = self.attached.validity(wanted)
        whole = is_signed(PDF_CONTEXT + self.page, self.public_key, self.signature)
        return facts if whole and self.public_key == self.attached.public_key else Validity.CHANGED


def sealed(pdf: bytes, key: Ed25519PrivateKey) -> bytes:
    """The PDF with its seal."""
    parts = (public_bytes(key), key.sign(PDF_CONTEXT + pdf))
    return pdf + f"%AMPGUARD-REPORT {' '.join(map(as_text, parts))}\n".encode()


def opened(content: bytes) -> Sealed:
    """A PDF file's content. Raises ValueError: not a sealed report."""
    seal = _SEAL.fullmatch(content[-_SEAL_BYTES:])
    if seal is None:
        raise ValueError("wanted the unit's signature at the end of the PDF, met none")
    attached = _ATTACHED.findall(content)
    if len(attached) != 1:
        raise ValueError(f"wanted the facts once in the PDF, met them {len(attached)} times")
    public_key, signature = as_raw(seal[1].decode(), 32), as_raw(seal[2].decode(), 64)
    return Sealed(content[:-_SEAL_BYTES], public_key, signature, document(attached[0]))

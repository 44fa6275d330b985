"""What the QR code on the paper says: enough to tell whether a sheet and a file are of the same facts.

`AMPGUARD1:<serial>:<time>:<digest and signature>`: the SHA-256 of the canonical facts and the unit's signature on them,
in base45 (RFC 9285), whose letters a QR code stores densest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from ampguard.report.signing import Document

NAME = "AMPGUARD1"
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_PLACES = {letter: place for place, letter in enumerate(_LETTERS)}
_BASE, _PAIR, _DIGEST_BYTES, _RAW_BYTES = 45, 65536, 32, 96


@dataclass(frozen=True, slots=True)
class Token:
    """A QR code's content."""

    serial: str
    made: str
    digest: bytes
    signature: bytes

    def as_text(self) -> str:
        """As it is printed."""
        parts = (NAME, quote(self.serial, safe=""), quote(self.made, safe=""))
        return ":".join((*parts, _base45(self.digest + self.signature)))

    def is_of(self, document: Document) -> bool:
        """Whether the paper and the file say the same."""
        return (self.digest, self.signature) == (document.digest, document.signature)


def token(text: str) -> Token:
    """What was scanned. Raises ValueError."""
    name, *rest = text.strip("\r\n").split(":", 3)
    if name != NAME or len(rest) != 3:  # noqa: PLR2004 - serial, time, the rest
        raise ValueError(f"wanted the text of a report's QR code, which begins with {NAME}:")
    raw = _raw(rest[2])
    if len(raw) != _RAW_BYTES:
        raise ValueError(f"wanted {_RAW_BYTES} bytes in the QR code's text, met {len(raw)}: is it complete?")
    return Token(unquote(rest[0]), unquote(rest[1]), raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:])


def _base45(raw: bytes) -> str:
    """Two bytes are three letters; here their number is even."""
    letters: list[str] = []
    for place in range(0, len(raw), 2):
        rest, first = divmod(int.from_bytes(raw[place : place + 2], "big"), _BASE)
        third, second = divmod(rest, _BASE)
        letters += [_LETTERS[first], _LETTERS[second], _LETTERS[third]]
    return "".join(letters)


def _raw(text: str) -> bytes:
    if len(text) % 3 or any(letter not in _PLACES for letter in text):
        raise ValueError("wanted base45 in the QR code's text, met something else")
    found = bytearray()
    for place in range(0, len(text), 3):
        first, second, third = (_PLACES[letter] for letter in text[place : place + 3])
        number = first + _BASE * (second + _BASE * third)
        if number >= _PAIR:
            raise ValueError("wanted base45 in the QR code's text, met something else")
        found += number.to_bytes(2, "big")
    return bytes(found)

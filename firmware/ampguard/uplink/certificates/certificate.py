"""What a certificate says of itself: whose it is, and from when until when.

Read without a library: the one that could do it costs the uplink 8 MB for three values (decision 0005). Only what was
accepted before is read here; whether a certificate is genuine is OpenSSL's business.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LEFT_WHEN_DUE_RATIO = 1 / 3
"""Of its life: then it is renewed."""
_SECOND = timedelta(seconds=1)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_EXPLICIT_VERSION, _UTC_TIME, _GENERALIZED_TIME = 0xA0, 0x17, 0x18
_COMMON_NAME = bytes((0x55, 0x04, 0x03))
_LONG = 0x80
_FIRST_YEAR_OF_1900 = "50"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The part that matters to its owner."""

    name: str
    """The common name of its subject: a unit's serial."""
    begins_utc: datetime
    ends_utc: datetime

    @property
    def life_s(self) -> float:
        """All of it."""
        return (self.ends_utc - self.begins_utc) / _SECOND

    def left_s(self, now: datetime) -> float:
        """Until its end; negative behind it."""
        return (self.ends_utc - now) / _SECOND

    def due_in_s(self, now: datetime) -> float:
        """Until it should be renewed; negative when that is past."""
        return self.left_s(now) - LEFT_WHEN_DUE_RATIO * self.life_s

    def __str__(self) -> str:
        return f"{self.name}, valid from {self.begins_utc:%Y-%m-%d %H:%M} until {self.ends_utc:%Y-%m-%d %H:%M} UTC"


def read(path: Path) -> Certificate:
    """The first certificate of a file. Raises OSError, ValueError."""
    found = _PEM.search(path.read_bytes())
    if found is None:
        raise ValueError(f"{path}: wanted a certificate (PEM), met none")
    try:
        return _opened(binascii.a2b_base64(found.group(1)))
    except (ValueError, IndexError) as why:
        raise ValueError(f"{path}: a certificate that cannot be read") from why


def _opened(der: bytes) -> Certificate:
    """RFC 5280, 4.1."""
    (_, whole), *_ = _parts(der)
    (_, signed), *_ = _parts(whole)
    parts = [content for tag, content in _parts(signed) if tag != _EXPLICIT_VERSION]
    _number, _algorithm, _issuer, validity, subject, *_ = parts
    begins, ends = (_moment(tag, content) for tag, content in _parts(validity))
    return Certificate(_common_name(subject), begins, ends)


def _common_name(subject: bytes) -> str:
    for _, several in _parts(subject):
        for _, one in _parts(several):
            (_, kind), (_, value) = _parts(one)
            if kind == _COMMON_NAME:
                return value.decode()
    return ""


def _moment(tag: int, content: bytes) -> datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if text >= _FIRST_YEAR_OF_1900 else "20") + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError("a moment of no known kind")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _parts(content: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element (DER, ITU-T X.690). Raises ValueError, IndexError."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(content):
        tag, length, at = content[at], content[at + 1], at + 2
        if length & _LONG:
            digits = length & ~_LONG
            length, at = int.from_bytes(content[at : at + digits], "big"), at + digits
        if at + length > len(content):
            raise ValueError("an element longer than its room")
        found.append((tag, content[at : at + length]))
        at += length
    return found

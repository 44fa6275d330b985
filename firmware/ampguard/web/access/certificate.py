"""The certificate that the web shows: the unit's own, or one that its owner has installed instead.

Each is one file with key and chain, replaced as a whole: there is no instant at which they do not match. They are made
and checked by a child process (`ampguard web certificate`): the library for that never loads here (decision 0011).
"""

from __future__ import annotations

import hashlib
import re
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OWN, INSTALLED = "web-own.pem", "web-installed.pem"
"""In the folder of the unit's identity. The first is on its label and stays for good; the second is its owner's."""
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def files(folder: Path) -> tuple[Path, ...]:
    """Those that there are; the first that can be served is."""
    return tuple(path for name in (INSTALLED, OWN) if (path := folder / name).exists())


def is_own(path: Path) -> bool:
    """Whether it is the one that the unit made."""
    return path.name == OWN


def name_of(serial: str) -> str:
    """What a unit is called in its network (mDNS)."""
    return f"ampguard-{serial}.local".lower()


def fingerprint(path: Path) -> str:
    """SHA-256 of the first certificate, as browsers show it. Raises OSError, ValueError."""
    found = _CERTIFICATE.search(path.read_text("ascii"))
    if found is None:
        raise ValueError(f"{path}: wanted a certificate (PEM), met none")
    return grouped(hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0])).hexdigest())


def grouped(digits: str) -> str:
    """Pairs with colons."""
    return ":".join(digits[place : place + 2].upper() for place in range(0, len(digits), 2))


def context(path: Path) -> ssl.SSLContext:
    """To serve with: TLS 1.2 or newer. Raises OSError, also for what is no key and certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(path)
    return made

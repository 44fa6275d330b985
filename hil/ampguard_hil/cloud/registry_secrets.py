"""Passwords, PINs and tokens: what is stored of them does not give them away.

scrypt, because it is in the standard library and wants memory (16 MB) as well as time (some 50 ms) for each guess. A
PIN of eight digits remains a small secret: who steals the database guesses one within about two months of one core.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

_N, _R, _P, _SALT_BYTES = 1 << 14, 8, 1, 16
_NOBODYS = "scrypt:" + "00" * _SALT_BYTES + ":" + "00" * 64
"""What is compared where there is nothing to compare with: it takes as long."""


def hashed(secret: str) -> str:
    """What to store of a secret."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"scrypt:{salt.hex()}:{_derived(secret, salt).hex()}"


def fits(secret: str, stored: str | None) -> bool:
    """Whether it is that secret; takes the same time whatever the answer, also where nothing is stored."""
    _, salt, wanted = (stored or _NOBODYS).split(":")
    same = hmac.compare_digest(_derived(secret, bytes.fromhex(salt)), bytes.fromhex(wanted))
    return same and stored is not None


def token() -> str:
    """A new one that nobody guesses."""
    return secrets.token_urlsafe(32)


def token_hash(given: str) -> str:
    """What to store of a token: it is long enough to need no salt."""
    return hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()


def identity() -> str:
    """A new name for a row."""
    return secrets.token_hex(8)


def label_pin() -> str:
    """A new one for a label: eight digits."""
    return f"{secrets.randbelow(10**8):08}"


def _derived(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, n=_N, r=_R, p=_P)

"""Names and passwords of Wi-Fi networks: which are possible, and the key that a password stands for."""

from __future__ import annotations

import hashlib
import re

from ampguard.errors import SetupError

LONGEST_SSID = 32
"""Octets, of any value (IEEE 802.11, 9.4.2.2)."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 30
"""Characters: WPA's least, and this unit's most."""
ACCESS_POINT_SSID_TAIL = 7
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_KEY = re.compile(r"[0-9a-f]{64}")
_ROUNDS = 4096


def check_ssid(ssid: bytes) -> bytes:
    """A name that a network can have. Raises SetupError."""
    if not 1 <= len(ssid) <= LONGEST_SSID:
        raise SetupError(f"network name: wanted 1 to {LONGEST_SSID} bytes, met {len(ssid)}")
    return ssid


def check_password(password: str) -> str:
    """A password that this unit can use; the sentence never repeats it. Raises SetupError."""
    if len(password) > LONGEST_PASSWORD:
        raise SetupError(f"Wi-Fi password: wanted at most {LONGEST_PASSWORD} characters, met {len(password)}")
    if not _PRINTABLE.fullmatch(password):
        raise SetupError("Wi-Fi password: wanted letters, digits and signs of ASCII, met another character")
    if len(password) < SHORTEST_PASSWORD:
        raise SetupError(f"Wi-Fi password: wanted at least {SHORTEST_PASSWORD} characters, met {len(password)}")
    return password


def check_key(key: str) -> str:
    """A key as 64 hexadecimal digits. Raises SetupError."""
    if not _KEY.fullmatch(key):
        raise SetupError(f"access point key: wanted 64 hexadecimal digits, met {len(key)} characters")
    return key


def key_of(ssid: bytes, password: str) -> str:
    """The pre-shared key of WPA2-Personal as 64 hexadecimal digits (IEEE 802.11, J.4: PBKDF2 with SHA-1)."""
    return hashlib.pbkdf2_hmac("sha1", password.encode("ascii"), ssid, _ROUNDS, 32).hex()


def access_point_ssid(serial: str) -> bytes:
    """The name of a unit's own access point. Raises SetupError."""
    tail = serial[-ACCESS_POINT_SSID_TAIL:]
    if not tail or not _PRINTABLE.fullmatch(tail):
        raise SetupError(f"serial: wanted printable characters of ASCII, met {serial!r}")
    return f"AG_{tail}".encode()


def shown(ssid: bytes) -> str:
    r"""A name for people: what is no UTF-8, and what cannot be seen, is written as \xNN."""
    try:
        text = ssid.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in ssid)  # noqa: PLR2004 - ASCII
    return "".join(char if char.isprintable() else "".join(f"\\x{byte:02x}" for byte in char.encode()) for char in text)

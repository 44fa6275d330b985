"""The PIN: 8 characters on the unit's label, of which the unit holds nothing but a salted slow hash.

    version 1 | log2 N 1 | r 1 | p 1 | salt 16 | scrypt 32        (RFC 7914)

With `COST` one comparison takes 8 MB, which the web must have to spare, and about a quarter of a second on a laptop; a
small Pi needs about a second.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass, field

from ampguard.errors import HardwareFault

PIN_LENGTH = 8
LONGEST_TYPED = 64
"""Characters that are looked at; more can never be the PIN."""
_VERSION = 1
_HEAD, _SALT, _DIGEST = 4, 16, 32
_MOST_MEMORY = 32 << 20
_MOST_P = 16
_WPA2_ROUNDS = 4096


@dataclass(frozen=True, slots=True)
class Cost:
    """What one comparison costs (RFC 7914)."""

    log2_n: int
    r: int
    p: int

    @property
    def memory(self) -> int:
        """Bytes."""
        return 128 * self.r << self.log2_n


COST = Cost(13, 8, 10)
"""Of PINs that are made now: the least-memory row of OWASP's password storage table."""


@dataclass(frozen=True, slots=True)
class PinHash:
    """What the unit knows of its PIN."""

    cost: Cost
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    def is_of(self, typed: str) -> bool:
        """Whether that is the PIN; takes equally long for every answer. Blocks: call it where that is no harm."""
        return hmac.compare_digest(_slow(as_meant(typed), self.salt, self.cost), self.digest)

    def as_bytes(self) -> bytes:
        """As it stands in the identity record."""
        head = bytes((_VERSION, self.cost.log2_n, self.cost.r, self.cost.p))
        return head + self.salt + self.digest


def hashed(pin: str, salt: bytes, cost: Cost = COST) -> PinHash:
    """What the factory writes into a unit. Raises ValueError: not a PIN."""
    if len(pin) != PIN_LENGTH or not pin.isascii() or not pin.isprintable() or " " in pin:
        raise ValueError(f"a PIN has {PIN_LENGTH} printable ASCII characters without blanks")
    if len(salt) != _SALT:
        raise ValueError(f"wanted {_SALT} bytes of salt, met {len(salt)}")
    return PinHash(cost, salt, _slow(pin.encode(), salt, cost))


def read(content: bytes) -> PinHash:
    """From the identity record. Raises HardwareFault: nobody gets in by it."""
    if len(content) != _HEAD + _SALT + _DIGEST or content[0] != _VERSION:
        raise HardwareFault(
            f"wanted the hash of a PIN (version {_VERSION}, {_HEAD + _SALT + _DIGEST} bytes) in the identity record, "
            f"met {len(content)} bytes of version {content[0] if content else 'none'}: nobody can sign in"
        )
    cost = Cost(content[1], content[2], content[3])
    if not (0 < cost.log2_n < 32 and cost.r and 0 < cost.p <= _MOST_P and cost.memory <= _MOST_MEMORY):  # noqa: PLR2004 - bits
        raise HardwareFault(f"the hash of the PIN wants {cost}, more than this unit can spend: nobody can sign in")
    return PinHash(cost, content[_HEAD : _HEAD + _SALT], content[_HEAD + _SALT :])


def as_meant(typed: str) -> bytes:
    """What somebody meant: keyboards add blanks, and some have digits and letters of their own width."""
    return unicodedata.normalize("NFKC", typed[:LONGEST_TYPED]).strip().encode(errors="surrogatepass")


def access_point_psk(pin: str, ssid: bytes) -> bytes:
    """The access point's WPA2 key (IEEE 802.11, J.4.1): what the factory writes beside the PIN's hash."""
    return hashlib.pbkdf2_hmac("sha1", pin.encode("ascii"), ssid, _WPA2_ROUNDS, 32)


def _slow(pin: bytes, salt: bytes, cost: Cost) -> bytes:
    room = cost.memory + (1 << 20)
    return hashlib.scrypt(pin, salt=salt, n=1 << cost.log2_n, r=cost.r, p=cost.p, maxmem=room, dklen=_DIGEST)

"""The identity memory's records as bytes: what an identity and a calibration look like inside their envelopes.

Big-endian throughout. Texts and byte strings are preceded by their length in one byte. A layout never changes under
its version number; a new one gets the next.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration, Identity
from ampguard_drivers.errors import RecordCorrupt
from ampguard_drivers.frontend import Variant
from ampguard_drivers.samples import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterable

IDENTITY_VERSION = 2
_IDENTITY_WITHOUT_PSK = 1
CALIBRATION_VERSION = 1

LONGEST_SERIAL = 16
LONGEST_PIN_HASH = 64
PSK_LENGTH = 32
LONGEST_CT_SET = 32

_NUMBER = struct.Struct(">d")


def encode_identity(identity: Identity) -> bytes:
    """Layout 2: serial, PIN hash, name of the variant, WPA2 key or nothing. Layout 1 ended before that key.

    Raises:
        ValueError: something that `Identity` does not allow.
    """
    serial = _ascii("serial", identity.serial, LONGEST_SERIAL)
    if not serial.endswith(b"G"):
        raise ValueError(f"a serial ends with G: {identity.serial!r}")
    if not 0 < len(identity.pin_hash) <= LONGEST_PIN_HASH:
        raise ValueError(f"a PIN hash has 1 to {LONGEST_PIN_HASH} bytes, not {len(identity.pin_hash)}")
    psk = b"" if identity.access_point_psk is None else identity.access_point_psk
    if identity.access_point_psk is not None and len(psk) != PSK_LENGTH:
        raise ValueError(f"a WPA2 key has {PSK_LENGTH} bytes, not {len(psk)}")
    return b"".join(_prefixed([serial, identity.pin_hash, identity.variant.value.encode("ascii"), psk]))


def decode_identity(version: int, content: bytes) -> Identity:
    """The identity in an envelope. Raises RecordCorrupt for a layout or a value that this software does not know."""
    if version != _IDENTITY_WITHOUT_PSK:
        _check_version("identity", version, IDENTITY_VERSION)
    reader = _Reader("identity", content)
    serial, pin_hash, variant = reader.text(), reader.blob(), reader.text()
    psk = b"" if version == _IDENTITY_WITHOUT_PSK else reader.blob()
    reader.end()
    if not serial.endswith("G") or len(serial) > LONGEST_SERIAL:
        raise RecordCorrupt(f"identity: a serial ends with G and has at most {LONGEST_SERIAL} characters: {serial!r}")
    if not 0 < len(pin_hash) <= LONGEST_PIN_HASH:
        raise RecordCorrupt(f"identity: a PIN hash has 1 to {LONGEST_PIN_HASH} bytes, not {len(pin_hash)}")
    if len(psk) not in {0, PSK_LENGTH}:
        raise RecordCorrupt(f"identity: a WPA2 key has {PSK_LENGTH} bytes, not {len(psk)}")
    try:
        return Identity(serial, pin_hash, Variant(variant), psk or None)
    except ValueError as unknown:
        known = ", ".join(Variant)
        raise RecordCorrupt(f"identity: variant {variant!r} is none of {known}") from unknown


def encode_calibration(calibration: Calibration) -> bytes:
    """Layout 1: scale and phase lead of each channel, crystal error, temperature, CT set. ValueError if impossible."""
    if len(calibration.channels) != len(CHANNELS):
        raise ValueError(f"a calibration has {len(CHANNELS)} channels, not {len(calibration.channels)}")
    numbers = [
        *(value for channel in calibration.channels for value in (channel.scale_per_adc_v, channel.phase_lead_deg)),
        calibration.sample_rate_error_ratio,
        calibration.temperature_degc,
    ]
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"a calibration has finite numbers only: {calibration}")
    ct_set = _ascii("CT set", calibration.ct_set, LONGEST_CT_SET)
    return b"".join([*(_NUMBER.pack(number) for number in numbers), *_prefixed([ct_set])])


def decode_calibration(version: int, content: bytes) -> Calibration:
    """The calibration in an envelope. Raises RecordCorrupt as `decode_identity` does."""
    _check_version("calibration", version, CALIBRATION_VERSION)
    reader = _Reader("calibration", content)
    channels = tuple(ChannelCalibration(reader.number(), reader.number()) for _ in CHANNELS)
    calibration = Calibration(channels, reader.number(), reader.number(), reader.text())
    reader.end()
    return calibration


class _Reader:
    """Takes a record's content apart, from its front."""

    def __init__(self, record: str, content: bytes) -> None:
        self._record = record
        self._rest = content

    def number(self) -> float:
        value: float = _NUMBER.unpack(self._take(_NUMBER.size))[0]
        if not math.isfinite(value):
            raise RecordCorrupt(f"{self._record}: a number is not finite")
        return value

    def blob(self) -> bytes:
        return self._take(self._take(1)[0])

    def text(self) -> str:
        found = self.blob()
        try:
            return found.decode("ascii")
        except UnicodeDecodeError as impossible:
            raise RecordCorrupt(f"{self._record}: a text is not ASCII: {found!r}") from impossible

    def end(self) -> None:
        if self._rest:
            raise RecordCorrupt(f"{self._record}: {len(self._rest)} bytes too many")

    def _take(self, length: int) -> bytes:
        if length > len(self._rest):
            raise RecordCorrupt(f"{self._record}: ends {length - len(self._rest)} bytes too early")
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken


def _prefixed(parts: Iterable[bytes]) -> list[bytes]:
    return [bytes([len(part)]) + part for part in parts]


def _ascii(name: str, text: str, longest: int) -> bytes:
    if not text.isascii() or not 0 < len(text) <= longest:
        raise ValueError(f"a {name} has 1 to {longest} ASCII characters: {text!r}")
    return text.encode("ascii")


def _check_version(record: str, found: int, known: int) -> None:
    if found != known:
        raise RecordCorrupt(f"{record}: layout {found}, this software knows layout {known}")

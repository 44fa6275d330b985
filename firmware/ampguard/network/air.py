"""Networks in the air: what was heard of each name, by all the access points that carry it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.network.credentials import shown
from ampguard.network.numbers import PRIVACY, KeyManagement
from ampguard.network.signal import WEAK_DBM, bars_of, dbm_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ampguard.readings import Json

BAND_2_4_UP_TO_HZ = 2_500_000_000


class Security(StrEnum):
    """How a network wants to be asked."""

    OPEN = "open"
    ENHANCED_OPEN = "enhanced_open"
    """No password, encrypted all the same."""
    PERSONAL = "personal"
    """One password for all: WPA, WPA2, WPA3-Personal."""
    ENTERPRISE = "enterprise"
    """Each with a name and password of one's own; the unit cannot."""
    WEP = "wep"
    """Broken long ago; the unit cannot."""


@dataclass(frozen=True, slots=True)
class Station:
    """One access point that was heard."""

    ssid: bytes
    bssid: str
    frequency_hz: int
    strength_percent: int
    security: Security
    only_sae: bool = False
    """WPA3 without WPA2."""

    @property
    def in_band(self) -> bool:
        """Whether it is where the unit's radio is meant to be: 2.4 GHz (manual 003, 4.2.1)."""
        return self.frequency_hz < BAND_2_4_UP_TO_HZ


@dataclass(frozen=True, slots=True)
class Heard:
    """A network: the strongest of its access points that can be used."""

    ssid: bytes
    level_dbm: int
    security: Security
    only_sae: bool
    out_of_band: bool
    """Only on 5 GHz or above, where the unit is not meant to be."""
    access_points: int
    """How many carry this name."""

    @property
    def usable(self) -> bool:
        """Whether the unit can join it at all."""
        return not self.out_of_band and self.security not in {Security.ENTERPRISE, Security.WEP}

    def as_json(self) -> dict[str, Json]:
        """For people and programs; `ssid_hex` is the name itself, whatever its bytes."""
        return {
            "ssid": shown(self.ssid),
            "ssid_hex": self.ssid.hex(),
            "signal_dbm": self.level_dbm,
            "bars": bars_of(self.level_dbm),
            "weak": self.level_dbm < WEAK_DBM,
            "security": self.security.value,
            "only_5_ghz": self.out_of_band,
            "usable": self.usable,
            "access_points": self.access_points,
        }


def security_of(flags: int, wpa: int, rsn: int) -> Security:
    """Which kind an access point's beacon describes."""
    keys = wpa | rsn
    if keys & (KeyManagement.PSK | KeyManagement.SAE):
        return Security.PERSONAL
    if keys & (KeyManagement.ENTERPRISE | KeyManagement.SUITE_B):
        return Security.ENTERPRISE
    if keys & KeyManagement.OWE:
        return Security.ENHANCED_OPEN
    return Security.WEP if flags & PRIVACY else Security.OPEN


def merged(stations: Iterable[Station]) -> tuple[Heard, ...]:
    """Networks by name, the strongest first; what hides its name is left out."""
    by_name: dict[bytes, list[Station]] = {}
    for station in stations:
        if any(station.ssid):
            by_name.setdefault(station.ssid, []).append(station)
    found = [_heard(ssid, group) for ssid, group in by_name.items()]
    return tuple(sorted(found, key=lambda one: (not one.usable, -one.level_dbm, one.ssid)))


def _heard(ssid: bytes, group: list[Station]) -> Heard:
    usable = [one for one in group if one.in_band]
    best = max(usable or group, key=lambda one: one.strength_percent)
    return Heard(
        ssid=ssid,
        level_dbm=dbm_of(best.strength_percent),
        security=best.security,
        only_sae=best.only_sae,
        out_of_band=not usable,
        access_points=len(group),
    )

"""What a charger says it can: its configuration keys, as GetConfiguration tells them. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp import taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ampguard.balancing.ocpp.frame import Payload

MOST_KEYS = "GetConfigurationMaxKeys"
SAMPLE_INTERVAL, SAMPLED_DATA, HEARTBEAT = "MeterValueSampleInterval", "MeterValuesSampledData", "HeartbeatInterval"
OFFLINE_CURRENT, LOAD_BALANCED = "InstallationOfflineCurrent", "LoadBalanced"
"""Of Charge Amps: "1.16" is 16 A for connector 1."""
ASKED = (
    "SupportedFeatureProfiles",
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "NumberOfConnectors",
    SAMPLE_INTERVAL,
    SAMPLED_DATA,
    OFFLINE_CURRENT,
    LOAD_BALANCED,
)
_MOST_AT_ONCE, _MOST_CONNECTORS = 10, 8


@dataclass(frozen=True, slots=True)
class Key:
    """One of its configuration."""

    value: str | None
    is_fixed: bool
    """It cannot be changed."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What is known of a charger's smart charging; None is what it does not say."""

    keys: Mapping[str, Key] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def connectors(self) -> int:
        """How many it has; one where it does not say."""
        return min(_MOST_CONNECTORS, max(1, self._number("NumberOfConnectors") or 1))

    @property
    def most_level(self) -> int | None:
        """The highest level of its profile stacks."""
        return self._number("ChargeProfileMaxStackLevel")

    @property
    def has_two_levels(self) -> bool:
        """A leased profile can lie above a safe one of the same purpose. Where it does not say it is taken for able."""
        return self.most_level != 0

    @property
    def most_periods(self) -> int:
        """Of one schedule; two where it does not say."""
        return max(1, self._number("ChargingScheduleMaxPeriods") or 2)

    @property
    def takes_current(self) -> bool:
        """Of both units the usual one."""
        units = self.text("ChargingScheduleAllowedChargingRateUnit")
        return units is None or "current" in units.lower() or "a" in units.lower().split(",")

    def text(self, key: str) -> str | None:
        """The value of a key."""
        found = self.keys.get(key)
        return None if found is None else found.value

    def can_change(self, key: str) -> bool:
        """It has the key and lets it be changed."""
        found = self.keys.get(key)
        return found is not None and not found.is_fixed

    def with_answer(self, answer: Payload) -> Abilities:
        """With what one more GetConfiguration.conf holds."""
        known = dict(self.keys)
        for one in taken.several(answer, "configurationKey"):
            name = taken.text(one, "key")
            if name is not None:
                known[name] = Key(taken.text(one, "value"), is_fixed=one.get("readonly") is True)
        return Abilities(MappingProxyType(known))

    def _number(self, key: str) -> int | None:
        text = self.text(key)
        return int(text) if text is not None and text.strip().isdecimal() and len(text) < 7 else None  # noqa: PLR2004 - digits


def questions(first: Abilities, names: Iterable[str] = ASKED) -> list[list[str]]:
    """The keys in portions that the charger answers, given what it says about them (a Halo: three)."""
    told = first.text(MOST_KEYS)
    most = int(told) if told is not None and told.strip().isdecimal() and len(told) < 4 else _MOST_AT_ONCE  # noqa: PLR2004 - digits
    most = min(max(1, most), _MOST_AT_ONCE)
    wanted = list(names)
    return [wanted[place : place + most] for place in range(0, len(wanted), most)]

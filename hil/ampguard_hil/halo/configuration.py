"""The configuration keys of a Halo, as GetConfiguration and ChangeConfiguration have them.

Names, defaults and which are read only: what a Halo with firmware 180 answered in public (evcc issue 15943), where that
log tells it. What the specification requires beside them (OCPP 1.6 edition 2, chapter 9) stands apart.
`InstallationOfflinePhase` and `RfidLock` are names of ours: the makers' cloud has such settings, but no public source
names their keys. What `LoadBalanced` does inside is not public either: here it is kept and told, and changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard_hil.halo.installed import MAX_PERIODS, MAX_PROFILES, MAX_STACK_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard_hil.halo.variant import Variant

MEASURANDS = (
    "Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Current.Offered", "Voltage", "Frequency",
    "Temperature",
)  # fmt: skip
"""What it accepts of MeterValuesSampledData; anything else is NotSupported (lbbrhzn/ocpp issue 878, firmware 169)."""
MOST_KEYS = 3
"""In one GetConfiguration that names keys; without names all are told at once."""


class Changed(StrEnum):
    """The answer to ChangeConfiguration."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    REBOOT_REQUIRED = "RebootRequired"
    NOT_SUPPORTED = "NotSupported"


_BOOLEAN, _TIME, _MEASURANDS = re.compile("true|false"), re.compile(r"\d{1,7}"), re.compile("[A-Za-z.,]*")


@dataclass(frozen=True, slots=True)
class Key:
    """A key that can be written has a form; one without is read only."""

    default: str
    form: re.Pattern[str] | None = None
    after_reboot: bool = False
    hidden: bool = False
    """Written and never told."""


def _flag(default: str) -> Key:
    return Key(default, _BOOLEAN)


def _time(default: str) -> Key:
    return Key(default, _TIME)


def keys(variant: Variant) -> Mapping[str, Key]:
    """Those of that charger."""
    most = f"{variant.rated_a:g}"
    return {
        # as a Halo with firmware 180 told them
        "LightIntensity": Key("50", re.compile(r"\d{1,3}")),
        "Downlight": Key("0", re.compile("[01]")),
        "AllowOfflineTxForUnknownId": _flag("false"),
        "AuthorizeRemoteTxRequests": _flag("false"),
        "ClockAlignedDataInterval": _time("0"),
        "ConnectionTimeOut": _time("60"),
        "GetConfigurationMaxKeys": Key(str(MOST_KEYS)),
        "HeartbeatInterval": _time("60"),
        "LocalAuthorizeOffline": _flag("true"),
        "LocalPreAuthorize": _flag("false"),
        "MeterValuesAlignedData": Key("", _MEASURANDS),
        "MeterValuesSampledData": Key(",".join(MEASURANDS[:5]), _MEASURANDS),
        "InstallationOfflineCurrent": Key(f"1.{most}", re.compile(r"1\.\d{1,2}")),
        "MeterValueSampleInterval": _time("30"),
        "RfidTagFreeCharging": Key("00000000000000", re.compile(r"[0-9A-Za-z]{1,20}")),
        "MeterValuesAlignedDataMaxLength": Key("1"),
        "StopTxnAlignedDataMaxLength": Key("0"),
        "MeterValuesSampledDataMaxLength": Key("11"),
        "StopTxnSampledDataMaxLength": Key("0"),
        "ConnectorPhaseRotationMaxLength": Key("1"),
        "WeldCheck": _flag("true"),
        "LoadBalanced": _flag("false"),
        "FirmwareVersion": Key(variant.firmware),
        "HardwareVersion": Key("2"),
        "MaxPhases": Key(str(variant.phases)),
        "MaxCurrent": Key(f"0.{most},1.{most}"),
        "ACPhaseSwitchingSupported": Key("true" if variant.phases > 1 else "false"),
        "ManagementInterface": Key("1", re.compile("[01]")),
        "LocalAuthListEnabled": _flag("false"),
        "LocalAuthListMaxLength": Key("60"),
        "SendLocalListMaxLength": Key("10"),
        "AuthorizationCacheEnabled": _flag("true"),
        "ReserveConnectorZeroSupported": Key("false"),
        "SecurityProfile": Key("0", re.compile("[0-3]"), after_reboot=True),
        # as the specification has them
        "AuthorizationKey": Key("", re.compile(r"([0-9A-Fa-f]{2}){16,20}"), hidden=True),
        "ChargeProfileMaxStackLevel": Key(str(MAX_STACK_LEVEL)),
        "ChargingScheduleAllowedChargingRateUnit": Key("Current,Power"),
        "ChargingScheduleMaxPeriods": Key(str(MAX_PERIODS)),
        "MaxChargingProfilesInstalled": Key(str(MAX_PROFILES)),
        "ConnectorPhaseRotation": Key("0.Unknown,1.Unknown", re.compile(r"[A-Za-z0-9.,]{1,40}")),
        "ConnectorSwitch3to1PhaseSupported": Key("true" if variant.phases > 1 else "false"),
        "NumberOfConnectors": Key("1"),
        "StopTransactionOnEVSideDisconnect": _flag("true"),
        "StopTransactionOnInvalidId": _flag("true"),
        "SupportedFeatureProfiles": Key("Core,LocalAuthListManagement,RemoteTrigger,SmartCharging"),
        "TransactionMessageAttempts": _time("3"),
        "TransactionMessageRetryInterval": _time("60"),
        "UnlockConnectorOnEVSideDisconnect": _flag("true"),
        "WebSocketPingInterval": _time("60"),
        # ours, see above
        "InstallationOfflinePhase": Key("1.123", re.compile(r"1\.(123|[123])")),
        "RfidLock": _flag("false"),
    }


class Configuration:
    """What is configured; it outlasts a restart."""

    def __init__(self, variant: Variant) -> None:
        self._keys = keys(variant)
        self._most_a = variant.rated_a
        self._phases = variant.phases
        self._values = {name: key.default for name, key in self._keys.items()}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def is_on(self, name: str) -> bool:
        """Of one that is true or false."""
        return self._values[name] == "true"

    def seconds(self, name: str) -> float:
        """Of one that is a time; 0 means never."""
        return float(self._values[name])

    def set(self, name: str, value: str) -> Changed:
        """Change it, if it can be."""
        key = self._keys.get(name)
        if key is None:
            return Changed.NOT_SUPPORTED
        if key.form is None or key.form.fullmatch(value) is None:
            return Changed.REJECTED
        if key.form is _MEASURANDS:
            wanted = [each for each in value.split(",") if each]
            if not {*wanted} <= {*MEASURANDS} or len(wanted) > int(self._values[f"{name}MaxLength"]):
                return Changed.NOT_SUPPORTED
        if name == "InstallationOfflineCurrent" and float(value[2:]) > self._most_a:
            return Changed.REJECTED
        if name == "SecurityProfile" and not self._may_be_secured(value):
            return Changed.REJECTED
        self._values[name] = value
        return Changed.REBOOT_REQUIRED if key.after_reboot else Changed.ACCEPTED

    def _may_be_secured(self, profile: str) -> bool:
        """Never by less than before, and by a key only where there is one (OCPP 1.6 security whitepaper, A05)."""
        has_key = profile in {"0", "3"} or bool(self._values["AuthorizationKey"])
        return has_key and profile >= self._values["SecurityProfile"]

    def told(self, names: Sequence[str]) -> tuple[list[dict[str, object]], list[str]]:
        """What GetConfiguration tells of them, all of them where none is named; and names that there are not."""
        known = [name for name in names or self._keys if name in self._keys]
        found: list[dict[str, object]] = []
        for name in known:
            key = self._keys[name]
            value: dict[str, object] = {} if key.hidden else {"value": self._values[name]}
            found.append({"key": name, "readonly": key.form is None} | value)
        return found, [name for name in names if name not in self._keys]

    @property
    def offline_a(self) -> float:
        """What it charges with at most while the backend is lost; below 6 A: not at all."""
        return float(self._values["InstallationOfflineCurrent"][2:])

    @property
    def offline_terminals(self) -> tuple[int, ...]:
        """On which of its terminals (0, 1, 2) it charges meanwhile: one can be chosen, the least loaded phase."""
        chosen = self._values["InstallationOfflinePhase"][2:]
        return tuple(int(one) - 1 for one in chosen if int(one) <= self._phases) or (0,)

"""Who answers what, between a charger and its own cloud: the rules of the forwarding proxy as two tables. No I/O.

Each message is told anew on the other side, under an id of the unit's: nobody sees an id, or an answer, of a
conversation that is not his. An action that stands in no table is forwarded.

from the charger             cloud there               cloud away
FORWARD   (all others)       the cloud answers         as the unit alone answers, or NotSupported
LOCAL     Boot, Heartbeat    the unit answers, and tells the cloud itself
LAST      StatusNotification the cloud is told; the unit answers at once, and tells the latest when the cloud is back
ASKED     Authorize          the cloud answers; no answer in time: the list of the unit
KEPT      Start, Stop, ...   the cloud answers; no answer in time: the unit, and the message is kept for the cloud.
                             Of periodic MeterValues the cloud gets as many as it asks for, not all that the unit has

from the cloud
FORWARD   (all others)       the charger answers
LIMIT     profiles           the unit keeps them and answers; the lower of both limits goes to the charger
LISTENED  SendLocalList      the charger answers, the unit learns
STRIPPED  RemoteStart        its profile is kept by the unit, the rest is forwarded
GUARDED   ChangeConfig.      forwarded, but for what would loosen the unit's hold on the charger: Rejected; the sample
                             interval is kept by the unit and counts for what the cloud gets
REFUSED   certificates, ...  whom the charger trusts is the unit's business: NotSupported
"""

from __future__ import annotations

from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp.abilities import LOAD_BALANCED, OFFLINE_CURRENT, SAMPLE_INTERVAL, SAMPLED_DATA
from ampguard.balancing.ocpp.frame import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Mapping


class FromCharger(Enum):
    """What is done with a charger's call."""

    FORWARD = auto()
    LOCAL = auto()
    LAST = auto()
    ASKED = auto()
    KEPT = auto()


class FromCloud(Enum):
    """What is done with a cloud's call."""

    FORWARD = auto()
    LIMIT = auto()
    LISTENED = auto()
    STRIPPED = auto()
    GUARDED = auto()
    REFUSED = auto()


FROM_CHARGER: Mapping[str, FromCharger] = MappingProxyType({
    "BootNotification": FromCharger.LOCAL,
    "Heartbeat": FromCharger.LOCAL,
    "StatusNotification": FromCharger.LAST,
    "Authorize": FromCharger.ASKED,
    "StartTransaction": FromCharger.KEPT,
    "StopTransaction": FromCharger.KEPT,
    "MeterValues": FromCharger.KEPT,
    "FirmwareStatusNotification": FromCharger.KEPT,
    "DiagnosticsStatusNotification": FromCharger.KEPT,
    "SecurityEventNotification": FromCharger.KEPT,
    "DataTransfer": FromCharger.FORWARD,
    "LogStatusNotification": FromCharger.FORWARD,
    "SignedFirmwareStatusNotification": FromCharger.FORWARD,
    "SignCertificate": FromCharger.FORWARD,
})  # fmt: skip
"""All that a charge point of OCPP 1.6 calls, with what the security whitepaper added."""

FROM_CLOUD: Mapping[str, FromCloud] = MappingProxyType({
    "SetChargingProfile": FromCloud.LIMIT,
    "ClearChargingProfile": FromCloud.LIMIT,
    "SendLocalList": FromCloud.LISTENED,
    "RemoteStartTransaction": FromCloud.STRIPPED,
    "ChangeConfiguration": FromCloud.GUARDED,
    "InstallCertificate": FromCloud.REFUSED,
    "DeleteCertificate": FromCloud.REFUSED,
    "CertificateSigned": FromCloud.REFUSED,
    **dict.fromkeys(
        (
            "CancelReservation", "ChangeAvailability", "ClearCache", "DataTransfer", "GetCompositeSchedule",
            "GetConfiguration", "GetDiagnostics", "GetLocalListVersion", "RemoteStopTransaction", "ReserveNow", "Reset",
            "TriggerMessage", "UnlockConnector", "UpdateFirmware", "ExtendedTriggerMessage", "GetLog",
            "GetInstalledCertificateIds", "SignedUpdateFirmware",
        ),
        FromCloud.FORWARD,
    ),
})  # fmt: skip
"""All that a central system of OCPP 1.6 calls."""

GUARDED = frozenset(
    {OFFLINE_CURRENT, LOAD_BALANCED, SAMPLE_INTERVAL, SAMPLED_DATA, "AuthorizationKey", "SecurityProfile"}
)
"""Keys that no cloud changes: what protects the fuse, what the unit measures by, by what the charger knows the unit."""
STANDARD = frozenset({*FROM_CHARGER, *FROM_CLOUD})


def unknown(action: str) -> ErrorCode:
    """Why an action is not done: the standard knows it, or does not."""
    return ErrorCode.NOT_SUPPORTED if action in STANDARD else ErrorCode.NOT_IMPLEMENTED

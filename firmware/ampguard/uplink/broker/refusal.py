"""What it means when a broker does not accept a connection."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from paho.mqtt.enums import MQTTProtocolVersion

from ampguard.errors import UplinkFault
from ampguard.uplink.broker.client import LEAST_TLS
from ampguard.uplink.certificates import tls
from ampguard.uplink.faults import NotAdmitted

if TYPE_CHECKING:
    from ampguard.settings.destinations import MqttSettings

_UNSUPPORTED_VERSION, _UNSPECIFIED_ERROR, NO_ANSWER = 132, 128, -1
_NOT_AUTHORISED = MappingProxyType({
    4: "wrong user name or password",
    5: "not authorised",
    134: "wrong user name or password",
    135: "not authorised",
    138: "banned",
})  # fmt: skip
"""CONNACK codes of 3.1.1 and 5 that an owner must see to."""
_NOT_UNDERSTOOD = frozenset((_UNSUPPORTED_VERSION, _UNSPECIFIED_ERROR, NO_ANSWER))
"""How brokers of MQTT 3.1.1 meet MQTT 5: some say so, some hang up, some say nothing."""


class OldBroker(UplinkFault):
    """The broker does not understand MQTT 5; 3.1.1 may do."""


async def refusal(
    code: int, version: MQTTProtocolVersion, settings: MqttSettings, trust: tls.Trust | None
) -> UplinkFault:
    """What a connection that was not accepted means: `code` is that of the CONNACK, or NO_ANSWER."""
    where = f"{settings.host}:{settings.port}"
    if code in _NOT_AUTHORISED:
        return NotAdmitted(f"{where}: does not admit this unit: the broker refuses: {_NOT_AUTHORISED[code]}")
    if code in _NOT_UNDERSTOOD and trust is not None:
        words = await tls.asked_why(trust.context(LEAST_TLS), settings.host, settings.port)
        if words is not None:
            fault = trust.denied(words)
            return type(fault)(f"{where}: {fault}")
    if code in _NOT_UNDERSTOOD and version is not MQTTProtocolVersion.MQTTv311:
        return OldBroker(f"{where}: no MQTT 5")
    return UplinkFault(f"{where}: the broker refuses: {'no answer' if code == NO_ANSWER else f'reason code {code}'}")

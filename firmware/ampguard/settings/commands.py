"""What the owner can let the other side ask of the unit: the words of the table [commands]."""

from __future__ import annotations

from enum import StrEnum


class CommandName(StrEnum):
    """What the other side can ask of the unit over MQTT, where the owner allows it (`ampguard.uplink.commands`)."""

    PING = "ping"
    IDENTIFY = "identify"
    RESEND = "resend"
    REPORT = "report"
    GROUP = "group"
    UPDATE = "update"

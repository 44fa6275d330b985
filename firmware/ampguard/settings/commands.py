"""What the owner lets the other side ask of the unit: the table [commands]."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from ampguard.errors import SetupError
from ampguard.settings.table import Table, shown


class CommandName(StrEnum):
    """What the other side can ask of the unit over MQTT, where the owner allows it (`ampguard.uplink.commands`)."""

    PING = "ping"
    IDENTIFY = "identify"
    RESEND = "resend"
    REPORT = "report"


def allowed(path: Path, content: object) -> frozenset[CommandName]:
    """Those of the table; none where it lists none. Raises SetupError."""
    if not isinstance(content, dict):
        raise SetupError(f"{path}: commands: wanted a table [commands], met {shown(content)}")
    found = cast("dict[str, Any]", content)
    table = Table(path, "commands.", found, {"allow"})
    return frozenset() if found.get("allow") == [] else table.choices("allow", CommandName) or frozenset()

"""What the unit says of itself while it is there, and when it has to say it again."""

from __future__ import annotations

import importlib.metadata
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from ampguard.clock import ClockQuality, SystemClock, boot_name
from ampguard.readings import as_json
from ampguard.settings.commands import CommandName
from ampguard.uplink.heard import Now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """While it is there it also says this, again whenever something of it changes; the last will does not."""

    version: str
    """Of the software."""
    boot: str
    """Names one uninterrupted run of the process that sends; the `boot` of a reading names one of the meter."""
    since_utc: str | None
    """ISO 8601 with offset: when this connection began; None where no clock was ever set."""
    clock_quality: ClockQuality
    mqtt_version: str
    """Of this connection: "5" or "3.1.1"."""
    commands: frozenset[CommandName]
    """Those that the owner allows."""

    def body(self) -> Mapping[str, Json]:
        """As it is told."""
        return cast("Mapping[str, Json]", as_json(self))


class Introduction:
    """Of one run of the process."""

    def __init__(self, allowed: frozenset[CommandName]) -> None:
        self._allowed = allowed
        self._clock = SystemClock()
        self._version = importlib.metadata.version("ampguard")
        self._boot = boot_name()
        self._begun_s = time.monotonic()
        self._mqtt_version = ""
        self._connected_ns = time.monotonic_ns()
        self._since_utc: str | None = None

    @property
    def version(self) -> str:
        """Of the software."""
        return self._version

    @property
    def uptime_s(self) -> float:
        """How long the process runs."""
        return time.monotonic() - self._begun_s

    def connected(self, mqtt_version: str) -> None:
        """A connection begins."""
        self._mqtt_version = mqtt_version
        self._connected_ns, self._since_utc = time.monotonic_ns(), None

    def presence(self) -> Presence:
        """What there is to say now."""
        stamp = self._clock.stamp(self._connected_ns)
        if self._since_utc is None:
            # once known it stays: a clock that is disciplined a little is no news
            self._since_utc = stamp.utc
        return Presence(
            version=self._version,
            boot=self._boot,
            since_utc=self._since_utc,
            clock_quality=stamp.quality,
            mqtt_version=self._mqtt_version,
            commands=self._allowed,
        )

    def now(self) -> Now:
        """The moment by all clocks."""
        trusted = self._clock.stamp(time.monotonic_ns()).quality is not ClockQuality.UNSYNCHRONISED
        return Now(datetime.now(UTC), time.monotonic(), trusted)

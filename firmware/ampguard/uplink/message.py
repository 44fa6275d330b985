"""The public wire schema, version 1: topics below `ampguard/<serial>/` and what their messages hold.

| topic     | QoS | retained | holds                                                                     |
|-----------|-----|----------|---------------------------------------------------------------------------|
| `state`   | 1   | yes      | `{"schema", "serial", "online"}`; `online: false` is the last will          |
| `live`    | 1   | no       | one reading of a second, the newest                                       |
| `records` | 1   | no       | `{"schema", "serial", "readings": [...]}`: up to 60 readings from the journal |
| `event`   | 1   | no       | a dip, swell or interruption, with boot and sequence; may come twice      |
| `wiring`  | 1   | yes      | whether the wiring is right, as far as it is known, and why               |

A reading that arrives in `live` and in `records` is the same one: `boot` and `sequence` name it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.readings import Json

SCHEMA = 1
RECORDS_AT_ONCE = 60


def topic(serial: str, lane: str) -> str:
    """The topic of one lane of one unit."""
    return f"ampguard/{serial}/{lane}"


def state(serial: str, *, online: bool) -> bytes:
    """Whether the unit is there."""
    return _encoded({"schema": SCHEMA, "serial": serial, "online": online})


def live(serial: str, reading: Mapping[str, Json]) -> bytes:
    """The newest reading."""
    return _encoded({"schema": SCHEMA, "serial": serial, **reading})


def records(serial: str, readings: Sequence[Mapping[str, Json]]) -> bytes:
    """Readings that were missed, oldest first."""
    return _encoded({"schema": SCHEMA, "serial": serial, "readings": list(readings)})


def event(serial: str, occurrence: Mapping[str, Json]) -> bytes:
    """A dip, swell or interruption."""
    return _encoded({"schema": SCHEMA, "serial": serial, **occurrence})


def wiring(serial: str, verdict: Mapping[str, Json]) -> bytes:
    """What is known of the wiring."""
    return _encoded({"schema": SCHEMA, "serial": serial, **verdict})


def _encoded(content: Mapping[str, Json]) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()

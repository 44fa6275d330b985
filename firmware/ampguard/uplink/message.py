"""The public wire schema, version 1: topics below `ampguard/<serial>/` and what their messages hold.

| topic     | QoS | retained | holds                                                                     |
|-----------|-----|----------|---------------------------------------------------------------------------|
| `state`   | 1   | yes      | `{"schema", "serial", "online"}`; `online: false` is the last will          |
| `live`    | 1   | no       | one reading of a second, the newest                                       |
| `records` | 1   | no       | a block (`ampguard.block`) of up to 60 readings of one boot, from the journal |
| `acknowledged` | 1 | no  | by the cloud, of a committed block: its `boot`, `first_sequence`, `last_sequence` |
| `event`   | 1   | no       | a dip, swell or interruption, with boot and sequence; may come twice      |
| `wiring`  | 1   | yes      | whether the wiring is right, as far as it is known, and why               |

Every reading comes in `records`; those of `live` come sooner, and not all of them. It is the same reading: `boot` and
`sequence` name it. A block that nobody acknowledges comes again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ampguard import block

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


def records(readings: Sequence[Mapping[str, Json]]) -> bytes:
    """Readings of one boot, oldest first."""
    return block.encoded(readings)


def acknowledged(boot: str, first_sequence: int, last_sequence: int) -> bytes:
    """A block is committed."""
    return _encoded({
        "schema": SCHEMA, "boot": boot, "first_sequence": first_sequence, "last_sequence": last_sequence
    })  # fmt: skip


def read_acknowledged(payload: bytes) -> tuple[str, int, int] | None:
    """Which block is committed; None where the message says nothing of the kind."""
    try:
        match json.loads(payload):
            case {"boot": str(boot), "first_sequence": int(first), "last_sequence": int(last)}:
                return boot, first, last
            case _:
                return None
    except (ValueError, RecursionError):
        return None


def event(serial: str, occurrence: Mapping[str, Json]) -> bytes:
    """A dip, swell or interruption."""
    return _encoded({"schema": SCHEMA, "serial": serial, **occurrence})


def wiring(serial: str, verdict: Mapping[str, Json]) -> bytes:
    """What is known of the wiring."""
    return _encoded({"schema": SCHEMA, "serial": serial, **verdict})


def _encoded(content: Mapping[str, Json]) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()

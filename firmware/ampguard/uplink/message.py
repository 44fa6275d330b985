"""The public wire schema, version 1: topics below `ampguard/<serial>/` and what their messages hold.

| topic     | QoS | retained | holds                                                                     |
|-----------|-----|----------|---------------------------------------------------------------------------|
| `state`   | 1   | yes      | whether the unit is there; while it is, what it is. `online: false` is the last will |
| `live`    | 1   | no       | one reading of a second, the newest                                       |
| `records` | 1   | no       | a block (`ampguard.block`) of up to 60 readings of one boot, from the journal |
| `acknowledged` | 1 | no  | by the cloud: a block or an event is committed (`acknowledged_event`), or `refused` |
| `event`   | 1   | no       | what happened (`ampguard.events`), with boot and sequence; may come twice |
| `wiring`  | 1   | yes      | whether the wiring is right, as far as it is known, and why               |
| `command/<name>` | 1 | no | what somebody asks of the unit (`ampguard.uplink.commands`), if its owner allows it |
| `response/<name>` | 1 | no | what became of a command                                             |
| `limit`   | 1   | yes      | what the chargers may draw together from each phase, leased               |
| `limits`  | 1   | no       | what each charger may draw, leased, if its owner allows the command `group` |
| `balance` | 1   | no       | the load-balancing group as it stands: every 2 s, and what changes at once |
| `why`     | 1   | no       | why the limit of a charger has changed                                    |

Every reading comes in `records`; those of `live` come sooner, and not all of them. It is the same reading: `boot` and
`sequence` name it. A block that nobody acknowledges comes again; of one that is refused its parts, until one reading is
left, which is passed over and told as a gap (`refused`). Over HTTPS a 4xx with that message says the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ampguard import block
from ampguard.uplink import heard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.readings import Json

SCHEMA = heard.SCHEMA
RECORDS_AT_ONCE = 60
HEARD = ("acknowledged", "command/+", "limit", "limits")
"""What the unit receives; it sends all else."""
_LONGEST_WORDS = 200


LONGEST_REASON = 200
"""Characters."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was sent can never be stored."""

    id: str
    """`no-block` or `no-events`."""
    refused: str
    """Why, for people."""
    digest: str
    """SHA-256 of what was sent, in hexadecimal: what cannot be opened has no other name."""

    def body(self) -> Mapping[str, Json]:
        """As it travels; a reason may hold all that was sent."""
        return asdict(self) | {"refused": self.refused[:LONGEST_REASON]}


def topic(serial: str, lane: str) -> str:
    """The topic of one lane of one unit."""
    return f"ampguard/{serial}/{lane}"


def state(serial: str, *, online: bool, presence: Mapping[str, Json] | None = None) -> bytes:
    """Whether the unit is there; what it is, while it is there."""
    return _encoded({"schema": SCHEMA, "serial": serial, "online": online, **(presence or {})})


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


def acknowledged_event(boot: str, event_sequence: int) -> bytes:
    """An event is committed."""
    return _encoded({"schema": SCHEMA, "boot": boot, "event_sequence": event_sequence})


def refused(refusal: Mapping[str, Json]) -> bytes:
    """A block or an event can never be stored."""
    return _encoded({"schema": SCHEMA, **refusal})


def digest(sent: bytes) -> str:
    """What a refusal calls it."""
    return hashlib.sha256(sent).hexdigest()


def read_acknowledged_event(payload: bytes) -> tuple[str, int] | None:
    """Which event is committed: boot and sequence; None where the message says nothing of the kind."""
    try:
        match json.loads(payload):
            case {"boot": str(boot), "event_sequence": int(sequence)}:
                return boot, sequence
            case _:
                return None
    except (ValueError, RecursionError):
        return None


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


def read_refused(payload: bytes) -> tuple[str, str] | None:
    """The digest of what is refused, and why in one line; None where the message says nothing of the kind."""
    try:
        match json.loads(payload):
            case {"refused": str(why), "digest": str(found)}:
                words = "".join(one if one.isprintable() else " " for one in why[:_LONGEST_WORDS])
                return found, " ".join(words.split()) or "without a word"
            case _:
                return None
    except (ValueError, RecursionError):
        return None


def event(serial: str, occurrence: Mapping[str, Json]) -> bytes:
    """What happened: a dip, a gap in the readings, a step of the clock, an overload and the like."""
    return _encoded({"schema": SCHEMA, "serial": serial, **occurrence})


def events(serial: str, occurrences: Sequence[Mapping[str, Json]]) -> bytes:
    """Several events, as HTTPS carries them."""
    listed: list[Json] = [{"schema": SCHEMA, "serial": serial, **one} for one in occurrences]
    return _encoded({"schema": SCHEMA, "serial": serial, "events": listed})


def wiring(serial: str, verdict: Mapping[str, Json]) -> bytes:
    """What is known of the wiring."""
    return _encoded({"schema": SCHEMA, "serial": serial, **verdict})


def command(order: Mapping[str, Json]) -> bytes:
    """What somebody asks of the unit."""
    return _encoded({"schema": SCHEMA, **order})


def response(serial: str, answer: Mapping[str, Json]) -> bytes:
    """What became of a command."""
    return _encoded({"schema": SCHEMA, "serial": serial, **answer})


def limit(lease: Mapping[str, Json]) -> bytes:
    """What the chargers may draw, and until when."""
    return _encoded({"schema": SCHEMA, **lease})


def limits(lease: Mapping[str, Json]) -> bytes:
    """What each charger may draw, and for how long."""
    return _encoded({"schema": SCHEMA, **lease})


def balance(serial: str, state: Mapping[str, Json]) -> bytes:
    """The load-balancing group."""
    return _encoded({"schema": SCHEMA, "serial": serial, **state})


def why(serial: str, change: Mapping[str, Json]) -> bytes:
    """Why a limit has changed."""
    return _encoded({"schema": SCHEMA, "serial": serial, **change})


def _encoded(content: Mapping[str, Json]) -> bytes:
    return json.dumps(content, separators=(",", ":"), allow_nan=False).encode()

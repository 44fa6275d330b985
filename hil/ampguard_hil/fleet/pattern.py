"""The blocks of a fleet: real ones (`ampguard.block`), encoded once, with each unit's own numbers put in cheaply.

A block is zlib over JSON. What differs from one to the next (boot, sequence, the two clocks) is moved to its beginning
and goes uncompressed; the rest is compressed once. Deflate allows that: a stored part, then a compressed one (RFC 1951,
3.2.4), and the checksum over both (RFC 1950). The encoder's own blocks are a little smaller, and cost hundreds of times
the processor.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING, cast

from ampguard.uplink import message

if TYPE_CHECKING:
    from ampguard.readings import Json

SECOND_NS = 1_000_000_000
_SECOND = 1_000
"""Milliseconds."""
_OWN = ("boot", "sequence", "end_utc", "monotonic_ns")
_HEADER = b"\x78\x9c"
_RAW = -15
"""Deflate without header and checksum, as zlib's functions call it."""


class Pattern:
    """Blocks of so many readings of a second."""

    def __init__(self, readings: int, boot: str) -> None:
        if not 1 <= readings <= message.RECORDS_AT_ONCE:
            raise ValueError(f"wanted from 1 to {message.RECORDS_AT_ONCE} readings in a block, met {readings}")
        self.readings = readings
        self.boot = boot
        bodies = [_body(index, boot) for index in range(readings)]
        content = json.loads(zlib.decompress(message.records(bodies)))
        kept = {path: column for path, column in content["columns"].items() if path not in _OWN}
        text = json.dumps(kept, separators=(",", ":"))[1:] + "}"
        compressing = zlib.compressobj(9, zlib.DEFLATED, _RAW)
        self._tail = ("," + text).encode()
        self._compressed = compressing.compress(self._tail) + compressing.flush()
        self._steps = (
            f",{_SECOND}" * (readings - 1),
            f",{SECOND_NS}" * (readings - 1),
            ",1" * (readings - 1),
        )
        self._live = bodies[0]

    def first_sequence(self, number: int) -> int:
        """Of the block with that number, from 0 on."""
        return number * self.readings + 1

    def block(self, number: int, utc_s: float, monotonic_ns: int) -> bytes:
        """The block with that number; the clocks are those of its first reading."""
        utc_steps, monotonic_steps, steps = self._steps
        columns = (
            f'"boot":{{"is":"{self.boot}"}},'
            + _column("sequence", "steps", self.first_sequence(number), steps)
            + ","
            + _column("end_utc", "utc_steps", round(1000.0 * utc_s), utc_steps)
            + ","
            + _column("monotonic_ns", "steps", monotonic_ns, monotonic_steps)
        )
        head = f'{{"count":{self.readings},"columns":{{{columns}'.encode()
        length = len(head).to_bytes(2, "little")
        stored = b"\x00" + length + bytes(255 - one for one in length) + head
        total = zlib.adler32(self._tail, zlib.adler32(head))
        return _HEADER + stored + self._compressed + total.to_bytes(4, "big")

    def live(self, serial: str, number: int, utc_s: float, monotonic_ns: int) -> bytes:
        """The last reading of that block, as the live lane tells it."""
        last = self.readings - 1
        own: dict[str, Json] = {
            "sequence": self.first_sequence(number) + last,
            "end_utc": datetime.fromtimestamp(utc_s + last, UTC).isoformat(timespec="milliseconds"),
            "monotonic_ns": monotonic_ns + last * SECOND_NS,
        }
        return message.live(serial, {**self._live, **own})


def acknowledged_block(payload: bytes, pattern: Pattern) -> int | None:
    """The number of the block of this pattern that an acknowledgement names; None where it names none."""
    found = message.read_acknowledged(payload)
    if found is None or found[0] != pattern.boot:
        return None
    number, rest = divmod(found[1] - 1, pattern.readings)
    return number if rest == 0 and found[2] == number * pattern.readings + pattern.readings else None


def _column(path: str, kind: str, first: int, steps: str) -> str:
    return f'"{path}":{{"{kind}":[{first}{steps}]}}'


def _body(index: int, boot: str) -> dict[str, Json]:
    """The published example of a second, with a voltage that moves."""
    example = resources.files("ampguard.uplink") / "schemas" / "examples" / "live.json"
    body = cast("dict[str, Json]", json.loads(example.read_text()))
    del body["schema"], body["serial"]
    voltage_v = {"l1": 231.274 + 0.014 * (index % 7), "l2": 229.87, "l3": 230.501}
    return {
        **body,
        "boot": boot,
        "sequence": index + 1,
        "end_utc": datetime.fromtimestamp(index, UTC).isoformat(timespec="milliseconds"),
        "monotonic_ns": index * SECOND_NS,
        "voltage_rms_v": {phase: round(value_v, 3) for phase, value_v in voltage_v.items()},
    }

"""What a cloud's HTTPS entrance answers, and what follows from it. No I/O.

| answer                                             | means                                                        |
|----------------------------------------------------|--------------------------------------------------------------|
| 2xx with `{"committed": ...}` naming what was sent | it is committed: the only acknowledgement there is           |
| 4xx with a refusal (`message.refused`) of what was sent | `NeverTaken`: it can never be stored                    |
| 401, 403                                           | `NotAdmitted`: the owner must act                            |
| 400, 409, 422                                      | `BlockRefused`: that block, now; it is kept and tried again  |
| 413                                                | `BlockTooLarge`                                              |
| 429, 503                                           | `Busy`, with what `Retry-After` says                         |
| anything else, also 2xx without that body          | `UplinkFault`: a portal, a proxy, a defect; tried again      |
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, cast

from ampguard.errors import UplinkFault
from ampguard.uplink import message
from ampguard.uplink.faults import BlockRefused, BlockTooLarge, Busy, NeverTaken, NotAdmitted
from ampguard.uplink.lanes.lane import Batch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.uplink.lanes.lane import EventBatch

LEAST_RETRY_S, LONGEST_RETRY_S = 1.0, 3600.0
"""What `Retry-After` may ask for."""
_MOST_DIGITS = 9
_LONGEST_SHOWN = 200


def check(status: int, headers: Mapping[str, str], body: bytes, batch: Batch | EventBatch, now: datetime) -> None:
    """Return if the batch is committed. Raises the UplinkFault that the table says.

    `headers`: found whatever the case of their names; `now`: this unit's clock, for a date without another to compare.
    """
    match status:
        case _ if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110, 15.3
            if not _commits(body, batch):
                raise UplinkFault(f"answered {status}, but not that it is committed: {shown(body)}")
        case 401 | 403:
            raise NotAdmitted(f"does not admit this unit ({status}): {shown(body)}")
        case 400 | 409 | 422:
            raise BlockRefused(f"refuses {_named(batch)} ({status}): {shown(body)}")
        case 413:
            raise BlockTooLarge(f"finds {_named(batch)} too large ({status})")
        case 429 | 503:
            asked_s = retry_after_s(headers.get("retry-after"), headers.get("date"), now)
            raise Busy(f"asks for patience ({status}): {shown(body)}", asked_s)
        case _ if 300 <= status < 400:  # noqa: PLR2004 - RFC 9110, 15.4
            target = shown(headers.get("location", "nowhere").encode())
            raise UplinkFault(f"answered {status}: leads to {target}, which is not followed")
        case _:
            raise UplinkFault(f"answered {status}: {shown(body)}")


def check_refusal(status: int, body: bytes, batch: Batch | EventBatch, sent: bytes) -> None:
    """Raises NeverTaken where the answer names what was sent, and not only a proxy on the way."""
    if not 400 <= status < 500 or (found := message.read_refused(body)) is None:  # noqa: PLR2004 - RFC 9110, 15.5
        return
    digest, why = found
    if digest == message.digest(sent):
        raise NeverTaken(f"can never store {_named(batch)} ({status}): {why}", why)


def retry_after_s(text: str | None, date: str | None, now: datetime) -> float | None:
    """How long `Retry-After` asks to wait, within limits; None where it says nothing that can be understood.

    It holds seconds or a moment (RFC 9110, 10.2.3); a moment is compared with the answer's own `Date`, because this
    unit's clock may be wrong, and with the clock only where there is none.
    """
    words = (text or "").strip(" \t")
    if words.isascii() and words.isdigit():
        asked_s = LONGEST_RETRY_S if len(words.lstrip("0")) > _MOST_DIGITS else float(int(words[-_MOST_DIGITS:]))
    elif (moment := _moment(words)) is not None:
        asked_s = (moment - (_moment(date or "") or now)) / timedelta(seconds=1)
    else:
        return None
    return min(max(asked_s, LEAST_RETRY_S), LONGEST_RETRY_S)


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _commits(body: bytes, batch: Batch | EventBatch) -> bool:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(batch, Batch):
        match content:
            case {"committed": {"events": count}}:
                return type(count) is int and count == batch.count
            case _:
                return False
    match content:
        case {"committed": {"boot": boot, "first_sequence": first, "last_sequence": last}}:
            found = cast("tuple[object, ...]", (boot, first, last))
            return found == batch.name and all(
                type(one) is type(name) for one, name in zip(found, batch.name, strict=True)
            )
        case _:
            return False


def _named(batch: Batch | EventBatch) -> str:
    if isinstance(batch, Batch):
        return f"records {batch.first_sequence}-{batch.last_sequence} of boot {batch.boot}"
    (boot, first), (last_boot, last) = batch.first, batch.last
    return f"events from {first} of boot {boot} to {last} of boot {last_boot}"


def shown(body: bytes) -> str:
    """Somebody else's words in a sentence: short, on one line."""
    text = body[: 4 * _LONGEST_SHOWN].decode(errors="replace")
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return (line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}...") or "without a word"

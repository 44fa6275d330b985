"""Transactions: numbers that no restart gives twice, which ones run, and what a cloud calls them. Kept in one file.

A charger that begins while its cloud is away gets a number of ours; when the cloud hears of it later it gives its own,
and from then on each side is told the one that it knows. Ours begin so high that a cloud's hardly ever meet them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from ampguard.balancing.ocpp import taken
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from pathlib import Path

FIRST = 1_000_000_000
LAST = 2**31 - 1
"""A transaction id of OCPP has 32 bits."""
_EPOCH_S = 1_700_000_000
"""A file that is lost begins anew at a number of seconds since then: more than there were transactions."""
MOST_RENAMED = 500


@dataclass(frozen=True, slots=True)
class Transaction:
    """One that runs."""

    id: int
    """As the charger knows it."""
    connector: int
    tag: str
    begun_utc: str
    meter_wh: int


class Transactions:
    """Of all chargers; whoever changes something has it `save`d before he tells anybody."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Begins with what the file holds; one that cannot be read begins anew, with numbers that are new as well."""
        self._path = path
        self._saving = asyncio.Lock()
        self.fault: str | None = None
        self._last = FIRST
        self._running: dict[str, dict[int, Transaction]] = {}
        self._renamed: dict[int, int] = {}
        """Our number: the cloud's."""
        try:
            self._load(path.read_text())
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError) as why:
            self.fault = f"{path}: the transactions that ran are not known any more: {why}"
            self._last = FIRST + max(0, int(now.timestamp()) - _EPOCH_S) % (LAST - FIRST)
            self._running, self._renamed = {}, {}

    def begin(self, charger: str, connector: int, tag: str, meter_wh: int, now: datetime) -> Transaction:
        """One begins that no cloud has given a number."""
        self._last = self._last + 1 if self._last < LAST else FIRST
        return self.began(charger, Transaction(self._last, connector, tag, taken.written(now), meter_wh))

    def began(self, charger: str, transaction: Transaction) -> Transaction:
        """One begins; whatever ran on that connector is over."""
        self._running.setdefault(charger, {})[transaction.connector] = transaction
        return transaction

    def ended(self, charger: str, number: int) -> Transaction | None:
        """One is over; None where none of that number ran."""
        running = self._running.get(charger, {})
        found = next((one for one in running.values() if one.id == number), None)
        if found is not None:
            del running[found.connector]
        return found

    def running(self, charger: str) -> Mapping[int, Transaction]:
        """By connector."""
        return self._running.get(charger, {})

    def renamed(self, ours: int, clouds: int) -> None:
        """What the cloud calls one of ours."""
        self._renamed[ours] = clouds
        while len(self._renamed) > MOST_RENAMED:
            del self._renamed[next(iter(self._renamed))]

    def for_cloud(self, number: int) -> int:
        """As the cloud knows it."""
        return self._renamed.get(number, number)

    def for_charger(self, number: int) -> int:
        """As the charger knows it."""
        return next((ours for ours, clouds in self._renamed.items() if clouds == number), number)

    async def save(self) -> None:
        """On the medium when this returns. Raises OSError."""
        async with self._saving:
            running = {name: [asdict(one) for one in of.values()] for name, of in self._running.items() if of}
            renamed = [list(pair) for pair in self._renamed.items()]
            content = json.dumps({"last": self._last, "running": running, "renamed": renamed})
            await asyncio.to_thread(replace_whole, self._path, content)

    def _load(self, text: str) -> None:
        found: object = json.loads(text)
        if not isinstance(found, dict):
            raise TypeError("wanted an object")
        content = cast("Mapping[str, object]", found)
        last = taken.whole(content, "last")
        if last is None or last < FIRST:
            raise ValueError("wanted the last number that was given")
        self._last = last
        for name in taken.inner(content, "running"):
            for one in taken.several(taken.inner(content, "running"), name):
                self.began(name, _transaction(one))
        renamed = content.get("renamed")
        for ours, clouds in cast("list[tuple[int, int]]", renamed if isinstance(renamed, list) else []):
            self._renamed[int(ours)] = int(clouds)


def _transaction(one: Mapping[str, object]) -> Transaction:
    number, connector = taken.whole(one, "id"), taken.whole(one, "connector")
    begun = taken.moment(one, "begun_utc") or datetime.fromtimestamp(0, UTC)
    if number is None or connector is None:
        raise ValueError("wanted a transaction's number and connector")
    made = Transaction(number, connector, taken.text(one, "tag") or "", taken.written(begun), 0)
    return replace(made, meter_wh=taken.whole(one, "meter_wh") or 0)

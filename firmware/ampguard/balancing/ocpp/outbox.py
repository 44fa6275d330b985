"""What a charger's cloud must still be told: kept in order, on the medium, until the cloud has answered.

One file of lines for a charger, to which is only added: a message, or that one is done. A line that a power cut has
torn is no line. When nothing is left the file goes. What was answered and not yet noted as done comes twice after a
power cut.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, cast

from ampguard.balancing.ocpp import taken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.balancing.ocpp.frame import Payload

MOST = 20_000
"""Messages; then the oldest meter values go, which a cloud needs least. Begin and end of a transaction never do."""
EXPENDABLE = "MeterValues"
SYNCED_EVERY_S = 10.0
"""Meter values alone wear the medium no oftener."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message."""

    number: int
    action: str
    payload: Payload
    transaction: int | None = None
    """Of a StartTransaction: the number that the charger was given meanwhile."""


class Outbox:
    """Of one charger. What writes raises OSError where the medium takes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = asyncio.Lock()
        self._letters: OrderedDict[int, Letter] = OrderedDict()
        self._last = 0
        self._synced_s = 0.0
        self.lost = 0
        """Meter values that had no room."""
        self._load()

    def __len__(self) -> int:
        return len(self._letters)

    def first(self) -> Letter | None:
        """The next one; None: nothing is left."""
        return next(iter(self._letters.values()), None)

    async def add(self, action: str, payload: Payload, now_s: float, transaction: int | None = None) -> Letter:
        """One more. What is about the begin or the end of a transaction is on the medium when this returns."""
        self._last += 1
        letter = Letter(self._last, action, payload, transaction)
        self._letters[letter.number] = letter
        must_sync = action != EXPENDABLE or now_s - self._synced_s >= SYNCED_EVERY_S
        if must_sync:
            self._synced_s = now_s
        await self._write(_line(asdict(letter)), is_synced=must_sync)
        if len(self._letters) > MOST:
            await self._lose_one()
        return letter

    async def done(self, letter: Letter) -> None:
        """The cloud has answered it."""
        self._letters.pop(letter.number, None)
        await self._write(_line({"done": letter.number}), is_synced=letter.action != EXPENDABLE)

    async def _lose_one(self) -> None:
        found = next((one for one in self._letters.values() if one.action == EXPENDABLE), None)
        if found is not None:
            self.lost += 1
            await self.done(found)

    async def _write(self, line: bytes, *, is_synced: bool) -> None:
        async with self._writing:
            if self._letters:
                await asyncio.to_thread(_append, self._path, line, is_synced=is_synced)
            else:  # nothing is left to be told
                await asyncio.to_thread(self._path.unlink, missing_ok=True)

    def _load(self) -> None:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines:
            self._read(line)
        self._mend(lines[-1])

    def _read(self, line: bytes) -> None:
        try:
            found: object = json.loads(line)
        except ValueError:
            return
        if not isinstance(found, dict):
            return
        content = cast("Mapping[str, object]", found)
        done, number = taken.whole(content, "done"), taken.whole(content, "number")
        if done is not None:
            self._letters.pop(done, None)
        elif number is not None and (action := taken.text(content, "action")) is not None:
            payload = taken.inner(content, "payload")
            self._letters[number] = Letter(number, action, payload, taken.whole(content, "transaction"))
        self._last = max(self._last, done or 0, number or 0)

    def _mend(self, torn: bytes) -> None:
        """So that the next line begins as one."""
        if torn:
            with self._path.open("ab") as file:
                file.write(b"\n")


def _line(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _append(path: Path, line: bytes, *, is_synced: bool) -> None:
    is_new = not path.exists()
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "ab") as file:
        file.write(line)
        file.flush()
        if is_synced:
            os.fsync(opened)
    if is_new:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

"""Who may charge while no cloud can be asked: the owner's list, and whom the cloud has accepted before."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from ampguard.balancing.ocpp import taken
from ampguard.wholefile import replace_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.balancing.ocpp.frame import Payload

MOST_LEARNT = 2000
LONGEST_TAG = 20


class Status(StrEnum):
    """AuthorizationStatus."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"


class Tags:
    """Upper and lower case are one (CiString).

    Args:
        path: where it is kept what the cloud said.
        listed: the owner's list.
        is_free: whoever comes may charge, but for whom the cloud has refused.
    """

    def __init__(self, path: Path, listed: frozenset[str], *, is_free: bool) -> None:
        self._path = path
        self._saving = asyncio.Lock()
        self._listed = frozenset(one.lower() for one in listed)
        self._is_free = is_free
        self._learnt: dict[str, tuple[str, str | None]] = {}
        """Status and expiry by tag."""
        try:
            self._load(path.read_text())
        except (OSError, ValueError, TypeError):
            self._learnt = {}  # it comes back with the cloud

    def status(self, tag: str, now: datetime | None) -> Status:
        """Whether somebody may charge. `now` None: nobody has set the clock, and nothing expires."""
        name = tag.lower()
        if name in self._listed:
            return Status.ACCEPTED
        found = self._learnt.get(name)
        if found is None:
            return Status.ACCEPTED if self._is_free else Status.INVALID
        expires = taken.moment({"at": found[1]}, "at")
        if now is not None and expires is not None and expires <= now:
            return Status.EXPIRED
        return Status(found[0]) if found[0] in set(Status) else Status.INVALID

    def learn(self, tag: str, info: Payload) -> bool:
        """What the cloud says of somebody (idTagInfo); whether it is new."""
        status, expiry = taken.text(info, "status"), taken.text(info, "expiryDate")
        if status is None or status == "ConcurrentTx":  # that is about now, not about him
            return False
        said, name = (status, expiry), tag.lower()[:LONGEST_TAG]
        if self._learnt.get(name) == said:
            return False
        self._learnt[name] = said
        while len(self._learnt) > MOST_LEARNT:
            del self._learnt[next(iter(self._learnt))]
        return True

    def listed_by_cloud(self, asked: Payload) -> None:
        """SendLocalList.req that the charger has accepted."""
        if asked.get("updateType") == "Full":
            self._learnt.clear()
        for one in taken.several(asked, "localAuthorizationList"):
            tag, info = taken.text(one, "idTag"), taken.inner(one, "idTagInfo")
            if tag is not None and info:
                self.learn(tag, info)
            elif tag is not None:
                self._learnt.pop(tag.lower()[:LONGEST_TAG], None)

    async def save(self) -> None:
        """On the medium when this returns. Raises OSError."""
        async with self._saving:
            await asyncio.to_thread(replace_secret, self._path, json.dumps(self._learnt))

    def _load(self, text: str) -> None:
        found: object = json.loads(text)
        if not isinstance(found, dict):
            raise TypeError("wanted an object")
        for tag, pair in cast("Mapping[str, list[str | None]]", found).items():
            status, expiry = pair
            self._learnt[tag] = (str(status), expiry)

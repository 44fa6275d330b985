"""The load-balancing group as pages and programs see it: what its owner has set up, what the balancer says, and why."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.live.subscriber import Subscriber
from ampguard.phrase import as_heard
from ampguard.web.refusal import bare, without_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ampguard.readings import Json
    from ampguard.settings.groupstore import GroupStore
    from ampguard.web.charger_test import ChargerTests
    from ampguard.web.live import Hub

SILENT_S = 3.0
"""The balancer tells its state once a second: who says nothing for so long is not there, or hangs."""
MOST_CHANGES = 200
KIND = "balance"


class Stand(StrEnum):
    """What is to be said first."""

    NO_GROUP = "no-group"
    INACTIVE = "inactive"
    """There is one, and its owner does not want it balanced."""
    SILENT = "silent"
    """It should be balanced, and the balancer says nothing."""
    STARTING = "starting"
    """The balancer is there and has not taken it up yet."""
    FAULT = "fault"
    """It cannot be balanced as it is set up."""
    BALANCED = "balanced"


class Balancing:
    """What is known of it."""

    def __init__(
        self, hub: Hub, store: GroupStore, past: Callable[[int], Sequence[Mapping[str, Json]]], tests: ChargerTests
    ) -> None:
        """`past`: the last changes that were kept, as the feed tells each, the oldest first. Blocks."""
        self.store, self.tests = store, tests
        self._hub, self._past = hub, past
        self._since = datetime.now(UTC)
        self._changes: deque[Mapping[str, Json]] = deque(maxlen=MOST_CHANGES)
        self._count = 0
        self._body: Mapping[str, Json] | None = None

    async def follow(self, feed: Path) -> None:
        """Hear the balancer, for ever."""
        async for message in Subscriber(feed, SILENT_S).messages():
            if message is None:
                self.gone()
            else:
                self.hear(message.kind, message.body)

    def hear(self, kind: str, body: Mapping[str, Json]) -> None:
        """What it says; pages are told in English, and ask for their own language where a sentence has changed."""
        if kind == "why":
            self._changes.append(body)
            self._count += 1
        elif kind == KIND:
            self._body = body
            plain = cast("dict[str, Json]", worded(cast("Json", body), str))
            self._hub.tell(KIND, plain | {"changes": self._count})

    def gone(self) -> None:
        """It says nothing any more."""
        self._body = None
        self._hub.forget(KIND)

    def now(self, tell: Callable[[str], str]) -> dict[str, Json]:
        """The group as it stands, in the reader's language: the balancer's words with `state` before. Blocks."""
        try:
            group = self.store.seen().group
        except SetupError as why:
            return {"state": Stand.FAULT, "fault": tell(bare(why))}
        body = self._body
        if group is None or not group.active:
            stand = Stand.NO_GROUP if group is None else Stand.INACTIVE
            return {"state": stand, "name": None if group is None else group.name}
        if body is None:
            return {"state": Stand.SILENT, "name": group.name}
        told = cast("dict[str, Json]", worded(cast("Json", body), tell))
        fault = told.get("fault")
        fault = without_file(fault) if isinstance(fault, str) else None
        if told.get("active") is True:
            return {**told, "state": Stand.BALANCED, "fault": fault}
        return {"state": Stand.STARTING if fault is None else Stand.FAULT, "name": group.name, "fault": fault}

    def changes(self, most: int, tell: Callable[[str], str]) -> list[Json]:
        """The last changes of limits, the newest first. Blocks."""
        found = list(self._changes)[-most:]
        if len(found) < most:
            before = [one for one in self._past(most) if _is_before(one.get("utc"), self._since)]
            found = [*before, *found][-most:]
        return [worded(cast("Json", one), tell) for one in reversed(found)]


def worded(content: Json, tell: Callable[[str], str]) -> Json:
    """The same with each phrase (`ampguard.phrase.as_told`) said by `tell`."""
    match content:
        case {"message": str(), "facts": dict()}:
            heard = as_heard(content)
            return None if heard is None else tell(heard)
        case dict():
            return {key: worded(one, tell) for key, one in content.items()}
        case list():
            return [worded(one, tell) for one in content]
        case _:
            return content


def _is_before(utc: Json, moment: datetime) -> bool:
    return isinstance(utc, str) and datetime.fromisoformat(utc) < moment

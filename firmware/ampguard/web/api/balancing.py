"""The load-balancing group: how it stands, why limits changed, and setting it up. No password ever leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import APIRouter, Query, Request

from ampguard.web.access.guard import Controller, Reader
from ampguard.web.api import balancing_test
from ampguard.web.api.balancing_bodies import BalancingNow, GroupNow, LimitChange, WantedGroup, group_now
from ampguard.web.api.settings import History, WantedUndo, done, told_history
from ampguard.web.balancing import MOST_CHANGES
from ampguard.web.by import by
from ampguard.web.destinations import refuse_other_clouds
from ampguard.web.refusal import Refusal
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.web.parts import Parts


def router(parts: Parts) -> APIRouter:
    """Of the group."""
    found = APIRouter(
        prefix="/api/v1/balancing", tags=["balancing"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )
    found.include_router(balancing_test.router(parts))
    balancing = parts.balancing
    store = balancing.store

    @found.get("")
    async def look(request: Request, _reader: Reader) -> BalancingNow:
        """As it stands; `state` says whether anything is balanced, and if not, why."""
        return BalancingNow.model_validate(await asyncio.to_thread(balancing.now, words_of(request).tell))

    @found.get("/changes")
    async def changes(
        request: Request, _reader: Reader, most: Annotated[int, Query(ge=1, le=MOST_CHANGES)] = 50
    ) -> list[LimitChange]:
        """The last changes of limits, each with its reason; the newest first."""
        told = await asyncio.to_thread(balancing.changes, most, words_of(request).tell)
        return [LimitChange.model_validate(one) for one in told]

    @found.get("/group")
    async def group(_reader: Reader) -> GroupNow:
        """How it is set up; of passwords only whether there is one."""
        return group_now(await asyncio.to_thread(store.seen))

    @found.put("/group")
    async def put(who: Controller, wanted: WantedGroup) -> GroupNow:
        """Set it up: all of it, or nothing where something is refused. The balancer follows within seconds.

        A password that is not named stays with the charger of that id. That for a charger's own cloud must be given
        anew together with another address.
        """
        told = wanted.group.model_dump(exclude_unset=True)
        chargers = cast("Sequence[Mapping[str, object]]", told.get("chargers", ()))

        def work() -> None:
            seen = store.seen()
            refuse_other_clouds(seen.group, chargers)
            store.put(told, by(who), seen=wanted.mark or seen.mark)

        await done(work)
        return group_now(await asyncio.to_thread(store.seen))

    @found.get("/group/history")
    async def history(_reader: Reader) -> History:
        """Who changed what of the setup when."""
        return told_history(await asyncio.to_thread(store.history))

    @found.post("/group/undo")
    async def undo(who: Controller, wanted: WantedUndo) -> GroupNow:
        """Take back the last change of the setup that is not taken back."""
        await done(lambda: store.undo(by(who), seen=wanted.mark))
        return group_now(await asyncio.to_thread(store.seen))

    return found

"""What every request is answered from: the registry, the history, and what the store tells of a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from ampguard_hil.cloud.history import History
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_people import SignedIn
from ampguard_hil.cloud.registry_refusals import SignInWanted
from ampguard_hil.cloud.registry_rights import Actor
from ampguard_hil.cloud.told import Told

if TYPE_CHECKING:
    from pathlib import Path

COOKIE = "ampguard_session"


@dataclass(frozen=True, slots=True)
class Site:
    """One database, three ways to look at it."""

    registry: Registry
    history: History
    told: Told

    @staticmethod
    def at(where: str | Path) -> Site:
        """Opened at first use."""
        registry = Registry(where)
        return Site(registry, History(registry.database), Told(where))

    async def close(self) -> None:
        """Close everything."""
        await self.told.close()
        await run_in_threadpool(self.registry.close)


def site_of(request: Request) -> Site:
    """The application's."""
    return cast("Site", request.app.state.site)


def session_of(request: Request, site: Annotated[Site, Depends(site_of)]) -> SignedIn:
    """Whose request it is, by the bearer token; by the cookie only where nothing is changed.

    A browser sends its cookie also with what another site has it send: that may look, and nothing more. Pages that
    change something check their form's token. Raises SignInWanted.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return site.registry.people.who(token)
    cookie = request.cookies.get(COOKIE)
    if cookie and request.method in {"GET", "HEAD"}:
        return site.registry.people.who(cookie)
    raise SignInWanted("sign-in-wanted", "wanted a bearer token of POST /v1/session, met none")


def actor_of(session: Annotated[SignedIn, Depends(session_of)]) -> Actor:
    """Who asks. Raises SignInWanted."""
    return session.actor


Asking = Annotated[Actor, Depends(actor_of)]
From = Annotated[Site, Depends(site_of)]

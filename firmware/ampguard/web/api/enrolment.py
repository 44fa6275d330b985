"""The unit's certificate for a cloud: have one signed, and send readings there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ampguard.errors import SetupError
from ampguard.settings.history import By, Means
from ampguard.settings.settings import load
from ampguard.web.access.guard import Owner
from ampguard.web.refusal import Refusal, RefusedError, bare

if TYPE_CHECKING:
    from ampguard.web.parts import Parts

LONGEST = 1 << 15
"""Characters of PEM."""
_LINE = r"^[!-~]+$"
_OTHER_WAYS = ("https.token", "https.ca_file", "https.client_certificate_file", "https.client_key_file")
"""Nothing of it goes together with the enrolment's certificate."""


class EnrolledNow(BaseModel):
    """Where, and for how long."""

    url: str
    begins_utc: str
    ends_utc: str
    used: bool
    """Whether anything is sent with it; else it is not renewed either."""


class EnrolmentNow(BaseModel):
    """Whether the unit has a certificate of a cloud."""

    enrolled: EnrolledNow | None


class WantedEnrolment(BaseModel):
    """Where the unit is to enrol."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: Annotated[str, Field(max_length=200, pattern=_LINE)]
    """https://..., up to where `/v1/...` begins."""
    pin: Annotated[str, Field(max_length=64, pattern=_LINE)]
    """The one on the label. It goes to the cloud, over TLS, and is kept nowhere."""
    authority: Annotated[str, Field(max_length=LONGEST)] | None = None
    """PEM: the only one to trust for this cloud; null: those of the system."""
    proxy: Annotated[str, Field(max_length=200, pattern=_LINE)] | None = None
    """http://name:port, where there is no other way out; null: as it is set."""


def router(parts: Parts) -> APIRouter:
    """Of the enrolment."""
    found = APIRouter(
        prefix="/api/v1", tags=["settings"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )
    running = asyncio.Lock()

    def now() -> EnrolmentNow:
        if (known := parts.enrolment.now()) is None:
            return EnrolmentNow(enrolled=None)
        found = load(parts.places.settings)
        is_used = any(one is not None and one.enrolled for one in (found.https, found.mqtt))
        return EnrolmentNow(
            enrolled=EnrolledNow(url=known.url, begins_utc=known.begins_utc, ends_utc=known.ends_utc, used=is_used)
        )

    @found.get("/enrolment")
    async def look(_owner: Owner) -> EnrolmentNow:
        """Where this unit is enrolled."""
        return await asyncio.to_thread(now)

    @found.post("/enrolment")
    async def enrol(who: Owner, wanted: WantedEnrolment) -> EnrolmentNow:
        """Make a key, have it signed by that cloud, and from then on send readings there over HTTPS.

        What was set of the cloud before (`https.*`) is replaced but for the proxy, as a change that can be undone.
        The PIN is not kept.
        """
        if running.locked():
            raise RefusedError(409, "busy", "wanted no other enrolment at the same time, met one that goes on")
        async with running:
            # what cannot be set is said before anybody is asked for a certificate
            try:
                await asyncio.to_thread(parts.settings.seen)
            except SetupError as why:
                raise SetupError(bare(why)) from why
            await parts.enrolment.enrol(wanted.url, wanted.pin, wanted.authority, wanted.proxy)
            changes = dict.fromkeys(_OTHER_WAYS) | {
                "https.url": wanted.url.rstrip("/"), "https.enrolled": True,
            } | ({} if wanted.proxy is None else {"https.proxy": wanted.proxy})  # fmt: skip
            try:
                await asyncio.to_thread(parts.settings.change, changes, By(Means.PAGE, who.source))
            except SetupError as why:
                raise SetupError(f"enrolled, but the settings cannot say so: {bare(why)}") from why
        return await asyncio.to_thread(now)

    return found

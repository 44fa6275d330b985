"""The units' own part of the HTTPS entrance: takes their blocks, commits them, and only then answers 200."""

from __future__ import annotations

import hmac
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel

from ampguard.uplink import message
from ampguard_hil.cloud.api_completeness import Completeness
from ampguard_hil.cloud.store import RefusedBlockError, received, received_events
from ampguard_hil.cloud.store_thread import StoreThread

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard_hil.cloud.store import Received, Store
    from ampguard_hil.cloud.told import Told

RETRY_AFTER_S = 5
_LOG = logging.getLogger("ampguard-cloud-https")
_BLOCK = {
    "requestBody": {
        "required": True,
        "description": "A compressed block of readings of one boot, as `ampguard/block.py` says.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}

_EVENTS = {
    "requestBody": {
        "required": True,
        "description": "What happened, oldest first; each as on the MQTT topic `event`.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["schema", "serial", "events"],
                    "properties": {
                        "schema": {"const": 1},
                        "serial": {"type": "string"},
                        "events": {"type": "array", "items": {"type": "object"}},
                    },
                }
            }
        },
    }
}


class Entrance:
    """What units bring, into the store; no question of anybody's is answered in its thread."""

    def __init__(self, where: str | Path) -> None:
        self._store = StoreThread(where, "store")

    async def commit(self, serial: str, block: bytes) -> Received:
        """Open a block and store it for good. Raises RefusedBlockError, StoreError."""

        def work(store: Store) -> Received:
            found = received(serial, block)
            store.commit([found])
            return found

        return await self._store.do(work)

    async def commit_events(self, serial: str, content: bytes) -> int:
        """Open a unit's list of events and store them for good: how many. Raises RefusedBlockError, StoreError."""

        def work(store: Store) -> int:
            found = received_events(serial, content)
            store.commit([], found)
            return len(found)

        return await self._store.do(work)

    async def date(self) -> int | None:
        """As the store does. Raises StoreError."""
        return await self._store.do(lambda store: store.date())

    async def close(self) -> None:
        """Finish what is being stored, and close."""
        await self._store.close()


class Committed(BaseModel):
    """The readings that are stored for good."""

    boot: str
    first_sequence: int
    last_sequence: int


class CommittedEvents(BaseModel):
    """How many events are stored for good."""

    events: int


class EventsAcknowledgement(BaseModel):
    """What a unit may forget."""

    committed: CommittedEvents


class Acknowledgement(BaseModel):
    """What a unit may forget."""

    committed: Committed


class Boot(BaseModel):
    """What is there of one run of the meter."""

    boot: str
    first_utc: str | None
    last_utc: str | None
    readings: int
    missing: list[tuple[int, int]]
    """First and last number of each hole."""


class UnitCompleteness(Completeness):
    """What is there of a unit, and what is missing and why."""

    boots: list[Boot]


def units_router(entrance: Entrance, told: Told, token: str | None) -> APIRouter:
    """What units speak; `told`: what they are answered from; without a token everybody is admitted who gets as far."""
    router = APIRouter(prefix="/v1/units", tags=["units"])

    @router.post("/{serial}/records", openapi_extra=_BLOCK, response_model=Acknowledgement)
    async def records(request: Request, serial: str) -> Acknowledgement | Response:
        """Take a block of readings; 200 after the commit, 413 above 1 MiB, 503 for later.

        400 with its `digest` (SHA-256) for what can never be stored.
        """
        _admit(request, token)
        block = await request.body()
        try:
            found = await entrance.commit(serial, block)
        except RefusedBlockError as why:
            # an operator must look at that unit
            _LOG.error("%s: %s", ascii(serial), why)
            return _never("no-block", block, why)
        return Acknowledgement(
            committed=Committed(boot=found.boot, first_sequence=found.first_sequence, last_sequence=found.last_sequence)
        )

    @router.post("/{serial}/events", openapi_extra=_EVENTS, response_model=EventsAcknowledgement)
    async def events(request: Request, serial: str) -> EventsAcknowledgement | Response:
        """Take events; 200 after the commit of all of them, 413 above 1 MiB, 503 for later.

        400 with the `digest` (SHA-256) of what came where one of them can never be stored.
        """
        _admit(request, token)
        content = await request.body()
        try:
            count = await entrance.commit_events(serial, content)
        except RefusedBlockError as why:
            _LOG.error("%s: %s", ascii(serial), why)
            return _never("no-events", content, why)
        return EventsAcknowledgement(committed=CommittedEvents(events=count))

    @router.get("/{serial}/completeness")
    async def completeness(request: Request, serial: str) -> UnitCompleteness:
        """Tell what is there of a unit, boot by boot, and what is missing and why."""
        _admit(request, token)
        boots, account = await told.boots(serial), await told.account(serial)
        return UnitCompleteness(**Completeness.of(account).model_dump(), boots=[Boot(**asdict(one)) for one in boots])

    return router


def _never(what: str, sent: bytes, why: RefusedBlockError) -> Response:
    """No store can ever take it: named, so that its unit knows that it is no proxy's word."""
    refusal = message.Refusal(what, str(why), message.digest(sent))
    return Response(message.refused(refusal.body()), 400, media_type="application/json")


def _admit(request: Request, token: str | None) -> None:
    """Raises HTTPException."""
    given = request.headers.get("authorization", "")
    if token is not None and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise HTTPException(401, "wanted a token, met none or another one", {"WWW-Authenticate": "Bearer"})

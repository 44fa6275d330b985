"""How far the installation is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel

from ampguard.web.access.guard import Reader
from ampguard.web.refusal import Refusal
from ampguard.web.steps import Reason, StepId, StepState, is_complete, next_of, steps

if TYPE_CHECKING:
    from ampguard.web.parts import Parts


class StepNow(BaseModel):
    """One step of an installer's first visit."""

    id: StepId
    state: StepState
    reasons: list[Reason]
    needed: bool
    """Whether the installation is not complete without it."""


class StepsNow(BaseModel):
    """All of them, in their order."""

    complete: bool
    next: StepId | None
    steps: list[StepNow]


def router(parts: Parts) -> APIRouter:
    """Of the steps."""
    found = APIRouter(
        prefix="/api/v1/steps", tags=["steps"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )

    @found.get("")
    async def look(_reader: Reader) -> StepsNow:
        """As they are now, from what the unit says and from what is set."""
        now = await asyncio.to_thread(steps, parts)
        return StepsNow(
            complete=is_complete(now),
            next=next_of(now),
            steps=[StepNow(id=one.id, state=one.state, reasons=list(one.reasons), needed=one.is_needed) for one in now],
        )

    return found

"""What leads an installer through his first visit: the steps in order, on the first pages until they are done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from ampguard.catalogue import marked
from ampguard.web.pages.frame import page
from ampguard.web.steps import Reason, Step, StepId, StepState, is_complete, is_over, next_of, steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from ampguard.web.parts import Parts


@dataclass(frozen=True, slots=True)
class Leads:
    """Where a step is done, and what is said of it."""

    name: str
    path: str
    sentences: Mapping[Reason, str]


LEADS: Mapping[StepId, Leads] = MappingProxyType({
    StepId.NETWORK: Leads(marked("Network"), "/wifi", {
        Reason.CONNECTED: marked("The unit is in a network."),
        Reason.NO_NETWORK: marked("Plug in a network cable, or join the building's Wi-Fi."),
        Reason.UNKNOWN: marked("Whether there is a network is not known: the unit's sender says nothing."),
    }),
    StepId.ELECTRICAL: Leads(marked("Electrical settings"), "/installation#electrical", {
        Reason.SAID: marked("Main fuse, grid type and generation have been said."),
        Reason.MAIN_FUSE: marked("Say how large the main fuse is."),
        Reason.GRID_TYPE: marked("Say how the building is connected."),
        Reason.GENERATION: marked("Say whether anything generates here."),
        Reason.UNREADABLE: marked("The settings cannot be read."),
    }),
    StepId.WIRING: Leads(marked("Wiring check"), "/installation#wiring", {
        Reason.RIGHT: marked("The wiring is right."),
        Reason.WRONG: marked("The wiring is wrong: mend it, by hand or in software."),
        Reason.ABSENT: marked("Something is not connected: voltages or clamps."),
        Reason.UNDECIDED: marked("Not decided yet: it needs load. A kettle is enough."),
        Reason.LOST_PHASE: marked("A phase carries no voltage: look at the fuses, and at the wire to its terminal."),
        Reason.SUPPLY: marked("The supply has a fault: see to that first."),
        Reason.UNKNOWN: marked("The meter says nothing."),
    }),
    StepId.CLOUD: Leads(marked("Cloud"), "/installation#cloud", {
        Reason.CONNECTED: marked("The unit is connected."),
        Reason.NO_DESTINATION: marked("Nowhere to send to yet: say a cloud or a broker, if there is one."),
        Reason.BROKER_ONLY: marked("Only the owner's broker is set: say a cloud, too, if there is one."),
        Reason.NOT_REACHED: marked("Not connected yet."),
    }),
    StepId.REPORT: Leads(marked("Report"), "/system#report", {
        Reason.READY: marked("Make the commissioning report."),
        Reason.REPORTED: marked("The commissioning report was made, and what it states is still so."),
        Reason.OUTDATED: marked("Make the commissioning report again: something that it states was changed since."),
        Reason.NOT_YET: marked("When network, settings and wiring are done."),
    }),
})  # fmt: skip
STATES: Mapping[StepState, str] = MappingProxyType({
    StepState.DONE: marked("done"),
    StepState.OPEN: marked("to do"),
    StepState.LATER: marked("later"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class FirstVisit:
    """What the steps' template shows."""

    steps: tuple[Step, ...]
    next: StepId | None
    is_complete: bool
    is_over: bool
    """Whether the report was made, too."""
    stays: bool
    """Whether it is shown when all is done, too."""
    leads: Mapping[StepId, Leads]
    states: Mapping[StepState, str]


async def first_visit(parts: Parts, *, stays: bool = False) -> FirstVisit:
    """As far as it is now."""
    now = await asyncio.to_thread(steps, parts)
    return FirstVisit(now, next_of(now), is_complete(now), is_over(now), stays, LEADS, STATES)


def router(parts: Parts) -> APIRouter:
    """Of the page that shows the steps whenever somebody wants to see them again."""
    found = APIRouter(include_in_schema=False)

    @found.get("/first-visit", response_class=HTMLResponse)
    async def again(request: Request) -> Response:
        return await page(request, parts, "first_visit.html", first_visit=await first_visit(parts, stays=True))

    return found

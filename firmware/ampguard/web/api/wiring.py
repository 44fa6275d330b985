"""What is known of the wiring, what the unit proposes, and setting what each input measures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.settings.assignment import Assignment, assignment
from ampguard.settings.settings import load
from ampguard.web.access.guard import Controller, Reader
from ampguard.web.by import by
from ampguard.web.refusal import Refusal, RefusedError
from ampguard.web.words import words_of
from ampguard.wiring.heard import Heard, accepted, is_all_reversed, read
from ampguard.wiring.reasons import reasons

if TYPE_CHECKING:
    from ampguard.settings.settings import Settings
    from ampguard.settings.values import Value
    from ampguard.web.parts import Parts

_HERE = Path("the request")


class OfInputs(BaseModel):
    """One word for each input, in the words of the settings."""

    model_config = ConfigDict(extra="forbid")

    l1: str
    l2: str
    l3: str


class WantedInputs(BaseModel):
    """What each input measures: clamps as "L2" or "L2 reversed", voltage terminals as "L2"."""

    model_config = ConfigDict(extra="forbid")

    clamps: OfInputs
    voltages: OfInputs


class Acceptance(BaseModel):
    """What somebody has seen and agrees to."""

    model_config = ConfigDict(extra="forbid")

    proposal: WantedInputs


class WiringState(BaseModel):
    """What is set, found and proposed."""

    verdict: str | None
    """right, wrong or undecided, of terminals and clamps together; null where no meter says anything."""
    voltage_verdict: str | None
    current_verdict: str | None
    confidence_ratio: float | None
    sentence: str | None
    """The solver's own words, in English."""
    reasons: list[str]
    """Why, in the language of the request: a sentence or a clamp each."""
    set: WantedInputs
    in_force: WantedInputs | None
    """What the meter takes them to measure; it follows what is set within seconds."""
    proposal: WantedInputs | None
    """What would make it right in software."""
    warnings: list[Literal["all-reversed", "generation"]]
    """What to consider before the proposal is accepted."""


def router(parts: Parts) -> APIRouter:
    """Of the wiring."""
    found = APIRouter(
        prefix="/api/v1/wiring", tags=["wiring"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )

    def settings_now() -> Settings:
        return load(parts.places.settings)

    async def as_it_is(request: Request, told: Heard | None) -> WiringState:
        why = reasons(words_of(request), parts.hub.latest("wiring"), parts.hub.latest("condition"))
        return _state(await asyncio.to_thread(settings_now), told, why)

    @found.get("")
    async def look(request: Request, _reader: Reader) -> WiringState:
        """As it is now."""
        return await as_it_is(request, _heard(parts))

    @found.post("/accept")
    async def accept(request: Request, who: Controller, agreed: Acceptance) -> WiringState:
        """Have the settings say what the unit proposes, if it still proposes just that."""
        told = _heard(parts)
        if told is None:
            raise RefusedError(503, "no-meter", "wanted the running meter's finding, met no meter", 5.0)
        wanted = accepted(told, (await asyncio.to_thread(settings_now)).assignment)
        if wanted != _assignment(agreed.proposal):
            raise RefusedError(409, "changed-meanwhile", f"the unit proposes something else by now: {wanted}")
        await asyncio.to_thread(parts.settings.change, changes(wanted), by(who))
        parts.guided.forget()
        return await as_it_is(request, told)

    @found.put("")
    async def put(request: Request, who: Controller, wanted: WantedInputs) -> WiringState:
        """Say by hand what each input measures."""
        await asyncio.to_thread(parts.settings.change, changes(_assignment(wanted)), by(who))
        parts.guided.forget()
        return await as_it_is(request, _heard(parts))

    return found


def changes(wanted: Assignment) -> dict[str, Value | None]:
    """By key of the settings."""
    inputs = wanted.inputs
    return {
        f"wiring.{kind}.{phase.lower()}": text
        for kind, texts in (("clamps", inputs.clamps), ("voltages", inputs.voltages))
        for phase, text in zip(Phase, texts, strict=True)
    }


def _heard(parts: Parts) -> Heard | None:
    body = parts.hub.latest("wiring")
    return None if body is None else read(body)


def _assignment(wanted: WantedInputs) -> Assignment:
    return assignment(_HERE, wanted.model_dump())


def _inputs(of: Assignment) -> WantedInputs:
    clamps, voltages = (
        OfInputs(**{phase.lower(): text for phase, text in zip(Phase, texts, strict=True)})
        for texts in (of.inputs.clamps, of.inputs.voltages)
    )
    return WantedInputs(clamps=clamps, voltages=voltages)


def _state(settings: Settings, told: Heard | None, why: list[str]) -> WiringState:
    proposal = None
    if told is not None:
        try:
            proposal = accepted(told, settings.assignment)
        except SetupError:  # there is nothing to accept, or not yet
            proposal = None
    warnings: list[Literal["all-reversed", "generation"]] = []
    if proposal is not None and is_all_reversed(settings.assignment, proposal):
        warnings.append("all-reversed")
    if proposal is not None and settings.generation_on_site:
        warnings.append("generation")
    return WiringState(
        verdict=None if told is None else told.verdict,
        voltage_verdict=None if told is None else told.voltage_verdict,
        current_verdict=None if told is None else told.current_verdict,
        confidence_ratio=None if told is None else told.confidence_ratio,
        sentence=None if told is None else told.sentence,
        reasons=why,
        set=_inputs(settings.assignment),
        in_force=None if told is None else _inputs(told.in_force),
        proposal=None if proposal is None else _inputs(proposal),
        warnings=warnings,
    )

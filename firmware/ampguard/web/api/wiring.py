"""What is known of the wiring, what the unit proposes, and setting what each input measures."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.phrase import phrase
from ampguard.settings.assignment import Assignment, assignment
from ampguard.settings.settings import load
from ampguard.web.access.guard import Controller, Reader
from ampguard.web.by import by
from ampguard.web.refusal import Refusal, RefusedError, bare
from ampguard.web.words import words_of
from ampguard.wiring.faults import FaultKind, fault
from ampguard.wiring.heard import Heard, accepted, is_all_reversed, read
from ampguard.wiring.reasons import reasons
from ampguard.wiring.verdict import Anew

if TYPE_CHECKING:
    from ampguard.settings.settings import Settings
    from ampguard.settings.values import Value
    from ampguard.web.parts import Parts
    from ampguard.wiring.faults import Fault

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


class FaultNow(BaseModel):
    """What is wrong with the supply itself, which comes before all that is said of the wiring."""

    kind: FaultKind
    sentence: str
    """In the language of the request."""


class WiringState(BaseModel):
    """What is set, found and proposed."""

    verdict: str | None
    """right, wrong or undecided, of terminals and clamps together; null where no meter says anything."""
    voltage_verdict: str | None
    current_verdict: str | None
    confidence_ratio: float | None
    sentence: str | None
    """The solver's own words, in English."""
    fault: FaultNow | None
    """Of the supply, as long as it stands."""
    reasons: list[str]
    """Why, in the language of the request: a sentence or a clamp each; a fault of the supply is the first."""
    set: WantedInputs
    in_force: WantedInputs | None
    """What the meter takes them to measure; it follows what is set within seconds."""
    proposal: WantedInputs | None
    """What would make it right in software."""
    warnings: list[Literal["all-reversed", "generation"]]
    """What to consider before the proposal is accepted."""
    looking_again: Anew | None
    """Why there is no verdict yet: what was known before does not count any more."""


def router(parts: Parts) -> APIRouter:
    """Of the wiring."""
    found = APIRouter(
        prefix="/api/v1/wiring", tags=["wiring"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )

    @found.get("")
    async def look(request: Request, _reader: Reader) -> WiringState:
        """As it is now."""
        return await now(parts, request)

    @found.post("/accept")
    async def accept(request: Request, who: Controller, agreed: Acceptance) -> WiringState:
        """Have the settings say what the unit proposes, if it still proposes just that."""
        told = _heard(parts)
        if told is None:
            raise RefusedError(503, "no-meter", phrase("the meter does not run: nothing is known of the wiring"), 5.0)
        wanted = accepted(told, (await asyncio.to_thread(load, parts.places.settings)).assignment)
        if wanted != _assignment(agreed.proposal):
            raise RefusedError(
                409, "changed-meanwhile", phrase("the unit proposes something else by now: look at it again")
            )
        await _set_to(parts, wanted, who)
        return await _as_it_is(parts, request, told)

    @found.put("")
    async def put(request: Request, who: Controller, wanted: WantedInputs) -> WiringState:
        """Say by hand what each input measures."""
        await _set_to(parts, _assignment(wanted), who)
        return await now(parts, request)

    return found


async def now(parts: Parts, request: Request) -> WiringState:
    """As it is, in the language of the request. Raises SetupError: the settings cannot be read."""
    return await _as_it_is(parts, request, _heard(parts))


async def _as_it_is(parts: Parts, request: Request, told: Heard | None) -> WiringState:
    settings = await asyncio.to_thread(load, parts.places.settings)
    if told is not None and told.in_force != settings.assignment:
        return _state(settings, told, [])  # what was found with another assignment says nothing of this one
    body, words = parts.hub.latest("wiring"), words_of(request)
    return _state(settings, told, reasons(words, body), None if body is None else fault(words, body))


async def _set_to(parts: Parts, wanted: Assignment, who: Controller) -> None:
    try:
        await asyncio.to_thread(parts.settings.change, changes(wanted), by(who))
    except SetupError as why:
        raise RefusedError(422, "unfit", bare(why)) from why
    parts.guided.forget()


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
    for inputs in (wanted.clamps, wanted.voltages):
        phases = [text[:2] for text in (inputs.l1, inputs.l2, inputs.l3)]
        shared = next((one for one in Phase if phases.count(one.value) > 1), None)
        if shared is not None:
            clamps = phrase("two clamps cannot both measure {phase}: each phase has one of its own", phase=shared.value)
            voltages = phrase(
                "two voltage terminals cannot both be on {phase}: each phase has one of its own", phase=shared.value
            )
            raise RefusedError(422, "unfit", clamps if inputs is wanted.clamps else voltages)
    return assignment(_HERE, wanted.model_dump())


def _inputs(of: Assignment) -> WantedInputs:
    clamps, voltages = (
        OfInputs(**{phase.lower(): text for phase, text in zip(Phase, texts, strict=True)})
        for texts in (of.inputs.clamps, of.inputs.voltages)
    )
    return WantedInputs(clamps=clamps, voltages=voltages)


def _state(settings: Settings, told: Heard | None, why: list[str], first: Fault | None = None) -> WiringState:
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
        fault=None if first is None else FaultNow(kind=first.kind, sentence=first.sentence),
        reasons=why,
        set=_inputs(settings.assignment),
        in_force=None if told is None else _inputs(told.in_force),
        proposal=None if proposal is None else _inputs(proposal),
        warnings=warnings,
        looking_again=_looking_again(settings, told),
    )


def _looking_again(settings: Settings, told: Heard | None) -> Anew | None:
    """From the change on, before the meter has taken it up, too."""
    if told is None:
        return None
    if told.in_force != settings.assignment:
        return Anew.ASSIGNMENT
    return next((one for one in Anew if one.value == told.looking_again), None)

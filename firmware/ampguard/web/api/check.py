"""The guided check: one appliance at a time, and what the clamps answer."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from ampguard.phrase import phrase
from ampguard.settings.settings import load
from ampguard.web.access.guard import Controller, Reader
from ampguard.web.refusal import Refusal, RefusedError
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from ampguard.catalogue import Words
    from ampguard.web.guided import Guided
    from ampguard.web.parts import Parts

LABEL_PERCENT = 5.0
"""How far a heater's label may be off."""


class CheckWishes(BaseModel):
    """What whoever does the check has at hand."""

    model_config = ConfigDict(extra="forbid")

    appliance: Literal["heater", "heater-anywhere", "three-phase"] = "heater"
    """A heater on each phase in turn; heaters whose phase nobody knows; one on all three (a charger)."""
    least_a: float = Field(5.0, ge=1.0, le=100.0)
    """What comes on with less is another appliance."""
    load_w: float | None = Field(None, gt=0.0, le=100_000.0)
    """The power on the heater's label: then the ratio of each clamp is estimated, too."""
    load_rated_v: float | None = Field(None, gt=0.0, le=1000.0)
    """The voltage on the label, if the power is meant at that."""


class CheckNote(BaseModel):
    """Something that was told."""

    at_s: float
    """Seconds since the check began."""
    kind: Literal["ask", "seen", "remark", "result"]
    sentence: str


class CheckResult(BaseModel):
    """The end."""

    verdict: Literal["right", "wrong", "undecided", "absent"]
    confidence_ratio: float
    sentence: str
    answers: list[str]
    """A sentence for each clamp."""
    next_step: str
    utc: str | None
    """When the check ended; null while it runs, and where no clock was set."""


class CheckState(BaseModel):
    """Where the check is."""

    runs: bool
    stage: Literal["none", "voltages", "quiet", "on", "off", "done"]
    """What it waits for: voltages, a quiet moment, something to be switched on, the same to be switched off."""
    ask: str | None
    """What to do now."""
    notes: list[CheckNote]
    result: CheckResult | None
    meter_silent: bool
    """It ended because no meter was there."""


def router(parts: Parts) -> APIRouter:
    """Of the guided check."""
    guided = parts.guided
    found = APIRouter(
        prefix="/api/v1/wiring/check", tags=["wiring"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )

    @found.get("")
    async def look(request: Request, _reader: Reader) -> CheckState:
        """The check that runs, or how the last one ended."""
        return state(guided, words_of(request))

    @found.post("", status_code=201)
    async def begin(request: Request, _who: Controller, wishes: CheckWishes) -> CheckState:
        """Begin one. It changes nothing."""
        # some tenths of a second, seconds on a small Pi: others' live values must not wait for it
        await asyncio.to_thread(import_module, "ampguard.wiring.check")
        from ampguard.wiring.check_plan import Wishes  # noqa: PLC0415 - numpy, 12 MB: wanted while somebody checks
        from ampguard.wiring.check_size import StatedLoad  # noqa: PLC0415 - likewise
        from ampguard.wiring.check_weigh import Kind  # noqa: PLC0415 - likewise

        settings = await asyncio.to_thread(load, parts.places.settings)
        if guided.runs:
            raise RefusedError(409, "busy", phrase("a guided check is under way already: end it first"))
        load_w, rated_v = wishes.load_w, wishes.load_rated_v
        stated = None if load_w is None else StatedLoad(load_w, rated_v, LABEL_PERCENT)
        guided.begin(
            settings,
            Wishes(
                kind=Kind.THREE_PHASE if wishes.appliance == "three-phase" else Kind.HEATER,
                is_phase_known=wishes.appliance != "heater-anywhere",
                least_a=wishes.least_a,
                load=stated,
            ),
        )
        return state(guided, words_of(request))

    @found.post("/told")
    async def told(request: Request, _who: Controller) -> CheckState:
        """What is asked for is done, and nothing was seen of it: that says something, too."""
        guided.told()
        return state(guided, words_of(request))

    @found.delete("")
    async def end(request: Request, _who: Controller) -> CheckState:
        """End it with what is known by now."""
        await guided.end()
        return state(guided, words_of(request))

    return found


def state(guided: Guided, words: Words) -> CheckState:
    """As it is now, in a reader's language."""
    check = guided.check
    if check is None:
        return CheckState(runs=False, stage="none", ask=None, notes=[], result=None, meter_silent=False)
    notes = [
        CheckNote(at_s=round(one.at_s, 1), kind=one.note.kind.value, sentence=words.tell(one.note.sentence))
        for one in guided.notes
    ]
    result = check.result
    return CheckState(
        runs=guided.runs,
        stage=check.stage.value,
        ask=next((note.sentence for note in reversed(notes) if note.kind == "ask"), None) if guided.runs else None,
        notes=notes,
        result=None
        if result is None
        else CheckResult(
            verdict=result.condition.value,
            confidence_ratio=result.confidence_ratio,
            sentence=words.tell(result.sentence),
            answers=[words.tell(one) for one in result.answers],
            next_step=words.tell(result.next_step),
            utc=guided.ended_utc,
        ),
        meter_silent=guided.is_silent,
    )

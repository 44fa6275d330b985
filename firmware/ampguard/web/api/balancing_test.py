"""The stimulus test: one charger is stepped up and down, and what the clamps answer."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Literal, cast

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from ampguard.phrase import phrase
from ampguard.web.access.guard import Controller, Reader
from ampguard.web.api.balancing_bodies import PhaseName
from ampguard.web.balancing import worded
from ampguard.web.refusal import RefusedError
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard.readings import Json
    from ampguard.web.charger_test import ChargerTests
    from ampguard.web.parts import Parts


class WantedTest(BaseModel):
    """Which charger."""

    model_config = ConfigDict(extra="forbid", strict=True)

    charger: str
    """Its charge point id."""


class TestNote(BaseModel):
    """Something that was told meanwhile."""

    at_s: float
    """Seconds since the test began."""
    sentence: str


class ClampAnswer(BaseModel):
    """Where a clamp was found."""

    phase: PhaseName
    reversed: bool
    ratio: float | None
    """What it shows, as a part of what the charger says that flows."""
    unsure_ratio: float | None
    """One standard deviation of it."""
    rounds: int


class TestFound(BaseModel):
    """What a test has found."""

    charger: str
    """Its name."""
    utc: str | None = None
    """When it ended; null where no clock was set."""
    rounds: int
    """So many steps up and down counted."""
    phases: list[PhaseName | None]
    """Behind its terminals; null: not known."""
    candidates: int
    """So many ways to connect it are left."""
    declared: list[PhaseName]
    """What the group's setup says."""
    agrees: bool | None
    """null: too little is known, and nothing speaks against it."""
    clamps: dict[Literal["l1", "l2", "l3"], ClampAnswer | None]
    solver_probability: float | None
    """The wiring solver's, from these steps, that each clamp is on its own phase and the right way round."""
    loop_s: float | None
    """From the order until the meter first shows it."""
    answers_s: float | None
    """From the order until it is obeyed, the slowest of all steps down."""
    protected: bool | None
    """Whether the main fuse bears the worst case for so long; null: not known."""
    bears_s: float | None
    """For how long it bears that; null: for ever, or not known."""
    needs_s: float | None
    worst_a: float | None
    sentences: list[str]
    """All of it for people, in the language of the request."""


class TestState(BaseModel):
    """Where the test is."""

    runs: bool
    charger: str | None
    """Charge point id of the charger that is tested, or was last; null: none was, since the page's process started."""
    stage: Literal["none", "low", "up", "down", "back", "done"]
    """It waits for the least current, a step up, a step down, for all of the charger's phases; or it has ended."""
    notes: list[TestNote]
    fault: str | None
    """Why it could not go on, in the language of the request."""
    found: TestFound | None
    """By the last test; null while one runs."""
    kept: dict[str, TestFound]
    """The last result of each charger in which something counted, by charge point id."""


def router(parts: Parts) -> APIRouter:
    """Of the stimulus test, below that of the group."""
    tests = parts.balancing.tests
    found = APIRouter(prefix="/test")

    async def now(request: Request) -> TestState:
        return await asyncio.to_thread(state, tests, words_of(request).tell)

    @found.get("")
    async def look(request: Request, _reader: Reader) -> TestState:
        """The test that runs, or how the last one ended."""
        return await now(request)

    @found.post("", status_code=201)
    async def begin(request: Request, _who: Controller, wanted: WantedTest) -> TestState:
        """Begin one: a charger that charges a car is stepped from 6 to 10 A and back, as far as the group has room.

        It takes some minutes, and changes no setting; the other chargers go on being balanced.
        """
        if tests.runs:
            raise RefusedError(409, "busy", phrase("another charger is being tested just now"))
        await tests.begin(wanted.charger)
        return await now(request)

    @found.delete("")
    async def end(request: Request, _who: Controller) -> TestState:
        """End it with what is known by now."""
        await tests.end()
        return await now(request)

    return found


def state(tests: ChargerTests, tell: Callable[[str], str]) -> TestState:
    """As it is now, in a reader's language. Blocks."""
    found, fault = tests.found(), tests.fault
    kept: dict[str, TestFound] = {}
    for charger, one in tests.kept().items():
        with contextlib.suppress(ValidationError):  # kept by another version
            kept[charger] = TestFound.model_validate(worded(one, tell))
    return TestState.model_validate(
        {
            "runs": tests.runs,
            "charger": tests.charger,
            "stage": tests.stage if tests.runs else "none" if tests.charger is None else "done",
            "notes": [{"at_s": round(one.at_s, 1), "sentence": tell(one.sentence)} for one in tests.notes],
            "fault": None if fault is None else tell(fault),
            "found": None if found is None else worded(cast("Json", found), tell),
            "kept": kept,
        }
    )

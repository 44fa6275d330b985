"""A stimulus test that is made up: it tells what it is told to tell, and ends when it is let."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ampguard.errors import SetupError
from ampguard.phrase import as_told, phrase
from ampguard.web.charger_test import ChargerTests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.phrase import Phrase
    from ampguard.readings import Json
    from ampguard.web.live import Hub

CLAMP = {"phase": "L1", "reversed": False, "ratio": 1.0, "unsure_ratio": 0.01, "rounds": 2}
SAFE = phrase("protected with {spare} s to spare", spare="3.1")
FOUND: dict[str, Any] = {
    "charger": "Place 1", "rounds": 2, "phases": ["L1", None, None], "candidates": 2, "declared": ["L1", "L2", "L3"],
    "agrees": None, "clamps": {"l1": CLAMP, "l2": None, "l3": None}, "solver_probability": 0.999, "loop_s": 1.2,
    "answers_s": 2.0, "protected": True, "bears_s": 30.0, "needs_s": 4.0, "worst_a": 40.0, "sentences": [as_told(SAFE)],
}  # fmt: skip


class Made:
    """One of charger 1M; another one cannot be tested."""

    def __init__(self, charger: str, say: Callable[[Phrase], None]) -> None:
        if charger != "1M":
            raise SetupError(phrase("wanted a charger of the group ({known}), met {name}", known="1M", name=charger))
        self.id, self.stage, self.say = charger, "low", say
        self.told: dict[str, Any] = dict(FOUND)
        self.fault: SetupError | None = None
        self.ends = asyncio.Event()
        self.kept: list[str | None] = []

    async def run(self) -> None:
        await self.ends.wait()
        if self.fault is not None:
            raise self.fault

    def found(self) -> Mapping[str, Json]:
        return self.told

    def keep(self, utc: str | None) -> None:
        self.kept.append(utc)


class Bench:
    """Whoever begins them, and what is kept."""

    def __init__(self) -> None:
        self.begun: list[Made] = []

    def tests(self, hub: Hub) -> ChargerTests:
        def begin(charger: str, say: Callable[[Phrase], None]) -> Made:
            self.begun.append(Made(charger, say))
            return self.begun[-1]

        return ChargerTests(hub, begin, self.known, lambda: "2026-11-22T10:00:00+00:00")

    def known(self) -> Mapping[str, Json]:
        """As the file has it, with one that another version wrote."""
        kept = {one.id: {**one.told, "utc": one.kept[-1]} for one in self.begun if one.kept}
        return {**kept, "2M": {"utc": None, "rounds": "many"}}

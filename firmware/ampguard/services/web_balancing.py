"""The load-balancing group for the web: its file, judged by the balancer's own rules, and the why-log of before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ampguard.balancing.decision import Reason, Rule
from ampguard.clock import SystemClock
from ampguard.phases import Phase
from ampguard.services.balancer import chronicle, setup, telling, tested
from ampguard.settings.groupstore import GroupStore
from ampguard.settings.settings import load
from ampguard.web.balancing import Balancing
from ampguard.web.charger_test import ChargerTests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ampguard.phrase import Phrase
    from ampguard.readings import Json
    from ampguard.settings.group import GroupSettings
    from ampguard.settings.places import Places
    from ampguard.web.charger_test import Test
    from ampguard.web.live import Hub

MOST_PARTS = 6
"""Of the why-log, an hour each, that are looked through for changes."""


_SAYS = ('{"clock":', '{"why":')
"""Lines that say what was changed, or when: a few of a hundred."""


def balancing_of(places: Places, hub: Hub) -> Balancing:
    """For this unit."""

    def check(group: GroupSettings) -> None:
        setup.made(load(places.settings), group, places.identity)

    def past(most: int) -> list[Mapping[str, Json]]:
        return kept(places.balancing / "why", most)

    def begin(charger: str, say: Callable[[Phrase], None]) -> Test:
        from ampguard.services.balancer.stimulus import ChargerTest  # noqa: PLC0415 - numpy: while somebody tests

        return ChargerTest(places, charger, say)

    clock = SystemClock()
    tests = ChargerTests(
        hub, begin, lambda: tested.known(places.balancing), lambda: clock.stamp(time.monotonic_ns()).utc
    )
    return Balancing(hub, GroupStore(places.group, check), past, tests)


def kept(folder: Path, most: int) -> list[Mapping[str, Json]]:
    """The last changes that the why-log in this folder knows, as the feed tells each; the oldest first."""
    found: list[Mapping[str, Json]] = []
    for _, _, path in reversed(chronicle.parts(folder)[-MOST_PARTS:]):
        try:
            found[:0] = _changes(path)
        except (OSError, ValueError, KeyError, TypeError):  # gone meanwhile, or written by another version
            continue
        if len(found) >= most:
            break
    return found[-most:]


def _changes(path: Path) -> list[Mapping[str, Json]]:
    lines = (line for line in chronicle.lines([path]) if line.startswith(_SAYS))
    return [telling.why(_reason(one), utc) for utc, one in chronicle.changes(lines)]


def _reason(told: Mapping[str, Any]) -> Reason:
    """As `ampguard.balancing.why` has written it."""
    facts: dict[str, Any] = {name: one for name, one in told.items() if name != "sentence"}
    phase = facts["phase"]
    facts["rule"], facts["phase"] = Rule(facts["rule"]), None if phase is None else Phase(phase)
    return Reason(**facts)

"""What a unit's events say of the time before its device was theirs who ask, taken out of them. No I/O."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ampguard.readings import Json
    from ampguard_hil.cloud.arrived import ReceivedEvent

    _Body = Mapping[str, Json]

CONFIGURATION, ASSIGNMENT = "configuration", "assignment"
CHANGES = frozenset((CONFIGURATION, ASSIGNMENT))
"""Kinds of events that tell what was set before."""
_WIRING = "wiring"
"""What an assignment changes, as if it were one setting."""
NOT_TOLD = "(not told)"
"""For what a setting was before."""


def without_before(
    event: ReceivedEvent, since_utc: str, behind: Callable[[], frozenset[str]], of_before: Iterable[str] = ()
) -> ReceivedEvent:
    """An event of after a moment, without what it says of before it.

    Args:
        event: of any kind.
        since_utc: the moment.
        behind: the runs of the meter that are known to lie behind it; asked only where that matters.
        of_before: the settings that this event is the first to change since then.
    """
    if event.kind not in {"gap", *CHANGES}:
        return event
    match json.loads(event.body):
        case {"event": dict()} as found:
            whole = cast("dict[str, Json]", found)
            told = cast("_Body", whole["event"])
        case _:
            return event
    if event.kind == CONFIGURATION:
        kept = _without_former(told, frozenset(of_before))
    elif event.kind == ASSIGNMENT:
        kept = {**told, "before": None} if _WIRING in of_before else told
    else:
        kept = _without_readings(told, since_utc, behind)
    return event if kept == told else replace(event, body=json.dumps({**whole, "event": kept}, ensure_ascii=False))


def settings_of(event: ReceivedEvent) -> frozenset[str]:
    """Those that it tells to be changed."""
    if event.kind == ASSIGNMENT:
        return frozenset((_WIRING,))
    content: Json = json.loads(event.body)
    match content:
        case {"event": {"changes": list(changes)}}:
            return frozenset(map(_name, changes))
        case _:
            return frozenset()


def _without_readings(told: _Body, since_utc: str, behind: Callable[[], frozenset[str]]) -> _Body:
    """A gap without the readings around it that are not known to be from afterwards; and then without its length."""
    hidden = {name for name in ("after", "before") if told.get(name) and not _is_since(told[name], since_utc, behind)}
    return {**told, **dict.fromkeys(hidden | {"duration_s"})} if hidden else told


def _is_since(mark: Json, since_utc: str, behind: Callable[[], frozenset[str]]) -> bool:
    match mark:
        case {"end_utc": str(end_utc)}:
            return end_utc >= since_utc
        case {"boot": str(boot)}:
            return boot in behind()
        case _:
            return False


def _without_former(told: _Body, hidden: frozenset[str]) -> _Body:
    match told.get("changes"):
        case list(changes):
            return {
                **told,
                "changes": [
                    {**one, "before": NOT_TOLD} if isinstance(one, dict) and _name(one) in hidden else one
                    for one in changes
                ],
            }
        case _:
            return told


def _name(change: Json) -> str:
    match change:
        case {"name": str(name)}:
            return name
        case _:
            return ""

"""Where the guided check has its windows from: the running meter's live feed, or a recording."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.live.subscriber import Subscriber
from ampguard.phases import LinePairs, PhaseOrder, Phases
from ampguard.readings import Measurement, Quality
from ampguard.services.measure_run import Wishes, run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
    from pathlib import Path

    from ampguard.readings import Json
    from ampguard.recorder.recording import Recording
    from ampguard.recorder.signals import Selection
    from ampguard.services.progress import Progress

SILENT_S = 10.0
"""A meter that runs says something five times a second; one that is started again is back by then."""


async def live(path: Path) -> AsyncGenerator[Measurement | None, None]:
    """The meter's windows as they come, and None about four times a second while there is no meter.

    Raises SetupError where nothing comes for `SILENT_S`.
    """
    heard_s = time.monotonic()
    async for message in Subscriber(path).messages():
        measured = measurement(message.body) if message is not None and message.kind == "measurement" else None
        if measured is not None:
            heard_s = time.monotonic()
        elif time.monotonic() - heard_s > SILENT_S:
            raise SetupError(f"{path}: wanted a meter that tells its measurements, met none: does ampguard-meter run?")
        yield measured


def replayed(recording: Recording, selection: Selection, wishes: Wishes, progress: Progress) -> Iterator[Measurement]:
    """The windows of a recording."""
    return (one for one in run(recording, selection, wishes, progress) if isinstance(one, Measurement))


def measurement(body: Mapping[str, Json]) -> Measurement | None:
    """From its JSON form (`readings.as_json`); None if it is not one."""
    values: dict[str, object] = {}
    try:
        for field in fields(Measurement):
            value = body[field.name]
            values[field.name] = _order(value) if field.name.endswith("_order") else _typed(value)
        values["quality"] = frozenset(Quality(str(one)) for one in cast("list[Json]", body["quality"]))
    except (KeyError, TypeError, ValueError):
        return None
    return cast("Callable[..., Measurement]", Measurement)(**values)


def _order(value: Json) -> PhaseOrder | None:
    return None if value is None else PhaseOrder(str(value))


def _typed(value: Json) -> object:
    match value:
        case {"l1": one, "l2": two, "l3": three}:
            return Phases(_typed(one), _typed(two), _typed(three))
        case {"l1_l2": one, "l2_l3": two, "l3_l1": three}:
            return LinePairs(_typed(one), _typed(two), _typed(three))
        case list():
            return tuple(_typed(one) for one in value)
        case _:
            return value

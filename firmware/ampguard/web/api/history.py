"""What the journal has kept: as the points of a chart, and in full as a file."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel
from starlette.responses import StreamingResponse

from ampguard.journal.moments import LENGTH_S, Moments
from ampguard.readings import Interval
from ampguard.web.access.guard import Caller, Reader
from ampguard.web.export import TYPES, WANTED, Form, name_of, pieces
from ampguard.web.history import LONGEST_S, Quantity, chart, grid, suited, wanted
from ampguard.web.refusal import Refusal, RefusedError
from ampguard.web.turns import Turns

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Mapping

    from starlette.types import Receive, Scope, Send

    from ampguard.journal.moments import Part
    from ampguard.readings import Json
    from ampguard.web.parts import Parts

USUAL_S = 3600.0
_BEHIND_S = 0.001
"""The newest reading is in the span, too."""
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)

From = Annotated[AwareDatetime | None, Query(alias="from", description="Without it: `span_s` before `to`.")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="Without it: the end of the newest reading.")]
Span = Annotated[float, Query(gt=0.0, le=LONGEST_S)]
Which = Annotated[Interval | None, Query(description="Without it: the one that suits a chart of the span.")]
Step = Annotated[float, Query(ge=0.0, le=LONGEST_S, description="At least so long each; 0: as many points as fit.")]


class Series(BaseModel):
    """A value of each point; null where nothing was measured: a gap is a gap."""

    values: list[float | None]
    """The mean (of RMS values by their square); of energy, what was counted, in Wh."""
    least: list[float | None]
    most: list[float | None]
    """Lowest and highest of the readings in the point; of energy neither."""


class History(BaseModel):
    """The points of a chart: number n begins at `first_utc` + n * `step_s` and is as long."""

    quantity: Quantity
    interval: Interval
    """Of the readings that the points are made of."""
    first_utc: datetime
    step_s: float
    count: int
    series: dict[str, Series]
    """By what they tell: l1, l2, l3, total, import, export, import-l1 ..."""
    undated: int
    """Readings that lie among these and have no date, because nobody had set the clock."""
    damaged: int
    """Readings that cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The span that is asked for."""

    from_utc: datetime | None
    to_utc: datetime | None
    span_s: float

    def between_s(self, newest_s: float) -> tuple[float, float]:
        """In seconds since 1970, where the newest reading ended then. Raises RefusedError."""
        if any(one is not None and not _EARLIEST <= one <= _LATEST for one in (self.from_utc, self.to_utc)):
            raise _unfit(f"wanted moments from {_EARLIEST:%Y} to {_LATEST:%Y}, met another")
        to_s = newest_s + _BEHIND_S if self.to_utc is None else self.to_utc.timestamp()
        from_s = to_s - self.span_s if self.from_utc is None else self.from_utc.timestamp()
        if not 0.0 < to_s - from_s <= LONGEST_S:
            raise _unfit(
                f"wanted a span of up to {LONGEST_S:.0f} s that ends after it begins, met {to_s - from_s:.0f} s"
            )
        return from_s, to_s


def router(parts: Parts) -> APIRouter:
    """Of the history."""
    found = APIRouter(
        prefix="/api/v1", tags=["history"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )
    moments = Moments(parts.places.journal)
    turns = Turns(at_once=2, waiting=6)

    @found.get("/history")
    async def history(
        _reader: Reader,
        quantity: Quantity,
        from_utc: From = None,
        to_utc: To = None,
        span_s: Span = USUAL_S,
        step_s: Step = 0.0,
    ) -> History:
        """At most some 600 points of one quantity, made of the interval that suits the span."""
        async with turns.one():
            return await asyncio.to_thread(_history, moments, quantity, Asked(from_utc, to_utc, span_s), step_s)

    exports = Turns(at_once=2, waiting=0, each=1)

    async def export(reader: Caller, form: Form, asked: Asked, interval: Interval | None) -> StreamingResponse:
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(exports.one(reader.key))
            spans_s = await asyncio.to_thread(spans_of, moments)
            between_s = asked.between_s(_newest_s(spans_s))
            chosen = suited(*between_s, spans_s) if interval is None else interval
            if chosen not in LENGTH_S:
                raise _unfit(f"wanted one of the intervals {', '.join(LENGTH_S)}, met {chosen.value}")
            stored = moments.parts(chosen, *between_s, WANTED)
            opened.callback(_close, stored)
            about = {"serial": parts.serial, "interval": chosen.value}
            made = pieces(form, stored, between_s, about)
            first = await asyncio.to_thread(next, made)
            name = name_of(parts.serial, chosen, between_s[0], form)
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Sending(_sent(reader, first, made), TYPES[form], headers, opened.pop_all())

    @found.get("/history.csv", response_class=StreamingResponse, responses=_file("text/csv"))
    async def as_csv(
        reader: Reader, from_utc: From = None, to_utc: To = None, span_s: Span = USUAL_S, interval: Which = None
    ) -> StreamingResponse:
        """All readings of a span, each with all phases: RFC 4180, UTC, a point as decimal mark, units in the names."""
        return await export(reader, Form.CSV, Asked(from_utc, to_utc, span_s), interval)

    @found.get("/history.json", response_class=StreamingResponse, responses=_file("application/json"))
    async def as_json(
        reader: Reader, from_utc: From = None, to_utc: To = None, span_s: Span = USUAL_S, interval: Which = None
    ) -> StreamingResponse:
        """The same as one JSON object: `columns` has the names, `rows` the values."""
        return await export(reader, Form.JSON, Asked(from_utc, to_utc, span_s), interval)

    return found


class CutOffError(Exception):
    """Whoever asked may no longer: signed out, or a token that was revoked."""


class Sending(StreamingResponse):
    """A file on its way: what it needs is given back however it ends."""

    def __init__(
        self, content: AsyncIterator[bytes], media_type: str, headers: dict[str, str], opened: AsyncExitStack
    ) -> None:
        super().__init__(content, headers=headers, media_type=media_type)
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """All of it; or, cut off, a body without an end, so that nobody takes it for the whole (RFC 9112, 8)."""
        async with self._opened:
            with suppress(CutOffError):
                await super().__call__(scope, receive, send)


async def _sent(reader: Caller, first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Piece by piece as it is taken, until whoever asked may no longer."""
    yield first
    while (piece := await asyncio.to_thread(next, rest, None)) is not None:
        if reader.is_over():
            raise CutOffError
        yield piece


def _close(stored: Generator[Part, None, None]) -> None:
    with suppress(ValueError):  # a thread is still at it: it closes when that is done
        stored.close()


def _file(kind: str) -> dict[int | str, dict[str, Json]]:
    """As the OpenAPI document tells it."""
    return {200: {"content": {kind: {}}, "description": "The file."}}


def _history(
    moments: Moments,
    quantity: Quantity,
    asked: Asked,
    step_s: float,
) -> History:
    spans = spans_of(moments)
    from_s, to_s = asked.between_s(_newest_s(spans))
    shape = grid(suited(from_s, to_s, spans), from_s, to_s, step_s)
    parts = moments.parts(shape.interval, shape.from_s, shape.to_s, wanted(quantity))
    made = chart(parts, shape, quantity)
    undated = made.undated if spans else moments.count(Interval.SECOND)
    return History(
        quantity=quantity,
        interval=shape.interval,
        first_utc=datetime.fromtimestamp(shape.from_s, UTC),
        step_s=shape.step_s,
        count=shape.count,
        series={
            name: Series(values=line.values, least=line.least, most=line.most) for name, line in made.lines.items()
        },
        undated=undated,
        damaged=made.damaged,
    )


def spans_of(moments: Moments) -> dict[Interval, tuple[float, float]]:
    """Of each interval that has readings with a date, the moments of the oldest and the newest."""
    return {interval: span_s for interval in LENGTH_S if (span_s := moments.span_s(interval)) is not None}


def _newest_s(spans_s: Mapping[Interval, tuple[float, float]]) -> float:
    return max((last for _, last in spans_s.values()), default=_EARLIEST.timestamp() + LONGEST_S)


def _unfit(sentence: str) -> RefusedError:
    return RefusedError(422, "unfit", sentence)

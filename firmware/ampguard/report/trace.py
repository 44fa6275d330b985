"""The last day on paper: the power of each phase over time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ampguard.phases import Phase
from ampguard.report.ink import INK, LINE, Pen, Points, Spot
from ampguard.report.phasors import pen_of
from ampguard.report.sheet import LEFT, RIGHT, SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard.report.catalogue import Words
    from ampguard.report.facts import Trace
    from ampguard.report.sheet import Sheet

HEIGHT: Points = 106.0
_BROKEN_RATIO = 1.6
"""Of an interval between two points: from there on a line would hide that something is missing."""
_SECOND, _HOUR = timedelta(seconds=1), timedelta(hours=1)
_HOURS = (1, 2, 3, 4, 6)
_MOST_HOURS = 9
_STEPS_PER_SCALE = 5


class _Scale:
    """Where a moment and a power are on the page."""

    def __init__(self, trace: Trace, top: Points) -> None:
        self.moments = [datetime.fromisoformat(one.utc) for one in trace.points]
        self.first, self.last = self.moments[0], self.moments[-1]
        self.span_s = max((self.last - self.first) / _SECOND, trace.interval_s)
        powers_w = [0.0, *(value for one in trace.points for value in one.active_power_w if value is not None)]
        self.step_w = _step(max(powers_w) - min(powers_w))
        self.low = math.floor(min(powers_w) / self.step_w)
        self.high = max(math.ceil(max(powers_w) / self.step_w), self.low + 1)
        self.left: Points = LEFT + 34
        self.bottom: Points = top - HEIGHT

    def across(self, moment: datetime) -> Points:
        return self.left + (RIGHT - self.left) * ((moment - self.first) / _SECOND) / self.span_s

    def up(self, power_w: float) -> Points:
        return self.bottom + HEIGHT * (power_w / self.step_w - self.low) / (self.high - self.low)


def draw(sheet: Sheet, trace: Trace, words: Words) -> None:
    """From here down; the page has room for it. At least two points, in order."""
    top = sheet.y - 14
    scale = _Scale(trace, top)
    _grid(sheet, scale, words)
    for phase in Phase:
        powers_w = [one.active_power_w[phase] for one in trace.points]
        longest_s = _BROKEN_RATIO * trace.interval_s
        sheet.ink.curve(_pieces(scale, powers_w, longest_s), pen_of(phase, 1.3))
    sheet.ink.write((LEFT, top + 6), "kW", SMALL)
    sheet.y = scale.bottom - 24
    for number, phase in enumerate(Phase):
        x = scale.left + 60 * number
        sheet.ink.line((x, sheet.y + 2.5), (x + 22, sheet.y + 2.5), pen_of(phase, 1.3))
        sheet.ink.write((x + 26, sheet.y), phase.value, SMALL)


def _grid(sheet: Sheet, scale: _Scale, words: Words) -> None:
    decimals = max(0, 3 - math.floor(math.log10(scale.step_w)))
    for number in range(scale.low, scale.high + 1):
        y = scale.up(number * scale.step_w)
        sheet.ink.line((scale.left, y), (RIGHT, y), Pen(LINE if number else INK, 0.5))
        label = words.number(number * scale.step_w / 1000, decimals)
        sheet.ink.write((scale.left - 4, y - 2.5), label, SMALL, align="right")
    hours = next((one for one in _HOURS if scale.span_s / 3600 / one <= _MOST_HOURS), _HOURS[-1])
    moment = scale.first.replace(minute=0, second=0, microsecond=0)
    while moment <= scale.last:
        if moment >= scale.first and moment.hour % hours == 0:
            x = scale.across(moment)
            sheet.ink.line((x, scale.bottom), (x, scale.bottom - 3), Pen())
            sheet.ink.write((x, scale.bottom - 11), f"{moment:%H:%M}", SMALL, align="middle")
        moment += _HOUR


def _pieces(scale: _Scale, powers_w: Sequence[float | None], longest_s: float) -> Iterator[list[Spot]]:
    """Without a break in them."""
    piece: list[Spot] = []
    before: datetime | None = None
    for moment, power_w in zip(scale.moments, powers_w, strict=True):
        if piece and (power_w is None or before is None or (moment - before) / _SECOND > longest_s):
            yield piece
            piece = []
        if power_w is not None:
            piece.append((scale.across(moment), scale.up(power_w)))
            before = moment
    if piece:
        yield piece


def _step(span_w: float) -> float:
    """Of the scale: 1, 2 or 5 times a power of ten, so that there are about five of them."""
    rough_w = max(span_w, 10.0) / _STEPS_PER_SCALE
    decade_w = 10.0 ** math.floor(math.log10(rough_w))
    return next(ratio * decade_w for ratio in (1.0, 2.0, 5.0, 10.0) if ratio * decade_w >= rough_w)

"""Pages filled from the top: texts that fit whatever they say, tables, titles, and what stands at the foot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ampguard.report.ink import INK, LINE, PAGE_HEIGHT, PAGE_WIDTH, SOFT, Ink, Pen, Points, Style, wide

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

LEFT, RIGHT = 42.0, PAGE_WIDTH - 42.0
TOP, BOTTOM = PAGE_HEIGHT - 44.0, 66.0
WIDTH = RIGHT - LEFT
BODY, STRONG, LABEL = Style(), Style(font="Roboto-Bold"), Style(colour=SOFT)
SMALL, HEADING = Style(size=7.4, colour=SOFT), Style(size=11.0, font="Roboto-Bold")
_HEAD = replace(STRONG, size=8.0)
_MOST_LINES = 12
_PADDING: Points = 3.0


class Sheet:
    """The report under way."""

    def __init__(self, title: str, language: str, made: datetime) -> None:
        self.ink = Ink(title, language, made)
        self._title = title
        self._foot: tuple[str, ...] = ()
        self.y: Points = TOP
        """Where the next thing begins, from the bottom of the page."""

    def foot(self, *lines: str) -> None:
        """What stands at the bottom of each page."""
        self._foot = lines

    def need(self, height: Points) -> None:
        """So much room: on the next page, if this one has less."""
        if self.y - height >= BOTTOM:
            return
        self._end_page()
        self.ink.turn_page()
        self.ink.write((LEFT, TOP), self._title, SMALL)
        self.rule(TOP - 6, LINE)
        self.y = TOP - 10

    def rule(self, y: Points, colour: str) -> None:
        """A line across the page."""
        self.ink.line((LEFT, y), (RIGHT, y), Pen(colour))

    def heading(self, text: str, below: Points) -> None:
        """A title that stays together with so much below it."""
        self.need(below + 34)
        self.y -= 22
        self.ink.write((LEFT, self.y), text, HEADING)
        self.y -= 5
        self.rule(self.y, INK)
        self.y -= 4

    def paragraph(self, text: str, style: Style = BODY, *, width: Points = WIDTH) -> None:
        """Lines from here down."""
        for line in wrapped(text, width, style):
            self.need(style.leading)
            self.y -= style.leading
            self.ink.write((LEFT, self.y), line, style)

    def table(self, widths: Sequence[Points], head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Rows as high as their longest text; the head is repeated on each page."""
        self._row(widths, head, _HEAD)
        for row in rows:
            height = _height(widths, row, BODY)
            if self.y - height < BOTTOM:
                self.need(height)
                self._row(widths, head, _HEAD)
            self._row(widths, row, BODY)

    def pairs(self, rows: Iterable[tuple[str, str]], *, x: Points, width: Points, label: Points) -> None:
        """Names and values below each other, from here down; on one page."""
        for name, value in rows:
            names, values = wrapped(name, label - 6, LABEL), wrapped(value, width - label, BODY, most=3)
            for lines, style, place in ((names, LABEL, x), (values, BODY, x + label)):
                for number, line in enumerate(lines, 1):
                    self.ink.write((place, self.y - number * BODY.leading), line, style)
            self.y -= max(len(names), len(values)) * BODY.leading + 1.6

    def finished(self, name: str, content: bytes) -> bytes:
        """The file, with this one inside."""
        self._end_page()
        return self.ink.finished(SMALL, name, content)

    def _row(self, widths: Sequence[Points], row: Sequence[str], style: Style) -> None:
        self.need(_height(widths, row, style))
        x, top = LEFT, self.y
        for width, text in zip(widths, row, strict=True):
            for number, line in enumerate(wrapped(text, width - 2 * _PADDING, style), 1):
                self.ink.write((x, top - _PADDING - number * style.leading + 0.2 * style.size), line, style)
            x += width
        self.y = top - _height(widths, row, style)
        self.rule(self.y, LINE)

    def _end_page(self) -> None:
        self.rule(BOTTOM - 12, LINE)
        for number, line in enumerate(self._foot):
            self.ink.write((LEFT, BOTTOM - 22 - number * SMALL.leading), line, SMALL)
        self.ink.number((RIGHT - 14, BOTTOM - 22), SMALL)


def wrapped(text: str, width: Points, style: Style, most: int = _MOST_LINES) -> list[str]:
    """Lines that are no wider; a word that is wider is broken, what is too long ends with three dots."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if wide(longer, style) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = _broken(word, width, style)
        lines += full
    lines.append(line)
    if len(lines) > most:
        last = lines[most - 1]
        while last and wide(f"{last}…", style) > width:
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last}…"]
    return lines


def _broken(word: str, width: Points, style: Style) -> list[str]:
    parts = [""]
    for letter in word:
        if parts[-1] and wide(parts[-1] + letter, style) > width:
            parts.append("")
        parts[-1] += letter
    return parts


def _height(widths: Sequence[Points], row: Sequence[str], style: Style) -> Points:
    lines = max(len(wrapped(text, width - 2 * _PADDING, style)) for width, text in zip(widths, row, strict=True))
    return 2 * _PADDING + style.leading * lines

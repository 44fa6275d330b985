"""Recordings as text tables: a line with names, then rows of numbers; comma, semicolon, tab or blanks between them.

Met in the field and understood: comments before the names, a sample rate in a comment or a time column in s, ms or us,
a line of units, decimal commas, empty cells, columns of text beside the numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from ampguard.recorder.numerictext import NumericText, cells_of, number_of, read_numbers
from ampguard.recorder.recording import HEAD_ROWS, Channel, Recording, RecordingUnreadable, Rows, Stretch
from ampguard.recorder.timing import RATE_TOLERANCE_RATIO, TimesUnusable, Timing, timing_of
from ampguard.recorder.units import Quantity, quantity_of, split_heading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

BEGINNING_BYTES = 1 << 20
MOST_LINES_BEFORE_DATA = 1000
ENOUGH_S, ENOUGH_ROWS = 10.0, 400_000
"""How much of the time column is read to find the rate."""

_COMMENT = ("#", "%", "//", "!")
_RATE = re.compile(
    r"\b(?:fs|fs_hz|sample[ _]?rate(?:_hz)?|sampling[ _]?(?:rate|frequency)(?:_hz)?|abtastrate)"
    r"\s*(?:[\[(]\s*(?P<unit>k?hz)\s*[\])])?\s*[=:;,\t]\s*(?P<rate>\d+(?:\.\d*)?(?:e[+]?\d{1,2})?)\s*(?P<after>k?(?:hz|s/s))?",
    re.IGNORECASE,
)
_TIME_NAMES = frozenset({"t", "time", "times", "zeit", "temps", "tid", "tijd", "timestamp", "sec", "seconds", "second"})


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text table is written."""

    delimiter: str | None
    decimal_comma: bool
    names: tuple[str, ...]
    first_line: int
    """Index of the first row of numbers."""
    sample_rate_hz: float | None
    """As stated in a comment."""


@dataclass(frozen=True, slots=True)
class TextRows:
    """The rows of a text table."""

    text: NumericText
    size_bytes: int
    time_column: int | None
    time_s_per_unit: float
    columns: tuple[int, ...]
    """Column in the file for each channel."""

    def read(self, columns: Sequence[int]) -> Iterator[Rows]:
        """As RowSource says."""
        wanted = [self.columns[column] for column in columns]
        if self.time_column is not None:
            wanted.append(self.time_column)
        for numbers, done in read_numbers(self.text, wanted):
            times_s = numbers[:, -1] * self.time_s_per_unit if self.time_column is not None else None
            yield Rows(numbers[:, : len(columns)], times_s, done / self.size_bytes)


def open_csv(path: Path) -> Recording:
    """Open a text table. Raises RecordingUnreadable."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        beginning = file.read(BEGINNING_BYTES)
    if not beginning.strip():
        raise RecordingUnreadable(f"{path}: the file is empty")
    if b"\0" in beginning:
        raise RecordingUnreadable(f"{path}: not a text file (it holds zero bytes), and not named as COMTRADE either")
    lines = beginning.splitlines(keepends=True)
    if len(beginning) < size_bytes and len(lines) > 1:
        lines.pop()
    readable = [line.decode("utf-8-sig" if index == 0 else "utf-8", errors="replace").strip("\r\n\x1a")
                for index, line in enumerate(lines[: MOST_LINES_BEFORE_DATA + HEAD_ROWS])]  # fmt: skip
    layout = layout_of(path, readable)
    table = _cells(readable[layout.first_line :], layout)
    text = NumericText(
        path=path,
        offset=sum(len(line) for line in lines[: layout.first_line]),
        length=None,
        first_line=layout.first_line + 1,
        delimiter=layout.delimiter,
        decimal_comma=layout.decimal_comma,
        headings=layout.names,
    )
    named = [split_heading(name) for name in layout.names]
    time_column = _time_column(named, table)
    columns = tuple(index for index in range(len(named)) if index != time_column)
    rate_hz, gap_s, s_per_unit, stamps = layout.sample_rate_hz, None, 1.0, None
    notes: tuple[str, ...] = ()
    if time_column is not None:
        known = quantity_of(named[time_column][1])
        s_per_unit = known[1] if known and known[0] is Quantity.TIME else 1.0
        if np.isfinite(table[:, time_column]).any():
            timing = _timing(path, text, time_column, s_per_unit)
            gap_s, notes = timing.gap_s, timing.notes
            rate_hz = _agreed(path, timing, rate_hz)
            stamps = time_column
    if rate_hz is None:
        rate_hz = _rate_of_dates(path, readable[layout.first_line :], layout)
    return Recording(
        path=path,
        format_name="text table",
        channels=tuple(Channel(*named[column]) for column in columns),
        head=table[:HEAD_ROWS, list(columns)],
        stretches=(Stretch(rate_hz, None, gap_s),),
        source=TextRows(text, size_bytes, stamps, s_per_unit, columns),
        start=None,
        nominal_frequency_hz=None,
        notes=notes,
    )


def layout_of(path: Path, lines: Sequence[str]) -> Layout:
    """Find delimiter, decimal sign, names and the first row of numbers. Raises RecordingUnreadable."""
    best: Layout | None = None
    for delimiter in (";", "\t", ",", None):
        for decimal_comma in (False, True) if delimiter != "," else (False,):
            found = _layout(lines, delimiter, decimal_comma=decimal_comma)
            if found and (best is None or len(found.names) > len(best.names)):
                best = found
    if best is None:
        raise RecordingUnreadable(f"{path}: wanted a line with column names and rows of numbers below it, found none")
    return best


def _layout(lines: Sequence[str], delimiter: str | None, *, decimal_comma: bool) -> Layout | None:
    first = next(
        (
            index
            for index, line in enumerate(lines[:MOST_LINES_BEFORE_DATA])
            if _is_data(line, delimiter, decimal_comma=decimal_comma)
        ),
        None,
    )
    if first is None:
        return None
    count = len(cells_of(lines[first], delimiter))
    before = [line for line in lines[:first] if line.strip()]
    rates = [found for line in before if (found := _RATE.search(line))]
    rate_hz = None
    if rates:
        unit = (rates[-1]["unit"] or rates[-1]["after"] or "").lower()
        rate_hz = float(rates[-1]["rate"]) * (1000.0 if unit.startswith("k") else 1.0)
    return Layout(delimiter, decimal_comma, _names(before, delimiter, count), first, rate_hz or None)


def _is_data(line: str, delimiter: str | None, *, decimal_comma: bool) -> bool:
    """Whether a line is a row of numbers: more than half of its cells are, and any decimal comma is allowed."""
    if not line.strip() or line.lstrip().startswith(_COMMENT):
        return False
    cells = cells_of(line, delimiter)
    numbers = [number_of(cell.replace(",", ".") if decimal_comma else cell) for cell in cells]
    good = sum(number is not None and cell != "" for number, cell in zip(numbers, cells, strict=True))
    return good > len(cells) / 2 and (not decimal_comma or any("," in cell for cell in cells))


def _names(before: Sequence[str], delimiter: str | None, count: int) -> tuple[str, ...]:
    """The names of the columns from the lines above the numbers, with a line of units put behind them."""
    plain = [cells_of(line, delimiter) for line in before if not line.lstrip().startswith(_COMMENT)]
    marked = [cells_of(line.lstrip("#%/! "), delimiter) for line in before if line.lstrip().startswith(_COMMENT)]
    for rows in (plain, marked):
        fitting = [row for row in rows if len(row) == count and any(row)]
        if not fitting:
            continue
        names = fitting[-1]
        units = [quantity_of(cell.strip("[]()")) for cell in names]
        if len(fitting) > 1 and all(unit is None or unit[0] is not Quantity.OTHER for unit in units):
            pairs = zip(fitting[-2], names, strict=True)
            names = [f"{name} [{unit.strip('[]()')}]" if unit else name for name, unit in pairs]
        return tuple(name or f"column {number}" for number, name in enumerate(names, 1))
    return tuple(f"column {number}" for number in range(1, count + 1))


def _cells(lines: Sequence[str], layout: Layout) -> NDArray[np.float64]:
    """The first rows as numbers, NaN where there is none: for recognising columns, not for measuring."""
    table = np.full((len(lines), len(layout.names)), np.nan)
    for row, line in enumerate(lines):
        for column, cell in enumerate(cells_of(line, layout.delimiter)[: len(layout.names)]):
            number = number_of(cell.replace(",", ".") if layout.decimal_comma else cell)
            table[row, column] = np.nan if number is None else number
    table[~np.isfinite(table)] = np.nan
    return np.asarray(table[~np.isnan(table).all(axis=1)], dtype=np.float64)


def _time_column(named: Sequence[tuple[str, str]], table: NDArray[np.float64]) -> int | None:
    """The column with the time of each row: by its name or unit, else a first column that rises evenly."""
    for index, (name, unit) in enumerate(named):
        known = quantity_of(unit)
        words = re.split(r"[\s_]+", name.lower())
        if (known and known[0] is Quantity.TIME) or (words[0] in _TIME_NAMES and known is None):
            return index
    first = table[:, 0]
    if named[0][0] == "column 1" and len(named) > 1 and len(first) > 2 and np.isfinite(first).all():  # noqa: PLR2004 - a few rows
        steps = np.diff(first)
        if steps.min() > 0 and steps.max() < 1.5 * steps.min() and not (steps == 1).all():
            return 0
    return None


def _timing(path: Path, text: NumericText, column: int, s_per_unit: float) -> Timing:
    """The rate of the time column, from as many rows as make its rounding unimportant."""
    parts: list[NDArray[np.float64]] = []
    rows = 0
    for numbers, _ in read_numbers(text, [column]):
        parts.append(numbers[:, 0] * s_per_unit)
        rows += len(numbers)
        if rows >= ENOUGH_ROWS or parts[-1][-1] - parts[0][0] >= ENOUGH_S:
            break
    if not parts:
        raise RecordingUnreadable(f"{path}: there is no row of numbers")
    try:
        return timing_of(np.concatenate(parts))
    except TimesUnusable as why:
        raise RecordingUnreadable(f"{path}: the time column ({text.headings[column]}) {why}") from why


def _agreed(path: Path, timing: Timing, stated_hz: float | None) -> float:
    """The rate: as stated, unless the time column contradicts it."""
    if stated_hz is not None and abs(timing.sample_rate_hz / stated_hz - 1) > RATE_TOLERANCE_RATIO:
        raise RecordingUnreadable(
            f"{path}: the stated rate of {stated_hz:g} Hz and the time column's {timing.sample_rate_hz:g} Hz "
            f"differ by more than {RATE_TOLERANCE_RATIO:.0%}"
        )
    return stated_hz or timing.sample_rate_hz


def _rate_of_dates(path: Path, lines: Sequence[str], layout: Layout) -> float:
    """The sample rate where the first column holds dates and times instead of seconds."""
    stamps_s: list[float] = []
    for line in lines:
        cells = cells_of(line, layout.delimiter)
        try:
            stamps_s.append(datetime.fromisoformat(cells[0]).timestamp())
        except (ValueError, OverflowError, OSError):
            break
    steps_s = [later - earlier for earlier, later in pairwise(stamps_s)]
    if not steps_s:
        raise RecordingUnreadable(
            f"{path}: no sample rate: wanted a column named t or time, or a first line '# fs_hz=8000'"
        )
    try:
        return timing_of(np.array(stamps_s) - stamps_s[0]).sample_rate_hz
    except TimesUnusable as why:
        raise RecordingUnreadable(f"{path}: the time column ({layout.names[0]}) {why}") from why

"""Numbers in rows of text, read in pieces: CSV files and the ASCII data of COMTRADE; errors name line and column."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ampguard.recorder.recording import RecordingUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CHUNK_BYTES = 2 << 20
LONGEST_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class NumericText:
    """Where the rows of numbers lie in a file, and how they are written."""

    path: Path
    offset: int
    """Bytes before the first row."""
    length: int | None
    """Bytes of all rows; None: up to the end of the file."""
    first_line: int
    """Number of the first row's line, from 1."""
    delimiter: str | None
    """None: any run of blanks."""
    decimal_comma: bool
    headings: tuple[str, ...]
    """Names of all columns, for error messages."""
    missing_codes: float | None = None
    """A value that marks a missing one, besides an empty cell."""


def cells_of(line: str, delimiter: str | None) -> list[str]:
    """The cells of a line without blanks and quotes around them."""
    return [cell.strip().strip("\"'").strip() for cell in line.split(delimiter)]


def number_of(cell: str) -> float | None:
    """The number in a cell, NaN for an empty one, None where it is none (`1_000` and `0x1p3` are none)."""
    if not cell:
        return math.nan
    if "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def pieces(text: NumericText, chunk_bytes: int = CHUNK_BYTES) -> Iterator[tuple[bytes, int]]:
    """Whole lines of the rows, some megabytes at a time, with the number of bytes up to their end."""
    with text.path.open("rb") as file:
        file.seek(text.offset)
        left = text.length if text.length is not None else -1
        rest, done = b"", 0
        while True:
            data = file.read(chunk_bytes if left < 0 else min(chunk_bytes, left))
            left = left - len(data) if left >= 0 else left
            done += len(data)
            if not data:
                break
            data = rest + data
            end = data.rfind(b"\n") + 1 or data.rfind(b"\r") + 1
            if not end and len(data) > LONGEST_LINE_BYTES:
                raise RecordingUnreadable(
                    f"{text.path}: a line longer than {LONGEST_LINE_BYTES} bytes: not a text file"
                )
            rest = data[end:]
            if end:
                yield data[:end], done - len(rest)
        if rest:
            yield rest, done


def read_numbers(text: NumericText, columns: Sequence[int]) -> Iterator[tuple[NDArray[np.float64], int]]:
    """Arrays (rows, columns) with the columns asked for, each with the number of bytes up to its end.

    Empty cells are NaN. A last row that was cut off while being written is left out.
    Raises RecordingUnreadable with line, column and cell where a cell is no number or a row too short.
    """
    line_number = text.first_line
    for piece, done in pieces(text):
        lines = piece.splitlines()
        values = _fast(lines, text, columns)
        if values is None:
            values = _slow(lines, text, columns, line_number, complete=piece.endswith((b"\n", b"\r")))
        values[~np.isfinite(values)] = np.nan
        if text.missing_codes is not None:
            values[values == text.missing_codes] = np.nan
        if len(values):
            yield values, done
        line_number += len(lines)


def _fast(lines: list[bytes], text: NumericText, columns: Sequence[int]) -> NDArray[np.float64] | None:
    """The numbers by numpy's reader; None where a row needs a closer look."""
    rows = [line.decode("latin-1") for line in lines if line.strip(b" \t\x1a") and not line.startswith(b"#")]
    if text.decimal_comma:
        rows = [row.replace(",", ".") for row in rows]
    if not rows:
        return np.empty((0, len(columns)))
    try:
        return np.loadtxt(
            rows,
            dtype=np.float64,
            delimiter=text.delimiter,
            comments=None,
            usecols=list(columns),
            quotechar='"',
            ndmin=2,
        )
    except (ValueError, OverflowError):
        return None


def _slow(
    lines: list[bytes], text: NumericText, columns: Sequence[int], first_line: int, *, complete: bool
) -> NDArray[np.float64]:
    """The numbers cell by cell; this is where an empty cell is understood and a bad one is named."""
    table: list[NDArray[np.float64]] = []
    for index, raw in enumerate(lines):
        line = raw.decode("latin-1").strip("\x1a")
        if not line.strip() or line.startswith("#"):
            continue
        cut_off = not complete and index == len(lines) - 1
        cells = cells_of(line, text.delimiter)
        values: list[float] = []
        for column in columns:
            where = f"{text.path}, line {first_line + index}, column {column + 1} ({text.headings[column]})"
            if column >= len(cells):
                if cut_off:
                    break
                raise RecordingUnreadable(f"{where}: the row ends after {len(cells)} of {len(text.headings)} cells")
            cell = cells[column].replace(",", ".") if text.decimal_comma else cells[column]
            number = number_of(cell)
            if number is None:
                if cut_off:
                    break
                raise RecordingUnreadable(f"{where}: {_shown(cells[column])} is not a number")
            values.append(number)
        else:
            table.append(np.array(values))
    return np.array(table, dtype=np.float64).reshape(len(table), len(columns))


def _shown(cell: str) -> str:
    """A cell as it may stand in a message: printable and short."""
    short = cell if len(cell) <= 24 else cell[:21] + "..."  # noqa: PLR2004 - fits in a sentence
    return repr(short)

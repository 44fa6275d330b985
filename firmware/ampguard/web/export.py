"""Readings of the journal as a file: CSV (RFC 4180) or JSON, piece by piece, nothing thinned."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from ampguard.web.downloads import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ampguard.journal.moments import Part
    from ampguard.readings import Interval, Json

_PHASES = ("l1", "l2", "l3")
_TIME = "end_utc"
PATHS = (
    "duration_s",
    "clock_quality",
    "boot",
    "sequence",
    *(
        f"{name}.{phase}"
        for name in (
            "voltage_rms_v",
            "current_rms_a",
            "active_power_w",
            "reactive_power_var",
            "apparent_power_va",
            "power_factor_ratio",
        )
        for phase in _PHASES
    ),
    "frequency_hz",
    "neutral_current_rms_a",
    "total_active_power_w",
    "total_reactive_power_var",
    "total_apparent_power_va",
    *(f"energy.{way}_wh.{phase}" for way in ("import", "export") for phase in _PHASES),
    "energy.total_import_wh",
    "energy.total_export_wh",
    "quality",
)
"""Fields of a reading, by their path: the unit is in the name. Before them stands the moment at which it ended."""
HEAD = (_TIME, *PATHS)
WANTED = frozenset(PATHS)


class Form(StrEnum):
    """How a file is written."""

    CSV = "csv"
    JSON = "json"


TYPES = {Form.CSV: "text/csv; charset=utf-8; header=present", Form.JSON: "application/json"}


def pieces(form: Form, parts: Iterable[Part], between_s: tuple[float, float], about: dict[str, str]) -> Iterator[bytes]:
    """The file. `about` stands at the head of a JSON one."""
    return _csv(parts, between_s) if form is Form.CSV else _json(parts, between_s, about)


def name_of(serial: str, interval: Interval, from_s: float, form: Form) -> str:
    """Of the file: nothing in it but letters, digits, dots and lines."""
    begin = datetime.fromtimestamp(from_s, UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"ampguard-{safe(serial)}-{begin}-{interval.value}.{form.value}"


def _rows(part: Part, between_s: tuple[float, float]) -> Iterator[list[Json]]:
    from_s, to_s = between_s
    columns = [part.columns.get(path, [None] * part.count) for path in PATHS]
    for index, end_s in enumerate(part.ends_s):
        if end_s is not None and from_s <= end_s < to_s:
            utc = datetime.fromtimestamp(end_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            yield [utc, *(column[index] for column in columns)]


def _csv(parts: Iterable[Part], between_s: tuple[float, float]) -> Iterator[bytes]:
    yield _lines([HEAD])
    for part in parts:
        if rows := list(_rows(part, between_s)):
            yield _lines([_text(value) for value in row] for row in rows)


def _text(value: Json) -> str:
    """Empty where there is nothing; several words of one field with a blank between them."""
    match value:
        case None:
            return ""
        case list():
            return " ".join(str(one) for one in value)
        case _:
            return str(value)


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _json(parts: Iterable[Part], between_s: tuple[float, float], about: dict[str, str]) -> Iterator[bytes]:
    """One object: what it is, the names of the columns, the rows; each row on a line of its own."""
    head = json.dumps(cast("dict[str, Json]", about) | {"columns": list(HEAD)})
    yield f'{head[:-1]}, "rows": ['.encode()
    undated = damaged = 0
    between = "\n"
    for part in parts:
        damaged += 0 if part.ends_s else part.count
        undated += sum(one is None for one in part.ends_s)
        if rows := list(_rows(part, between_s)):
            text = ",\n".join(json.dumps(row, separators=(",", ":"), allow_nan=False) for row in rows)
            yield f"{between}{text}".encode()
            between = ",\n"
    yield f'\n], "undated_nearby": {undated}, "damaged_nearby": {damaged}}}\n'.encode()

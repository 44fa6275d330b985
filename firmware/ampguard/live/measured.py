"""A measurement out of its packet: what `readings.as_json` made of it, turned back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, cast

from ampguard.phases import LinePairs, PhaseOrder, Phases
from ampguard.readings import Measurement, Quality

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.readings import Json


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

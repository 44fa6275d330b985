"""What was seen of the clamps, in a form that outlasts the process: the looks that count, as JSON and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from ampguard.wiring.evidence import MOST_LOOKS
from ampguard.wiring.hypotheses import Look
from ampguard.wiring.response import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ampguard.readings import Json

    Three = tuple[complex, complex, complex]

_PARTS = 2
_CLAMPS = 3


def as_json(looks: Iterable[Look]) -> list[Json]:
    """The latest ones, as many as count at all."""
    return [
        {
            "current_a": [[one.real, one.imag] for one in look.current_a],
            "voltage": [[one.real, one.imag] for one in look.voltage],
            "noise_a": look.noise_a,
            "counts": list(look.counts),
            "is_step": look.is_step,
            "answer": None if look.answer is None else list(look.answer.change_v),
            "spread_v": None if look.answer is None else look.answer.spread_v,
        }
        for look in list(looks)[-MOST_LOOKS:]
    ]


def looks(content: object) -> list[Look]:
    """Back again. Raises ValueError with a sentence for anything that `as_json` has not made."""
    if not isinstance(content, list):
        raise ValueError("looks: wanted a list")  # noqa: TRY004 - what a file holds, not what a caller did
    return [_look(one) for one in cast("list[object]", content)[-MOST_LOOKS:]]


def _look(content: object) -> Look:
    if not isinstance(content, dict):
        raise ValueError("looks: wanted a table each")  # noqa: TRY004 - as above
    of = cast("Mapping[str, object]", content)
    counts = of.get("counts")
    if not isinstance(counts, list) or len(cast("list[object]", counts)) != _CLAMPS:
        raise ValueError("counts: wanted three")
    one, two, three = (found is True for found in cast("list[object]", counts))
    return Look(
        current_a=_three(of, "current_a"),
        voltage=_three(of, "voltage"),
        noise_a=_number(of.get("noise_a"), "noise_a"),
        counts=(one, two, three),
        is_step=of.get("is_step") is True,
        answer=_answer(of),
    )


def _answer(of: Mapping[str, object]) -> Answer | None:
    found = of.get("answer")
    if found is None:
        return None
    parts: list[object] = list(cast("list[object]", found)) if isinstance(found, list) else []
    if len(parts) != _CLAMPS:
        raise ValueError("answer: wanted three")
    one, two, three = (None if part is None else _number(part, "answer") for part in parts)
    spread_v = _number(of.get("spread_v"), "spread_v")
    if spread_v <= 0.0:
        raise ValueError("spread_v: wanted a number above 0")
    return Answer((one, two, three), spread_v)


def _three(of: Mapping[str, object], name: str) -> Three:
    found = of.get(name)
    parts: list[object] = list(cast("list[object]", found)) if isinstance(found, list) else []
    if len(parts) != _CLAMPS:
        raise ValueError(f"{name}: wanted three phasors")
    one, two, three = (_phasor(part, name) for part in parts)
    return one, two, three


def _phasor(content: object, name: str) -> complex:
    parts: list[object] = list(cast("list[object]", content)) if isinstance(content, list) else []
    if len(parts) != _PARTS:
        raise ValueError(f"{name}: wanted two parts each")
    return complex(_number(parts[0], name), _number(parts[1], name))


def _number(content: object, name: str) -> float:
    if isinstance(content, bool) or not isinstance(content, (int, float)) or not math.isfinite(content):
        raise ValueError(f"{name}: wanted a number")
    return float(content)

"""What a stimulus test asks of the balancer: which charger gets at most how much, on how many phases.

A small file in the run folder that whoever tests writes again each second. It is a lease: when nobody renews it any
more the charger is balanced as before, within seconds.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.balancing.site import LEAST_A, MOST_OF_ALL_A
from ampguard.errors import SetupError
from ampguard.phrase import phrase
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VALID_S = 5.0
MOST_PHASES = 3


@dataclass(frozen=True, slots=True)
class Wish:
    """Of one test."""

    charger: str
    """Its charge point id."""
    most_a: float
    phases: int | None
    """None: on all that it has."""


def ask(path: Path, wish: Wish, now_s: float) -> None:
    """From now on, for `VALID_S`. Raises SetupError where it cannot be written."""
    told = {
        "charger": wish.charger, "most_a": wish.most_a, "phases": wish.phases, "until_s": now_s + VALID_S,
    }  # fmt: skip
    try:
        replace_whole(path, json.dumps(told))
    except OSError as why:
        raise SetupError(
            phrase("{path}: the balancer cannot be asked: {why}", path=str(path), why=why.strerror or str(why))
        ) from why


def withdraw(path: Path) -> None:
    """Nothing is asked any more; where that cannot be said it runs out."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def asked(path: Path, now_s: float) -> Wish | None:
    """What is asked now; None: nothing, or nothing that can be understood."""
    try:
        told: object = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    found = cast("Mapping[str, object]", told)
    charger, phases = found.get("charger"), _phases(found.get("phases"))
    most_a, until_s = _number(found.get("most_a")), _number(found.get("until_s"))
    if not isinstance(charger, str) or most_a is None or until_s is None:
        return None
    if not (LEAST_A <= most_a <= MOST_OF_ALL_A and now_s < until_s <= now_s + VALID_S):
        return None
    return Wish(charger, most_a, phases)


def _phases(told: object) -> int | None:
    """On so many; all where nothing that can be is told."""
    return told if isinstance(told, int) and not isinstance(told, bool) and 1 <= told <= MOST_PHASES else None


def _number(told: object) -> float | None:
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        return None
    return float(told) if math.isfinite(told) else None

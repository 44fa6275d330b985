"""What a cloud allows, heard on the uplink's feed, as leases on our clock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ampguard.balancing.observation import CloudLimit, TogetherLimit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json

SAME_S = 1.0
"""The end of a lease that is told anew each moment: what moves by less is how long the telling takes."""


def of_each(body: Mapping[str, Json], now_s: float) -> dict[str, CloudLimit]:
    """{"limits": {charger id: ampere}, "valid_s": s}; nothing of what is none."""
    given, valid_s = body.get("limits"), _number(body.get("valid_s"))
    if not isinstance(given, dict) or valid_s is None:
        return {}
    limits_a = {name: _number(one) for name, one in given.items()}
    return {name: CloudLimit(one, now_s + valid_s) for name, one in limits_a.items() if one is not None}


def together(body: Mapping[str, Json], known: TogetherLimit | None, now_s: float) -> TogetherLimit | None:
    """{"limit_a": {"l1": ampere or null, ...}, "remaining_s": s}; {"limit_a": null}: none holds."""
    given, remaining_s = body.get("limit_a"), _number(body.get("remaining_s"))
    if not isinstance(given, dict) or remaining_s is None:
        return None
    limit_a = (_number(given.get("l1")), _number(given.get("l2")), _number(given.get("l3")))
    until_s = now_s + remaining_s
    if known is not None and known.limit_a == limit_a and abs(known.until_s - until_s) < SAME_S:
        return known
    return TogetherLimit(limit_a, until_s)


def _number(value: Json) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0.0:
        return None
    return float(value)

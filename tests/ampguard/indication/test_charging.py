"""The logo winks while the chargers are not balanced as the owner wants it, and at no other time."""

from __future__ import annotations

import pytest

from ampguard.indication.charging import EACH_S, SILENT_S, WINK_S, Charging, winks


def told(body: dict[str, object], at_s: float = 100.0) -> bool:
    charging = Charging()
    charging.hear(body, 100.0)  # type: ignore[arg-type]  # whatever the feed brings
    return charging.is_unguarded(at_s)


@pytest.mark.parametrize(
    ("body", "is_unguarded"),
    [
        ({"active": True, "rung": "fresh"}, False),
        ({"active": True, "rung": "late"}, False),
        ({"active": True, "rung": "stale"}, True),
        ({"active": True, "rung": "lost"}, True),
        ({"active": False, "fault": None}, False),
        ({"active": False, "fault": {"message": "nobody has told the main fuse", "facts": {}}}, True),
        ({}, False),
    ],
)
def test_what_the_balancer_tells_decides(body: dict[str, object], is_unguarded: bool) -> None:  # noqa: FBT001 - a table
    assert told(body) is is_unguarded


def test_nobody_balances_before_anything_was_told() -> None:
    assert not Charging().is_unguarded(1e6)


def test_a_balancer_that_has_balanced_and_says_nothing_any_more_is_missed() -> None:
    assert not told({"active": True, "rung": "fresh"}, 100.0 + SILENT_S)
    assert told({"active": True, "rung": "fresh"}, 100.1 + SILENT_S)
    assert not told({"active": False}, 1e6)


def test_a_wink_is_short_and_comes_again() -> None:
    out = [winks(number / 100.0) for number in range(int(EACH_S * 100))]
    assert sum(out) == pytest.approx(WINK_S * 100, abs=1)
    assert winks(7 * EACH_S + 0.1)

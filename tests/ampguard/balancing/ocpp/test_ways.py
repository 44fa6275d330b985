"""The table of ways: whatever was refused, there is a row, and it never uses a refused way."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from ampguard.balancing.ocpp.ways import Way, Ways, ways

D, M, T, V = Way.TX_DEFAULT, Way.CHARGE_POINT_MAX, Way.TX, Way.VENDOR_KEY
EVERY = [frozenset(one) for one in chain.from_iterable(combinations(Way, size) for size in range(5))]


@pytest.mark.parametrize(
    ("refused", "row"),
    [
        (frozenset(), Ways(D, T)),
        (frozenset({T}), Ways(D, D, D)),
        (frozenset({D}), Ways(M, M)),
        (frozenset({D, T}), Ways(M, M)),
        (frozenset({M}), Ways(D, T)),
        (frozenset({D, M}), Ways(V, T)),
        (frozenset({D, M, T}), Ways(V, V)),
    ],
)
def test_rows(refused: frozenset[Way], row: Ways) -> None:
    assert ways(refused, has_vendor_key=True) == row


@pytest.mark.parametrize("refused", EVERY)
@pytest.mark.parametrize("has_vendor_key", [True, False])
def test_a_refused_way_is_not_gone_again(refused: frozenset[Way], has_vendor_key: bool) -> None:  # noqa: FBT001 - a parameter
    found = ways(refused, has_vendor_key=has_vendor_key)
    assert not {found.safe, found.charging, found.before} & refused
    if not has_vendor_key:
        assert V not in {found.safe, found.charging, found.before}


def test_what_ends_by_itself_is_said() -> None:
    assert ways(frozenset(), has_vendor_key=False).is_leased
    assert not ways(frozenset({D, M, T}), has_vendor_key=True).is_leased
    assert not ways(frozenset({D, M, T}), has_vendor_key=False).is_leased

"""How long a destination is left alone after what it said."""

from __future__ import annotations

import random

from ampguard.errors import UplinkFault
from ampguard.uplink.backoff import LONGEST_S
from ampguard.uplink.cloud.pace import LONGEST_NOT_ADMITTED_S, LONGEST_REFUSED_S, NOT_ADMITTED_S, Pace
from ampguard.uplink.faults import BlockRefused, Busy, NotAdmitted


def test_who_is_not_admitted_comes_back_slowly() -> None:
    pace = Pace()
    waits_s = [pace.wait_s(NotAdmitted("no")) for _ in range(200)]
    assert all(NOT_ADMITTED_S <= wait_s <= LONGEST_NOT_ADMITTED_S for wait_s in waits_s)
    assert NOT_ADMITTED_S >= 60.0
    assert max(waits_s) > 3 * NOT_ADMITTED_S


def test_a_refused_block_comes_back_at_growing_intervals() -> None:
    pace = Pace()
    waits_s = [pace.wait_s(BlockRefused("no")) for _ in range(6)]
    assert waits_s == sorted(waits_s)
    assert waits_s[-1] > 20 * waits_s[0]
    assert pace.wait_s(BlockRefused("no")) >= LONGEST_REFUSED_S
    for _ in range(5000):
        assert pace.wait_s(BlockRefused("no")) <= 1.2 * LONGEST_REFUSED_S
    pace.succeeded()
    assert pace.wait_s(BlockRefused("no")) < 100.0


def test_who_asks_for_patience_gets_it_and_a_little_more() -> None:
    pace = Pace()
    waits_s = [pace.wait_s(Busy("wait", 120.0)) for _ in range(50)]
    assert all(120.0 <= wait_s <= 120.0 + LONGEST_S for wait_s in waits_s)
    assert len(set(waits_s)) > 1
    assert Pace().wait_s(Busy("wait", None)) <= 1.0


def test_other_trouble_is_met_with_full_jitter() -> None:
    pace = Pace(random.Random(1))
    waits_s = [pace.wait_s(UplinkFault("away")) for _ in range(100)]
    assert waits_s[0] <= 1.0
    assert LONGEST_S / 2 < max(waits_s) <= LONGEST_S
    assert min(waits_s[20:]) < LONGEST_S / 4
    pace.succeeded()
    assert pace.wait_s(UplinkFault("away")) <= 1.0

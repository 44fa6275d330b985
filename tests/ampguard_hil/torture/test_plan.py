"""A storm's plan: the same with the same seed, each kind in each round, and only what was asked for."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from ampguard_hil.torture.plan import FAULTS, LONGEST_WAIT_S, Plan, Planned, chosen

if TYPE_CHECKING:
    from collections.abc import Iterator


def planned(seed: int, count: int, *only: str) -> list[Planned]:
    plan = Plan(seed, only)

    def each() -> Iterator[Planned]:
        while True:
            yield plan.next()

    return list(islice(each(), count))


def test_a_seed_tells_all_of_a_storm() -> None:
    one, again, other = (
        [(each.fault.kind, each.wait_s, each.hold_s) for each in planned(seed, 100)] for seed in (5, 5, 6)
    )
    assert one == again != other


def test_every_kind_comes_in_a_round_of_all() -> None:
    possible = {kind.kind for kind in chosen(())}
    assert {each.fault.kind for each in planned(1, len(possible) + 6)} == possible
    assert len({kind.kind for kind in FAULTS}) == len(FAULTS)


def test_waits_and_holds_keep_to_their_bounds() -> None:
    for each in planned(2, 300):
        least_s, most_s = each.fault.terms.hold_s
        assert least_s <= each.hold_s <= most_s
        assert 0.0 <= each.wait_s <= LONGEST_WAIT_S


def test_only_what_was_asked_for_comes_and_a_group_is_all_of_it() -> None:
    kinds = [each.fault.kind for each in planned(3, 840, "kill", "power-cut")]
    assert {kind for kind in kinds if kind != "power-cut"} == {
        f"kill {who}" for who in ("meter", "uplink", "lights", "board", "broker", "ingest", "several")
    }
    assert kinds.count("power-cut") == 240


def test_what_there_is_not_is_said() -> None:
    with pytest.raises(ValueError, match=r"no fault earthquake; there are .*power-cut"):
        chosen(["earthquake"])

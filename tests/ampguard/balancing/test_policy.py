"""The entry for benchmarks: their words, whatever they say, over the very core."""

from __future__ import annotations

import math
from types import SimpleNamespace as Told

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.balancing.policy import policy
from ampguard.errors import SetupError
from ampguard.phases import Phase

ABSURD = st.one_of(
    st.none(), st.floats(), st.integers(-10**30, 10**30), st.text(max_size=3), st.booleans(),
    st.lists(st.floats(), max_size=4), st.just(object()),
)  # fmt: skip
METERS = st.one_of(ABSURD, st.tuples(ABSURD, ABSURD), st.tuples(st.floats(), st.tuples(ABSURD, ABSURD, ABSURD)))
SEEN = st.one_of(
    ABSURD,
    st.builds(Told, t=ABSURD, connected=ABSURD, wants=ABSURD, i=METERS, limit=ABSURD),
    st.builds(Told, t=st.floats(0, 200), connected=st.booleans(), wants=st.booleans(),
              i=st.tuples(*[st.floats(-1e3, 1e3)] * 3), limit=st.floats(-50, 50)),
)  # fmt: skip


def site(**changed: object) -> Told:
    chargers = [
        Told(max=32.0, rot=(0, 1, 2), included=True, offline=6.0),
        Told(max=16.0, rot=[2, 1, 0], included=True, offline=0.0),
    ]
    told = {
        "fuse": 25.0, "device": "gG", "group_online": 25.0, "group_offline": 7.5, "min_a": 6.0, "n": 2, "dt": 0.5,
        "chargers": chargers,
    }  # fmt: skip
    return Told(**(told | changed))


def seen(t: float, *, i: tuple[float, float, float] = (0.0, 0.0, 0.0), limit: float = 0.0) -> Told:
    return Told(t=t, connected=True, wants=True, i=i, limit=limit)


def test_it_says_how_it_wants_to_be_run_and_what_chargers_fall_back_to() -> None:
    made = policy(site())
    assert (made.link, made.period) == ("device", 0.5)
    assert made.setup() == {"offline_limit": [6.0, 0.0], "offline_timeout_s": 20.0}


def test_cars_are_started_one_by_one_and_everybody_is_renewed() -> None:
    made, told = policy(site()), list[dict[int, tuple[float, float]]]()
    for number in range(80):
        t = number / 2.0
        told.append(made.step(t, Told(meter=(t, (1.0, 1.0, 1.0)), ch=[seen(t), seen(t)])) or {})
    assert {0: (6.0, 30.0)}.items() <= told[0].items()
    assert next(n for n, one in enumerate(told) if one.get(1) == (6.0, 30.0)) == 60
    assert sum(0 in one for one in told) >= 3


@pytest.mark.parametrize(
    ("rot", "phases"),
    [((2, 1, 0), "L3 L2 L1"), ([1, 2, 0], "L2 L3 L1"), ((3, 1, 2), "L3 L1 L2"), ((1,), "L2"), ((0, 0, 1), "L1 L2 L3"),
     (None, "L1 L2 L3"), ("abc", "L1 L2 L3"), ((0, math.nan, 9), "L1 L2 L3"), ((), "L1 L2 L3")],
)  # fmt: skip
def test_a_rotation_is_indices_by_terminal_from_0_or_from_1(rot: object, phases: str) -> None:
    made = policy(site(chargers=[Told(max=32.0, rot=rot, included=True, offline=0.0)], n=1))
    assert made.group.chargers[0].phases == tuple(Phase(name) for name in phases.split())


def test_offline_currents_that_are_too_much_together_are_not_all_given() -> None:
    chargers = [Told(max=32.0, rot=(0, 1, 2), included=True, offline=6.0) for _ in range(3)]
    assert policy(site(chargers=chargers, n=3)).setup()["offline_limit"] == [6.0, 0.0, 0.0]


@pytest.mark.parametrize("fuse", [None, math.nan, -1.0, "63"])
def test_a_site_without_a_fuse_is_none(fuse: object) -> None:
    if fuse == "63":
        assert policy(site(fuse=fuse)).group.supply_max_a == 63.0
        return
    with pytest.raises(SetupError, match="the main fuse"):
        policy(site(fuse=fuse))


def test_a_site_that_says_little_is_taken_the_careful_way() -> None:
    made = policy(Told(fuse=25.0, chargers=[Told(max=16.0), Told()]))
    assert made.group.max_offline_a == 0.0
    assert made.group.device.value == "B"
    assert made.setup()["offline_limit"] == [0.0, 0.0]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ABSURD, METERS, st.one_of(ABSURD, st.lists(SEEN, max_size=4))), max_size=12))
def test_whatever_it_is_told_it_gives_limits_that_a_charger_can_obey(said: list[tuple[object, object, object]]) -> None:
    made = policy(site())
    for number, (t, meter, ch) in enumerate(said):
        for at in (t, float(number)):
            orders = made.step(at, Told(meter=meter, ch=ch)) or {}
            assert set(orders) <= {0, 1}
            for which, (limit_a, valid_s) in orders.items():
                assert limit_a == 0.0 or 6.0 <= limit_a <= (32.0, 16.0)[which]
                assert valid_s == 30.0
        made.step(float(number), None)


def test_a_sample_that_cannot_be_true_is_none() -> None:
    made = policy(site())
    for number in range(120):
        t = number / 2.0
        absurd = (t, (1e9, 0.0, math.inf)) if number % 2 else (t + 1e6, (0.0, 0.0, 0.0))
        made.step(t, Told(meter=(t, (2.0, 2.0, 2.0)) if number < 60 else absurd, ch=[seen(t), seen(t)]))
    assert made.seen is not None
    assert made.seen.meter_s == 29.5

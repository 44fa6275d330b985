"""Whatever loads and cars do, the main fuse holds, and nobody is ever told a current between 0 and 6 A."""

from __future__ import annotations

from bisect import bisect_right

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.balancing.made import Building, car, charger, group

from ampguard.phases import Phase
from ampguard.settings.grid import Device

LENGTH_S = 500.0
ROTATIONS = st.permutations([Phase.L1, Phase.L2, Phase.L3]).map(tuple)
CARS = st.builds(
    car,
    phases=st.sampled_from([1, 2, 3]),
    max_a=st.sampled_from([10.0, 16.0, 32.0]),
    less_a=st.floats(0.0, 2.0),
    down_delay_s=st.one_of(st.floats(0.3, 2.0), st.just(4.0)),
    down_a_per_s=st.floats(8.0, 30.0),
    up_delay_s=st.floats(0.5, 3.0),
    up_a_per_s=st.floats(1.0, 5.0),
    resume_s=st.floats(10.0, 60.0),
    arrives_s=st.floats(0.0, 120.0),
)
STEPS = st.lists(st.tuples(st.floats(1.0, 60.0), *(st.floats(0.0, 0.92) for _ in range(3))), min_size=3, max_size=25)
"""How long, and what each phase carries besides, as a part of the main fuse."""


class Steps:
    """A base load of steps, over and over again."""

    def __init__(self, steps: list[tuple[float, float, float, float]], fuse_a: float) -> None:
        self._starts_s, now_s = [], 0.0
        for length_s, *_ in steps:
            self._starts_s.append(now_s)
            now_s += length_s
        self._length_s = now_s
        self._parts = [(one * fuse_a, two * fuse_a, three * fuse_a) for _, one, two, three in steps]

    def __call__(self, now_s: float) -> tuple[float, float, float]:
        return self._parts[bisect_right(self._starts_s, now_s % self._length_s) - 1]


def outages(most: int) -> st.SearchStrategy[list[tuple[float, float]]]:
    return st.lists(
        st.tuples(st.floats(60.0, LENGTH_S), st.floats(1.0, 120.0)).map(lambda one: (one[0], one[0] + one[1])),
        max_size=most,
    )


@settings(max_examples=25, deadline=None)
@given(
    cars=st.lists(CARS, min_size=1, max_size=4),
    rotations=st.lists(ROTATIONS, min_size=4, max_size=4),
    steps=STEPS,
    fuse_a=st.sampled_from([20.0, 25.0, 35.0, 63.0]),
    device=st.sampled_from([Device.MCB_B, Device.FUSE_GG]),
    meter_out=outages(2),
    charger_out=outages(1),
    unit_out=outages(1),
)
def test_the_main_fuse_holds_whatever_happens(  # noqa: PLR0913, PLR0917  whatever

    cars: list[object], rotations: list[tuple[Phase, ...]], steps: list[tuple[float, float, float, float]],
    fuse_a: float, device: Device, meter_out: list[tuple[float, float]], charger_out: list[tuple[float, float]],
    unit_out: list[tuple[float, float]],
) -> None:  # fmt: skip
    chargers = [charger(str(n), phases=rotations[n], offline_a=6.0 if n == 0 else 0.0) for n in range(len(cars))]
    building = Building(
        group(*chargers, supply_max_a=fuse_a, max_online_a=fuse_a, max_offline_a=0.3 * fuse_a, device=device),
        cars,  # type: ignore[arg-type]  # st.builds does not say so
        Steps(steps, fuse_a),
        latency_s=1.0,
        meter_out=meter_out,
        charger_out=[(0, start, end) for start, end in charger_out],
        unit_out=unit_out,
    ).until(LENGTH_S)
    assert not building.tripped
    assert max(fuse.used_percent for fuse in building.fuses) < 100.0
    assert all(limit_a == 0.0 or 6.0 <= limit_a <= 32.0 for _, _, limit_a, _ in building.told_a)
    assert all(valid_s == 30.0 for _, _, _, valid_s in building.told_a)

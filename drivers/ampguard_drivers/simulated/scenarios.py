"""Stories that a simulated building can tell, short enough to watch: something happens every few seconds."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard_drivers.simulated.front_end import RIGHT_CLAMPS, Clamp, Wiring
from ampguard_drivers.simulated.star_point import with_broken_neutral
from ampguard_drivers.simulated.supply import Harmonic, Load, State, Supply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class BenchEvent:
    """Something that happens outside the unit."""

    at_s: float
    what: str
    """"broker off" or "broker on"."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A supply, how it is wired, and what happens around it."""

    name: str
    story: str
    """One line for the person who watches."""
    supply: Supply
    wiring: Wiring = field(default_factory=Wiring)
    bench_events: tuple[BenchEvent, ...] = ()
    generation_on_site: bool = False
    settings: str = ""
    """What an installer would tell the unit beside that, as its settings file has it."""
    chargers: int = 0
    """So many stand in the garage, with a car each; the bench brings them."""


LINE_OHM, NEUTRAL_OHM = 0.18, 0.11
"""Of the grid up to the building: somewhat better than the reference impedance of IEC 60725."""
_VOLTAGE = (Harmonic(3, 0.006, 10.0), Harmonic(5, 0.021, 170.0), Harmonic(7, 0.012, 30.0), Harmonic(11, 0.004, 80.0))
_ELECTRONICS = (Harmonic(3, 0.60, 180.0), Harmonic(5, 0.35, 0.0), Harmonic(7, 0.18, 180.0), Harmonic(9, 0.08, 0.0))
HOUSE = (
    Load(2.6, 8.0, (Harmonic(3, 0.12, 180.0), Harmonic(5, 0.06))),
    Load(1.4, 24.0, (Harmonic(3, 0.20, 180.0), Harmonic(5, 0.08))),
    Load(3.1, -12.0, _ELECTRONICS[:2]),
)
"""What is always on: fridge, pump, screens."""
_BASE = State(
    voltage_v=(231.2, 229.6, 230.4),
    angle_deg=(0.0, -120.1, 119.9),
    frequency_hz=50.012,
    voltage_harmonics=_VOLTAGE,
    loads=HOUSE,
    noise_v=0.02,
    noise_a=0.001,
)


def added(state: State, phase: int, current_a: float, lag_deg: float = 0.0) -> State:
    """The same with one more load on a phase, added as phasors."""
    load = state.loads[phase]
    total = cmath.rect(load.current_a, -math.radians(load.lag_deg)) + cmath.rect(current_a, -math.radians(lag_deg))
    scale = load.current_a / abs(total) if abs(total) else 0.0
    harmonics = tuple(replace(each, amplitude_ratio=each.amplitude_ratio * scale) for each in load.harmonics)
    changed = Load(abs(total), -math.degrees(cmath.phase(total)), harmonics, load.dc_a)
    loads = list(state.loads)
    loads[phase] = changed
    return replace(state, loads=(loads[0], loads[1], loads[2]))


def between(state: State, first: int, second: int, current_a: float, lag_deg: float = 0.0) -> State:
    """The same with one more load between two phases; `lag_deg`: behind the voltage from the first to the second."""
    one, other = (cmath.rect(state.voltage_v[n], math.radians(state.angle_deg[n])) for n in (first, second))
    flowing_deg = math.degrees(cmath.phase(one - other)) - lag_deg
    drawing = added(state, first, current_a, state.angle_deg[first] - flowing_deg)
    return added(drawing, second, -current_a, state.angle_deg[second] - flowing_deg)


def _sagged(state: State) -> State:
    """With the voltages that the grid has left: each phase's own current and that of the neutral lower it."""
    units = [cmath.rect(1.0, math.radians(angle)) for angle in state.angle_deg]
    flowing = [
        unit * cmath.rect(load.current_a, -math.radians(load.lag_deg))
        for unit, load in zip(units, state.loads, strict=True)
    ]
    one_v, two_v, three_v = (
        open_v - (LINE_OHM * current * unit.conjugate() + NEUTRAL_OHM * sum(flowing) * unit.conjugate()).real
        for open_v, current, unit in zip(state.voltage_v, flowing, units, strict=True)
    )
    return replace(state, voltage_v=(one_v, two_v, three_v))


def _on_all(state: State, current_a: float, lag_deg: float = 0.0) -> State:
    for phase in range(3):
        state = added(state, phase, current_a, lag_deg)
    return state


def _steady() -> Scenario:
    return Scenario("steady", "A quiet house: nothing happens.", Supply([(0.0, _BASE)]))


def _kettle() -> Scenario:
    on = _sagged(added(_BASE, 0, 8.7))
    return Scenario(
        "kettle",
        "A 2 kW kettle on L1: on at 4 s, off at 12 s, again and again.",
        Supply([(0.0, _sagged(_BASE)), (4.0, on), (12.0, _sagged(_BASE))], repeat_s=16.0),
    )


def _ev() -> Scenario:
    steps = [(0.0, _sagged(_BASE))] + [
        (3.0 + 2.0 * number, _sagged(_on_all(_BASE, amperes, 3.0)))
        for number, amperes in enumerate((6.0, 8.0, 10.0, 13.0, 16.0))
    ]
    return Scenario(
        "ev",
        "A car charges on three phases: 6 A at 3 s, up to 16 A at 11 s, gone at 20 s.",
        Supply([*steps, (20.0, _sagged(_BASE))], repeat_s=25.0),
    )


def _solar() -> Scenario:
    def sun(current_a: float) -> State:
        # the converter feeds against the load: a current of 180 deg, a little leading
        return _sagged(_on_all(_BASE, current_a, 178.0))

    return Scenario(
        "solar",
        "Solar noon: export on all phases, a cloud at 6 s and at 14 s.",
        Supply(
            [(0.0, sun(11.0)), (6.0, sun(2.5)), (10.0, sun(13.0)), (14.0, sun(5.0)), (17.0, sun(11.0))], repeat_s=20.0
        ),
        generation_on_site=True,
    )


def _swapped() -> Scenario:
    return Scenario(
        "swapped-cts",
        "The clamps of L1 and L2 are interchanged: the current light turns red.",
        Supply([(0.0, _on_all(_BASE, 3.0, 5.0))]),
        wiring=Wiring(clamps=(Clamp(1), Clamp(0), Clamp(2))),
    )


def _reversed() -> Scenario:
    return Scenario(
        "reversed-l2",
        "The clamp of L2 is the wrong way round: the current light turns red.",
        Supply([(0.0, _on_all(_BASE, 3.0, 5.0))]),
        wiring=Wiring(clamps=(RIGHT_CLAMPS[0], Clamp(1, reversed=True), RIGHT_CLAMPS[2])),
    )


def _lost_phase() -> Scenario:
    loads = (HOUSE[0], HOUSE[1], Load())
    lost = replace(_BASE, voltage_v=(231.0, 229.4, 0.0), loads=loads)
    return Scenario(
        "lost-phase",
        "L3 is gone from 6 s to 16 s: a fuse of the grid operator.",
        Supply([(0.0, _BASE), (6.0, lost), (16.0, _BASE)], repeat_s=22.0),
    )


def _lost_neutral() -> Scenario:
    healthy = added(_BASE, 0, 2.9)
    return Scenario(
        "lost-neutral",
        "The neutral conductor breaks at 6 s and is mended at 16 s: L1 sags, L2 and L3 rise.",
        Supply([(0.0, healthy), (6.0, with_broken_neutral(healthy)), (16.0, healthy)], repeat_s=22.0),
    )


def _it_grid() -> Scenario:
    star_v = 230.0 / math.sqrt(3.0)
    idle = replace(_BASE, voltage_v=(star_v, 0.995 * star_v, 1.004 * star_v), loads=(Load(), Load(), Load()))
    house = between(between(between(idle, 0, 1, 4.0, 6.0), 1, 2, 3.0, 12.0), 2, 0, 2.0, 20.0)
    return Scenario(
        "it-grid",
        "A Norwegian house, 230 V between phases and no N, wired to L1 and L2 alone: 2 kW between L1 and L2 at 4 s, "
        "between L2 and L3 at 12 s.",
        Supply([(0.0, house), (4.0, between(house, 0, 1, 8.7)), (8.0, house), (12.0, between(house, 1, 2, 8.7)),
                (16.0, house)], repeat_s=20.0),
        wiring=Wiring(terminals=(0, 1, None), neutral=False),
        settings='grid_type = "it"\nvoltage_terminals = ["L1", "L2"]\n',
    )  # fmt: skip


def _broker_outage() -> Scenario:
    return Scenario(
        "broker-outage",
        "The broker is away from 10 s to 25 s; what it missed is sent afterwards.",
        _kettle().supply,
        bench_events=(BenchEvent(10.0, "broker off"), BenchEvent(25.0, "broker on")),
    )


def _heaters() -> Scenario:
    off = _sagged(_BASE)
    states = [(0.0, off)]
    for phase in range(3):
        states += [(10.0 * phase + 4.0, _sagged(added(_BASE, phase, 8.7, 1.0))), (10.0 * phase + 9.0, off)]
    return Scenario(
        "heaters",
        "A 2 kW heater for 5 s, on L1 at 4 s, on L2 at 14 s, on L3 at 24 s: for the guided check.",
        Supply(states, repeat_s=30.0),
    )


def _heaters_swapped() -> Scenario:
    return replace(
        _heaters(),
        name="heaters-swapped",
        story="The same heaters, and the clamps of L1 and L2 are interchanged, that of L2 reversed as well.",
        wiring=Wiring(clamps=(Clamp(1), Clamp(0, reversed=True), Clamp(2))),
    )


def _apartment() -> Scenario:
    """What 63 A have left changes every few seconds: a hob on L1, an oven on L2, a lift on all phases."""
    house = _on_all(_BASE, 8.0, 6.0)
    hob, oven = added(house, 0, 14.0, 1.0), added(house, 1, 11.0, 1.0)
    both, lift = added(hob, 1, 11.0, 1.0), _on_all(house, 18.0, 35.0)
    steps = [(0.0, house), (20.0, hob), (30.0, house), (38.0, hob), (46.0, both), (60.0, oven), (70.0, lift)]
    return Scenario(
        "apartment",
        "Six cars in the garage of a house with 63 A: a hob at 20 s, an oven at 46 s, a lift at 70 s; "
        "the broker is away from 90 s to 130 s, and the chargers go on.",
        Supply([(at_s, _sagged(state)) for at_s, state in [*steps, (80.0, oven), (95.0, house)]], repeat_s=120.0),
        bench_events=(BenchEvent(90.0, "broker off"), BenchEvent(130.0, "broker on")),
        chargers=6,
    )


SCENARIOS: Mapping[str, Callable[[], Scenario]] = MappingProxyType({
    "apartment": _apartment,
    "broker-outage": _broker_outage,
    "ev": _ev,
    "heaters": _heaters,
    "heaters-swapped": _heaters_swapped,
    "it-grid": _it_grid,
    "kettle": _kettle,
    "lost-neutral": _lost_neutral,
    "lost-phase": _lost_phase,
    "reversed-l2": _reversed,
    "solar": _solar,
    "steady": _steady,
    "swapped-cts": _swapped,
})  # fmt: skip

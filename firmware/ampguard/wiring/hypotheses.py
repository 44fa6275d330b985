"""How likely each way to put the clamps on the phases is, given what they have shown: Bayes over all of them.

Each of three clamps may sit on any phase, either way round: 27 x 8 = 216 connections, those with two or three clamps
on one phase among them. A clamp on phase p shows the load of p, so its current lags behind the voltage of p as loads
do; turned round, half a turn more. Two clamps on one phase show the same current. Faults are rarer than right clamps.
"""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ampguard.phases import Phases
from ampguard.wiring.loads import NOBODY_KNOWS, Generation, base_densities, buildings_of, step_densities
from ampguard.wiring.response import GRIDS, Answer, log_likelihoods

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

REVERSED_PROBABILITY, INTERCHANGED_PROBABILITY, DOUBLED_PROBABILITY = 0.05, 0.05, 0.01
ALL_REVERSED_PROBABILITY = 0.01
"""Somebody who takes the arrow for the other direction takes it so three times."""
MOVED_PROBABILITY = 1e-3
"""That somebody moves clamps between one load and the next."""
MENDED_PROBABILITY = 0.2
"""The same, after somebody was told that one is wrong."""
CLAMP_ERROR_DEG, CLAMP_ERROR_RATIO = 1.8, 0.008
"""Standard deviations of a clamp's phase error (up to 3 degrees) and gain (class 1)."""
INFERRED_ERROR_DEG = 1.5
"""Standard deviation of how far an inferred voltage is from the real one: a negative sequence of 2 %, the most that
EN 50160 allows, turns it by up to 4 % of itself."""
MOST_KNOWN = 64
"""Looks whose likelihoods are remembered: more than count at a time."""
_NONE = Phases.all_of(value=False)
_LARGEST_SPREAD_RAD = 4.0
_TURN_DEG = 360.0
_LOAD_PER_NEPER = 0.25
"""Density of the magnitude of a load of which nothing is known, on a logarithmic scale."""
_EQUAL_RATIO = 3.0
"""So much likelier is a load that is as large as another one, for that alone."""
_NOT_THE_SAME = -25.0
"""Log density where two clamps on one phase should show the same, and do not: nothing is impossible."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One way to clamp."""

    phase: Phases[int]
    """For each clamp the number of the phase it sits on: 0 = L1."""
    reversed: Phases[bool]

    @property
    def faults(self) -> int:
        """How many mistakes lead there: interchanged pairs, clamps on another's phase, reversed clamps."""
        displaced = sum(place != own for own, place in enumerate(self.phase))
        is_doubled = len(set(self.phase)) < len(list(self.phase))
        interchanged = displaced if is_doubled else max(displaced - 1, 0)
        return interchanged + sum(self.reversed)


@dataclass(frozen=True, slots=True)
class Look:
    """What the clamps show at a time, or by how much it changes when something is switched."""

    current_a: tuple[complex, complex, complex]
    """RMS phasors of the fundamental, of each clamp; in the same frame as the voltages."""
    voltage: tuple[complex, complex, complex]
    """The phases' voltages; only their angles count."""
    noise_a: float
    """Standard deviation of each part of a phasor: of the converter, and what leaks over from other currents."""
    counts: tuple[bool, bool, bool] = (True, True, True)
    """Which clamps show something that was not counted before."""
    is_step: bool = False
    answer: Answer | None = None
    """What the voltages did at a step."""

    def __hash__(self) -> int:
        """Of what no two looks have alike; they are asked for every second."""
        return hash(self.current_a)


def connections(clamps: Phases[bool]) -> tuple[Connection, ...]:
    """All of them for the clamps that there are; one that is not there stands on its own phase."""
    return _connections(clamps)


@lru_cache(maxsize=8)
def _connections(clamps: Phases[bool]) -> tuple[Connection, ...]:
    there = [number for number, one in enumerate(clamps) if one]
    places = [there if one else [number] for number, one in enumerate(clamps)]
    turns = [(False, True) if one else (False,) for one in clamps]
    return tuple(
        Connection(Phases.of(place), Phases.of(turned))
        for place in itertools.product(*places)
        for turned in itertools.product(*turns)
    )


def prior(connection: Connection) -> float:
    """Before anything is seen; not normalised."""
    displaced = sum(place != own for own, place in enumerate(connection.phase))
    distinct = len(set(connection.phase))
    probability = INTERCHANGED_PROBABILITY ** max(displaced - 1, 0)
    probability *= DOUBLED_PROBABILITY ** (3 - distinct)
    turned = sum(connection.reversed)
    return probability * (ALL_REVERSED_PROBABILITY if turned == 3 else REVERSED_PROBABILITY**turned)  # noqa: PLR2004 - all


class Posterior:
    """The probabilities of all connections after some looks."""

    def __init__(
        self,
        clamps: Phases[bool],
        generation: Generation = NOBODY_KNOWS,
        *,
        has_neutral: bool = True,
        inferred: Phases[bool] = _NONE,
    ) -> None:
        """`has_neutral`: without one the currents of all phases add up to nothing, which tells much.

        `inferred`: the phases whose voltage is not measured.
        """
        self.connections = connections(clamps)
        self._buildings = buildings_of(generation)
        self._building = np.log(self._buildings.probability)[:, None]
        self._grid = np.log([probability for _, _, probability in GRIDS])[:, None]
        self._has_neutral = has_neutral
        self._voltage_error_deg = INFERRED_ERROR_DEG * np.array(list(inferred), dtype=float)
        self._measures_all = all(clamps)
        self._known: OrderedDict[Look, NDArray[np.float64]] = OrderedDict()
        self._phase = np.array([list(one.phase) for one in self.connections])
        self._turned = np.array([list(one.reversed) for one in self.connections], dtype=int)
        self._speaks, self._shared = _sharing(self._phase, self._turned)
        self._prior = np.log([prior(one) for one in self.connections])

    def is_changed(self, before: Iterable[Look], now: Look, moved_probability: float = MOVED_PROBABILITY) -> bool:
        """Whether the clamps have rather been moved since than that all of it was one connection."""
        old, new = self._log_likelihoods(before), self._log_likelihood(now)
        one = self._logs(old + new).max()
        two = self._logs(old).max() + self._logs(new).max() + math.log(moved_probability)
        return bool(two > one)

    def of(self, looks: Iterable[Look]) -> NDArray[np.float64]:
        """One for each connection, together 1."""
        logs = self._logs(self._log_likelihoods(looks))
        relative = np.exp(logs - logs.max())
        found: NDArray[np.float64] = relative / relative.sum()
        return found

    def places(self, clamp: int, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """(phases, ways round): where one clamp sits, whatever the others do."""
        where = 2 * self._phase[:, clamp] + self._turned[:, clamp]
        return np.bincount(where, weights=probabilities, minlength=6).astype(np.float64).reshape(3, 2)

    def _log_likelihoods(self, looks: Iterable[Look]) -> NDArray[np.float64]:
        """(buildings and then grids, connections): what a building and its grid are, they are in all looks."""
        found = np.zeros((len(self._building) + len(self._grid), len(self.connections)))
        for one in looks:
            found += self._log_likelihood(one)
        return found

    def _logs(self, likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each connection, whatever building and grid are; not normalised."""
        buildings, grids = np.split(likelihoods, [len(self._building)])
        return self._prior + _log_sum(self._building + buildings) + _log_sum(self._grid + grids)

    def _log_likelihood(self, look: Look) -> NDArray[np.float64]:
        """Of one look, worked out once: those that count are asked for every second."""
        found = self._known.get(look)
        if found is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.popitem(last=False)
            found = self._known[look] = self._worked_out(look)
        self._known.move_to_end(look)
        return found

    def _worked_out(self, look: Look) -> NDArray[np.float64]:
        current = np.array(look.current_a)
        magnitude_a = np.maximum(np.abs(current), 1e-12)
        spread_deg = np.hypot(np.degrees(np.minimum(look.noise_a / magnitude_a, _LARGEST_SPREAD_RAD)), CLAMP_ERROR_DEG)
        # of each clamp, on each phase, right and turned
        unsure_deg = np.hypot(spread_deg[:, None, None], self._voltage_error_deg[None, :, None])
        either = current[:, None, None] * np.array([1.0, -1.0])[None, None, :]
        lag_deg = np.degrees(np.angle(np.array(look.voltage)[None, :, None] * np.conj(either)))
        counts = np.array(look.counts)
        densities_of = step_densities if look.is_step else base_densities
        densities = densities_of(lag_deg, unsure_deg, has_neutral=self._has_neutral)
        lost = _lost(magnitude_a / look.noise_a)[:, None, None] if look.noise_a > 0.0 else np.zeros((3, 1, 1))
        known = np.log((1.0 - lost) * densities + lost / _TURN_DEG) + math.log(_LOAD_PER_NEPER)
        logs = np.where(counts[:, None, None], known, 0.0)
        each = (logs[:, np.arange(3), self._phase, self._turned] * self._speaks).sum(axis=2)
        most = each.max(axis=0)
        usual = self._buildings.switched if look.is_step else self._buildings.flowing
        found: NDArray[np.float64] = np.log(usual @ np.exp(each - most)) + most + self._repeated(look)
        if not self._has_neutral and self._measures_all:
            found += self._together(look)
        answers = np.zeros((len(self._grid), len(self.connections)))
        if look.answer is not None and self._has_neutral:
            answers = log_likelihoods(self._phase, self._turned, look, look.answer)
        return np.concatenate([found, answers])

    def _together(self, look: Look) -> NDArray[np.float64]:
        """Log density of the sum of the currents where each phase has its clamp, over that of a sum of any size."""
        current = np.array(look.current_a)
        signs = np.where(self._turned == 1, -1.0, 1.0)
        left_a = np.abs((current * signs).sum(axis=1))
        clamps_a = math.hypot(CLAMP_ERROR_RATIO, math.radians(CLAMP_ERROR_DEG)) * float(np.linalg.norm(current))
        spread_a = max(math.hypot(clamps_a, math.sqrt(3.0) * look.noise_a), 1e-12)
        most_a = max(float(np.abs(current).sum()), 2.0 * spread_a)
        near = 2.0 * math.log(most_a / spread_a) - math.log(2.0)
        each = np.array([len(set(one.phase)) == len(list(one.phase)) for one in self.connections])
        found: NDArray[np.float64] = np.where(
            each, np.maximum(near - 0.5 * (left_a / spread_a) ** 2, _NOT_THE_SAME), 0.0
        )
        return found

    def _repeated(self, look: Look) -> NDArray[np.float64]:
        """How well clamps that share a phase repeat the first one on it."""
        found = np.zeros(len(self.connections))
        for first, second, alike, chosen in self._shared:
            if look.counts[first] or look.counts[second]:
                found[chosen] += _as_alike(look, first, second, alike=alike)
        return found


def _sharing(
    phase: NDArray[np.int64], turned: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], list[tuple[int, int, bool, NDArray[np.int64]]]]:
    """Which clamps speak for their phase (the first one on it), and which others repeat which, in which connections.

    Those are: the first clamp, the other, whether they sit alike, numbers of connections.
    """
    speaks = np.ones(phase.shape, dtype=bool)
    shared: list[tuple[int, int, bool, NDArray[np.int64]]] = []
    for second, first in ((1, 0), (2, 0), (2, 1)):
        same = (phase[:, first] == phase[:, second]) & speaks[:, second]
        speaks[same, second] = False
        for alike in (True, False):
            chosen = np.flatnonzero(same & ((turned[:, first] == turned[:, second]) == alike))
            if len(chosen):
                shared.append((first, second, alike, chosen))
    return speaks, shared


def _log_sum(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the sum over the first axis of what these are logarithms of."""
    most = logs.max(axis=0)
    found: NDArray[np.float64] = np.log(np.exp(logs - most).sum(axis=0)) + most
    return found


def _lost(above_noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """How likely it is that an angle is that of the noise, where a current stands so far above it: any angle then.

    One clamp in twenty picks up three times as much as usual.
    """
    found: NDArray[np.float64] = 0.95 * np.exp(-0.5 * above_noise**2) + 0.05 * np.exp(-0.5 * (above_noise / 3.0) ** 2)
    return found


def _as_alike(look: Look, first: int, second: int, *, alike: bool) -> float:
    """Log density, per degree and neper, of the second clamp's current where it must be that of the first one."""
    one, other = look.current_a[first], look.current_a[second]
    distance_a = abs(other - one if alike else other + one)
    largest_a = max(abs(one), abs(other), 1e-12)
    noise_ratio = min(look.noise_a / largest_a, _LARGEST_SPREAD_RAD)
    spread_deg = math.sqrt(2.0) * math.hypot(CLAMP_ERROR_DEG, math.degrees(noise_ratio))
    spread_ratio = math.hypot(math.sqrt(2.0) * CLAMP_ERROR_RATIO, math.radians(spread_deg))
    far = -0.5 * (distance_a / (spread_ratio * largest_a)) ** 2
    # that both are equally large says little: loads on three phases are
    near = math.log(_EQUAL_RATIO * _LOAD_PER_NEPER) - math.log(math.sqrt(2.0 * math.pi) * spread_deg)
    return max(far + near, _NOT_THE_SAME)

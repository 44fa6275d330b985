"""From rounds to claims: whatever else is switched meanwhile, nothing wrong is said, and mostly everything is."""

from __future__ import annotations

import cmath
import math
import random
from dataclasses import dataclass, replace

import pytest
from tests.ampguard.balancing.stimulus_made import ALL, LAG_RAD

from ampguard.balancing.observation import Triple
from ampguard.balancing.stimulus_found import Answer, Round, clamp_found, is_clear, mapping, trusted
from ampguard.phases import Phases
from ampguard.wiring.check_snapshot import Phasors

VOLTS: Phasors = (230 + 0j, cmath.rect(230.0, math.radians(-120.0)), cmath.rect(230.0, math.radians(120.0)))
TRIALS = 3000
KINDS = ((0, 1, 2), (0,), (0, 1))


@dataclass
class Truth:
    """A charger and the clamps before it."""

    order: tuple[int, int, int]
    places: tuple[int, int, int]
    signs: tuple[float, float, float]
    ratios: tuple[float, float, float]
    chance: random.Random
    noise_a: float = 0.05
    foreign_ratio: float = 0.0
    """How often something else is switched during an answer."""

    @staticmethod
    def drawn(chance: random.Random) -> Truth:
        order, places = [0, 1, 2], [0, 1, 2]
        chance.shuffle(order)
        if chance.random() < 0.3:
            places = [chance.randrange(3) for _ in range(3)]
        s1, s2, s3 = (chance.choice((1.0, 1.0, -1.0)) for _ in range(3))
        r1, r2, r3 = (chance.choice((1.0, 1.0, 0.5, 2.0)) * chance.uniform(0.97, 1.03) for _ in range(3))
        return Truth(
            (order[0], order[1], order[2]), (places[0], places[1], places[2]), (s1, s2, s3), (r1, r2, r3), chance,
            chance.uniform(0.02, 0.3), chance.choice((0.0, 0.05, 0.3)),
        )  # fmt: skip

    def answer(self, used: tuple[int, ...], step_a: float, at_s: float) -> Answer:
        phases = {self.order[terminal] for terminal in used}
        flows = [cmath.rect(step_a, -LAG_RAD) if phase in phases else 0j for phase in range(3)]
        if self.chance.random() < self.foreign_ratio:
            size_a = self.chance.choice((self.chance.uniform(0.3, 9.0), abs(step_a))) * self.chance.choice((1.0, -1.0))
            flows[self.chance.randrange(3)] += cmath.rect(size_a, -self.chance.uniform(0.0, 0.6))
        shown = [
            flows[place] * VOLTS[place] / 230.0 * sign * ratio + self._noise()
            for place, sign, ratio in zip(self.places, self.signs, self.ratios, strict=True)
        ]
        told = [step_a * self.chance.uniform(0.99, 1.01) if terminal in used else 0.0 for terminal in range(3)]
        return Answer(
            change_a=(shown[0], shown[1], shown[2]), unsure_a=(self.noise_a,) * 3, voltage_v=VOLTS,  # type: ignore[arg-type]  # three
            told_a=(told[0], told[1], told[2]), order_s=at_s, begins_s=at_s + 1.0, done_s=at_s + 2.0,
        )  # fmt: skip

    def rounds(self, used: tuple[int, ...], least: int) -> list[Round]:
        """As the test gathers them: until enough agree and are clear."""
        found: list[Round] = []
        step_a = self.chance.uniform(2.0, 4.2)
        for number in range(8):
            one = Round(self.answer(used, step_a, 100.0 * number), self.answer(used, -step_a, 100.0 * number + 50.0))
            found += [one] if one.counts else []
            alike = trusted(found)
            if len(alike) >= least and is_clear(alike, ALL):
                break
        return found

    def _noise(self) -> complex:
        return complex(self.chance.gauss(0.0, self.noise_a), self.chance.gauss(0.0, self.noise_a))


def test_in_thousands_of_trials_nothing_wrong_is_claimed_and_most_is_found() -> None:
    chance = random.Random(8)
    sound = complete = 0
    for _ in range(TRIALS):
        truth = Truth.drawn(chance)
        kinds = KINDS[: chance.choice((1, 2, 3, 3))]
        rounds = [one for used in kinds for one in truth.rounds(used, 2 if used == KINDS[0] else 1)]
        found = mapping(trusted(rounds), ALL, 3)
        assert all(phase is None or phase == true for phase, true in zip(found.phases, truth.order, strict=True)), truth
        for clamp in range(3):
            one = clamp_found(trusted(rounds), clamp)
            if one is not None:
                assert (one.phase, one.reversed) == (truth.places[clamp], truth.signs[clamp] < 0.0), truth
                assert one.ratio is not None
                assert one.unsure_ratio is not None
                assert abs(one.ratio - truth.ratios[clamp]) <= 5.0 * one.unsure_ratio, truth
        if kinds == KINDS and sorted(truth.places) == [0, 1, 2]:
            sound += 1
            complete += found.phases == truth.order
    assert sound > TRIALS / 4
    assert complete > 0.8 * sound


@pytest.fixture
def calm() -> Truth:
    return Truth((1, 2, 0), (0, 1, 2), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), random.Random(1))


def one_round(truth: Truth, used: tuple[int, ...] = KINDS[0], at_s: float = 0.0) -> Round:
    return Round(truth.answer(used, 4.0, at_s), truth.answer(used, -4.0, at_s + 50.0))


def test_a_step_that_does_not_come_back_is_none_of_the_chargers(calm: Truth) -> None:
    one = one_round(calm)
    assert one.counts
    assert not Round(one.up, one.up).counts
    assert not Round(one.down, one.up).counts


def test_a_round_that_another_one_contradicts_is_not_trusted_until_a_third_one_decides(calm: Truth) -> None:
    right, again = one_round(calm), one_round(calm, at_s=200.0)
    other = Truth((1, 2, 0), (0, 1, 2), (1.0, 1.0, 1.0), (1.0, 1.5, 1.0), random.Random(2))
    wrong = one_round(other, at_s=100.0)
    assert trusted([right, wrong]) == []
    assert trusted([right, wrong, again]) == [right, again]


def test_one_answer_names_no_clamp(calm: Truth) -> None:
    assert clamp_found([one_round(calm)], 0) is None
    assert clamp_found([one_round(calm), one_round(calm)], 0) is not None


def test_two_kinds_that_contradict_each_other_leave_everything_open(calm: Truth) -> None:
    first = [one_round(calm), one_round(calm, at_s=100.0)]
    alone, moved = one_round(calm, (0,)), Truth((0, 2, 1), *(calm.places, calm.signs, calm.ratios), random.Random(3))
    found = mapping([*first, alone, one_round(moved, (0, 1))], ALL, 3)
    assert found.phases == (None, None, None)
    assert found.candidates == 0


def test_clamps_that_are_not_there_are_not_asked(calm: Truth) -> None:
    rounds = [one_round(calm, (2,)), one_round(calm, (2,))]
    assert mapping(rounds, Phases(True, False, False), 3).phases[2] == 0  # noqa: FBT003 - L1 alone


def told(answer: Triple) -> bool:
    """Whether a step counts of which the charger says that."""
    calm = Truth((0, 1, 2), (0, 1, 2), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), random.Random(4))
    one = one_round(calm)
    first, second, third = answer
    up = replace(one.up, told_a=(first, second, third))
    down = replace(one.down, told_a=(-first, -second, -third))
    return Round(up, down).counts


def test_the_charger_must_say_so_too() -> None:
    assert told((4.0, 4.0, 4.0))
    assert not told((-4.0, -4.0, -4.0))
    assert not told((0.3, 0.2, 0.4))

"""Harmonics, the noise floor, and phasors by the plain Fourier sum."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ampguard.metering.dsp.fourier import carrier, harmonic_phasors, moments, without_fundamental
from ampguard.metering.dsp.quadrature import Borders
from ampguard.metering.dsp.spectrum import harmonics, highest_harmonic, noise_floor, power_spectrum, smooth_length
from ampguard.metering.dsp.symmetrical import symmetrical_components

RATE_HZ = 8000.0


@pytest.mark.parametrize("most", [2, 3, 7, 97, 1600, 1601, 10007, 30707])
def test_a_smooth_length_is_the_largest_of_its_kind(most: int) -> None:
    def smooth(number: int) -> bool:
        for prime in (2, 3, 5):
            while number % prime == 0:
                number //= prime
        return number == 1

    assert smooth_length(most) == max(number for number in range(2, most + 1, 2) if smooth(number))


@given(hz=st.floats(45.0, 65.0), order=st.integers(2, 50), angle=st.floats(0.0, 6.28))
def test_a_harmonic_of_one_percent_is_told_within_a_tenth_of_a_percent(hz: float, order: int, angle: float) -> None:
    assume(order <= highest_harmonic(RATE_HZ, hz))
    turning = carrier(2.0 * math.pi * hz / RATE_HZ, round(10 * RATE_HZ / hz))
    turns = -np.unwrap(np.angle(turning))
    wave = math.sqrt(2.0) * (230.0 * np.cos(turns) + 2.3 * np.cos(order * turns + angle))
    rest = without_fundamental(wave[None, :], np.array([230.0 + 0.0j]), turning)
    assert harmonics(power_spectrum(rest), RATE_HZ, hz)[0, order - 1] == pytest.approx(2.3, rel=0.001)


@given(
    hz=st.floats(45.0, 65.0),
    cycles=st.integers(1, 6),
    start=st.floats(3.0, 50.0),
    content=st.dictionaries(st.integers(1, 20), st.tuples(st.floats(0.0, 0.1), st.floats(0.0, 6.28)), max_size=5),
    mean=st.floats(-5.0, 5.0),
)
def test_the_fourier_sum_tells_every_harmonic_of_few_cycles(
    hz: float, cycles: int, start: float, content: dict[int, tuple[float, float]], mean: float
) -> None:
    content = {**content, 1: (1.0, 0.3)}
    length = cycles * RATE_HZ / hz
    count = math.ceil(start + length) + 4
    turn_rad = 2.0 * math.pi * hz / RATE_HZ
    turns = turn_rad * np.arange(count)
    wave = mean + sum(math.sqrt(2.0) * size * np.cos(order * turns + angle) for order, (size, angle) in content.items())
    weights = Borders(np.array([start, start + length]), count).weights() / length
    found = harmonic_phasors(np.atleast_2d(wave), weights, turn_rad, 30)[0]
    for order in range(1, 31):
        size, angle = content.get(order, (0.0, 0.0))
        assert abs(found[order - 1] - size * np.exp(1j * angle)) < 3e-4


def test_moments_are_means_products_and_phasors() -> None:
    turn_rad = 2.0 * math.pi / 160.0
    turns = turn_rad * np.arange(1606)
    first, second = 3.0 + math.sqrt(2.0) * 230.0 * np.cos(turns + 0.5), math.sqrt(2.0) * 5.0 * np.cos(turns)
    weights = Borders(np.array([3.0, 1603.0]), 1606).weights() / 1600.0
    products, means, phasors = moments(np.stack([first, second, np.ones(1606)]), weights, carrier(turn_rad, 1606))
    assert means == pytest.approx([3.0, 0.0], abs=1e-9)
    assert products[0, 1] == pytest.approx(230.0 * 5.0 * math.cos(0.5))
    assert products[0, 0] == pytest.approx(230.0**2 + 9.0)
    assert phasors == pytest.approx([230.0 * np.exp(0.5j), 5.0])


@given(turn_rad=st.floats(0.0, 3.0), count=st.integers(1, 5000))
def test_the_carrier_is_the_exponential(turn_rad: float, count: int) -> None:
    assert np.abs(carrier(turn_rad, count) - np.exp(-1j * turn_rad * np.arange(count))).max() < 1e-11


def test_the_noise_floor_does_not_see_lines() -> None:
    random = np.random.default_rng(7)
    noise = 0.01 * random.standard_normal((1, 1600))
    line = 300.0 * np.cos(2.0 * math.pi * 50.3 / RATE_HZ * np.arange(1600))
    quiet, loud = noise_floor(power_spectrum(noise)), noise_floor(power_spectrum(noise + line))
    # white noise of 0.01: mean square in a bin of a Hann window is 1.5 * 2 * sigma^2 / N
    assert quiet[0] == pytest.approx(1.5 * 2e-4 / 1600, rel=0.4)
    assert loud[0] == pytest.approx(quiet[0], rel=0.6)


@given(
    parts=st.tuples(*[st.complex_numbers(max_magnitude=400.0, allow_nan=False, allow_infinity=False)] * 3),
)
def test_symmetrical_components_undo_their_own_making(parts: tuple[complex, complex, complex]) -> None:
    zero, positive, negative = parts
    a = complex(-0.5, math.sqrt(0.75))
    phasors = [
        zero + positive + negative,
        zero + a * a * positive + a * negative,
        zero + a * positive + a * a * negative,
    ]
    assert symmetrical_components(phasors) == pytest.approx([abs(zero), abs(positive), abs(negative)], abs=1e-9)

"""A low-voltage network by its nodes, for the benchmark of the supply watch: nothing of it knows of sequences.

Four conductors from a transformer over a feeder (where the neighbours are) to a house; loads are admittances,
generators currents, a running motor is an electromotive force behind an impedance. The nodes' equations give the
voltages.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Phasors = NDArray[np.complex128]

NOMINAL_V, OPEN_OHM = 230.0, 1e7
TURN = cmath.exp(-2j * math.pi / 3.0)
NOTHING = (0j, 0j, 0j)
_FEEDER, _FEEDER_N, _HOUSE, _HOUSE_N = (0, 1, 2), 3, (4, 5, 6), 7


@dataclass(frozen=True)
class Network:
    """One state of it; impedances in ohms, admittances in siemens."""

    source: tuple[complex, complex, complex]
    feeder: complex
    feeder_n: complex
    service: tuple[complex, complex, complex]
    service_n: complex
    earth: complex
    """From the house's neutral to the transformer's."""
    house: tuple[complex, complex, complex] = (0j, 0j, 0j)
    neighbours: tuple[complex, complex, complex] = (0j, 0j, 0j)
    short: tuple[tuple[int, int, complex], ...] = ()
    """Between two of the feeder's conductors, 3 is N."""
    generated: tuple[complex, complex, complex] = (0j, 0j, 0j)
    """Amperes against the phase's own grid voltage, fed in at the house."""
    motor: complex | None = None
    """Impedance behind which a running motor of the house turns on."""
    motor_v: float = 200.0

    def solved(self) -> tuple[Phasors, Phasors]:
        """Voltages of the house's phases against its neutral, and what flows into it."""
        admittances = np.zeros((8, 8), complex)
        flowing = np.zeros(8, complex)

        def join(one: int, other: int | None, admittance: complex) -> None:
            admittances[one, one] += admittance
            if other is not None:
                admittances[other, other] += admittance
                admittances[one, other] -= admittance
                admittances[other, one] -= admittance

        for phase in range(3):
            join(_FEEDER[phase], None, 1.0 / self.feeder)
            flowing[_FEEDER[phase]] += self.source[phase] / self.feeder
            join(_HOUSE[phase], _FEEDER[phase], 1.0 / self.service[phase])
            join(_HOUSE[phase], _HOUSE_N, self.house[phase] + 1e-9)
            join(_FEEDER[phase], _FEEDER_N, self.neighbours[phase] + 1e-9)
            amperes = self.generated[phase] * self.source[phase] / NOMINAL_V
            flowing[_HOUSE[phase]] += amperes
            flowing[_HOUSE_N] -= amperes
        join(_FEEDER_N, None, 1.0 / self.feeder_n)
        join(_HOUSE_N, _FEEDER_N, 1.0 / self.service_n)
        join(_HOUSE_N, None, 1.0 / self.earth)
        for one, other, admittance in self.short:
            join(one, other, admittance)
        if self.motor is not None:
            # its star point is joined to nothing: taken out of the equations (all three impedances are alike)
            turning = np.array([self.motor_v * TURN**phase for phase in range(3)]) * cmath.exp(-0.1j)
            share = 1.0 / (3.0 * self.motor)
            for phase in range(3):
                for other in range(3):
                    part = (2.0 if phase == other else -1.0) * share
                    admittances[_HOUSE[phase], _HOUSE[other]] += part
                    flowing[_HOUSE[phase]] += part * turning[other]
        nodes = np.linalg.solve(admittances, flowing)
        into = [(nodes[_FEEDER[n]] - nodes[_HOUSE[n]]) / self.service[n] for n in range(3)]
        return nodes[list(_HOUSE)] - nodes[_HOUSE_N], np.array(into)


def drawn(chance: np.random.Generator, least_a: float, most_a: float) -> tuple[complex, complex, complex]:
    """Loads of each phase, log-uniform: 10:1 and worse is common."""
    sizes = np.exp(chance.uniform(math.log(least_a), math.log(most_a), 3)) / NOMINAL_V
    lags = np.radians(chance.normal(8.0, 14.0, 3).clip(-50.0, 60.0))
    first, second, third = (cmath.rect(float(size), -float(lag)) for size, lag in zip(sizes, lags, strict=True))
    return first, second, third


def healthy(chance: np.random.Generator, full_scale_a: float) -> Network:
    """A connection within EN 50160: 10 % up, 15 % down, 2 % unbalance of the source; drawn until it is."""
    while True:
        neutral_ohm = float(np.exp(chance.uniform(math.log(0.02), math.log(0.5))))
        phase_ohm = neutral_ohm * chance.uniform(0.5, 1.2)
        feeder_ohm = float(np.exp(chance.uniform(math.log(0.01), math.log(0.15))))
        size_v = NOMINAL_V * chance.uniform(0.93, 1.08)
        uneven = cmath.rect(chance.uniform(0.0, 0.02), chance.uniform(0.0, 2 * math.pi))
        first, second, third = (size_v * (TURN**n + uneven * TURN ** (-n)) for n in range(3))
        service = cmath.rect(phase_ohm, chance.uniform(0.0, 0.5))
        network = Network(
            source=(first, second, third),
            feeder=cmath.rect(feeder_ohm, chance.uniform(0.1, 0.9)),
            feeder_n=cmath.rect(feeder_ohm * chance.uniform(0.8, 2.0), chance.uniform(0.1, 0.9)),
            service=(service, service, service),
            service_n=cmath.rect(neutral_ohm, chance.uniform(0.0, 0.5)),
            earth=complex(np.exp(chance.uniform(math.log(2.0), math.log(500.0)))),
            house=drawn(chance, 0.1, full_scale_a),
            neighbours=drawn(chance, 1.0, 100.0),
        )
        if chance.random() < 0.3:
            network = with_generation(network, chance)
        if is_supplied(network, full_scale_a):
            return network


def with_generation(network: Network, chance: np.random.Generator) -> Network:
    """Solar power on one phase or on all."""
    three = chance.random() < 0.5
    amperes = chance.uniform(2.0, 40.0) if three else chance.uniform(2.0, 20.0)
    at = chance.integers(3)
    first, second, third = (complex(amperes) if three or n == at else 0j for n in range(3))
    return replace(network, generated=(first, second, third))


def is_supplied(network: Network, full_scale_a: float) -> bool:
    """Whether EN 50160 would have it, and the unit can measure it."""
    volts, amperes = network.solved()
    ratios = np.abs(volts) / NOMINAL_V
    return bool(ratios.min() >= 0.85 and ratios.max() <= 1.10 and np.abs(amperes).max() <= full_scale_a)

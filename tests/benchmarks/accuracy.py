"""Accuracy of the signal processing with the noise of the chip's data sheet: largest error over windows and phases.

Told by the supply, found by the processing; in brackets the same without noise. Peer: pqopen-lib on the same samples.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from tests.benchmarks.peer import Peer
from tests.benchmarks.signals import RATE_HZ, USUAL, analyser, noisy, samples

from ampguard_drivers.simulated.supply import Harmonic, Load, State, Supply, Told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ampguard.readings import Measurement

DURATION_S = 4.0
CLEAN = replace(
    USUAL, voltage_harmonics=(), loads=(Load(10.0, 20.0), Load(12.0, -10.0), Load(11.0, 37.0)), frequency_hz=50.0
)
QUANTITIES = ("U %", "I %", "U-U deg", "U-I deg", "P % of S", "f mHz")
TARGETS = (5e-4, 1e-3, 5e-4, 1e-3, 1e-3, 0.01)


def cases() -> Iterable[tuple[str, State]]:
    for hz in (45.0, 46.0, 49.5, 50.0, 50.5, 52.0, 54.0, 57.3, 60.0, 62.5, 65.0):
        yield f"{hz:g} Hz", replace(CLEAN, frequency_hz=hz)
    for hz in (45.3, 49.7, 50.013, 59.9, 64.8):
        yield f"{hz:g} Hz, harmonics", replace(USUAL, frequency_hz=hz)
    yield "DC 1 %", replace(CLEAN, voltage_dc_v=2.3, loads=(Load(10.0, 20.0, dc_a=0.1),) * 3)
    yield "PF 0.1", replace(CLEAN, loads=(Load(10.0, 84.26), Load(10.0, -84.26), Load(10.0, 95.7)))
    yield "unbalanced", replace(CLEAN, voltage_v=(230.0, 207.0, 241.0), angle_deg=(0.0, -117.0, 124.0))
    yield "L3-L2-L1", replace(CLEAN, angle_deg=(0.0, 120.0, -120.0))
    yield "1 Hz/s", replace(CLEAN, frequency_hz=49.0, frequency_ramp_hz_per_s=1.0)


def errors(found: Measurement, told: Told) -> tuple[float, ...]:
    def turn(a: float | None, b: float) -> float:
        return abs(((a or 0.0) - b + 180.0) % 360.0 - 180.0)

    rms_u = max(abs((f or 0.0) / t - 1.0) for f, t in zip(found.voltage_rms_v, told.voltage_rms_v, strict=True))
    rms_i = max(abs((f or 0.0) / t - 1.0) for f, t in zip(found.current_rms_a, told.current_rms_a, strict=True))
    apparent = [u * i for u, i in zip(told.voltage_rms_v, told.current_rms_a, strict=True)]
    power = max(
        abs((f or 0.0) - t) / s for f, t, s in zip(found.active_power_w, told.active_power_w, apparent, strict=True)
    )
    return (
        100.0 * rms_u,
        100.0 * rms_i,
        max(turn(f, t) for f, t in zip(found.voltage_angle_deg, told.voltage_angle_deg, strict=True)),
        max(turn(f, t) for f, t in zip(found.current_angle_deg, told.current_lag_deg, strict=True)),
        100.0 * power,
        1000.0 * abs((found.frequency_hz or 0.0) - told.frequency_hz),
    )


def worst(state: State) -> list[float]:
    supply = Supply([(0.0, state)])
    coupled = analyser(nominal_hz=None)
    if state.voltage_dc_v:
        coupled = type(coupled)(replace(coupled._setup, ac_coupled=False))
    found = coupled.push(samples(state, DURATION_S))
    rows = [errors(each, supply.told(each.start_s + each.duration_s / 2.0)) for each in found[1:]]
    return [float(value) for value in np.array(rows).max(axis=0)]


def peer_worst(state: State) -> tuple[float, float]:
    told = Supply([(0.0, state)]).told(0.0)
    peer = Peer(RATE_HZ)
    signal = samples(state, DURATION_S)
    for first in range(0, len(signal), 1600):
        peer.push(signal[first : first + 1600])
    volts = np.array([peer.values(f"U{n + 1}_rms")[2:] for n in range(3)])
    amperes = np.array([peer.values(f"I{n + 1}_rms")[2:] for n in range(3)])
    return (
        100.0 * float(np.abs(volts / np.array(told.voltage_rms_v)[:, None] - 1.0).max()),
        100.0 * float(np.abs(amperes / np.array(told.current_rms_a)[:, None] - 1.0).max()),
    )


def harmonic_error_percent(frequency_hz: float) -> tuple[float, int]:
    every = tuple(Harmonic(order, 0.01, 37.0 * order) for order in range(2, 51))
    state = replace(CLEAN, frequency_hz=frequency_hz, voltage_harmonics=every)
    found = analyser(nominal_hz=None).push(samples(noisy(state), DURATION_S))
    percent = np.array([tuple(each.voltage_harmonics_percent) for each in found[1:]])[:, :, 1:]
    off = np.abs(percent - 1.0).max(axis=(0, 1)) * 100.0
    return float(off.max()), int(off.argmax()) + 2


def main() -> int:
    print(f"{'':24}" + "".join(f"{name:>21}" for name in QUANTITIES) + f"{'pqopen U %, I %':>24}")
    largest = np.zeros(len(QUANTITIES))
    for name, state in cases():
        with_noise, without = worst(noisy(state)), worst(state)
        if name != "1 Hz/s":
            largest = np.maximum(largest, with_noise)
        cells = "".join(f"{a:11.2g} ({b:.1e})" for a, b in zip(with_noise, without, strict=True))
        peer = "" if not 49.0 < state.frequency_hz < 51.0 else "{:12.2g} {:11.2g}".format(*peer_worst(noisy(state)))
        print(f"{name:24}{cells}{peer}")
    print(f"{'largest (steady)':24}" + "".join(f"{value:11.2g}          " for value in largest))
    print(f"{'target':24}" + "".join(f"{value:11.2g}          " for value in TARGETS) + "  (f at 1 Hz/s: 0.1 mHz)")
    print("\nharmonics 2 to 50 of 1 %, largest error of reading (target 0.3 %):")
    for hz in (47.0, 49.97, 50.0, 50.2, 52.0):
        error, order = harmonic_error_percent(hz)
        print(f"  {hz:g} Hz: {error:.3f} % at order {order}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

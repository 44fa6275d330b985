"""Recordings of real instruments with their reference values, and how far a measurement is from them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ampguard.metering.measurement import Analyser
from ampguard.phases import PhaseOrder
from ampguard.readings import Measurement
from ampguard.recorder.opening import open_recording
from ampguard.recorder.recording import Recording
from ampguard.recorder.selection import select
from ampguard.recorder.signals import Selection
from ampguard.recorder.stream import blocks
from ampguard.services.measure_run import Grid, setup_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(os.environ.get("AMPGUARD_RECORDINGS", Path(__file__).parents[4] / "shared" / "recordings"))
SETS = ("03_ge850", "04_abb_rex640", "05_ion7650", "06_mhkit_modaq", "07_epri_feeder")
TRUSTED = 1e-4
"""Reference windows whose two methods differ more are no reference."""
ORDER = {"ABC": PhaseOrder.L1_L2_L3, "ACB": PhaseOrder.L3_L2_L1}


@dataclass(frozen=True)
class Input:
    """One file of one set."""

    path: Path
    reference: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.path.parent.name[:2]}-{self.path.suffix.lower().removeprefix('.')}"


@dataclass(frozen=True)
class Loaded:
    recording: Recording
    selection: Selection
    samples: NDArray[np.float64]

    def cut(self, start_s: float, duration_s: float) -> NDArray[np.float64]:
        rate = self.recording.stretches[0].sample_rate_hz
        first = round(start_s * rate)
        return self.samples[first : first + int(duration_s * rate) + 1]


@cache
def inputs() -> tuple[Input, ...]:
    found = []
    for name in SETS:
        for folder in sorted(FOLDER.glob(f"{name}*")):
            reference = json.loads((folder / "reference.json").read_text())
            files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in {".cfg", ".csv"}]
            found += [Input(path, reference) for path in files]
    return tuple(found)


@cache
def load(path: Path, channels: str = "") -> Loaded:
    recording = open_recording(path)
    selection = select(recording, channels)
    return Loaded(recording, selection, np.concatenate([block.samples for block in blocks(recording, selection)]))


def measure_window(loaded: Loaded, window: dict[str, Any], nominal: float) -> Measurement:
    """The measurement of exactly the cycles of a reference window."""
    rate = loaded.recording.stretches[0].sample_rate_hz
    analyser = Analyser(setup_for(loaded.selection, rate, Grid(nominal, nominal, None)))
    samples = loaded.cut(window["t0"], (window["cycles"] + 0.6) / window["f"])
    found = [*analyser.push(samples), *analyser.finish()]
    return found[0]


def deviations(window: dict[str, Any], found: Measurement) -> dict[str, float]:
    """The largest deviation of each quantity over the phases: % of reading, % of S for powers, degrees, % points."""
    apparent = window["S"]

    def share(values: Any, wanted: list[float], of: list[float]) -> float:
        return max(float(abs(v - w) / abs(o)) * 100 for v, w, o in zip(values, wanted, of, strict=True))

    def turn(values: Any, wanted: list[float]) -> float:
        return max(float(abs((v - w + 180) % 360 - 180)) for v, w in zip(values, wanted, strict=True))

    def points(values: Any, wanted: list[float]) -> float:
        return max(float("inf") if v is None else float(abs(v - w)) for v, w in zip(values, wanted, strict=True))

    symmetrical = sorted((window["U_sym"]["pos"], window["U_sym"]["neg"]))
    assert found.frequency_hz is not None
    assert found.voltage_unbalance_percent is not None
    return {
        "f mHz": abs(found.frequency_hz - window["f"]) * 1000,
        "U %": share(found.voltage_rms_v, window["U_rms"], window["U_rms"]),
        "U1 %": share(found.voltage_fundamental_rms_v, window["U1"], window["U1"]),
        "U angle deg": turn(found.voltage_angle_deg, window["U_ang"]),
        "U THD": points(found.voltage_thd_percent, window["U_thd_pct"]),
        "I %": share(found.current_rms_a, window["I_rms"], window["I_rms"]),
        "I1 %": share(found.current_fundamental_rms_a, window["I1"], window["I1"]),
        "I angle deg": turn(found.current_angle_deg, window["phi"]),
        "I THD": points(found.current_thd_percent, window["I_thd_pct"]),
        "P % of S": share(found.active_power_w, window["P"], apparent),
        "Q1 % of S": share(found.reactive_power_var, window["Q1"], apparent),
        "unbalance": abs(found.voltage_unbalance_percent - 100 * symmetrical[0] / symmetrical[1]),
        "orders": float((found.voltage_order, found.current_order) != (ORDER[window["U_seq"]], ORDER[window["I_seq"]])),
    }

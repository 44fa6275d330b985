"""What is done to a real box without an instrument: steps of load by its source, its network cut, its clock set."""

from __future__ import annotations

import cmath
import math
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ampguard_hil.instruments.protocols import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ampguard_drivers.simulated.supply import Load, State
    from ampguard_hil.instruments.protocols import ThreePhaseSource

RATED_V = 230.0
COMMAND_TIMEOUT_S = 15.0


class SourceLoads:
    """`protocols.LoadSteps`: a heater is more current in phase with its voltage."""

    def __init__(self, source: ThreePhaseSource) -> None:
        self._source = source
        self._power_w = [0.0, 0.0, 0.0]

    def heat(self, phase: int, power_w: float) -> None:
        """See `protocols.LoadSteps`."""
        if not 0 <= phase < len(self._power_w) or not 0.0 <= power_w < math.inf:
            raise InstrumentError(f"loads: wanted phase 0, 1 or 2 and a power, met phase {phase} and {power_w:g} W")
        state = self._source.told
        drawn_a = (power_w - self._power_w[phase]) / RATED_V * state.voltage_v[phase] / RATED_V
        self._source.apply(_with(state, phase, _added(state.loads[phase], drawn_a)))
        self._power_w[phase] = power_w


def _added(load: Load, current_a: float) -> Load:
    total = cmath.rect(load.current_a, -math.radians(load.lag_deg)) + current_a
    scale = load.current_a / abs(total) if total else 0.0
    harmonics = tuple(replace(each, amplitude_ratio=each.amplitude_ratio * scale) for each in load.harmonics)
    return replace(load, current_a=abs(total), lag_deg=-math.degrees(cmath.phase(total)), harmonics=harmonics)


def _with(state: State, phase: int, load: Load) -> State:
    one, two, three = (load if number == phase else each for number, each in enumerate(state.loads))
    return replace(state, loads=(one, two, three))


class LinkCutter:
    """`protocols.NetworkCutter`: at a network device that the box's packets pass, with `ip` and `iptables`."""

    def __init__(self, device: str, within: Sequence[str] = ()) -> None:
        """`within`: what a command begins with that is to run where the device is; see `network.Place.within`."""
        self._device, self._within = device, within
        self._swallows = False

    def unplug(self) -> None:
        """See `protocols.NetworkCutter`."""
        self._do("ip", "link", "set", self._device, "down")

    def swallow(self) -> None:
        """See `protocols.NetworkCutter`."""
        if not self._swallows:
            self._rules("-I")
            self._swallows = True

    def restore(self) -> None:
        """See `protocols.NetworkCutter`."""
        if self._swallows:
            self._rules("-D")
            self._swallows = False
        self._do("ip", "link", "set", self._device, "up")

    def _rules(self, what: str) -> None:
        for chain, side in (("INPUT", "-i"), ("OUTPUT", "-o"), ("FORWARD", "-i"), ("FORWARD", "-o")):
            self._do("iptables", "-w", what, chain, side, self._device, "-j", "DROP")

    def _do(self, *words: str) -> None:
        try:
            subprocess.run(  # noqa: S603 - our own words
                [*self._within, *words], capture_output=True, text=True, check=True, timeout=COMMAND_TIMEOUT_S
            )
        except (OSError, subprocess.SubprocessError) as why:
            said = getattr(why, "stderr", None) or why
            raise InstrumentError(f"network: {' '.join(words)}: {said}") from why


class ShellClock:
    """`protocols.ClockStepper`: sets the clock in a shell of the box, after its synchronisation was switched off."""

    def __init__(self, run: Callable[[str], str]) -> None:
        """`run`: see `places.place.Place.run`."""
        self._run = run

    def step_to(self, ahead_s: int) -> None:
        """See `protocols.ClockStepper`."""
        self._run("timedatectl set-ntp false")
        wanted = datetime.now(UTC) + timedelta(seconds=ahead_s)
        self._run(f"date --utc --set={wanted:%Y-%m-%dT%H:%M:%SZ}")
        found = self._run("date --utc +%s").strip()
        off_s = int(found) - (datetime.now(UTC).timestamp() + ahead_s)
        if abs(off_s) > 2.0:  # noqa: PLR2004 - seconds of a slow console
            raise InstrumentError(f"clock: wanted it {ahead_s} s ahead, met it {off_s:+.0f} s off that")

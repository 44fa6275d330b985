"""What a bench may see of a simulated board and do to it, beside its pins; JSON objects both ways.

| do | beside it | answer |
|---|---|---|
| observe | | `lit`, `button`, `scenario`, `elapsed_s`, `faults`, `heaters_w`, `drawn_a` |
| press, release | | a finger on the button |
| scenarios | | `scenarios`: names |
| switch | `scenario` | |
| heat | `phase` (0, 1, 2), `power_w` | a heater on L1, L2 or L3; 0 W: off |
| draw | `name`, `current_a` (L1, L2, L3), `lag_deg` | a charger of the building; said again within 3 s, or gone |
| supply | `state` | voltages, loads, harmonics and frequency from now on, as `statement.state` has them |
| wire | `wiring` | which clamp and terminal is on which phase, as `statement.wiring` has it |
| deviate | `tolerances` | gains and leads against the calibration, as `statement.tolerances` has them |
| faults | | `faults`: names of what can be broken |
| inject | `fault`, `arguments` | |

What cannot be done is answered with `{"refused": sentence}`.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from ampguard_drivers.boardfile import BoardFile
from ampguard_drivers.bus import Level
from ampguard_drivers.simulated import statement
from ampguard_drivers.simulated.front_end import Tolerances, Wiring
from ampguard_drivers.simulated.nodes import Answer, Request, ServedBoard, refusal
from ampguard_drivers.simulated.protocol import Operation
from ampguard_drivers.simulated.supply import State, Three


class Stage(Protocol):
    """Who decides what a simulated board is connected to, and what is broken."""

    @property
    def scenario(self) -> str:
        """Name of the one that plays."""
        ...

    @property
    def scenarios(self) -> Sequence[str]:
        """Names of those that can be played."""
        ...

    @property
    def faults(self) -> Sequence[str]:
        """Names of what can be broken."""
        ...

    @property
    def injected(self) -> Sequence[str]:
        """Names of what was broken so far."""
        ...

    @property
    def elapsed_s(self) -> float:
        """How long the scenario plays."""
        ...

    def switch(self, scenario: str) -> None:
        """Play another one from now on. Raises ValueError with a sentence."""
        ...

    @property
    def heaters_w(self) -> Sequence[float]:
        """What heaters on L1, L2 and L3 draw at 230 V."""
        ...

    def heat(self, phase: int, power_w: float) -> None:
        """Switch a heater on a phase. Raises ValueError with a sentence."""
        ...

    @property
    def drawn_a(self) -> Sequence[float]:
        """What chargers draw on L1, L2 and L3."""
        ...

    def draw(self, name: str, current_a: Three, lag_deg: float) -> None:
        """Let a charger of that name draw so much. Raises ValueError with a sentence."""
        ...

    def supply(self, state: State) -> None:
        """Carry this from now on, whatever played."""
        ...

    def wire(self, wiring: Wiring) -> None:
        """Clamps and terminals from now on."""
        ...

    def deviate(self, tolerances: Tolerances) -> None:
        """What the inputs have become since they were calibrated."""
        ...

    def inject(self, fault: str, arguments: Mapping[str, object]) -> None:
        """Break something. Raises ValueError with a sentence."""
        ...


class Bench:
    """The node behind `protocol.BENCH_PATH`."""

    def __init__(self, board: ServedBoard, wiring: BoardFile, stage: Stage) -> None:
        self._board = board
        self._wiring = wiring.gpio
        self._stage = stage

    def answer(self, request: Request) -> Answer:
        """Do what the JSON object asks for. Raises OSError if it is none."""
        if request.operation is not Operation.BENCH:
            raise refusal(errno.ENOTTY)
        try:
            asked = json.loads(request.payload)
        except ValueError:
            raise refusal(errno.EINVAL) from None
        if not isinstance(asked, dict):
            raise refusal(errno.EINVAL)
        try:
            done = self._do(cast("dict[str, object]", asked))
        except ValueError as sentence:
            done = {"refused": str(sentence)}
        return Answer(payload=json.dumps(done).encode())

    def release(self) -> None:
        """Nothing is held."""

    def _do(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        match asked:
            case {"do": "observe"}:
                return self.observe()
            case {"do": "press"}:
                self._board.lines[self._wiring.button].drive(Level.LOW)
            case {"do": "release"}:
                self._board.lines[self._wiring.button].drive(Level.HIGH)
            case {"do": "scenarios"}:
                return {"scenarios": list(self._stage.scenarios)}
            case {"do": "switch", "scenario": str(scenario)}:
                self._stage.switch(scenario)
            case {"do": "heat", "phase": int(phase), "power_w": int() | float() as power_w}:
                self._stage.heat(phase, float(power_w))
            case {"do": "faults"}:
                return {"faults": list(self._stage.faults)}
            case {"do": "inject", "fault": str(fault), "arguments": dict()}:
                self._stage.inject(fault, cast("dict[str, object]", asked["arguments"]))
            case _:
                self._set(asked)
        return {}

    def _set(self, asked: Mapping[str, object]) -> None:
        """What is around the board."""
        match asked:
            case {"do": "draw", "name": str(name), "current_a": told, "lag_deg": int() | float() as lag_deg}:
                self._stage.draw(name, statement.three(told, "current_a"), float(lag_deg))
            case {"do": "supply", "state": told}:
                self._stage.supply(statement.state(told))
            case {"do": "wire", "wiring": told}:
                self._stage.wire(statement.wiring(told))
            case {"do": "deviate", "tolerances": told}:
                self._stage.deviate(statement.tolerances(told))
            case _:
                raise ValueError(f"a bench cannot do this to a simulated board: {json.dumps(asked)}")

    def observe(self) -> Mapping[str, object]:
        """What shows: `lit` are names of board.LIGHT_LINES, `button` is "pressed" or "released"."""
        lines = self._board.lines
        return {
            "lit": [name for name, pin in self._wiring.lights.items() if lines[pin].level() is Level.HIGH],
            "button": "pressed" if lines[self._wiring.button].level() is Level.LOW else "released",
            "scenario": self._stage.scenario,
            "elapsed_s": self._stage.elapsed_s,
            "faults": list(self._stage.injected),
            "heaters_w": list(self._stage.heaters_w),
            "drawn_a": list(self._stage.drawn_a),
        }

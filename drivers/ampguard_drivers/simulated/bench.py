"""What a bench may see of a simulated board and do to it, beside its pins; JSON objects both ways.

Asked `{"do": "observe"}` it answers what the board shows; `press` and `release` are a finger on the button. What
cannot be done is answered with `{"refused": sentence}`.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from typing import cast

from ampguard_drivers.boardfile import BoardFile
from ampguard_drivers.bus import Level
from ampguard_drivers.simulated.nodes import Answer, Request, ServedBoard, refusal
from ampguard_drivers.simulated.protocol import Operation


class Bench:
    """The node behind `protocol.BENCH_PATH`."""

    def __init__(self, board: ServedBoard, wiring: BoardFile) -> None:
        self._board = board
        self._wiring = wiring.gpio

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
        return Answer(payload=json.dumps(self._do(cast("dict[str, object]", asked))).encode())

    def release(self) -> None:
        """Nothing is held."""

    def _do(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        match asked.get("do"):
            case "observe":
                return self.observe()
            case "press":
                self._board.lines[self._wiring.button].drive(Level.LOW)
                return {}
            case "release":
                self._board.lines[self._wiring.button].drive(Level.HIGH)
                return {}
            case unknown:
                return {"refused": f'"{unknown}" is nothing that a bench can do to a simulated board'}

    def observe(self) -> Mapping[str, object]:
        """`lit`: names of the lights that are on; `button`: "pressed" or "released"."""
        lines = self._board.lines
        return {
            "lit": [name for name, pin in self._wiring.lights.items() if lines[pin].level() is Level.HIGH],
            "button": "pressed" if lines[self._wiring.button].level() is Level.LOW else "released",
        }

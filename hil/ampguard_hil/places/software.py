"""Starts a process of a simulated box as the software of the slot that runs would, with what is wrong in it.

`python -m ampguard_hil.places.software [--page-port N] SLOTS NAME COMMAND...`. This belongs to the box and not to the
bench that looks at it from outside: it reaches into the unit's modules, by name.
"""

from __future__ import annotations

import argparse
import importlib
import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ampguard_hil.places.slots import KERNEL_WORDS, RELEASE, Slots

if TYPE_CHECKING:
    from collections.abc import Sequence

GATE = "gate"
PAGE_WITHIN_S, UPLINK_WITHIN_S = 45.0, 60.0
"""Of the gate on a bench, where nobody waits ten minutes for what never comes; all else is as in the unit."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of what was started."""
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil.places.software", description="A slot's software.")
    parser.add_argument("--page-port", type=int, default=80, help="for the gate: where the page is")
    parser.add_argument("slots", type=Path, help="file of the slots")
    parser.add_argument("name", help="of the process")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="that it is started with")
    asked = parser.parse_args(arguments)
    os.environ["AMPGUARD_RELEASE"] = str(asked.slots.with_name(RELEASE))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy
    software = Slots(asked.slots).running()
    if asked.name in software.without:
        os.execvp("sleep", ["sleep", "infinity"])  # noqa: S606, S607 - the system's own
    gain_ratio = software.gain_ratio.get(asked.name, 1.0)
    if gain_ratio != 1.0:
        _amplify(gain_ratio)
    if asked.name == GATE:
        return _judge(asked.slots.with_name(KERNEL_WORDS), asked.page_port)
    if gain_ratio == 1.0:
        os.execv(asked.command[0], asked.command)  # noqa: S606 - of this project
    _, _, module, *words = asked.command
    sys.argv[1:] = words
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


def _amplify(gain_ratio: float) -> None:
    """All that it measures."""
    calibrator: Any = importlib.import_module("ampguard.metering.calibration").Calibrator
    physical = calibrator.physical

    def amplified(self: object, block: object) -> Any:
        return physical(self, block) * gain_ratio

    calibrator.physical = amplified


def _judge(words: Path, page_port: int) -> int:
    """The unit's own gate, told where it is."""
    service: Any = importlib.import_module("ampguard.services.gate")
    limits: Any = importlib.import_module("ampguard.update.gate")
    limits.WITHIN_S = {
        **limits.WITHIN_S, limits.Proof.PAGE: PAGE_WITHIN_S, limits.Proof.UPLINK: UPLINK_WITHIN_S,
    }  # fmt: skip
    service.KERNEL_WORDS = words
    service.PAGE = (service.PAGE[0], page_port)
    code: int = service.main()
    return code


if __name__ == "__main__":
    raise SystemExit(main())

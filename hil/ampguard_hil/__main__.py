"""`python -m ampguard_hil`: the bench's command line."""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING

from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_hil.run import Wishes, run

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_ERROR = 2


def _duration_s(text: str) -> float:
    duration_s = float(text)
    if not 0.0 < duration_s < math.inf:
        raise argparse.ArgumentTypeError(f"wanted seconds above 0, met {text}")
    return duration_s


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil", description="The bench around a unit.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    running = commands.add_parser("run", help="a working Amp Guard on simulated hardware, in this terminal")
    running.add_argument("--scenario", default="kettle", help="which story to tell (default: kettle)")
    running.add_argument("--list", action="store_true", help="name the stories and end")
    running.add_argument("--run-s", type=_duration_s, metavar="SECONDS", help="stop after so long (default: Ctrl-C)")
    running.add_argument("--port", type=int, help="of the broker (default: 1883, or a free one where that is taken)")
    running.add_argument("--plain", action="store_true", help="one line a second instead of a full screen")
    running.add_argument("--seed", type=int, default=0, help="another seed is another unit with other tolerances")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.list:
        for name in sorted(SCENARIOS):
            print(f"{name:<15} {SCENARIOS[name]().story}")  # noqa: T201 - the program's output
        return 0
    if chosen.scenario not in SCENARIOS:
        print(f"no scenario {chosen.scenario}; there are {', '.join(sorted(SCENARIOS))}", file=sys.stderr)  # noqa: T201 - likewise
        return USAGE_ERROR
    return run(Wishes(chosen.scenario, chosen.run_s, chosen.port, plain=chosen.plain, seed=chosen.seed))


if __name__ == "__main__":
    raise SystemExit(main())

"""`python -m ampguard_hil`: the bench's command line."""

from __future__ import annotations

import argparse
import math
import os
import sys
from typing import TYPE_CHECKING

from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_hil.run import Wishes, run

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_ERROR, UNHEARD = 2, 1
HIGHEST_PORT = 65535


def _duration_s(text: str) -> float:
    try:
        duration_s = float(text)
    except ValueError:
        duration_s = math.nan
    if not 0.0 < duration_s < math.inf:
        raise argparse.ArgumentTypeError(f"wanted seconds above 0, met {text}")
    return duration_s


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"wanted a port from 1 to {HIGHEST_PORT}, met {text}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 on, met {text}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ampguard_hil",
        description="The bench around a unit.",
        epilog="'run' can be left out: --list names the stories, --scenario solar tells one, run --help says the rest.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    running = commands.add_parser("run", help="a working Amp Guard on simulated hardware, in this terminal")
    running.add_argument(
        "--scenario", default="kettle", metavar="NAME", help="which story to tell (default: kettle; see --list)"
    )
    running.add_argument("--list", action="store_true", help="name the stories and end")
    running.add_argument("--run-s", type=_duration_s, metavar="SECONDS", help="stop after so long (default: Ctrl-C)")
    running.add_argument("--port", type=_port, help="of the broker (default: 1883, or a free one where that is taken)")
    running.add_argument("--plain", action="store_true", help="one line a second instead of a full screen")
    running.add_argument("--seed", type=_seed, default=0, help="another seed is another unit with other tolerances")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0].startswith("-") and words[0] not in {"-h", "--help"}:
        words.insert(0, "run")
    chosen = _parser().parse_args(words)
    try:
        code = _perform(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output is gone: `head`, for instance
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNHEARD
    return code


def _perform(chosen: argparse.Namespace) -> int:
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

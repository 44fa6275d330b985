"""A simulated board in real time, in a process of its own, behind a Unix socket.

`python -m ampguard_drivers.simulated.server --socket PATH --scenario NAME [--seed N] [--variant NAME]`, or
`--list`. SIGTERM and SIGINT end it.
"""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from types import FrameType

from ampguard_drivers import boardfile
from ampguard_drivers.frontend import Variant
from ampguard_drivers.simulated.bench import Bench
from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_drivers.simulated.serving import BoardServer
from ampguard_drivers.simulated.stage import ScenarioStage

_LOG = logging.getLogger("ampguard_drivers.simulated.server")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m ampguard_drivers.simulated.server", description="A simulated board."
    )
    parser.add_argument("--socket", type=Path, help="where to listen")
    parser.add_argument("--scenario", default="steady", choices=sorted(SCENARIOS), help="what the supply does")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random: the same seed, the same board")
    parser.add_argument(
        "--variant", type=Variant, default=Variant.ONE_MODULE, choices=list(Variant), help="which CT set it has"
    )
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    chosen = parser.parse_args(arguments)
    if chosen.list:
        sys.stdout.write("".join(f"{name:<16}{SCENARIOS[name]().story}\n" for name in sorted(SCENARIOS)))
        return 0
    if chosen.socket is None:
        parser.error("--socket is needed")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    stopped = Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    stage = ScenarioStage(chosen.scenario, seed=chosen.seed, variant=chosen.variant)
    try:
        bench = Bench(stage.board, boardfile.load(), stage)
        server = BoardServer(stage.board, bench, chosen.socket, stage.board.chip.next_event_ns)
    except OSError as error:
        _LOG.error("cannot listen at %s: %s", chosen.socket, error.strerror or error)
        return 1
    gc.freeze()  # what is there now stays; looking through it again would only delay an interrupt
    _LOG.info("simulated board ready at %s, scenario %s", chosen.socket, chosen.scenario)
    try:
        server.run(stopped.is_set)
    finally:
        server.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

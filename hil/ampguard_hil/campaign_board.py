"""`python -m ampguard_hil.campaign_board SERIAL ...`: the simulated board, as a unit with a serial of its own.

What follows the serial goes to `ampguard_drivers.simulated.server`. The factory writes the serial into the board's
memory; a board that is started anew has the one it was told here.
"""

from __future__ import annotations

import sys

from ampguard_drivers.simulated import board, server


def main() -> int:
    """Serve until a signal ends it; the exit code."""
    serial, *rest = sys.argv[1:]
    board.SERIAL = serial
    return server.main(rest)


if __name__ == "__main__":
    sys.exit(main())

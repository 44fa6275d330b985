"""How fast a simulated board lives in virtual time: with the real driver reading it, and with the product above."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.metering.test_pipeline import unit

from ampguard_drivers.simulated.scenarios import SCENARIOS

DURATION_S, TARGET = 30.0, 20.0


def main() -> int:
    for name in ("steady", "ev"):
        made = unit(SCENARIOS[name]().supply)
        begin_s, begin_ns = time.process_time(), made.board.clock.now_ns()
        while made.board.clock.now_ns() < begin_ns + DURATION_S * 1e9:
            made.chip.next_block()
        alone = DURATION_S / (time.process_time() - begin_s)
        begin_s = time.process_time()
        made.readings(DURATION_S)
        print(
            f"{name:8} board and driver {alone:5.0f} x real time (target {TARGET:g}); "
            f"with the processing {DURATION_S / (time.process_time() - begin_s):5.0f} x"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

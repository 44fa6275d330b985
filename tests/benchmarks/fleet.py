"""How many units one Mosquitto carries on this machine: 15,000 plain, 5,000 with TLS, each a block every 10 s.

fleet.py [ROUNDS]      of each (2 by default); broker and generator share the cores
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ampguard_hil.bench import PLAIN_CONNECTS_PER_S, TLS_CONNECTS_PER_S
from ampguard_hil.fleet.command import Progress, Wishes, run
from ampguard_hil.fleet.fleet import Wish
from ampguard_hil.fleet.limits import LimitError

if TYPE_CHECKING:
    from ampguard_hil.fleet.report import Report

ROUNDS, DURATION_S = 2, 60.0
PLAIN_UNITS, TLS_UNITS, TARGET_S = 15_000, 5_000, 0.1


def wishes(*, tls: bool) -> Wishes:
    units, rate = (TLS_UNITS, TLS_CONNECTS_PER_S) if tls else (PLAIN_UNITS, PLAIN_CONNECTS_PER_S)
    return Wishes(wish=Wish(units=units, connects_per_s=rate), tls=tls, duration_s=DURATION_S)


def meets(found: Report) -> bool:
    p99_s = found.acknowledged_after.p99_s
    return found.is_clean and p99_s is not None and p99_s <= TARGET_S


def main() -> int:
    """Each as often as asked, and how far the rounds differ."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    met: list[bool] = []
    for tls in (False, True):
        asked = wishes(tls=tls)
        tails_s: list[float] = []
        for _ in range(rounds):
            progress = Progress()
            try:
                found = run(asked, progress)
            except LimitError as why:
                print(f"NOT MEASURED: {why}")
                return 1
            progress.end()
            print(found.text())
            met.append(meets(found))
            if found.acknowledged_after.p99_s is not None:
                tails_s.append(found.acknowledged_after.p99_s)
            print()
        spread = f"{1e3 * min(tails_s):.1f} to {1e3 * max(tails_s):.1f} ms" if tails_s else "none"
        kind = "TLS" if tls else "plain"
        limit = f"target {1e3 * TARGET_S:g} ms, nobody lost, all acknowledged"
        print(f"{kind:<6} {asked.wish.units} units: p99 {spread} in {rounds} rounds ({limit})\n")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())

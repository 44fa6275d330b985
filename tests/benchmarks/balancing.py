"""How well chargers share what the main fuse has left: `python -m tests.benchmarks.balancing [--seeds N]`.

Days of a model (facts: balancing, 1) with our policy and two peers as anchors: trips, heat of the fuse, overload,
energy against an oracle, fairness, starts and changes; and after which time a step of load is answered. Everything is
simulated.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

from tests.benchmarks.chargers.peers import OpenWb, Static
from tests.benchmarks.chargers.simulation import answered_s, play
from tests.benchmarks.chargers.site import ROTATIONS, SCENARIOS, Charger, Seeing, Seen, Site, run

from ampguard.balancing.policy import policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.chargers.simulation import Figures
    from tests.benchmarks.chargers.site import MakePolicy

POLICIES: dict[str, MakePolicy] = {"best": policy, "static": Static, "openwb-like": OpenWb}  # type: ignore[dict-item]  # the core sees a site by its own protocol
REACTS = 6
HEAD = (
    f"{'':14}{'trips':>6}{'therm max %':>12}{'over A·s/h':>11}{'over >5 %':>10}{'util':>7}{'Jain':>7}{'worst':>7}"
    f"{'starts':>8}{'changes':>9}{'score':>7}"
)


def row(name: str, figures: Sequence[Figures]) -> str:
    def mean(field: str) -> float:
        return statistics.fmean(getattr(one, field) for one in figures)

    return (
        f"{name:14}{mean('trips'):6.2f}{max(one.thermal_percent for one in figures):12.1f}{mean('over_as_per_h'):11.0f}"
        f"{mean('well_over_as_per_h'):10.0f}{mean('util'):7.3f}{mean('jain'):7.3f}{mean('worst'):7.2f}"
        f"{mean('starts_per_h'):8.2f}{mean('changes_per_h'):9.1f}{mean('score'):7.1f}"
    )


def judge(name: str, seeds: Sequence[int], scenarios: Sequence[str]) -> None:
    print(f"\n{name}, seeds {', '.join(map(str, seeds))}\n{HEAD}", flush=True)
    averaged: list[Figures] = []
    for scenario in SCENARIOS:
        if scenario.name not in scenarios:
            continue
        began_s = time.process_time()
        figures = [play(run(scenario, seed), POLICIES[name], seed) for seed in seeds]
        averaged += figures if scenario.is_averaged else []
        print(f"{row(scenario.name, figures)}   ({time.process_time() - began_s:.0f} s of CPU)", flush=True)
    if averaged:
        print(row("mean", averaged))
        for seed in seeds:
            print(row(f"seed {seed}", [one for one in averaged if one.seed == seed]))


def react(name: str) -> None:
    found = [answered_s(POLICIES[name], seed) for seed in range(REACTS)]
    over = sorted(one for one in found if one is not None)
    if over:
        print(f"react: median {statistics.median(over):.1f} s, max {over[-1]:.1f} s, never over {found.count(None)}")
    else:
        print("react: never over")


def fifty() -> None:
    """How long our decision takes for 50 chargers under a base load that steps all the time."""
    chargers = [Charger(32.0, ROTATIONS[number % 6], included=True, offline=0.0) for number in range(50)]
    site = Site(630.0, "gg", 630.0, 189.0, 6.0, 50, 0.5, chargers)
    ours, took_s = policy(site), list[float]()
    for number in range(400):
        now_s, drawn_a = number / 2.0, 6.0 + number % 9
        seen = [Seen(now_s, connected=True, wants=True, i=(drawn_a,) * 3, limit=drawn_a + 1.0) for _ in chargers]
        current_a = 50.0 * drawn_a + 40.0 * (number // 10 % 5)
        began_s = time.process_time()
        ours.step(now_s, Seeing((now_s, (current_a, current_a + 30.0, current_a - 20.0)), seen))
        took_s.append(time.process_time() - began_s)
    ordered = sorted(took_s[100:])
    print(f"\none decision for 50 chargers: median {1e3 * ordered[150]:.1f} ms, 99 % {1e3 * ordered[297]:.1f} ms")


def main() -> None:
    names = [one.name for one in SCENARIOS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument("--seed", type=int, help="one alone")
    parser.add_argument("--scenario", action="append", choices=[*names, "react"])
    parser.add_argument("--policy", action="append", choices=list(POLICIES))
    arguments = parser.parse_args()
    seeds = range(arguments.seeds) if arguments.seed is None else [arguments.seed]
    wanted = arguments.scenario or [*names, "react"]
    for name in arguments.policy or POLICIES:
        judge(name, seeds, wanted)
        if "react" in wanted:
            react(name)
    fifty()


if __name__ == "__main__":
    main()

"""What came of a campaign, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ampguard_hil.campaign_plan import kinds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.campaign_account import AccountVerdict
    from ampguard_hil.campaign_judge import Gap, UnitVerdict
    from ampguard_hil.campaign_victim import Death

SHOWN = 20
"""Unexplained things that are printed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of it."""

    seed: int
    store: str
    """Which engine the cloud had."""
    ways: Mapping[str, str]
    """How each unit sends, by its serial."""
    lasted_s: float
    """From the first kill's wait to the last kill."""
    settled_s: float | None
    """How long it took until the cloud had all readings and events that the journals held; None: it never had."""
    kills: tuple[Death, ...]
    lost_with_broker: int
    """Readings that a killed broker had taken and no ingest had stored: the units had to send these again."""
    only_live: int
    """Readings that were heard live and that no journal has: no cloud can have them."""
    units: tuple[UnitVerdict, ...]
    accounts: tuple[AccountVerdict, ...]
    """What the cloud itself says of them, in the same order."""
    unexplained: tuple[str, ...]
    """Beside what is unexplained of a unit."""

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled or unexplained."""
        judged_well = all(unit.good for unit in self.units) and all(account.good for account in self.accounts)
        return judged_well and not self.unexplained


def saved(outcome: Outcome) -> str:
    """All of it as JSON."""
    counts = kinds_of([kill.kind for kill in outcome.kills])
    return json.dumps({"good": outcome.good, "kills_by_kind": counts, **asdict(outcome)}, indent=1) + "\n"


def table(outcome: Outcome) -> str:
    """The end of what a campaign prints."""
    counts = kinds_of([kill.kind for kill in outcome.kills])
    each_s = outcome.lasted_s / len(outcome.kills)
    settled = "never" if outcome.settled_s is None else f"after {outcome.settled_s:.0f} s"
    complaints = [
        *outcome.unexplained,
        *(f"{unit.serial}: {one}" for unit in outcome.units for one in unit.unexplained),
        *(f"{one.serial}, account: {words}" for one in outcome.accounts for words in one.disagreements),
    ]
    remarks = Counter(words.partition(":")[0] for one in outcome.accounts for words in one.remarks)
    return "\n".join([
        "",
        f"{len(outcome.kills)} kills, one each {each_s:.1f} s (seed {outcome.seed}); settled {settled}",
        f"store in {outcome.store}; killed:",
        *(f"  {kind:<11}{count:>5}" for kind, count in counts.items()),
        f"  readings that a killed broker took along, to be sent again: {outcome.lost_with_broker}",
        f"  readings heard live that no journal has: {outcome.only_live}",
        "",
        f"{'unit':<12}{'runs':>6}{'judged':>8}{'lost':>6}{'doubled':>9}{'unexplained':>13}",
        *(_line(unit) for unit in outcome.units),
        _sum(outcome),
        "",
        *(_gaps(unit) for unit in outcome.units),
        "",
        "the cloud's own account:",
        *(_account(one, outcome.ways[one.serial]) for one in outcome.accounts),
        *(f"REMARK {count} x {what}" for what, count in remarks.most_common()),
        *(f"UNEXPLAINED {one}" for one in complaints[:SHOWN]),
        *([f"and {len(complaints) - SHOWN} more"] if len(complaints) > SHOWN else []),
        "nothing lost, nothing doubled, nothing unexplained" if outcome.good else "NOT GOOD",
    ])  # fmt: skip


def _line(unit: UnitVerdict) -> str:
    numbers = f"{unit.boots:>6}{unit.judged:>8}{unit.lost:>6}{unit.doubled:>9}{len(unit.unexplained):>13}"
    return f"{unit.serial:<12}{numbers}"


def _sum(outcome: Outcome) -> str:
    units = outcome.units
    unexplained = len(outcome.unexplained) + sum(len(unit.unexplained) for unit in units)
    boots, judged = sum(unit.boots for unit in units), sum(unit.judged for unit in units)
    lost, doubled = sum(unit.lost for unit in units), sum(unit.doubled for unit in units)
    return f"{'all':<12}{boots:>6}{judged:>8}{lost:>6}{doubled:>9}{unexplained:>13}"


def _gaps(unit: UnitVerdict) -> str:
    total_s, longest_s = _lengths(unit.gaps)
    explained = sum(1 for gap in unit.gaps if gap.causes)
    return (
        f"{unit.serial}: {len(unit.gaps)} gaps between runs of the meter, {total_s:.1f} s in all, the longest "
        f"{longest_s:.1f} s; {explained} of them explained by a kill of meter or board; "
        f"{unit.overruns} overruns within runs, all said"
    )


def _account(account: AccountVerdict, way: str) -> str:
    reasons = ", ".join(f"{count} x {reason}" for reason, count in account.reasons.items()) or "none"
    return (
        f"{account.serial} ({way}): {'complete' if account.complete else 'NOT COMPLETE'}, {account.readings} readings, "
        f"gaps by reason: {reasons}, {account.missing_s:.1f} s in all; {account.events} events, "
        f"{account.lost_events} lost; disagreements {len(account.disagreements)}, remarks {len(account.remarks)}"
    )


def _lengths(gaps: list[Gap]) -> tuple[float, float]:
    lengths = [gap.length_s for gap in gaps]
    return sum(lengths), max(lengths, default=0.0)

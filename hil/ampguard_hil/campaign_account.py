"""The judge that an operator has: the cloud's own account of each unit, held against what was really killed."""

from __future__ import annotations

import json
import math
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ampguard_hil.campaign_journal import JournalError, events
from ampguard_hil.campaign_judge import UNSURE_S
from ampguard_hil.cloud.store import StoreError, open_store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ampguard_hil.campaign_judge import UnitVerdict
    from ampguard_hil.campaign_victim import Death
    from ampguard_hil.cloud.account import Account, Break, End
    from ampguard_hil.cloud.arrived import ReceivedEvent

_NS = 1e9
BETWEEN_RUNS, WITHIN_A_RUN = frozenset(("restart",)), frozenset(("samples_lost",))
"""The reasons that are true where a meter or its board was killed."""
SLOW = "samples_lost"
"""What is true without any kill as well: a simulated board that gets no time delivers nothing."""
MEASURING = frozenset(("meter", "board"))
SAME_S = 0.1
"""The cloud's length of a break may differ so much from that of the readings' own stamps."""


@dataclass(slots=True)
class AccountVerdict:
    """What the cloud says of one unit, and where that is not what happened."""

    serial: str
    complete: bool = False
    """Whether the cloud itself says that nothing is missing without a reason."""
    readings: int = 0
    reasons: dict[str, int] = field(default_factory=dict[str, int])
    """How many breaks have which one."""
    missing_s: float = 0.0
    """All breaks together."""
    events: int = 0
    """Of the journal that were looked up in the store."""
    lost_events: int = 0
    disagreements: list[str] = field(default_factory=list[str])
    remarks: list[str] = field(default_factory=list[str])
    """What an operator would like to be told otherwise; it is not wrong."""

    @property
    def good(self) -> bool:
        """Whether there is nothing to look into."""
        return self.complete and self.readings > 0 and not self.lost_events and not self.disagreements


@dataclass(frozen=True, slots=True)
class Medium:
    """What became of a unit's medium."""

    taken: Mapping[tuple[str, int], Mapping[str, Any]] = field(
        default_factory=dict[tuple[str, int], "Mapping[str, Any]"]
    )
    """The events that the journal held before power cuts, which may have taken some of them."""
    refused_s: Sequence[tuple[float, float]] = ()
    """Times (monotonic, in seconds) when it took nothing: what happens then is told at once, and need not be kept."""


def accounted(
    unit: UnitVerdict, journal: Path, store: str | Path, kills: Sequence[Death], medium: Medium | None = None
) -> AccountVerdict:
    """The account of one unit, held against its journal, against what the other judge found, and against the kills."""
    medium = medium or Medium()
    verdict = AccountVerdict(unit.serial)
    try:
        with closing(open_store(store)) as opened:
            account, stored = opened.account(unit.serial), opened.events(unit.serial)
        delivered = {(one.boot, one.sequence) for one in stored}
        kept = {key: body for key, body in medium.taken.items() if key in delivered} | events(journal)
    except (JournalError, StoreError) as why:
        verdict.disagreements.append(str(why))
        return verdict
    verdict.complete, verdict.readings = account.complete, account.readings
    verdict.reasons = dict(Counter(one.reason or "UNEXPLAINED" for one in account.breaks).most_common())
    verdict.missing_s = sum(one.duration_s or 0.0 for one in account.breaks)
    verdict.disagreements += [one.sentence for one in account.unexplained]
    if account.missing_events:
        verdict.disagreements.append(f"the cloud knows of {account.missing_events} events that it has not")
    if account.readings != unit.judged:
        verdict.disagreements.append(f"{account.readings} readings in the account, {unit.judged} in the journal")
    _judge_events(verdict, kept, [one for one in stored if _is_kept(one, kept, medium.refused_s)])
    _judge_breaks(verdict, account, unit)
    _judge_reasons(verdict, account, [kill for kill in kills if kill.serial == unit.serial and kill.kind in MEASURING])
    return verdict


def _is_kept(
    one: ReceivedEvent, kept: Mapping[tuple[str, int], Mapping[str, object]], refused_s: Sequence[tuple[float, float]]
) -> bool:
    """Whether the journal has it, or must have."""
    happened_s = math.nan if one.monotonic_ns is None else one.monotonic_ns / _NS
    return (one.boot, one.sequence) in kept or not any(from_s <= happened_s <= to_s for from_s, to_s in refused_s)


def _judge_events(
    verdict: AccountVerdict, kept: Mapping[tuple[str, int], Mapping[str, object]], stored: Sequence[ReceivedEvent]
) -> None:
    verdict.events = len(kept)
    found = {(one.boot, one.sequence): json.loads(one.body) for one in stored}
    verdict.lost_events = len(set(kept) - set(found))
    verdict.disagreements += [f"event {key} is not stored: {kept[key]}" for key in sorted(set(kept) - set(found))]
    verdict.disagreements += [
        f"event {key} is stored, and the journal lacks it: {found[key]}" for key in sorted(set(found) - set(kept))
    ]
    for key in sorted(set(found) & set(kept)):
        expected = {"schema": 1, "serial": verdict.serial, **kept[key]}
        if found[key] != expected:
            verdict.disagreements.append(f"event {key}: journal {expected}, store {found[key]}")


def _judge_breaks(verdict: AccountVerdict, account: Account, unit: UnitVerdict) -> None:
    """Both judges see the same breaks, of the same length."""
    gaps = {(gap.before, gap.after): gap for gap in unit.gaps}
    between = {(one.after.boot, one.before.boot): one for one in account.breaks if one.after and _changes_run(one)}
    verdict.disagreements += [
        f"between the runs {before} and {after}: the readings stop, the account knows nothing of it"
        for before, after in gaps.keys() - between.keys()
    ]
    verdict.disagreements += [
        f"the account tells of a break where the readings have none: {between[key].sentence}"
        for key in between.keys() - gaps.keys()
    ]
    for key in gaps.keys() & between.keys():
        told_s, length_s = between[key].duration_s, gaps[key].length_s
        if told_s is None or abs(told_s - length_s) > SAME_S:
            verdict.disagreements.append(f"{between[key].sentence}: the readings' stamps say {length_s:.2f} s")
    within = len(account.breaks) - len(between)
    if within != unit.overruns:
        verdict.disagreements.append(f"{within} breaks within runs in the account, {unit.overruns} in the readings")


def _judge_reasons(verdict: AccountVerdict, account: Account, kills: Sequence[Death]) -> None:
    """Where something was killed there is a break, with the true reason; and nowhere else is any."""
    explained_s: set[float] = set()
    for one in account.breaks:
        begin_s, end_s = _span(one)
        causes = [kill for kill in kills if begin_s - UNSURE_S <= kill.at_s <= end_s + UNSURE_S]
        explained_s |= {kill.at_s for kill in causes}
        if not causes and one.reason == SLOW and not _changes_run(one):
            # the reading says "overrun" (the other judge has counted these): a machine with too much to do
            verdict.remarks.append(f"nothing was killed, the machine was too slow: {one.sentence}")
        elif not causes:
            verdict.disagreements.append(f"nothing was killed: {one.sentence}")
        elif one.reason is not None and one.reason not in (BETWEEN_RUNS if _changes_run(one) else WITHIN_A_RUN):
            kinds = ", ".join(kill.kind for kill in causes)
            verdict.disagreements.append(f"the reason is not true, {kinds} was killed: {one.sentence}")
    if account.first is None or account.last is None:
        return
    begin_s, end_s = _at_s(account.first), _at_s(account.last)
    verdict.disagreements += [
        f"the {kill.kind} was killed at {kill.at_s:.1f} s, and the account tells of no break"
        for kill in kills
        if kill.at_s not in explained_s and begin_s < kill.at_s < end_s
    ]


def _changes_run(one: Break) -> bool:
    return one.after is not None and one.after.boot != one.before.boot


def _span(one: Break) -> tuple[float, float]:
    """On the monotonic clock, between two readings' ends: who was killed before the later one kept it not."""
    return (0.0 if one.after is None else _at_s(one.after)), _at_s(one.before)


def _at_s(end: End) -> float:
    """Each reading of a campaign has it; without it nothing can be held against the kills."""
    return math.nan if end.monotonic_ns is None else end.monotonic_ns / _NS

"""What a campaign is judged by: each unit's journal against the store of the cloud, reading by reading."""

from __future__ import annotations

import itertools
import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ampguard import block
from ampguard_hil.campaign_journal import JournalError, damage, readings
from ampguard_hil.campaign_store import select
from ampguard_hil.cloud.columns import NAMES, PATHS
from ampguard_hil.cloud.store import StoreError, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ampguard_hil.campaign_journal import Body, Key
    from ampguard_hil.campaign_victim import Death

    Row: TypeAlias = "Mapping[str, Any]"

BLOCK = 60
UNSURE_S = 0.25
"""How far a reading's own end may lie beside the instant of a kill."""
JUMP_S = 0.5
"""Readings of one run that are so far apart have lost samples between them, and must say so."""
GROWTH_RATIO, GROWTH_WH = 1.05, 0.005
"""A counter may grow by so much more than the power that is shown: rounding, and a load that changes."""
_VALUES = ("end_utc", "quality", *NAMES)
_COUNTERS = tuple(name for name in NAMES if name.startswith("energy_"))


@dataclass(frozen=True, slots=True)
class Gap:
    """Between the last reading of a run of the meter and the first of the next one."""

    before: str
    after: str
    begin_s: float
    length_s: float
    causes: tuple[str, ...]
    """What was killed in it: none, and it is unexplained."""


@dataclass(slots=True)
class UnitVerdict:
    """What is found of one unit."""

    serial: str
    boots: int = 0
    judged: int = 0
    """Readings of the journal that were looked up in the store."""
    lost: int = 0
    doubled: int = 0
    overruns: int = 0
    """Times that samples were missing within a run, and a reading said so."""
    gaps: list[Gap] = field(default_factory=list[Gap])
    unexplained: list[str] = field(default_factory=list[str])

    @property
    def good(self) -> bool:
        """Whether there is nothing to look into."""
        return self.judged > 0 and not (self.lost or self.doubled or self.unexplained)


def judged(  # noqa: PLR0913 - what else may be known is named
    serial: str,
    journal: Path,
    store: str | Path,
    kills: Sequence[Death],
    *,
    taken: Mapping[Key, Body] | None = None,
    until_ns: int | None = None,
) -> UnitVerdict:
    """Everything about one unit.

    `taken`: what its journal held before power cuts, which may have taken some of it. `until_ns`: what ended later on
    the monotonic clock may be on its way, and is left out.
    """
    verdict = UnitVerdict(serial, unexplained=damage(journal))
    try:
        arrived = _stored(store, serial)
        delivered = {key: body for key, body in (taken or {}).items() if key in arrived}
        kept = _until(until_ns, delivered | readings(journal))
        stored = _until(until_ns, arrived)
        verdict.doubled = _doubled(store, serial)
    except (JournalError, StoreError) as why:
        verdict.unexplained.append(str(why))
        return verdict
    verdict.judged = len(kept)
    verdict.boots = len({boot for boot, _ in kept})
    _judge_completeness(verdict, store, kept, stored)
    _judge_values(verdict, kept, stored)
    rows = sorted(stored.values(), key=lambda row: int(row["monotonic_ns"]))
    _judge_energy(verdict, rows)
    _judge_gaps(verdict, rows, [kill for kill in kills if kill.serial == serial])
    return verdict


def _until(until_ns: int | None, found: Mapping[Key, Row]) -> Mapping[Key, Row]:
    return found if until_ns is None else {key: one for key, one in found.items() if one["monotonic_ns"] <= until_ns}


def _stored(store: str | Path, serial: str) -> dict[Key, Row]:
    names = ("boot", "sequence", *_VALUES)
    statement = f"SELECT {', '.join(names)} FROM reading WHERE serial = ? AND interval = '1s'"  # noqa: S608 - our names
    rows = [dict(zip(names, row, strict=True)) for row in select(store, statement, (serial,))]
    return {(row["boot"], row["sequence"]): row for row in rows}


def _doubled(store: str | Path, serial: str) -> int:
    """Rows of one name; and, whatever their names, rows of one moment."""
    doubled = 0
    for name in ("boot || ' ' || sequence", "monotonic_ns"):
        statement = f"SELECT count(*) - count(DISTINCT {name}) FROM reading WHERE serial = ? AND interval = '1s'"  # noqa: S608 - ours
        ((count,),) = select(store, statement, (serial,))
        doubled += int(count)
    return doubled


def _judge_completeness(
    verdict: UnitVerdict, store: str | Path, kept: Mapping[Key, Body], stored: Mapping[Key, Row]
) -> None:
    """The store's own report, and then the journal: a hole of both is lost as well."""
    with closing(open_store(store)) as opened:
        reports = opened.completeness(verdict.serial)
    lost = set(kept) - set(stored)
    for report in reports:
        lost |= {(report.boot, one) for first, last in report.missing for one in range(first, last + 1)}
    verdict.lost = len(lost)
    if surplus := sorted(set(stored) - set(kept)):
        verdict.unexplained.append(f"{len(surplus)} readings are stored that the journal lacks, the first {surplus[0]}")
    ends = {boot: max(number for _, number in keys) for boot, keys in _by_boot(kept)}
    found = {boot: max(number for _, number in keys) for boot, keys in _by_boot(stored)}
    verdict.unexplained += [
        f"boot {boot} ends with {end} in the journal and with {found.get(boot)} in the store"
        for boot, end in ends.items()
        if found.get(boot) != end
    ]


def _by_boot(keys: Mapping[Key, object]) -> Iterator[tuple[str, list[Key]]]:
    for boot, found in itertools.groupby(sorted(keys), key=lambda key: key[0]):
        yield boot, list(found)


def _judge_values(verdict: UnitVerdict, kept: Mapping[Key, Body], stored: Mapping[Key, Row]) -> None:
    for key, expected in _as_sent(kept):
        found = stored.get(key)
        different = [] if found is None else [name for name in _VALUES if found[name] != expected[name]]
        if found is not None and different:
            name = different[0]
            verdict.unexplained.append(
                f"{key}: {len(different)} values differ, {name}: journal {expected[name]}, store {found[name]}"
            )


def _as_sent(kept: Mapping[Key, Body]) -> Iterator[tuple[Key, Row]]:
    """The journal's readings as they are behind a block."""
    for boot, keys in _by_boot(kept):
        del boot
        for first in range(0, len(keys), BLOCK):
            some = keys[first : first + BLOCK]
            found = block.columns(block.encoded([kept[key] for key in some]))
            for index, key in enumerate(some):
                row = {name: _at(found, path, index) for name, path in zip(NAMES, PATHS, strict=True)}
                quality = json.dumps(found["quality"][index])
                yield key, {"end_utc": found["end_utc"][index], "quality": quality, **row}


def _at(columns: Mapping[str, Sequence[Any]], path: str, index: int) -> Any:
    return columns[path][index] if path in columns else None


def _judge_energy(verdict: UnitVerdict, rows: Sequence[Row]) -> None:
    """Counters only grow, over all runs, and by no more than the power that flowed."""
    for before, after in itertools.pairwise(rows):
        place = f"before {after['boot']}, reading {after['sequence']}"
        fallen = [name for name in _COUNTERS if after[name] < before[name]]
        verdict.unexplained += [f"{name} fell from {before[name]} to {after[name]} {place}" for name in fallen]
        hours = (after["monotonic_ns"] - before["monotonic_ns"]) / 3.6e12
        power_w = max(0.0, *(row["total_active_power_w"] or 0.0 for row in (before, after)))
        grown_wh = after["energy_total_import_wh"] - before["energy_total_import_wh"]
        if grown_wh > GROWTH_RATIO * power_w * hours + GROWTH_WH:
            verdict.unexplained.append(f"{grown_wh:.3f} Wh counted {place}: more than flowed")


def _judge_gaps(verdict: UnitVerdict, rows: Sequence[Row], kills: Sequence[Death]) -> None:
    for before, after in itertools.pairwise(rows):
        begin_s, end_s = before["monotonic_ns"] / 1e9, after["monotonic_ns"] / 1e9 - after["duration_s"]
        if before["boot"] == after["boot"]:
            if "overrun" in after["quality"]:
                verdict.overruns += 1
            elif end_s - begin_s > JUMP_S:
                place = f"{after['boot']}, reading {after['sequence']}"
                verdict.unexplained.append(
                    f"{place}: {end_s - begin_s:.2f} s are missing before it, and it does not say"
                )
            continue
        causes = tuple(
            kill.kind
            for kill in kills
            if kill.kind in {"meter", "board"} and begin_s - UNSURE_S <= kill.at_s <= end_s + UNSURE_S
        )
        verdict.gaps.append(Gap(before["boot"], after["boot"], begin_s, end_s - begin_s, causes))
        if not causes:
            verdict.unexplained.append(f"no kill explains the {end_s - begin_s:.1f} s before boot {after['boot']}")

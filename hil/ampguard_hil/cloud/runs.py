"""The runs of a unit's meter: which followed which, and which are known to lie behind a moment. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ampguard_hil.cloud.account import Stretch


def follows(gaps: Iterable[object]) -> Mapping[str, str]:
    """Of a run the one before it, as the unit tells; `gaps`: what its events of this kind say."""
    found: dict[str, str] = {}
    for gap in gaps:
        match gap:
            case {"event": {"after": {"boot": str(before)}, "before": {"boot": str(after)}}} if before != after:
                found[after] = before
            case _:
                pass
    return found


def in_order(stretches: Sequence[Stretch], before: Mapping[str, str]) -> list[str]:
    """Those that are stored in the order of their time: by which followed which, else by the time of day."""
    known: dict[str, str] = {}
    for one in stretches:
        if one.first.utc is not None or one.first.boot not in known:
            known[one.first.boot] = min(one.first.utc or "~", known.get(one.first.boot, "~"))
    placed: dict[str, None] = {}
    for boot in sorted(known, key=lambda boot: (known[boot], boot)):
        chain: dict[str, None] = {}
        while boot in known and boot not in placed and boot not in chain:
            chain[boot] = None
            boot = before.get(boot, "")  # noqa: PLW2901 - back to the one that was before it
        placed.update(dict.fromkeys(reversed(chain)))
    return list(placed)


def behind(stretches: Sequence[Stretch], before: Mapping[str, str], since_utc: str) -> frozenset[str]:
    """Those that surely began after a moment, also where nothing of them has a time of day.

    A run whose first reading has a time of day after it; and one that followed a run in which there is such a reading.
    """
    latest: dict[str, str] = {}
    found: set[str] = set()
    for one in stretches:
        latest[one.last.boot] = max(latest.get(one.last.boot, ""), one.first.utc or "", one.last.utc or "")
        if one.first.sequence == 1 and (one.first.utc or "") >= since_utc:
            found.add(one.first.boot)
    for boot in {*latest, *before}:
        if next((utc for one in _back(boot, before) if (utc := latest.get(one))), "") >= since_utc:
            found.add(boot)
    return frozenset(found)


def _back(boot: str, before: Mapping[str, str]) -> Iterator[str]:
    """The runs before it, the last one first."""
    seen = {boot}
    while (boot := before.get(boot, "")) and boot not in seen:
        seen.add(boot)
        yield boot

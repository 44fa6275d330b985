"""The why-log: everything that decisions were made of, and each decision with its reasons, one JSON object a line.

{"group": ...}  first: what is balanced
{"clock": ...}  what time it is
{"t": ...}    an observation: only what is new since the one before it
{"why": ...}  what followed from it, where anything did

Played through the core again, the observations give the same decisions to the last digit: it has no clock and no
chance.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.observation import CloudLimit, Heard, Observation, TogetherLimit, UnderTest
from ampguard.balancing.site import Charger, Group, Rules
from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.phrase import phrase
from ampguard.settings.grid import Device, GridType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ampguard.balancing.decision import Decision, Reason

Line: TypeAlias = "Mapping[str, object]"
NOTHING = Observation(now_s=0.0, meter_s=None, meter_a=None, heard=())


class WhyLog:
    """Writes one: each method gives the next line."""

    def __init__(self, group: Group) -> None:
        """For a balancer that starts anew."""
        self._group = group
        self._last = replace(NOTHING, heard=(None,) * len(group.chargers), slow=(None,) * len(group.slow))

    def opened(self) -> str:
        """The first line."""
        return _text({"group": asdict(self._group)})

    def seen(self, seen: Observation) -> str:
        """An observation."""
        last, self._last = self._last, seen
        line: dict[str, object] = {"t": seen.now_s}
        if seen.meter_s != last.meter_s or seen.meter_a != last.meter_a:
            line["meter"] = None if seen.meter_a is None else [seen.meter_s, *seen.meter_a]
        heard = _news(seen.heard, last.heard)
        if heard:
            line["heard"] = heard
        if seen.cloud != last.cloud:
            line["cloud"] = [None if one is None else [one.limit_a, one.until_s] for one in seen.cloud]
        if seen.together != last.together:
            line["together"] = None if seen.together is None else [*seen.together.limit_a, seen.together.until_s]
        if seen.dimmed_w != last.dimmed_w:
            line["dimmed_w"] = seen.dimmed_w
        if seen.tested != last.tested:
            line["tested"] = None if seen.tested is None else [seen.tested.charger, seen.tested.most_a]
        slow = _news(seen.slow, last.slow)
        if slow:
            line["slow"] = slow
        return _text(line)

    def decided(self, decision: Decision) -> str | None:
        """What followed; None: nothing did."""
        return _text({"why": told(decision)}) if _is_any(decision) else None


def _news(heard: tuple[Heard | None, ...], before: tuple[Heard | None, ...]) -> dict[str, object]:
    """What is new of each, by its place."""
    return {
        str(number): None if one is None else [*asdict(one).values()]
        for number, one in enumerate(heard)
        if number >= len(before) or one != before[number]
    }


def _is_any(decision: Decision) -> bool:
    return bool(decision.orders or decision.reasons or decision.slow)


def told(decision: Decision) -> dict[str, object]:
    """A decision as JSON, with the sentences."""
    return {
        "t": decision.now_s,
        "orders": [[order.charger, order.limit_a, order.valid_s] for order in decision.orders],
        "reasons": [_reason(one) for one in decision.reasons],
        "rung": decision.rung.name.lower(),
        "leader": decision.leader.value,
        "budget_used_ratio": decision.budget_used_ratio,
        **({"slow": [[order.charger, order.limit_a] for order in decision.slow]} if decision.slow else {}),
    }


def _reason(one: Reason) -> dict[str, object]:
    return {**asdict(one), "sentence": str(one.sentence)}


def _text(content: object) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Replayed:
    """One decision that was logged, and the one that its observation gives now."""

    logged: Line
    now: Line

    @property
    def is_same(self) -> bool:
        """To the last digit."""
        return self.logged == self.now


def replayed(lines: Iterable[str]) -> Iterator[Replayed]:
    """Every decision of a log, and what the core makes of the same observations; SetupError where it is no such log."""
    balancer: Balancer | None = None
    seen, waiting = NOTHING, None
    for number, text in enumerate(lines, 1):
        try:
            line = cast("dict[str, object]", json.loads(text))
            if "clock" in line:  # what time it was: nothing follows from it
                continue
            if "group" in line:
                group = _group(cast("dict[str, object]", line["group"]))
                balancer, waiting = Balancer(group), None
                seen = replace(NOTHING, heard=(None,) * len(group.chargers), slow=(None,) * len(group.slow))
            elif "t" in line and balancer is not None:
                if waiting is not None:  # decided now, and not then
                    yield Replayed({}, waiting)
                seen = _observation(line, seen)
                decision = balancer.decide(seen)
                waiting = _line(told(decision)) if _is_any(decision) else None
            else:
                yield Replayed(
                    cast("Line", line["why" if balancer is not None else "group"]),
                    waiting if waiting is not None else {},
                )
                waiting = None
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise SetupError(phrase("line {number} is none of a why-log", number=str(number))) from error
    if waiting is not None:
        yield Replayed({}, waiting)


def _line(content: dict[str, object]) -> Line:
    return cast("Line", json.loads(_text(content)))


def _observation(line: Line, before: Observation) -> Observation:
    """The one before with what is new."""
    found = replace(
        before,
        now_s=cast("float", line["t"]),
        heard=_with_news(before.heard, line.get("heard", {})),
        slow=_with_news(before.slow, line.get("slow", {})),
    )
    if "meter" in line:
        meter = cast("tuple[float, float, float, float] | None", line["meter"])
        found = replace(found, meter_s=None, meter_a=None)
        if meter is not None:
            found = replace(found, meter_s=meter[0], meter_a=(meter[1], meter[2], meter[3]))
    if "cloud" in line:
        cloud = cast("list[tuple[float, float] | None]", line["cloud"])
        found = replace(found, cloud=tuple(None if one is None else CloudLimit(one[0], one[1]) for one in cloud))
    if "together" in line:
        told = cast("tuple[float | None, float | None, float | None, float] | None", line["together"])
        found = replace(found, together=None if told is None else TogetherLimit((told[0], told[1], told[2]), told[3]))
    if "dimmed_w" in line:
        found = replace(found, dimmed_w=cast("float | None", line["dimmed_w"]))
    if "tested" in line:
        tested = cast("tuple[int, float] | None", line["tested"])
        found = replace(found, tested=None if tested is None else UnderTest(tested[0], tested[1]))
    return found


def _with_news(before: tuple[Heard | None, ...], news: object) -> tuple[Heard | None, ...]:
    heard = list(before)
    for number, one in cast("dict[str, list[object] | None]", news).items():
        heard[int(number)] = None if one is None else _heard(one)
    return tuple(heard)


def _heard(one: list[object]) -> Heard:
    heard_s, drawn_s, drawn_a, is_connected, wants, limit_a = cast(
        "tuple[float, float, tuple[float, float, float] | None, bool, bool, float | None]", tuple(one)
    )
    told_a = None if drawn_a is None else (drawn_a[0], drawn_a[1], drawn_a[2])
    return Heard(heard_s, drawn_s, told_a, is_connected, wants, limit_a)


def _group(content: dict[str, object]) -> Group:
    return Group(
        **{
            **content,
            "device": Device(cast("str", content["device"])),
            "grid": GridType(cast("str", content["grid"])),
            "rules": Rules(**cast("dict[str, object]", content["rules"])),  # type: ignore[arg-type]  # as asdict has told them
            "chargers": _chargers(content["chargers"]),
            "slow": _chargers(content.get("slow", [])),
        }
    )


def _chargers(content: object) -> tuple[Charger, ...]:
    return tuple(
        Charger(**{
            **one,
            "phases": tuple(Phase(name) for name in cast("list[str]", one["phases"])),
            "offline_phase": None if one["offline_phase"] is None else Phase(cast("str", one["offline_phase"])),
        })  # type: ignore[arg-type]  # as asdict has told them
        for one in cast("list[dict[str, object]]", content)
    )  # fmt: skip

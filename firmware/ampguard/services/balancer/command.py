"""`ampguard balance`: what the chargers may draw and why, and every decision played again from the why-log."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.live.subscriber import Subscriber
from ampguard.services.balancer import chronicle
from ampguard.settings.places import Places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ampguard.balancing.why import Replayed
    from ampguard.readings import Json

FEED_S = 4.0
"""The balancer tells its state each second."""
MOST_SHOWN = 5
"""Of the decisions that come out differently."""
REPLAY = """\
Plays every observation of a why-log through the core again and holds each decision against the one in the log.

LOG is a file, or the folder with them (the unit's own, where none is named): its last life then, from the first part.
exit codes: 0 every decision is the same, to the last digit; 1 one or more differ; 2 it cannot be played
"""


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "balance"; raises SetupError with one sentence."""
    wanted = _parser().parse_args(arguments)
    match wanted.action:
        case "show":
            return _show(as_json=wanted.json)
        case "why":
            return _why(wanted.log, wanted.count, as_json=wanted.json)
        case _:
            return _replay(wanted.log)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ampguard balance", description=(__doc__ or "").partition(": ")[2])
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="the group as it stands")
    why = actions.add_parser("why", help="the latest changes of limits, each with its reason")
    why.add_argument("--count", type=int, default=20, help="so many of them; 20 where it is not given")
    replay = actions.add_parser(
        "replay",
        help="every decision again, and whether it is the same",
        description=REPLAY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for one in (why, replay):
        one.add_argument("log", nargs="*", type=Path, metavar="LOG", help="files of a why-log, or their folder")
    for one in (show, why):
        one.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


# What is


def _show(*, as_json: bool) -> int:
    body = asyncio.run(_latest(Places.from_environment().balancer_feed))
    if body is None:
        raise SetupError("wanted a balancer that runs, met none: is there a group (group.toml) that is active?")
    _say(json.dumps(body) if as_json else "\n".join(_table(body)))
    return 0


async def _latest(feed: Path) -> Mapping[str, Json] | None:
    try:
        async with asyncio.timeout(FEED_S):
            async for message in Subscriber(feed).messages():
                if message is None:
                    return None
                if message.kind == "balance":
                    return message.body
    except TimeoutError:
        pass
    return None


def _table(body: Mapping[str, Json]) -> Iterator[str]:
    chargers = cast("list[dict[str, Json]]", body["chargers"])
    if not body["active"]:
        fault = cast("dict[str, Json] | None", body.get("fault"))
        yield "nothing is balanced" + ("" if fault is None else f": {_sentence(fault)}")
        return
    yield f"{body['name'] or 'group'}: meter {body['rung']}, led by the {body['leader']}, fuse {body['supply_max_a']} A"
    for one in chargers:
        drawn = cast("dict[str, float | None]", one["current_a"])
        flows = " ".join("   -" if value is None else f"{value:4.1f}" for value in drawn.values())
        why = cast("dict[str, Json] | None", one["why"])
        status = one["status"] if one["online"] else "offline"
        limit_a = cast("float", one["limit_a"])
        yield f"{one['name']!s:<16} {status or '-'!s:<14} limit {limit_a:4.1f} A  draws {flows} A"
        if why is not None:
            yield f"    {_sentence(why)}"


def _sentence(told: Mapping[str, Json]) -> str:
    from ampguard.phrase import as_heard  # noqa: PLC0415 - only to show something

    return str(as_heard(told) or "")


# What was


def _why(log: Sequence[Path], count: int, *, as_json: bool) -> int:
    found = list(_changes(chronicle.lines(_files(log))))[-max(0, count) :]
    if not found:
        _say("no limit has changed yet")
    for when, reason in found:
        if as_json:
            _say(json.dumps({"utc": when, **reason}))
        else:
            _say(f"{when or 'at an unknown time':<26} {reason['charger']}: {reason['sentence']}")
    return 0


def _changes(lines: Iterable[str]) -> Iterator[tuple[str | None, dict[str, Json]]]:
    """Each with its time, as far as the clock was set."""
    clock_s, clock = 0.0, None
    for text in lines:
        line = cast("dict[str, Json]", json.loads(text))
        if "clock" in line:
            clock_s, told = cast("tuple[float, str | None]", line["clock"])
            clock = None if told is None else datetime.fromisoformat(told)
        elif "why" in line:
            why = cast("dict[str, Json]", line["why"])
            at_s = cast("float", why["t"])
            when = None if clock is None else (clock + timedelta(seconds=at_s - clock_s)).isoformat(timespec="seconds")
            for reason in cast("list[dict[str, Json]]", why["reasons"]):
                yield when, reason


def _replay(log: Sequence[Path]) -> int:
    from ampguard.balancing.why import replayed  # noqa: PLC0415 - the core is needed only here

    differing: list[Replayed] = []
    count = 0
    for one in replayed(chronicle.lines(_files(log))):
        count += 1
        if not one.is_same:
            differing.append(one)
    for one in differing[:MOST_SHOWN]:
        _say(f"in the log: {json.dumps(one.logged)}\nnow:        {json.dumps(one.now)}")
    if not count:
        raise SetupError("wanted a why-log with a decision in it, met none")
    _say(f"{count} decisions, {len(differing)} of them come out differently")
    return int(bool(differing))


def _files(log: Sequence[Path]) -> list[Path]:
    """Files as they are; of a folder the last life, which must be whole."""
    folder = Places.from_environment().balancing / "why"
    if log and not (len(log) == 1 and log[0].is_dir()):
        if missing := next((one for one in log if not one.is_file()), None):
            raise SetupError(f"{missing}: wanted a why-log, met no such file")
        return list(log)
    folder = log[0] if log else folder
    parts = chronicle.parts(folder)
    if not parts:
        raise SetupError(f"{folder}: wanted a why-log, met none: nothing was ever balanced here")
    return [path for life, _, path in parts if life == parts[-1][0]]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")

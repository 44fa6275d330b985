"""`ampguard balance`: what the chargers may draw and why, and every decision played again from the why-log."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.live.subscriber import Subscriber
from ampguard.services.balancer import chronicle
from ampguard.settings.places import Places

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from ampguard.balancing.why import Replayed
    from ampguard.phrase import Phrase
    from ampguard.readings import Json

EXIT_CODES: Mapping[bool | None, int] = MappingProxyType({True: 0, False: 3, None: 4})
"""Of a test: all is right, something is wrong, nothing is known."""
EXIT_STOPPED = 130
FEED_S = 4.0
"""The balancer tells its state each second."""
MOST_SHOWN = 5
"""Of the decisions that come out differently."""
_DIGITS = 8
TEST = """\
Steps one charger that charges a car from 6 to 10 A and back, and looks which clamps answer and how soon. It says which
phase is behind which terminal, which way round each clamp is and its ratio, the delay from an order until it is obeyed,
and whether the main fuse bears the worst step for so long. It takes some minutes; the other chargers go on being
balanced, and this one gets 10 A only while the group has room. It changes no setting.

exit codes: 0 all that was found is right; 3 clamps or the group's file are wrong, or the fuse is not protected;
4 nothing was found; 2 it cannot be tested; 130 stopped (Ctrl-C)
"""
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
        case "test":
            return _test(wanted.charger, as_json=wanted.json)
        case "why":
            return _why(wanted.log, wanted.count, as_json=wanted.json)
        case _:
            return _replay(wanted.log)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ampguard balance", description=(__doc__ or "").partition(": ")[2])
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="the group as it stands")
    why = actions.add_parser("why", help="the latest changes of limits, each with its reason")
    why.add_argument("--count", type=_count, default=20, help="so many of them; 20 where it is not given")
    replay = actions.add_parser(
        "replay",
        help="every decision again, and whether it is the same",
        description=REPLAY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for one in (why, replay):
        one.add_argument("log", nargs="*", type=Path, metavar="LOG", help="files of a why-log, or their folder")
    test = actions.add_parser(
        "test",
        help="step one charger 6 -> 10 -> 6 A: its phases, its delay, and whether the main fuse bears that",
        description=TEST,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    test.add_argument("charger", metavar="CHARGER", help="its name or its charge point id")
    for one in (show, why, test):
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
    for said in (body.get("fault"), *cast("list[Json]", body.get("told", []))):
        if said is not None:
            yield _sentence(cast("dict[str, Json]", said))
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
    found: list[tuple[str | None, Mapping[str, Json]]] = []
    with _readable():
        for path in reversed(_files(log)):
            found[:0] = chronicle.changes(chronicle.lines([path]))
            if len(found) >= count:
                break
    if not found:
        _say("no limit has changed yet")
    for when, reason in found[-count:]:
        if as_json:
            _say(json.dumps({"utc": when, **reason}))
        else:
            _say(f"{when or 'at an unknown time':<26} {reason.get('charger')}: {reason.get('sentence')}")
    return 0


def _replay(log: Sequence[Path]) -> int:
    from ampguard.balancing.why import replayed  # noqa: PLC0415 - the core is needed only here

    with _readable():
        is_folder = not log or log[0].is_dir()
        files = chronicle.last_life(log[0] if log else _own()) if is_folder else _files(log)
        told = _Told(chronicle.lines(files))
        count = 0
        differing: list[Replayed] = []
        for one in replayed(told):
            count += 1
            if not one.is_same:
                differing.append(one)
    is_cut = bool(differing) and not differing[-1].logged and told.ends_with_an_observation
    if is_cut:  # the end of the file was lost with the power: what was decided then is not there to compare
        differing.pop()
        count -= 1
    for one in differing[:MOST_SHOWN]:
        _say(f"in the log: {json.dumps(one.logged)}\nnow:        {json.dumps(one.now)}")
    if not count:
        raise SetupError("wanted a why-log with a decision in it, met none")
    _say(f"{count} decisions, {len(differing)} of them come out differently")
    if told.lost:
        _say(f"behind them {told.lost} lines are missing, which the medium did not take: what follows is not played")
    return int(bool(differing))


class _Told:
    """The lines of a whole life, as far as it can be played. Raises SetupError for one without its beginning."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.lost = 0
        """So many are missing behind them."""
        self.ends_with_an_observation = False

    def __iter__(self) -> Iterator[str]:
        has_begun = False
        for line in self._lines:
            if line.startswith('{"lost":'):
                self.lost = int(json.loads(line)["lost"])
                return
            has_begun = has_begun or line.startswith('{"group":')
            if not has_begun and not line.startswith('{"clock":'):
                raise SetupError("wanted a why-log from its first line on, met one whose beginning is gone")
            self.ends_with_an_observation = line.startswith('{"t":')
            yield line


@contextlib.contextmanager
def _readable() -> Generator[None]:
    """A file that cannot be read is answered with a sentence."""
    try:
        yield
    except OSError as why:
        raise SetupError(f"{why.filename or 'the why-log'}: cannot be read: {why.strerror or why}") from why


def _files(log: Sequence[Path]) -> list[Path]:
    """Files as they are, or all that are in a folder. Raises SetupError."""
    if log and not log[0].is_dir():
        if missing := next((one for one in log if not one.is_file()), None):
            raise SetupError(f"{missing}: wanted a why-log, met no such file")
        return list(log)
    return [path for _, _, path in chronicle.parts(log[0] if log else _own())]


def _own() -> Path:
    return Places.from_environment().balancing / "why"


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < _DIGITS or int(text) < 1:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 1 on, met {text}")
    return int(text)


# What a charger answers


def _test(charger: str, *, as_json: bool) -> int:
    from ampguard.clock import SystemClock  # noqa: PLC0415 - only to test something
    from ampguard.services.balancer.stimulus import ChargerTest  # noqa: PLC0415 - likewise: numpy

    begun_s = time.monotonic()

    def say(note: Phrase) -> None:
        at_s = time.monotonic() - begun_s
        _say(json.dumps({"at_s": round(at_s, 1), "note": str(note)}) if as_json else f"{at_s:5.0f} s  {note}")
        sys.stdout.flush()

    places = Places.from_environment()
    test = ChargerTest(places, charger, say)
    is_stopped = False
    try:
        asyncio.run(test.run())
    except KeyboardInterrupt:
        is_stopped = True
    found = test.result
    _say(json.dumps(found.told()) if as_json else "\n".join(str(one) for one in found.sentences))
    try:
        test.keep(SystemClock().stamp(time.monotonic_ns()).utc)
    except OSError as why:
        sys.stderr.write(f"ampguard: {places.balancing}: nobody will know of this: {why.strerror or why}\n")
    return EXIT_STOPPED if is_stopped else EXIT_CODES[found.is_right]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")

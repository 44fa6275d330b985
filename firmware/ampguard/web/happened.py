"""What happened to the unit, out of its journal: a sentence for each event, in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.catalogue import marked
from ampguard.events import ClockMove, GapReason, Turn, UpdateEnd, What
from ampguard.journal.reader import JournalReader
from ampguard.readings import EventKind
from ampguard.web.pages.labels import name_of
from ampguard.wiring import wording
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ampguard.catalogue import Words
    from ampguard.readings import Json

    Body: TypeAlias = Mapping[str, Json]

MOST = 500
"""Of the newest."""
MINUTES_FROM_S = 120.0
_HOUR_MINUTES, _DAY_HOURS = 60, 24
_GAPS: Mapping[str, str] = MappingProxyType({
    GapReason.POWER_OFF: marked("the unit had no power"),
    GapReason.SHUT_DOWN: marked("the unit was switched off or restarted"),
    GapReason.RESTART: marked("the meter ended by itself and was started again"),
    GapReason.STOPPED: marked("the meter was stopped and started again"),
    GapReason.JOURNAL_DAMAGED: marked("the storage card damaged the journal"),
    GapReason.STORAGE_FULL: marked("nothing could be written to the storage card"),
    GapReason.SAMPLES_LOST: marked("samples of the metering IC did not come, or came too late"),
    GapReason.EXPIRED: marked("they were deleted for their age before anybody had taken them"),
    GapReason.REFUSED: marked("the cloud could not store them"),
    GapReason.UNKNOWN: marked("it is not known why"),
})  # fmt: skip
_VOLTAGES: Mapping[str, str] = MappingProxyType({
    EventKind.DIP: marked("The voltage dipped for {duration}: down to {volts}."),
    EventKind.SWELL: marked("The voltage was too high for {duration}: up to {volts}."),
    EventKind.INTERRUPTION: marked("The voltage was gone for {duration}."),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happened:
    """One event for a reader."""

    utc: str | None
    """ISO 8601; None where no clock was ever set."""
    kind: str
    """As a word of `What`."""
    sentence: str


def happened(journal: Path, most: int, words: Words) -> list[Happened]:
    """The newest first, at most `most` of the last MOST events. Blocks. Raises JournalFault.

    Lost samples that nothing else came between are one line: a machine that is too busy loses some each second.
    """
    notes = JournalReader(journal).newest_notes(MOST, "event")
    bodies = [one.body for one in reversed(notes) if one.body is not None]
    found: list[Happened] = []
    for are_lost, together in groupby(bodies, _lost_samples):
        run = list(together)
        if are_lost and len(run) > 1:
            found.append(_lost_again(run, words))
        else:
            found += [_told(body, words) for body in run]
        if len(found) >= most:
            break
    return found[:most]


def _lost_samples(body: Body) -> bool:
    return body.get("kind") == What.GAP and _table(body.get("event")).get("reason") == GapReason.SAMPLES_LOST


def _lost_again(run: Sequence[Body], words: Words) -> Happened:
    """Dated as the newest."""
    lost_s = sum(_number(_table(body.get("event")).get("duration_s")) or 0.0 for body in run)
    why = words.say(_GAPS[GapReason.SAMPLES_LOST])
    facts = {"count": len(run), "duration": _lasted(words, lost_s), "why": why}
    sentence = words.say(
        "Readings of {duration} in all are missing, {count} times one after the other: {why}.", **facts
    )
    return replace(_told(run[0], words), sentence=sentence)


def _told(body: Body, words: Words) -> Happened:
    kind, utc = _text(body.get("kind")), body.get("start_utc")
    say = _SENTENCES.get(kind)
    sentence = kind if say is None else say(words, _table(body.get("event")))
    return Happened(utc if isinstance(utc, str) else None, kind, sentence)


def _start(words: Words, event: Body) -> str:
    return words.say("Measuring began, version {version}.", version=_text(event.get("version")))


def _voltage(words: Words, event: Body) -> str:
    kind = _text(event.get("kind"))
    values_v = [one for one in _table(event.get("extreme_v")).values() if isinstance(one, int | float)]
    worst_v = None if not values_v else max(values_v) if kind == EventKind.SWELL else min(values_v)
    facts = {"duration": _lasting(words, event), "volts": words.number(worst_v, 1, "V")}
    return words.say(_VOLTAGES[kind], **facts) if kind in _VOLTAGES else kind


def _gap(words: Words, event: Body) -> str:
    reason = _text(event.get("reason"))
    if reason == GapReason.NEW_JOURNAL:
        return words.say("First start of this unit, or a reset: there are no earlier readings.")
    why = words.say(_GAPS.get(reason, _GAPS[GapReason.UNKNOWN]))
    if event.get("duration_s") is None:
        return words.say("Readings are missing: {why}.", why=why)
    return words.say("Readings of {duration} are missing: {why}.", duration=_lasting(words, event), why=why)


def _clock(words: Words, event: Body) -> str:
    step_s = _number(event.get("step_s")) or 0.0
    if event.get("move") == ClockMove.SET:
        return words.say("The clock was set.")
    by = _lasted(words, abs(step_s))
    if step_s > 0.0:
        return words.say("The clock jumped forward by {duration}.", duration=by)
    return words.say("The clock jumped back by {duration}.", duration=by)


def _wiring(words: Words, event: Body) -> str:
    voltage, current = _text(event.get("voltage")), _text(event.get("current"))
    if not {voltage, current} <= {one.value for one in Condition}:
        return What.WIRING.value
    return f"{wording.voltages(words, voltage)} {wording.clamps(words, current)}"


def _phase_loss(words: Words, event: Body) -> str:
    phase = _text(event.get("phase"))
    if event.get("turn") == Turn.BEGUN:
        return words.say("{phase} carries no voltage.", phase=phase)
    return words.say("{phase} carries voltage again, after {duration}.", phase=phase, duration=_lasting(words, event))


def _neutral_fault(words: Words, event: Body) -> str:
    if event.get("turn") == Turn.ENDED:
        return words.say("The neutral is whole again, after {duration}.", duration=_lasting(words, event))
    if event.get("neutral_ohm") is not None:
        return words.say("The neutral seems to be loose: have an electrician look at it soon.")
    return words.say("The neutral is broken or loose: switch the main switch off and call an electrician.")


def _wrong_voltage(words: Words, event: Body) -> str:
    if event.get("turn") == Turn.ENDED:
        return words.say("The voltages are right again, after {duration}.", duration=_lasting(words, event))
    if event.get("nominal_v") is None:
        return words.say("No usual grid has such voltages.")
    return words.say("The voltages are not those of the grid that is set.")


def _overload(words: Words, event: Body) -> str:
    facts = {
        "phase": _text(event.get("phase")),
        "rated": words.number(_number(event.get("rated_a")), 0, "A"),
        "highest": words.number(_number(event.get("highest_a")), 1, "A"),
    }
    if event.get("turn") == Turn.BEGUN:
        return words.say("{phase} carries more than the main fuse is for: {highest} of {rated}.", **facts)
    return words.say("{phase} carries what the main fuse is for again; the highest was {highest} of {rated}.", **facts)


def _configuration(words: Words, event: Body) -> str:
    changes = event.get("changes")
    keys = [_text(_table(one).get("name")) for one in changes] if isinstance(changes, list) else []
    names = [name_of(words.say, key) for key in keys]
    return words.say("Settings were changed: {names}.", names=", ".join(names))


def _assignment(words: Words, _event: Body) -> str:
    return words.say("Which phase each input measures was set otherwise.")


def _update(words: Words, event: Body) -> str:
    facts = {name: _text(event.get(name)) for name in ("version", "former")}
    if event.get("end") == UpdateEnd.KEPT:
        return words.say("The software was updated from {former} to {version}.", **facts)
    if event.get("end") == UpdateEnd.REFUSED:
        if event.get("from_stick") is True:
            return words.say("The update on the USB stick was not installed; {former} runs on.", **facts)
        return words.say("An update was not installed; {former} runs on.", **facts)
    return words.say("The software {version} was tried and not kept; {former} runs again.", **facts)


_SENTENCES: Mapping[str, Callable[[Words, Body], str]] = MappingProxyType({
    What.START: _start,
    What.VOLTAGE: _voltage,
    What.GAP: _gap,
    What.CLOCK: _clock,
    What.WIRING: _wiring,
    What.PHASE_LOSS: _phase_loss,
    What.NEUTRAL_FAULT: _neutral_fault,
    What.WRONG_VOLTAGE: _wrong_voltage,
    What.OVERLOAD: _overload,
    What.CONFIGURATION: _configuration,
    What.ASSIGNMENT: _assignment,
    What.UPDATE: _update,
})  # fmt: skip


def _lasting(words: Words, event: Body) -> str:
    return _lasted(words, _number(event.get("duration_s")))


def _lasted(words: Words, duration_s: float | None) -> str:
    if duration_s is None or duration_s < MINUTES_FROM_S:
        return words.number(duration_s, 2 if duration_s is not None and duration_s < 1.0 else 1, "s")
    minutes = round(duration_s / 60.0)
    if minutes < _HOUR_MINUTES:
        return words.number(minutes, 0, "min")
    hours = round(minutes / _HOUR_MINUTES)
    if hours < _DAY_HOURS:
        hours, minutes = divmod(minutes, _HOUR_MINUTES)
        return words.say("{hours} h {minutes} min", hours=hours, minutes=minutes)
    days, hours = divmod(hours, _DAY_HOURS)
    return words.say("{days} d {hours} h", days=days, hours=hours)


def _number(value: Json) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _table(value: Json) -> Body:
    return cast("Body", value) if isinstance(value, dict) else {}

"""What happened: each kind of event is a sentence in the reader's language, on the first page and on one of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from html import unescape
from pathlib import Path
from typing import get_args

import pytest
from tests.ampguard.web.unit import Unit, unit_at

from ampguard.catalogue import Words
from ampguard.clock import ClockQuality
from ampguard.events import (
    KINDS,
    AssignmentChange,
    ClockChange,
    ClockMove,
    Configuration,
    Event,
    Gap,
    GapReason,
    Inputs,
    NeutralFault,
    Occurrence,
    Overload,
    PhaseLoss,
    SettingChange,
    Start,
    Turn,
    Update,
    UpdateEnd,
    WiringChange,
    WrongVoltage,
)
from ampguard.journal.writer import JournalWriter
from ampguard.phases import LinePairs, Phase, Phases
from ampguard.readings import EventKind, VoltageEvent, as_json
from ampguard.web.happened import Happened, happened

VOLTS = Phases(1.0, 231.0, 229.0)
LINES = LinePairs(231.0, 400.0, 229.0)
INPUTS = Inputs(clamps=Phases("L1", "L2", "L3"), voltages=Phases("L1", "L2", "L3"))


def clock(move: ClockMove, step_s: float) -> ClockChange:
    return ClockChange(move=move, step_s=step_s, utc="2026-11-22T10:00:00+00:00", monotonic_ns=1, kernel_boot=None)


def gap(reason: GapReason, duration_s: float | None = None) -> Gap:
    return Gap(reason=reason, after=None, before=None, duration_s=duration_s)


def loss(turn: Turn, duration_s: float | None) -> PhaseLoss:
    return PhaseLoss(phase=Phase.L1, turn=turn, voltage_rms_v=VOLTS, line_voltage_rms_v=LINES, duration_s=duration_s)


def neutral(turn: Turn, ohm: float | None, duration_s: float | None = None) -> NeutralFault:
    return NeutralFault(
        turn=turn, shift_v=40.0, neutral_ohm=ohm, voltage_rms_v=VOLTS, line_voltage_rms_v=LINES,
        current_rms_a=VOLTS, up=(Phase.L1,), down=(), duration_s=duration_s,
    )  # fmt: skip


def wrong_voltage(turn: Turn, nominal_v: float | None, duration_s: float | None = None) -> WrongVoltage:
    return WrongVoltage(
        turn=turn, nominal_v=nominal_v, voltage_rms_v=VOLTS, line_voltage_rms_v=LINES, duration_s=duration_s
    )


def dip(kind: EventKind, extreme_v: Phases[float | None]) -> VoltageEvent:
    return VoltageEvent(kind=kind, start_s=1.0, duration_s=0.3, extreme_v=extreme_v, reference_v=230.0)


def overload(turn: Turn, duration_s: float | None) -> Overload:
    return Overload(phase=Phase.L2, turn=turn, highest_a=41.26, rated_a=35.0, duration_s=duration_s)


LOST = "samples of the metering IC did not come, or came too late."
SAID: tuple[tuple[Event, str], ...] = (
    (Start(version="1.2.3", kernel_boot=None), "Measuring began, version 1.2.3."),
    (dip(EventKind.DIP, Phases(180.0, 120.4, None)), "The voltage dipped for 0.30 s: down to 120.4 V."),
    (dip(EventKind.SWELL, Phases(260.0, 255.0, None)), "The voltage was too high for 0.30 s: up to 260.0 V."),
    (dip(EventKind.INTERRUPTION, Phases(2.0, 1.0, 3.0)), "The voltage was gone for 0.30 s."),
    (gap(GapReason.NEW_JOURNAL), "First start of this unit, or a reset: there are no earlier readings."),
    (gap(GapReason.POWER_OFF), "Readings are missing: the unit had no power."),
    (gap(GapReason.SAMPLES_LOST, 0.041), f"Readings of 0.04 s are missing: {LOST}"),
    (gap(GapReason.REFUSED, 600.0), "Readings of 10 min are missing: the cloud could not store them."),
    (clock(ClockMove.SET, 1e9), "The clock was set."),
    (clock(ClockMove.STEPPED, 3.0), "The clock jumped forward by 3.0 s."),
    (gap(GapReason.POWER_OFF, 259200.0), "Readings of 3 d 0 h are missing: the unit had no power."),
    (gap(GapReason.POWER_OFF, 86390.0), "Readings of 1 d 0 h are missing: the unit had no power."),
    (gap(GapReason.POWER_OFF, 3590.0), "Readings of 1 h 0 min are missing: the unit had no power."),
    (clock(ClockMove.STEPPED, -7500.0), "The clock jumped back by 2 h 5 min."),
    (
        WiringChange(voltage="right", current="right", sentence="all is right"),
        "The voltages are connected in the right order. Every CT clamp sits on its own phase, the right way round.",
    ),
    (loss(Turn.BEGUN, None), "L1 carries no voltage."),
    (loss(Turn.ENDED, 12.0), "L1 carries voltage again, after 12.0 s."),
    (neutral(Turn.BEGUN, None), "The neutral is broken or loose: switch the main switch off and call an electrician."),
    (neutral(Turn.BEGUN, 0.8), "The neutral seems to be loose: have an electrician look at it soon."),
    (neutral(Turn.ENDED, None, 5.0), "The neutral is whole again, after 5.0 s."),
    (wrong_voltage(Turn.BEGUN, 230.0), "The voltages are not those of the grid that is set."),
    (wrong_voltage(Turn.BEGUN, None), "No usual grid has such voltages."),
    (wrong_voltage(Turn.ENDED, None, 5.0), "The voltages are right again, after 5.0 s."),
    (overload(Turn.BEGUN, None), "L2 carries more than the main fuse is for: 41.3 A of 35 A."),
    (overload(Turn.ENDED, 9.0), "L2 carries what the main fuse is for again; the highest was 41.3 A of 35 A."),
    (
        Configuration(
            changes=tuple(
                SettingChange(name=name, before="1", after="2")
                for name in ("main_fuse_a", "mqtt.port", "wiring.clamps.l2", "of_another_version")
            )
        ),
        "Settings were changed: Main fuse, Owner's broker: Port, L2: Which phase this clamp is on, of_another_version.",
    ),
    (
        AssignmentChange(before=None, after=INPUTS, sentence=None, confidence_ratio=None),
        "Which phase each input measures was set otherwise.",
    ),
    (
        Update(end=UpdateEnd.KEPT, version="2", former="1", from_stick=False, reason=None),
        "The software was updated from 1 to 2.",
    ),
    (
        Update(end=UpdateEnd.RETURNED, version="2", former="1", from_stick=False, reason="x"),
        "The software 2 was tried and not kept; 1 runs again.",
    ),
    (
        Update(end=UpdateEnd.REFUSED, version=None, former="1", from_stick=False, reason="x"),
        "An update was not installed; 1 runs on.",
    ),
    (
        Update(end=UpdateEnd.REFUSED, version="0", former="1", from_stick=True, reason="x"),
        "The update on the USB stick was not installed; 1 runs on.",
    ),
)  # fmt: skip


def plain(text: str) -> str:
    """Blanks that break no line are blanks."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def keep(path: Path, events: tuple[Event, ...]) -> None:
    writer = JournalWriter(path)
    for number, event in enumerate(events, 1):
        occurrence = Occurrence(
            boot="boot",
            sequence=number,
            kind=KINDS[type(event)],
            start_utc=None if number == 1 else f"2026-11-22T10:00:{number:02d}.000+00:00",
            start_monotonic_ns=number,
            clock_quality=ClockQuality.SYNCHRONISED,
            event=event,
        )
        writer.note("boot", "event", as_json(occurrence))
    writer.close()


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        keep(made.places.journal, tuple(event for event, _ in SAID))
        yield made


def test_each_kind_of_event_is_a_sentence(unit: Unit) -> None:
    found = happened(unit.places.journal, 100, Words("en", "web"))
    assert [plain(one.sentence) for one in reversed(found)] == [sentence for _, sentence in SAID]
    assert {type(event) for event, _ in SAID} == set(get_args(Event))


def test_whatever_the_journal_says_is_told(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "journal.sqlite")
    for kind in [one.value for one in KINDS.values()] + ["", "later", "{x}"]:
        writer.note("boot", "event", {"kind": kind, "start_utc": 3, "event": [kind]})
        writer.note(
            "boot", "event", {"kind": kind, "event": {"kind": "{x}", "reason": "{x}", "turn": 1, "changes": [1]}}
        )
    writer.close()
    found = happened(tmp_path / "journal.sqlite", 100, Words("en", "web"))
    assert len(found) == 30
    assert {one.utc for one in found} == {None}
    assert {one.sentence for one in found if one.kind in {"later", "{x}"}} == {"later", "{x}"}


def test_samples_that_are_lost_again_and_again_hide_nothing_else(tmp_path: Path) -> None:
    events: list[Event] = [overload(Turn.BEGUN, None)]
    events += [gap(GapReason.SAMPLES_LOST, 0.5)] * 40 + [gap(GapReason.POWER_OFF, 5.0)] * 2
    events += [gap(GapReason.SAMPLES_LOST, 0.25)]
    keep(tmp_path / "journal.sqlite", tuple(events))
    found = happened(tmp_path / "journal.sqlite", 10, Words("en", "web"))
    assert [plain(one.sentence) for one in found] == [
        f"Readings of 0.25 s are missing: {LOST}",
        "Readings of 5.0 s are missing: the unit had no power.",
        "Readings of 5.0 s are missing: the unit had no power.",
        f"Readings of 20.0 s in all are missing, 40 times one after the other: {LOST}",
        "L2 carries more than the main fuse is for: 41.3 A of 35 A.",
    ]
    assert found[3].utc == "2026-11-22T10:00:41.000+00:00"
    assert len(happened(tmp_path / "journal.sqlite", 2, Words("en", "web"))) == 2


def test_programs_are_told_the_newest_first_and_as_many_as_they_want(unit: Unit) -> None:
    told = unit.owner.get("/api/v1/events?most=2").json()
    assert told == [
        {"utc": "2026-11-22T10:00:31.000+00:00", "kind": "update", "sentence": SAID[-1][1]},
        {"utc": "2026-11-22T10:00:30.000+00:00", "kind": "update", "sentence": SAID[-2][1]},
    ]
    assert unit.owner.get("/api/v1/events?most=100").json()[-1]["utc"] is None
    assert unit.owner.get("/api/v1/events?most=0").status_code == 422


def test_the_first_page_shows_the_last_ten_and_leads_to_all(unit: Unit) -> None:
    first, everything = (plain(unescape(unit.owner.get(path).text)) for path in ("/", "/events"))
    assert sum(f"</time> {sentence}</li>" in first for _, sentence in SAID) == 10
    assert 'href="/events"' in first
    assert sum(f"</time> {sentence}</li>" in everything for _, sentence in SAID) == len(SAID)
    assert "clock not set" in everything


def test_without_a_journal_the_pages_are_there_and_programs_are_told(tmp_path: Path) -> None:
    with unit_at(tmp_path) as unit:
        for path in ("/", "/events"):
            assert "None yet." in unit.owner.get(path).text
        assert unit.owner.get("/api/v1/events").json()["id"] == "no-journal"


def test_names_of_settings_are_said_in_the_reader_s_language(unit: Unit) -> None:
    told = [
        one.sentence for one in happened(unit.places.journal, 100, Words("de", "web")) if one.kind == "configuration"
    ]
    assert "Hauptsicherung" in told[0]
    assert "main_fuse_a" not in told[0]


def test_for_a_stranger_the_journal_is_not_read(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> list[Happened]:
        raise AssertionError("somebody reads the journal")

    monkeypatch.setattr("ampguard.web.pages.events.happened", read)
    for path in ("/events", "/"):
        assert unit.stranger.get(path).headers["location"] == "/sign-in"


def test_a_page_takes_turns_with_programs_and_asks_again_where_too_many_read(unit: Unit) -> None:
    async def crowded() -> tuple[str, str]:
        turns = unit.parts.event_turns
        async with AsyncExitStack() as all_places:
            await all_places.enter_async_context(turns.one())
            waiting = [asyncio.create_task(all_places.enter_async_context(turns.one())) for _ in range(6)]
            await asyncio.sleep(0)
            page = (await unit.owner.client.get("/events")).text
            told = (await unit.owner.client.get("/api/v1/events")).json()["id"]
            for one in waiting:
                one.cancel()
            await asyncio.wait(waiting)
        return page, told

    page, told = unit.run(crowded())
    assert told == "busy"
    assert " data-late" in page
    assert '<p id="no-events" hidden>' in page
    assert " data-late" not in unit.owner.get("/events").text

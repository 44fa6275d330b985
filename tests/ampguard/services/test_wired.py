"""The meter's part in the wiring: what is news, and what only wavers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from tests.ampguard.journal.made import measurement
from tests.ampguard.services.installed import LOG, stamp

from ampguard.catalogue import Words
from ampguard.chronicle.neutral import in_words
from ampguard.events import NeutralFault, Turn
from ampguard.live.publisher import Publisher
from ampguard.phases import LinePairs, Phase, PhaseOrder, Phases
from ampguard.phrase import as_heard, as_told
from ampguard.services.recollection import Recollection
from ampguard.services.rewiring import Rewiring
from ampguard.services.wired import Wired
from ampguard.settings.assignment import Assignment, Clamp
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.wiring.reasons import reasons
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.readings import Json, Measurement


class Feed(Publisher):
    """Remembers the last of each kind."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.last: dict[str, Mapping[str, Json] | None] = {}

    def publish(self, kind: str, body: object) -> None:
        self.last[kind] = body  # type: ignore[assignment]  # what the meter tells is JSON


def test_an_angle_that_wavers_by_a_degree_is_no_news(tmp_path: Path) -> None:
    places = Places(data=tmp_path, run=tmp_path, board=None)
    settings = load(places.settings)
    feed = Publisher(places.live_feed)
    try:
        rewiring = Rewiring(places, settings.assignment, "boot", LOG)
        under_test = Wired(settings, 63.0, Recollection(places.wiring, LOG), rewiring, feed)
        crooked = measurement(
            frequency_hz=50.0,
            voltage_rms_v=Phases.all_of(230.0),
            voltage_angle_deg=Phases(0.0, -160.4, 120.0),
            voltage_order=PhaseOrder.L1_L2_L3,
            current_fundamental_rms_a=Phases.all_of(0.0),
        )
        wavering = replace(crooked, voltage_angle_deg=Phases(0.0, -160.6, 120.0))
        first = under_test.observe(crooked, None)
        for _ in range(30):  # until nothing is connected, as far as the clamps tell
            under_test.observe(crooked, None)
        assert first is not None
        assert first.voltage is Condition.WRONG
        assert under_test.news() is not None
        for one in (wavering, crooked, wavering):
            assert under_test.observe(one, None) is None
            assert under_test.news() is None
        mirrored = replace(crooked, voltage_angle_deg=Phases(0.0, 120.0, -120.0), voltage_order=PhaseOrder.L3_L2_L1)
        assert under_test.observe(mirrored, None) is not None
        assert under_test.news() is not None
    finally:
        feed.close()


FLOWING = measurement(
    frequency_hz=50.0,
    voltage_rms_v=Phases.all_of(230.0),
    voltage_angle_deg=Phases(0.0, -120.0, 120.0),
    voltage_order=PhaseOrder.L1_L2_L3,
    current_fundamental_rms_a=Phases(12.0, 9.0, 7.0),
    current_angle_deg=Phases(4.0, 6.0, 8.0),
)
BROKEN = NeutralFault(
    turn=Turn.BEGUN,
    shift_v=60.0,
    neutral_ohm=None,
    voltage_rms_v=Phases(170.4, 261.0, 270.2),
    line_voltage_rms_v=LinePairs(400.0, 400.0, 400.0),
    current_rms_a=Phases(1.0, 1.0, 1.0),
    up=(),
    down=(),
    duration_s=None,
)


def test_why_a_verdict_begins_anew_is_told_until_there_is_one(tmp_path: Path) -> None:
    places = Places(data=tmp_path, run=tmp_path, board=None)
    feed = Feed(places.live_feed)
    settings = load(places.settings)
    try:
        rewiring = Rewiring(places, settings.assignment, "boot", LOG)
        under_test = Wired(settings, 63.0, Recollection(places.wiring, LOG), rewiring, feed)

        def told(windows: int, one: Measurement = FLOWING) -> tuple[object, object, str]:
            for _ in range(windows):
                under_test.observe(one, None)
            under_test.follow(stamp(1))
            body = feed.last["wiring"]
            assert body is not None
            return body["verdict"], body["looking_again"], str(body["sentence"])

        assert told(5)[:2] == ("undecided", None)  # nothing was changed
        assert told(60)[:2] == ("right", None)
        settings = replace(settings, generation_on_site=False)
        under_test.take_up(settings, stamp(2))
        verdict, again, sentence = told(5)
        assert (verdict, again) == ("undecided", "settings")
        assert sentence.startswith("undecided: looking again since the settings were changed; ")
        assert told(60)[:2] == ("right", None)
        under_test.take_up(replace(settings, main_fuse_a=35.0), stamp(3))
        assert told(1)[:2] == ("right", None)  # what says nothing of the wiring begins nothing anew
        turned = Assignment(Phases(Clamp(Phase.L1, reversed=True), Clamp(Phase.L2), Clamp(Phase.L3)))
        under_test.take_up(replace(settings, wiring=turned), stamp(4))
        assert told(5)[:2] == ("undecided", "assignment")
        assert told(60)[:2] == ("right", None)
        idle = replace(FLOWING, current_fundamental_rms_a=Phases.all_of(0.0))
        assert told(60, idle)[1] is None
    finally:
        feed.close()


def test_a_fault_of_the_supply_is_told_in_parts_so_that_each_language_can_say_it(tmp_path: Path) -> None:
    places = Places(data=tmp_path, run=tmp_path, board=None)
    feed = Feed(places.live_feed)
    settings = load(places.settings)
    try:
        rewiring = Rewiring(places, settings.assignment, "boot", LOG)
        under_test = Wired(settings, 63.0, Recollection(places.wiring, LOG), rewiring, feed)
        alarm = in_words(BROKEN)
        assert "L1 170 V, L2 261 V, L3 270 V" in alarm
        for said in (alarm, None):
            under_test.observe(FLOWING, said)
            at_once = feed.last["wiring"]
            assert at_once is not None
            assert as_heard(at_once["alarm"]) == said
            under_test.follow(stamp(1))
            wiring, condition = feed.last["wiring"], feed.last["condition"]
            assert wiring is not None
            assert condition is not None
            heard = as_heard(wiring["alarm"])
            assert heard == said
        assert set(condition) == {"voltage", "current", "sentence", "decides_with_a"}  # it goes over the wire as it is
        told_alarm = cast("Json", as_told(alarm))
        danish = reasons(Words("da", "web"), {"alarm": told_alarm})
        assert "170 V" in danish[0]
        assert danish[0].lower() != alarm.lower()
    finally:
        feed.close()

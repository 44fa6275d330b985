"""The stimulus test over HTTP: one at a time, told as it goes on, and kept; whoever looks on sees the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.web.charger_test_made import Bench
from tests.ampguard.web.unit import Unit, refusal, unit_at

from ampguard.errors import SetupError
from ampguard.phrase import Phrase, phrase
from ampguard.services.wiring_check_feed import live
from ampguard.web.access.tokens import Scope

URL = "/api/v1/balancing/test"
GROUP = """\
active = true
device = "gG"
max_offline_a = 20.0
[[chargers]]
id = "1M"
phases = ["L1", "L2", "L3"]
max_a = 16.0
offline_a = 6.0
"""


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        made.places.settings.write_text("main_fuse_a = 25.0\nnominal_voltage_v = 230.0\n")
        yield made


@pytest.fixture
def bench(unit: Unit) -> Bench:
    """Tests that are made up."""
    found = Bench()
    made = found.tests(unit.parts.hub)
    for name in ("_begin", "_known", "_utc"):
        setattr(unit.parts.balancing.tests, name, getattr(made, name))
    return found


def state(unit: Unit) -> dict[str, Any]:
    told: dict[str, Any] = unit.owner.get(URL).json()
    return told


def begin(unit: Unit, charger: str = "1M") -> Any:
    return unit.owner.post(URL, json={"charger": charger})


def test_there_is_none_yet(unit: Unit) -> None:
    assert state(unit) == {
        "runs": False, "charger": None, "stage": "none", "notes": [], "fault": None, "found": None, "kept": {},
    }  # fmt: skip


def test_it_is_begun_told_as_it_goes_on_and_kept_at_its_end(unit: Unit, bench: Bench) -> None:
    assert begin(unit).status_code == 201
    one = bench.begun[0]
    one.say(phrase("seen; down to {amperes} A again", amperes="6"))
    one.stage = "down"
    told = state(unit)
    assert (told["runs"], told["charger"], told["stage"], told["found"]) == (True, "1M", "down", None)
    assert told["notes"][0]["sentence"] == "seen; down to 6 A again"
    before = unit.parts.hub.latest("charger-test")
    one.ends.set()
    unit.wait(0.05)
    told = state(unit)
    assert (told["runs"], told["stage"], told["fault"]) == (False, "done", None)
    assert told["found"]["sentences"] == ["protected with 3.1 s to spare"]
    assert told["kept"]["1M"]["protected"] is True
    assert told["kept"]["1M"]["utc"] == "2026-11-22T10:00:00+00:00"
    assert "2M" not in told["kept"], "what another version has kept is passed over"
    assert unit.parts.hub.latest("charger-test") != before, "pages that look on are told"


def test_one_at_a_time(unit: Unit, bench: Bench) -> None:
    begin(unit)
    assert refusal(begin(unit)) == (409, "busy")
    assert len(bench.begun) == 1
    told = unit.owner.ask("DELETE", URL).json()
    assert (told["runs"], told["found"]["rounds"]) == (False, 2)
    assert len(bench.begun[0].kept) == 1, "what is known by now is kept"
    assert begin(unit).status_code == 201


def test_what_ends_it_early_is_told(unit: Unit, bench: Bench) -> None:
    begin(unit)
    bench.begun[0].fault = SetupError(phrase("wanted a balancer that runs and has this charger in its group, met none"))
    bench.begun[0].ends.set()
    unit.wait(0.05)
    assert state(unit)["fault"].startswith("wanted a balancer that runs")
    begin(unit)
    assert state(unit)["fault"] is None


def test_where_the_meter_is_lost_the_sentence_is_in_the_reader_s_language_and_names_no_file(
    unit: Unit, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ampguard.services.wiring_check_feed.SILENT_S", 0.1)

    async def lost() -> None:
        async for _ in live(unit.places.live_feed):
            pass

    with pytest.raises(SetupError, match="does ampguard-meter run") as met:
        unit.run(lost())
    begin(unit)
    bench.begun[0].fault = met.value
    bench.begun[0].ends.set()
    unit.wait(0.05)
    fault = unit.parts.balancing.tests.fault
    assert isinstance(fault, Phrase)
    assert state(unit)["fault"] == "wanted a meter that tells its measurements, met none: does ampguard-meter run?"
    begin(unit)
    bench.begun[1].fault = SetupError("/run/ampguard/live.sock: wanted a meter, met none")
    bench.begun[1].ends.set()
    unit.wait(0.05)
    assert state(unit)["fault"] == "wanted a meter, met none"


def test_what_cannot_be_kept_is_told(unit: Unit, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(unit)

    def full(_: str | None) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bench.begun[0], "keep", full)
    unit.owner.ask("DELETE", URL)
    assert state(unit)["fault"] == "the result of this test could not be kept: No space left on device"


def test_a_charger_that_cannot_be_tested_is_refused_with_the_reason(unit: Unit, bench: Bench) -> None:
    answer = begin(unit, "9M")
    assert refusal(answer) == (422, "unfit")
    assert "met 9M" in answer.json()["sentence"]
    assert not state(unit)["runs"]
    assert refusal(unit.owner.post(URL, json={})) == (422, "malformed")
    assert bench.begun == []


def test_who_may_only_read_begins_none(unit: Unit) -> None:
    reader = unit.with_token(Scope.READ)
    assert reader.get(URL).status_code == 200
    assert reader.post(URL, json={"charger": "1M"}).status_code == 403
    assert reader.ask("DELETE", URL).status_code == 403


def test_a_whole_one_asks_the_balancer_and_ends_where_there_is_none(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ampguard.services.balancer.stimulus.SILENT_S", 0.5)
    unit.places.group.write_text(GROUP)
    assert begin(unit).status_code == 201
    assert unit.places.stimulus_wish.exists() or state(unit)["runs"]

    async def over() -> None:
        while unit.parts.balancing.tests.runs:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.02)

    unit.run(over())
    told = state(unit)
    assert told["fault"] == "wanted a balancer that runs and has this charger in its group, met none"
    assert told["found"]["rounds"] == 0
    assert told["kept"] == {}
    assert not unit.places.stimulus_wish.exists()

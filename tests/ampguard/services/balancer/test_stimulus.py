"""The stimulus test beside a balancer that works: what it asks is given, what cannot be is said, results stay."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from pathlib import Path

import pytest
from tests.ampguard.balancing.made import car
from tests.ampguard.balancing.stimulus_made import Setting, World
from tests.ampguard.services.balancer.made import file
from tests.ampguard.services.balancer.works import SETTINGS, charging, run, works

from ampguard.errors import SetupError
from ampguard.services.balancer import stimulus, wish
from ampguard.services.balancer.stimulus import ChargerTest
from ampguard.services.balancer.tested import FILE, known
from ampguard.settings.places import Places
from ampguard_hil.ports import free_port

pytestmark = pytest.mark.usefixtures("quick")


def places(folder: Path, text: str, settings: str = SETTINGS) -> Places:
    found = Places(folder, folder, None)
    found.settings.write_text(settings)
    found.group.write_text(text)
    return found


def test_what_is_asked_is_given_and_when_nobody_asks_any_more_all_is_as_before(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with (
            works(tmp_path, file(2, port)) as unit,
            charging(unit, port, "CP1", 16.0),
            charging(unit, port, "CP2", 9.0),
        ):
            await unit.until(lambda: unit.charger(1)["limit_a"] >= 6.0)
            wish.ask(unit.places.stimulus_wish, wish.Wish("CP1", 6.0, None), time.monotonic())
            await unit.until(lambda: ("CP1", "tested") in {(one["charger"], one["rule"]) for one in unit.changes})
            await unit.until(lambda: unit.charger(1)["limit_a"] == 6.0)
            before_s = time.monotonic()
            await unit.until(lambda: unit.charger(1)["limit_a"] > 6.0, 40.0)
            assert time.monotonic() - before_s >= wish.VALID_S - 1.0
            rules = {(one["charger"], one["rule"]) for one in unit.changes}
            assert ("CP2", "tested") not in rules

    run(story)


@pytest.mark.parametrize(
    ("text", "settings", "name", "sentence"),
    [
        ("", SETTINGS, "CP1", "wanted a group that is active"),
        (file(active="false"), SETTINGS, "CP1", "wanted a group that is active"),
        (file(2), SETTINGS, "CP3", "wanted a charger of the group (CP1, CP2), met CP3"),
        (file(each="included = false"), SETTINGS, "CP1", "CP1 is not measured by this unit"),
        (file().replace("max_a = 16.0", "max_a = 8.0"), SETTINGS, "CP1", "CP1 may draw 8 A at most: a step needs 10 A"),
        (
            file().replace('["L1", "L2", "L3"]', '["L1", "L2"]'),
            SETTINGS + 'grid_type = "it"\n',
            "CP1",
            "on a grid with phases and neutral only",
        ),
    ],
)
def test_what_cannot_be_tested_is_answered_with_a_sentence(
    text: str, settings: str, name: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(SetupError) as why:
        ChargerTest(places(tmp_path, text, settings), name, lambda _: None)
    assert sentence in str(why.value)


def test_two_tests_at_once_are_none(tmp_path: Path) -> None:
    at = places(tmp_path, file(2))
    wish.ask(at.stimulus_wish, wish.Wish("CP2", 6.0, None), time.monotonic())
    with pytest.raises(SetupError, match="another charger is being tested"):
        ChargerTest(at, "CP1", lambda _: None)


def test_without_a_balancer_it_ends_with_a_sentence_and_asks_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stimulus, "SILENT_S", 0.5)
    at = places(tmp_path, file())

    async def story() -> None:
        with pytest.raises(SetupError, match="wanted a balancer that runs"):
            await ChargerTest(at, "CP1", lambda _: None).run()

    run(story)
    assert not at.stimulus_wish.exists()


def test_one_that_is_cut_off_leaves_no_wish(tmp_path: Path) -> None:
    at = places(tmp_path, file())

    async def story() -> None:
        task = asyncio.create_task(ChargerTest(at, "CP1", lambda _: None).run())
        while not at.stimulus_wish.exists():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    run(story)
    assert not at.stimulus_wish.exists()


def test_the_last_result_of_each_charger_is_kept_and_one_without_a_round_leaves_it(tmp_path: Path) -> None:
    at = places(tmp_path, file(2))
    first = ChargerTest(at, "CP1", lambda _: None)
    first.test = World(Setting(order=(1, 2, 0), seed=5)).run().test
    first.keep("2026-11-22T12:00:00+00:00")
    second = ChargerTest(at, "CP2", lambda _: None)
    second.test = World(Setting(seed=6), car(phases=1)).run().test
    second.keep(None)
    nothing = ChargerTest(at, "CP1", lambda _: None)
    nothing.keep("2026-11-23T12:00:00+00:00")
    found = json.loads((at.balancing / FILE).read_text())
    assert found["CP1"]["phases"] == ["L2", "L3", "L1"]
    assert found["CP1"]["agrees"] is False
    assert found["CP1"]["utc"] == "2026-11-22T12:00:00+00:00"
    assert found["CP2"]["phases"] == ["L1", None, None]


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_a_file_that_is_damaged_is_begun_anew(content: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(content)
    assert known(tmp_path) == {}

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from tests.ampguard_hil.places.made import MadePlace

from ampguard_hil.places.stages import Limits, PlaceError, Stage, StageFailure, entered
from ampguard_hil.places.targets import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

YAML = """\
imports: [tests.ampguard_hil.places.made]
targets:
  made:
    drivers:
      MadeDriver: {}
      StageStrategy:
        within_s: {FLASHED: 10, BOOTED: 20, PROVISIONED: 15, METERING: 20}
"""
UP = [Stage.FLASHED, Stage.BOOTED, Stage.PROVISIONED, Stage.METERING]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    file = tmp_path / "bench.yaml"
    file.write_text(YAML)
    found = Bench(file, "made")
    yield found
    found.close()


@pytest.fixture
def place(bench: Bench) -> MadePlace:
    return cast("MadePlace", bench.place)


def test_a_stage_in_its_time_says_how_long_it_took() -> None:
    place = MadePlace()
    place.takes_s = 12.5
    assert entered(place, Stage.BOOTED, 20.0, lambda: place.now_s) == 12.5


def test_a_slow_boot_fails_with_its_seconds() -> None:
    place = MadePlace()
    place.takes_s = 31.25
    with pytest.raises(StageFailure) as found:
        entered(place, Stage.BOOTED, 20.0, lambda: place.now_s)
    assert str(found.value) == (
        "BOOTED: wanted it within 20 s, met after 31.2 s: reached, but too late\n"
        "last words:\n--- console\nVFS: unable to mount root fs"
    )
    assert (found.value.stage, found.value.took_s) == (Stage.BOOTED, 31.25)


def test_a_boot_that_never_ends_is_given_up_with_what_was_seen() -> None:
    place = MadePlace()
    place.takes_s = 1000.0
    with pytest.raises(
        StageFailure, match=r"within 20 s, met after 60\.0 s: the console says kernel panic\nlast words"
    ):
        entered(place, Stage.BOOTED, 20.0, lambda: place.now_s)


def test_the_way_up_is_stage_by_stage_and_no_stage_twice(bench: Bench, place: MadePlace) -> None:
    for stage in (Stage.BOOTED, Stage.METERING, Stage.METERING):
        assert bench.at(stage) is bench.place
    assert place.asked == UP
    assert bench.stage is Stage.METERING
    assert list(bench.took_s) == UP


def test_the_way_down_is_through_off(bench: Bench, place: MadePlace) -> None:
    bench.at(Stage.METERING)
    bench.at(Stage.BOOTED)
    assert place.asked == [*UP, Stage.OFF, Stage.FLASHED, Stage.BOOTED]
    bench.at(Stage.OFF)
    assert (bench.stage, bench.took_s) == (Stage.OFF, {})


def test_what_failed_stays_failed_until_it_was_off(bench: Bench, place: MadePlace) -> None:
    place.fails_at = Stage.PROVISIONED
    with pytest.raises(StageFailure, match=r"^PROVISIONED: ") as first:
        bench.at(Stage.METERING)
    place.fails_at = None
    asked = list(place.asked)
    for stage in (Stage.METERING, Stage.BOOTED):
        with pytest.raises(StageFailure) as again:
            bench.at(stage)
        assert again.value is first.value
    assert place.asked == asked, "nothing was tried again"

    bench.at(Stage.OFF)
    bench.at(Stage.METERING)
    assert place.asked == [*asked, Stage.OFF, *UP]


def test_a_bench_that_ends_is_off_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").write_text(YAML)
    bench = Bench(tmp_path / "bench.yaml", "made")
    place = cast("MadePlace", bench.at(Stage.FLASHED))
    bench.close()
    assert place.asked[-1] is Stage.OFF
    assert place.closed


def test_each_stage_wants_a_limit() -> None:
    with pytest.raises(PlaceError, match="wanted BOOTED, FLASHED, METERING, PROVISIONED, met BOOTED, LANDED"):
        Limits.told({"BOOTED": 1, "LANDED": 2})


def test_a_place_that_is_not_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bench.yaml").write_text(YAML)
    with pytest.raises(PlaceError, match="wanted the place moon, met made"):
        Bench(tmp_path / "bench.yaml", "moon")

"""What the web is given of the balancer: its rules, its words, and the changes that its why-log kept."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.ampguard.balancing.made import Building, car, charger, group

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.observation import Observation
from ampguard.balancing.ocpp.central import CentralSystem
from ampguard.balancing.why import WhyLog
from ampguard.errors import SetupError
from ampguard.phrase import as_heard
from ampguard.services.balancer import setup, telling
from ampguard.services.balancer.chronicle import WhyFiles
from ampguard.services.web_balancing import balancing_of, kept
from ampguard.settings.history import By, Means
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.web.api.balancing_bodies import BalancingNow
from ampguard.web.live import Hub

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
PAGE = By(Means.PAGE)
CHARGER: dict[str, object] = {"id": "1M", "max_a": 16.0, "phases": ["L1", "L2", "L3"], "offline_a": 6.0}
WANTED: dict[str, object] = {"active": True, "device": "gG", "max_offline_a": 20.0, "chargers": [CHARGER]}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "data", tmp_path / "run", None)
    found.data.mkdir()
    return found


@pytest.fixture(scope="module")
def building() -> Building:
    """Two cars under 25 A, with a hob that comes and goes."""
    return Building(
        group(charger("a"), charger("b")),
        [car(), car()],
        lambda now_s: (2.0, 2.0, 2.0 + 12.0 * (now_s % 120.0 > 60.0)),
    ).until(400.0)


def logged(building: Building, folder: Path) -> None:
    files, why = WhyFiles(folder, lambda: NOW, logging.getLogger("test")), WhyLog(building.group)
    files.begin(why.opened())
    for seen, decision in zip(building.observations, building.decisions, strict=True):
        files.add(why.seen(seen))
        if (line := why.decided(decision)) is not None:
            files.add(line)

    async def written() -> None:
        keeping = asyncio.create_task(files.keep())
        await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(written())


def test_the_log_gives_each_change_as_the_feed_tells_it(building: Building, tmp_path: Path) -> None:
    logged(building, tmp_path)
    found = kept(tmp_path, 1000)
    assert len(found) == len(building.reasons) > 4
    for one, reason in zip(found, building.reasons, strict=True):
        assert {**one, "utc": None} == telling.why(reason, None)
        assert as_heard(one["said"]) == reason.sentence
    assert kept(tmp_path, 3) == found[-3:]


def test_when_it_was_follows_from_the_part_s_clock(tmp_path: Path, building: Building) -> None:
    logged(building, tmp_path)
    name = next(tmp_path.glob("*.why.gz"))
    lines = gzip.decompress(name.read_bytes()).decode().splitlines()
    clock_s = json.loads(lines[0])["clock"][0]
    first = next(json.loads(line)["why"] for line in lines if line.startswith('{"why"'))
    wanted = NOW + timedelta(seconds=first["t"] - clock_s)
    assert kept(tmp_path, 1000)[0]["utc"] == wanted.isoformat(timespec="seconds")


def test_a_log_that_is_none_or_of_another_version_is_passed_over(building: Building, tmp_path: Path) -> None:
    assert kept(tmp_path / "nowhere", 10) == []
    logged(building, tmp_path)
    before = kept(tmp_path, 1000)
    strange = {"why": {"t": 1.0, "reasons": [{"rule": "of-another-version", "phase": None}]}}
    (tmp_path / "000001-0001.why.gz").write_bytes(gzip.compress(f"{json.dumps(strange)}\n".encode()))
    (tmp_path / "000001-0002.why.gz").write_bytes(b"no gzip")
    assert kept(tmp_path, 1000) == before


def test_the_page_shows_what_was_kept_before_the_web_began(building: Building, places: Places) -> None:
    logged(building, places.balancing / "why")
    balancing = balancing_of(places, Hub())
    balancing._since = NOW - timedelta(days=999)
    assert balancing.changes(100, str) == []  # of a time that it has heard by itself
    balancing._since = NOW + timedelta(days=999)
    told = balancing.changes(5, str)
    assert [one["said"] for one in told if isinstance(one, dict)] == [
        str(reason.sentence) for reason in building.reasons[-1:-6:-1]
    ]


def test_the_api_has_all_that_the_balancer_tells(places: Places) -> None:
    balancing = balancing_of(places, Hub())
    places.settings.write_text("main_fuse_a = 25.0\nnominal_voltage_v = 230.0\n")
    balancing.store.put(WANTED, PAGE)
    group = balancing.store.seen().group
    assert group is not None
    made = setup.made(load(places.settings), group, places.identity)
    central = CentralSystem(made.central, places.balancing, logging.getLogger("test"), lambda _: None, lambda: NOW)
    balancer = Balancer(made.shared)
    seen = Observation(now_s=1.0, meter_s=0.9, meter_a=(1.0, 2.0, 3.0), heard=(None,))
    beside = telling.Beside({}, "a fault", ["a note"], ["2M"])
    body = telling.state(group, balancer, balancer.decide(seen), central.reports(), beside)
    balancing.hear("balance", body)
    told = BalancingNow.model_validate(balancing.now(str)).model_dump()
    assert set(body) - {"active"} <= set(told)
    assert (told["state"], told["fault"], told["told"], told["strangers"]) == (
        "balanced",
        "a fault",
        ["a note"],
        ["2M"],
    )
    chargers = body["chargers"]
    assert isinstance(chargers, list)
    assert isinstance(chargers[0], dict)
    assert set(chargers[0]) == set(told["chargers"][0])


def test_a_group_is_judged_by_the_balancer_s_own_rules(places: Places) -> None:
    store = balancing_of(places, Hub()).store
    with pytest.raises(SetupError, match="nobody has told the rated current of the main fuse"):
        store.put(WANTED, PAGE)
    places.settings.write_text("main_fuse_a = 25.0\n")
    with pytest.raises(SetupError, match="nobody has told the nominal voltage"):
        store.put(WANTED, PAGE)
    places.settings.write_text("main_fuse_a = 25.0\nnominal_voltage_v = 230.0\n")
    with pytest.raises(SetupError, match=r"the chargers' offline currents are 6\.0 A together"):
        store.put(WANTED | {"max_offline_a": 5.0}, PAGE)
    assert store.put(WANTED, PAGE) is not None

"""The balancer's process: it follows its files, and nothing but a defect of its own ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.ampguard.balancing.ocpp.charger import connected
from tests.ampguard.services.balancer.made import file, window
from tests.ampguard.services.balancer.works import LOG, SETTINGS, Works, charging, works

from ampguard import log
from ampguard.balancing.allocation import Balancer
from ampguard.balancing.why import replayed
from ampguard.live.publisher import Publisher
from ampguard.phrase import as_heard
from ampguard.readings import as_json
from ampguard.services.balancer import chronicle, process
from ampguard.services.balancer.chronicle import last_life, lines, parts
from ampguard.services.balancer.group import GroupAtWork
from ampguard.services.balancer.sampling import Sampling
from ampguard_hil.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator


pytestmark = pytest.mark.system  # chargers, meter and leases in real time


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LOOK_S", 0.05)
    monkeypatch.setattr(process, "AGAIN_S", 0.3)
    monkeypatch.setattr(chronicle, "WRITTEN_S", 0.2)


def run(story: Callable[[], Coroutine[Any, Any, None]], within_s: float = 110.0) -> None:
    async def told() -> None:
        async with asyncio.timeout(within_s):
            await story()

    asyncio.run(told())


def test_without_a_group_nothing_is_balanced_and_nothing_is_wrong(tmp_path: Path) -> None:
    async def story() -> None:
        async with works(tmp_path) as unit:
            await unit.until(lambda: len(unit.states) > 3)
            assert unit.state == {"name": None, "active": False, "fault": None, "chargers": []}
        assert unit.exit_code == 0
        assert unit.notified[0] == "READY=1"
        assert unit.notified.count("WATCHDOG=1") > 3

    run(story)


def test_a_group_that_is_not_active_waits(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port, name='"Garage"', active="false")) as unit:
            await unit.until(lambda: unit.state["name"] == "Garage")
            assert not unit.state["active"]
            with pytest.raises(OSError, match="Connect call failed"):
                await asyncio.open_connection("127.0.0.1", port)
            unit.set_up(file(1, port, name='"Garage"'))
            await unit.until(lambda: unit.state["active"])
            unit.set_up("")
            await unit.until(lambda: not unit.state["active"])
            assert unit.state["name"] is None

    run(story)


FAULTS = [
    ("device = 3", SETTINGS, "device: wanted a text"),
    (file(2, max_offline_a="10.0"), SETTINGS, "the chargers' offline currents are 12.0 A together on L1"),
    (file(1, min_a="20"), SETTINGS, "the most current of charger CP1 is set to 16.0 A"),
    (file(), "nominal_voltage_v = 230.0\n", "nobody has told the rated current of the main fuse"),
    (file(), "main_fuse_a = 25.0\n", "nobody has told the nominal voltage of the grid"),
    (file(tls_port=9443), SETTINGS, "there is no certificate for chargers yet"),
]


@pytest.mark.parametrize(("text", "settings", "said"), FAULTS)
def test_a_group_that_cannot_be_is_said_to_and_counts_when_it_is_mended(
    text: str, settings: str, said: str, tmp_path: Path
) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, text, settings) as unit:
            await unit.until(lambda: unit.state["fault"] is not None)
            assert said in json.dumps(unit.state["fault"]) or said in str(_sentence(unit))
            assert not unit.state["active"]
            unit.set_up(file(1, port))
            unit.places.settings.write_text(SETTINGS)
            await unit.until(lambda: unit.state["active"])
            assert unit.state["fault"] is None
        assert unit.exit_code == 0

    run(story)


def _sentence(unit: Works) -> str:
    return str(as_heard(unit.state["fault"]))


def test_a_file_that_cannot_be_read_is_said_to_be_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        (tmp_path / "group.toml").mkdir()
        async with works(tmp_path) as unit:
            await unit.until(lambda: unit.state["fault"] is not None)
            await asyncio.sleep(1.0)
        assert "cannot be read" in _sentence(unit)
        assert sum("cannot be read" in record.getMessage() for record in caplog.records) == 1

    run(story)


def test_a_port_that_somebody_else_has_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        with socket.create_server(("0.0.0.0", 0)) as taken:
            port = taken.getsockname()[1]
            async with works(tmp_path, file(1, port)) as unit:
                await unit.until(lambda: unit.state["fault"] is not None)
                await asyncio.sleep(1.0)
                assert all(one["fault"] is not None for one in unit.states[1:]), "it does not come and go"
                assert sum("address already in use" in record.getMessage() for record in caplog.records) == 1
                taken.close()
                await unit.until(lambda: unit.state["active"])
                assert unit.state["fault"] is None
        assert [life for life, _, _ in parts(tmp_path / "balancing" / "why")] == [1]

    run(story)


def test_what_is_set_up_wrongly_leaves_what_was_before(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit, charging(unit, port, current_a=8.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 6.0)
            for wrong in ("nonsense", file(1, port, supply_max_a="63.0", max_offline_a="5.0")):
                unit.set_up(wrong)
                await unit.until(lambda: unit.state["fault"] is not None)
                assert unit.state["active"]
                assert unit.charger()["online"]
                unit.set_up(file(1, port))
                await unit.until(lambda: unit.state["fault"] is None)
            assert one.holds_a() > 6.0

    run(story)


def test_other_parameters_count_while_the_chargers_stay_connected(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit, charging(unit, port, current_a=16.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
            unit.set_up(file(1, port, name='"Other"'))
            await unit.until(lambda: unit.state["name"] == "Other")
            assert len(parts(tmp_path / "balancing" / "why")) <= 1, "a name begins no other core"
            before = len(one.holder.given)
            unit.set_up(file(1, port, name='"Other"', max_online_a="9.0"))
            await unit.until(lambda: one.holds_a() <= 9.0)
            limits_a = [
                given["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] for given in one.holder.given[before:]
            ]
            assert set(limits_a) == {9.0}, "no gap: the new core begins where the old one was"
            assert unit.charger()["online"]
            assert sum(heard.action == "GetConfiguration" for heard in one.heard) < 6, "it was never away"

    run(story)


def test_another_charger_in_the_group_and_the_first_goes_on_with_what_it_holds(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit:
            async with charging(unit, port, current_a=16.0) as one:
                await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
                unit.set_up(file(2, port))
                await unit.until(lambda: len(unit.state["chargers"]) == 2)
                held_a, holder = one.holds_a(), one.holder
                assert held_a > 9.0, "its lease runs on"
            async with connected(port) as again:
                again.holder = holder
                given = len(holder.given)
                await again.status("Charging")
                await again.measure(held_a, held_a, held_a)
                await unit.until(lambda: unit.charger()["limit_a"] > 0.0)
                assert unit.charger()["limit_a"] == pytest.approx(held_a)
                await unit.until(lambda: len(holder.given) > given)
                assert again.holds_a() == pytest.approx(held_a)

    run(story)


def test_a_meter_that_starts_again_is_fresh_whatever_its_time_is(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit:
            await unit.until(lambda: unit.state["rung"] == "fresh")
            for start_s in (0.3, 5000.0, -4000.0):
                await unit.stop_meter()
                await asyncio.sleep(3.0)
                await unit.start_meter(unit.meter.end_s + start_s)
                await unit.until(lambda: unit.state["rung"] == "fresh" and unit.state["meter_age_s"] < 0.6)

    run(story)


def test_a_process_that_starts_again_goes_on_with_what_a_charger_holds(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        text = file(1, port, max_offline_a="6.0")
        async with works(tmp_path, text) as unit, charging(unit, port, current_a=16.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0 and unit.charger()["held_a"] is not None, 45.0)
        holder = one.holder
        before_a, given = holder.holds_a(datetime.now(UTC)), len(holder.given)
        assert before_a > 9.0
        async with works(tmp_path, text) as unit:
            unit.meter.drawn_a = {"CP1": before_a}
            await unit.until(lambda: unit.state["rung"] == "fresh")
            async with connected(port) as again:
                again.holder = holder
                await again.status("Charging")
                await again.measure(before_a, before_a, before_a)

                def told_a() -> list[float]:
                    since = [one for one in holder.given[given:] if one["chargingProfilePurpose"] == "TxProfile"]
                    return [one["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] for one in since]

                await unit.until(told_a)
                assert told_a()[0] == before_a
                assert {one["rung"] for one in unit.states} == {"fresh"}
                assert [one["rule"] for one in unit.changes[:1]] == ["adopted"]

    run(story)


def test_without_a_meter_from_the_beginning_the_offline_current_counts(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path) as unit:
            await unit.stop_meter()
            unit.set_up(file(1, port, max_offline_a="9.0"))
            async with charging(unit, port, current_a=16.0) as one:
                await unit.until(lambda: unit.state.get("rung") == "lost" and unit.charger()["limit_a"] == 9.0)
                await unit.until(lambda: one.holds_a() == 9.0)

    run(story)


def test_a_clock_that_is_set_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port, moved = free_port(), [timedelta()]
    monkeypatch.setattr(process.BalancerProcess, "_utc", lambda _: datetime.now(UTC) + moved[0])

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit, charging(unit, port, current_a=8.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
            await asyncio.sleep(1.0)
            changes, held_a = len(unit.changes), one.holds_a()
            for days in (-300.0, 0.0, 0.1, 4000.0):
                moved[0] = timedelta(days=days)
                states = len(unit.states)
                await unit.until(lambda before=states: len(unit.states) > before + 1)  # type: ignore[misc]  # a default
                assert unit.state["rung"] == "fresh"
                assert unit.charger()["lease"] == "running"
            assert one.holds_a() == held_a
            assert len(unit.changes) - changes <= 1

    run(story)


def test_a_clipped_meter_gives_nobody_more_and_is_told(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit, charging(unit, port, current_a=16.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
            unit.meter.is_clipped = True
            await unit.until(lambda: unit.state["rung"] == "stale")
            assert "more may flow than it can tell" in json.dumps(unit.state["told"])
            limit_a = unit.charger()["limit_a"]
            unit.meter.base_a = (40.0, 40.0, 40.0)
            await unit.until(lambda: one.holds_a() < limit_a)
            assert unit.state["told"] == []

    run(story)


def test_what_it_did_can_be_played_again(tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(2, port)) as unit:
            async with charging(unit, port, current_a=16.0), charging(unit, port, "CP2", current_a=16.0):
                await unit.until(lambda: unit.charger(1)["limit_a"] >= 6.0 and unit.charger(2)["limit_a"] >= 6.0)
                for base_a in (17.0, 40.0):
                    changes, unit.meter.base_a = len(unit.changes), (base_a, 2.0, 1.5)
                    await unit.until(lambda before=changes: len(unit.changes) > before)  # type: ignore[misc]  # a default
            await unit.until(lambda: not unit.charger()["online"])
        assert unit.exit_code == 0

    run(story)
    found = list(replayed(lines(last_life(tmp_path / "balancing" / "why"))))
    assert len(found) >= 2
    assert all(one.is_same for one in found)


@pytest.mark.parametrize("limits", [
    {"limits": {"CP1": 7.0}, "valid_s": 5.0}, {"limits": {"CP1": float("inf")}, "valid_s": 5.0}, {"limits": 3},
    {"limits": {"CP1": True, "x": 1}, "valid_s": -1.0},
])  # fmt: skip
def test_limits_of_a_cloud_whatever_they_are(limits: dict[str, Any], tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        async with works(tmp_path, file(1, port)) as unit, charging(unit, port, current_a=16.0) as one:
            await unit.until(lambda: unit.charger()["limit_a"] > 9.0, 45.0)
            feed = Publisher(unit.places.uplink_feed)
            try:
                for _ in range(40):
                    with contextlib.suppress(ValueError):  # what is no JSON cannot be told
                        feed.publish("limits", limits)
                    await asyncio.sleep(0.05)
                if limits.get("valid_s") == 5.0 and limits["limits"]["CP1"] == 7.0:
                    await unit.until(lambda: unit.state["leader"] == "cloud" and one.holds_a() <= 7.0)
                    await unit.until(lambda: unit.state["leader"] == "unit" and one.holds_a() > 9.0, 40.0)
                else:
                    assert unit.state["leader"] == "unit"
            finally:
                feed.close()

    run(story)


@pytest.mark.parametrize("part", ["decide", "keep", "hear"])
def test_a_defect_in_one_part_ends_the_process(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    where: dict[str, tuple[type, str]] = {
        "decide": (Balancer, "decide"), "keep": (chronicle.WhyFiles, "_tell_clock"),
        "hear": (Sampling, "heard"),
    }  # fmt: skip
    owner, name = where[part]
    if part == "keep":  # it is asked at the beginning as well
        whole = chronicle.WhyFiles._tell_clock

        def later(self: chronicle.WhyFiles, *, always: bool = False) -> None:
            if not always:
                broken()
            whole(self, always=always)

        monkeypatch.setattr(owner, name, later)
    else:
        monkeypatch.setattr(owner, name, broken)
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setenv("AMPGUARD_RUN", str(tmp_path))
    (tmp_path / "settings.toml").write_text(SETTINGS)
    (tmp_path / "group.toml").write_text(file(1, free_port()))
    monkeypatch.setattr(log, "begin", lambda _: LOG)
    began_s = time.monotonic()
    with _told_by_a_thread(tmp_path):
        code = process.main()
    assert code == 70
    assert time.monotonic() - began_s < 10.0
    assert any(record.levelno == logging.ERROR and "a defect of its own" in record.message for record in caplog.records)


@contextlib.contextmanager
def _told_by_a_thread(folder: Path) -> Iterator[None]:
    """A meter beside a loop that is not ours."""
    ends, feed = threading.Event(), Publisher(folder / "live.sock")

    def tell() -> None:
        while not ends.wait(0.1):
            feed.publish("measurement", as_json(window(0.0, (1.0, 1.0, 1.0))))
        feed.close()

    speaking = threading.Thread(target=tell)
    speaking.start()
    try:
        yield
    finally:
        ends.set()
        speaking.join()


def test_settings_that_cannot_be_read_are_answered_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setenv("AMPGUARD_RUN", str(tmp_path))
    monkeypatch.setattr(log, "begin", lambda _: LOG)
    (tmp_path / "settings.toml").write_text("nonsense")
    assert process.main() == 1
    assert "not TOML" in caplog.records[-1].message


def test_the_watchdog_is_fed_only_while_something_is_decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck(_: GroupAtWork) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(GroupAtWork, "_decide", stuck)
    port = free_port()

    def fed(unit: Works) -> int:
        return unit.notified.count("WATCHDOG=1")

    async def story() -> None:
        async with works(tmp_path) as unit:
            await unit.until(lambda: fed(unit) > 3)
            unit.set_up(file(1, port))
            await asyncio.sleep(1.0)
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            before = fed(unit)
            await asyncio.sleep(1.0)
            assert fed(unit) == before

    run(story)

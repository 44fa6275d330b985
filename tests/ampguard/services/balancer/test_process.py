"""The balancer's process: it follows its files, and nothing but a defect of its own ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.services.balancer.made import file, window
from tests.ampguard.services.balancer.works import LOG, SETTINGS, Works, charging, run, works

from ampguard import log
from ampguard.balancing.allocation import Balancer
from ampguard.live.publisher import Publisher
from ampguard.phrase import as_heard
from ampguard.readings import as_json
from ampguard.services.balancer import chronicle, process
from ampguard.services.balancer.chronicle import parts
from ampguard.services.balancer.group import GroupAtWork
from ampguard.services.balancer.sampling import Sampling
from ampguard_hil.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("quick")]  # chargers, meter and leases in real time


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

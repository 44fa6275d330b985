"""A unit with [https] only and a cloud that is killed again and again: nothing missing, nothing doubled."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import ssl
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.ampguard.journal.made import reading
from tests.system.unit import PATIENCE_S

from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from ampguard.live.publisher import Publisher
from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.board import SERIAL
from ampguard_hil.box import Box
from ampguard_hil.broker import Broker
from ampguard_hil.cloud.authority import Authority
from ampguard_hil.cloud.place import HttpsCloud
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
TOKEN = "t0ken-of-the-test"
BACKLOG = 30_000


class Site:
    """An entrance with certificates, and what a unit must know to come in."""

    def __init__(self, folder: Path, serial: str) -> None:
        self.folder = folder
        self.authority = Authority(folder / "ca")
        certificate, key = self.authority.pair("cloud", [HOST, "localhost"])
        self.mine = self.authority.pair(serial)
        self.url = f"https://{HOST}:{free_port()}"
        words = ["--certificate", certificate, "--key", key, "--client-ca", self.authority.file, "--token", TOKEN]
        self.cloud = HttpsCloud(folder, int(self.url.rpartition(":")[2]), [str(word) for word in words])

    def settings(self, **changed: str) -> str:
        """The table of the settings file."""
        values = {
            "url": self.url,
            "token": TOKEN,
            "ca_file": str(self.authority.file),
            "client_certificate_file": str(self.mine[0]),
            "client_key_file": str(self.mine[1]),
        } | changed
        return "[https]\nbatch_s = 1.0\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items())

    def report(self, serial: str) -> list[dict[str, Any]]:
        """What the cloud says it has; nothing while it is away."""
        context = ssl.create_default_context(cafile=self.authority.file)
        context.load_cert_chain(*self.mine)
        try:
            with httpx.Client(
                verify=context, trust_env=False, timeout=60.0, headers={"Authorization": f"Bearer {TOKEN}"}
            ) as client:
                answer = client.get(f"{self.url}/v1/units/{serial}/completeness")
        except httpx.TransportError:
            return []
        boots: list[dict[str, Any]] = answer.json()["boots"]
        return boots

    def whole(self, serial: str, journal: Path) -> bool:
        """Whether exactly the journal's readings are there, each once."""
        boots = self.report(serial)
        wanted = JournalReader(journal).last_position()
        return (
            bool(boots)
            and sum(boot["readings"] for boot in boots) == wanted
            and not any(boot["missing"] for boot in boots)
        )

    def doubled(self) -> int:
        with contextlib.closing(sqlite3.connect(self.cloud.store)) as store:
            (found,) = store.execute(
                "SELECT count(*) - count(DISTINCT serial || interval || boot || sequence) FROM reading"
            ).fetchone()
        return int(found)

    def logs(self) -> str:
        """The end of every log."""
        texts = {log.name: log.read_text(errors="replace")[-2500:] for log in self.folder.rglob("*.log")}
        return "\n".join(f"--- {name}\n{text}" for name, text in texts.items())


@contextlib.contextmanager
def site(serial: str = "AG1") -> Iterator[Site]:
    """In a folder of its own: Unix sockets want short paths."""
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        found = Site(Path(folder), serial)
        try:
            yield found
        finally:
            found.cloud.process.stop()


@contextlib.contextmanager
def whole_unit(place: Site, settings: str) -> Iterator[tuple[Box, Callable[[str], bool]]]:
    """A unit on a simulated board, and whether a light of its is lit."""
    box = Box(place.folder, "steady")
    box.settings.write_text(f"nominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\nmain_fuse_a = 63.0\n{settings}")
    panel = box.power_on()

    def lit(light: str) -> bool:
        with contextlib.suppress(BusFault):
            return light in panel.lit_lights()
        return False

    try:
        box.boot()
        yield box, lit
    finally:
        box.stop()
        panel.close()


def test_a_unit_without_a_broker_has_all_its_readings_in_the_cloud() -> None:
    with site(SERIAL) as place, whole_unit(place, place.settings()) as (box, lit):
        journal = place.folder / "data" / "journal.sqlite"

        def readings() -> int:
            return sum(boot["readings"] for boot in place.report(SERIAL))

        # the cloud comes later than the unit
        assert wait_until(lambda: "tried again" in (place.folder / "uplink.log").read_text(), PATIENCE_S), place.logs()
        assert not lit("communication_green")
        place.cloud.process.start()
        assert wait_until(lambda: lit("communication_green"), PATIENCE_S), place.logs()
        for _ in range(4):
            known = readings()
            place.cloud.process.kill()
            place.cloud.process.start()
            assert wait_until(lambda: readings() >= known + 2, PATIENCE_S), place.logs()  # noqa: B023 - judged at once
        box.firmware["uplink"].kill()
        box.firmware["uplink"].start()
        place.cloud.process.kill()
        assert wait_until(lambda: not lit("communication_green"), PATIENCE_S), place.logs()
        place.cloud.process.start()
        assert wait_until(lambda: lit("communication_green"), PATIENCE_S), place.logs()
        assert box.firmware["meter"].stop() == 0
        assert wait_until(lambda: place.whole(SERIAL, journal), PATIENCE_S), place.logs()
        assert box.firmware["uplink"].stop() == 0
        assert place.doubled() == 0


@contextlib.contextmanager
def uplink(place: Site, settings: str, count: int, serial: str = "AG1") -> Iterator[tuple[Process, Path]]:
    """The uplink alone with a journal of so many readings, and somebody who tells it the serial."""
    data, run = place.folder / "data", place.folder / "run"
    data.mkdir()
    (data / "settings.toml").write_text(settings)
    journal = data / "journal.sqlite"
    writer = JournalWriter(journal)
    for first in range(1, count + 1, 60):
        writer.append([reading(number) for number in range(first, min(first + 60, count + 1))])
    writer.close()
    feed, ended = Publisher(run / "live.sock"), threading.Event()

    def tell() -> None:
        while not ended.wait(0.1):
            feed.publish("status", {"serial": serial})

    teller = threading.Thread(target=tell)
    teller.start()
    environment = {**os.environ, "AMPGUARD_DATA": str(data), "AMPGUARD_RUN": str(run)}
    command = [sys.executable, "-m", "ampguard.services.uplink"]
    process = Process("uplink", command, place.folder / "uplink.log", environment)
    process.start()
    try:
        yield process, journal
    finally:
        process.stop()
        ended.set()
        teller.join()
        feed.close()


def test_a_cloud_that_dies_in_the_middle_of_a_backlog_gets_all_of_it_once() -> None:
    chance = random.Random(2026)
    with site() as place, uplink(place, place.settings(), BACKLOG) as (process, journal):
        kills = 0

        def stored() -> int:
            return sum(boot.readings for boot in place.cloud.committed("AG1"))

        while kills < 8 and (before := stored()) < BACKLOG:
            place.cloud.process.start()
            assert wait_until(lambda: stored() > before, PATIENCE_S), place.logs()
            wait_until(lambda: False, chance.uniform(0.0, 0.4))
            place.cloud.process.kill()
            kills += 1
            if kills == 4:
                process.kill()
                process.start()
        place.cloud.process.start()
        assert kills >= 4, "it was too quick to be killed"
        assert "no answer" in (place.folder / "uplink.log").read_text(), "no block was on its way when the cloud died"
        assert wait_until(lambda: place.whole("AG1", journal), 2 * PATIENCE_S), place.logs()
        assert place.doubled() == 0
        assert process.stop() == 0


def test_a_wrong_token_is_said_and_nothing_is_lost() -> None:
    with site() as place, uplink(place, place.settings(token="wrong"), 10) as (process, journal):
        place.cloud.process.start()
        log = place.folder / "uplink.log"
        assert wait_until(lambda: "does not admit this unit (401)" in log.read_text(), PATIENCE_S), place.logs()
        assert "wrong" not in log.read_text()
        assert place.report("AG1") == []
        assert process.stop() == 0
        (place.folder / "data" / "settings.toml").write_text(place.settings())
        process.start()
        assert wait_until(lambda: place.whole("AG1", journal), PATIENCE_S), place.logs()


def test_a_cloud_of_another_authority_gets_nothing() -> None:
    with site() as place:
        other = Authority(place.folder / "other")
        with uplink(place, place.settings(ca_file=str(other.file)), 10):
            place.cloud.process.start()
            log = place.folder / "uplink.log"
            assert wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in log.read_text(), PATIENCE_S), place.logs()
            assert wait_until(lambda: place.cloud.process.pid is not None, PATIENCE_S)
            assert place.report("AG1") == []


def test_with_both_destinations_each_goes_at_its_own_pace() -> None:
    with site(SERIAL) as place:
        broker = Broker(place.folder, free_port())
        settings = f'[mqtt]\nhost = "{HOST}"\nport = {broker.port}\nbatch_s = 1.0\n{place.settings()}'
        place.cloud.process.start()
        with whole_unit(place, settings) as (box, lit):
            journal = place.folder / "data" / "journal.sqlite"
            assert wait_until(lambda: lit("communication_green"), PATIENCE_S), place.logs()  # the broker is away
            broker.start()
            try:
                log = place.folder / "uplink.log"
                assert wait_until(lambda: "connected to" in log.read_text(), PATIENCE_S), place.logs()
                place.cloud.process.kill()
                assert wait_until(lambda: "no answer" in log.read_text(), PATIENCE_S), place.logs()
                assert lit("communication_green")  # the broker is there
                place.cloud.process.start()
                assert box.firmware["meter"].stop() == 0
                assert wait_until(lambda: place.whole(SERIAL, journal), PATIENCE_S), place.logs()
                assert box.firmware["uplink"].stop() == 0
                cursors = {one.name for one in (place.folder / "data").glob("uplink-*.json")}
                assert "uplink-https.json" in cursors
            finally:
                broker.stop()

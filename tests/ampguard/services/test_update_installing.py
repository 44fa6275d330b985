"""An update from a wish to the restart, over a real D-Bus with RAUC's stand-in behind it; each way to be refused."""

from __future__ import annotations

import asyncio
import http.server
import json
import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.ampguard.update.bench import NEWER, RUNS, Bench, bench

from ampguard.errors import SetupError
from ampguard.events import Update, UpdateEnd
from ampguard.live.publisher import Publisher
from ampguard.services import installing
from ampguard.services.cloud_update import ask_for
from ampguard.services.installing import Installing, reaches
from ampguard.services.update import RELEASE
from ampguard.services.updating import WISH, Updating
from ampguard.update import before, parity, state, trial
from ampguard.update.dataform import OWN
from ampguard.update.refusal import Kind
from ampguard.update.release import Release
from ampguard.update.state import State
from ampguard.update.trial import Trial, Wish
from ampguard_drivers.samples import SampleBlock
from ampguard_hil.processes import wait_until

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="this machine has no dbus-daemon")
LOG = logging.getLogger("test")


@pytest.fixture
def unit(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(installing, "SAMPLES_S", 0.5)
    monkeypatch.setattr(installing, "STATUS_S", 0.3)
    with bench(monkeypatch) as made:
        yield made


def perform(unit: Bench, release: Release | None = RUNS) -> int:
    return asyncio.run(Installing(unit.places, release, unit.power, LOG).run())


def told(unit: Bench) -> state.Told:
    return state.read(unit.places.update / trial.STATE)


def left(unit: Bench) -> set[str]:
    return {path.name for path in unit.places.update.iterdir()}


def test_a_bundle_is_installed_and_the_unit_restarts(unit: Bench) -> None:
    unit.bundle()
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "session 192.0.2.7"))
    assert perform(unit) == 0
    assert (told(unit).state, told(unit).version, told(unit).who) == (State.INSTALLED, NEWER, "session 192.0.2.7")
    assert (unit.slot("primary"), unit.slot("holds")) == ("B", {"A": RUNS.version, "B": NEWER})
    assert unit.power.count == 1
    assert trial.read(unit.places.update) == Trial("B", NEWER, RUNS.version, uplink=False)
    assert parity.deviations(unit.places.update) == []
    assert left(unit) == {"state.json", "trial.json", "reference.json", "made.npz"}, "the bundle is gone"


@pytest.mark.parametrize(
    ("bundle", "kind"),
    [
        ({"forged": "yes"}, Kind.FORGED),
        ({"compatible": "toaster"}, Kind.OTHER_BOARD),
        ({"version": "0.1.0-20261031235959"}, Kind.OLDER),
        ({"version": "newest"}, Kind.DAMAGED),
        ({"fails": "Failed updating slot rootfs.1: Failed to copy data: Input/output error"}, Kind.MEDIUM),
        ({"fails": "Failed updating slot rootfs.1: Failed to copy data: No space left on device"}, Kind.NO_ROOM),
        ({"fails": "Version mismatch: Expected at least '9' but bundle manifest has '1'"}, Kind.OLDER),
    ],
)
def test_what_is_wrong_with_it_is_said_and_nothing_changes(unit: Bench, bundle: dict[str, str], kind: Kind) -> None:
    unit.bundle(None, **bundle)
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
    assert perform(unit) == 1
    assert (told(unit).state, told(unit).kind) == (State.REFUSED, kind)
    assert (unit.slot("primary"), unit.power.count) == ("A", 0)
    assert left(unit) == {"state.json", "news.json"}


def test_a_part_of_a_bundle_and_none_at_all_are_damaged(unit: Bench) -> None:
    unit.bundle().write_bytes(unit.bundle().read_bytes()[:20])
    for _ in range(2):
        trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
        assert perform(unit) == 1
        assert told(unit).kind is Kind.DAMAGED


def test_the_same_version_may_be_installed_again(unit: Bench) -> None:
    unit.bundle(version=RUNS.version)
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
    assert perform(unit) == 0


def test_whoever_asked_sees_that_it_is_under_way_before_the_wish_is_gone(
    unit: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the last update's end is taken for this one's, and a stick goes while it is read."""
    seen: list[State] = []
    taken = trial.taken

    def gone(folder: Path) -> None:
        seen.append(told(unit).state)
        taken(folder)

    monkeypatch.setattr(trial, "taken", gone)
    state.keep(unit.places.update / trial.STATE, state.Told(State.KEPT, RUNS.version))
    unit.bundle()
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
    assert perform(unit) == 0
    assert seen == [State.ASKED]


def test_one_that_is_refused_is_told_as_an_event(unit: Bench) -> None:
    unit.bundle(None, version="0.1.0-20261031235959")
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
    assert perform(unit) == 1
    assert trial.news(unit.places.update) == Update(
        end=UpdateEnd.REFUSED, version="0.1.0-20261031235959", former=RUNS.version, from_stick=False,
        reason=told(unit).sentence,
    )  # fmt: skip


def test_settings_of_before_are_kept_aside_while_it_is_tried(unit: Bench) -> None:
    settings = unit.places.settings
    settings.write_text("main_fuse_a = 63.0\n")
    unit.bundle(None, fails="Failed updating slot rootfs.1: Failed to copy data: Input/output error")
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
    assert perform(unit) == 1
    assert not (unit.places.data / before.FOLDER).exists()
    unit.bundle()
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
    assert perform(unit) == 0
    settings.write_text("[tariff]\n")
    assert before.put_back(unit.places.data) == ["settings.toml"]
    assert settings.read_text() == "main_fuse_a = 63.0\n"


def test_no_path_leads_out_of_the_folder(unit: Bench) -> None:
    outside = unit.bundle(unit.places.data / "elsewhere.raucb")
    trial.ask(unit.places.update, Wish(str(outside), "somebody"))
    assert perform(unit) == 1
    assert told(unit).kind is Kind.DAMAGED


def test_without_slots_without_rauc_and_without_a_wish_nothing_happens(
    unit: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert perform(unit) == 0
    assert told(unit).state is State.NONE
    for release, kind in ((None, Kind.NO_SLOTS), (RUNS, Kind.NO_INSTALLER)):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={unit.places.run}/nobody.sock")
        unit.bundle()
        trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
        assert perform(unit, release) == 1
        assert told(unit).kind is kind


def test_while_one_waits_for_its_restart_or_is_on_trial_there_is_no_other(unit: Bench) -> None:
    for one in (State.INSTALLED, State.ON_TRIAL):
        state.keep(unit.places.update / trial.STATE, state.Told(one, NEWER))
        trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody else"))
        assert perform(unit) == 0
        assert told(unit) == state.Told(one, NEWER)


def test_a_system_that_does_not_restart_has_it_all_the_same(unit: Bench) -> None:
    unit.power.refuses = True
    unit.bundle()
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
    assert perform(unit) == 1
    assert told(unit).state is State.INSTALLED


class Shop(http.server.BaseHTTPRequestHandler):
    """Gives away a bundle; less than it announced below /short."""

    content = json.dumps({"version": NEWER, "compatible": RUNS.compatible, "build": str(OWN)}).encode()

    def do_GET(self) -> None:
        if self.path == "/none":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content) + (5 if self.path == "/short" else 0)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def shop() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=partial(server.serve_forever, 0.05))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_can_be_fetched(unit: Bench) -> None:
    with shop() as address:
        trial.ask(unit.places.update, Wish(f"{address}/update.raucb", "cloud"))
        assert perform(unit) == 0
    assert told(unit).state is State.INSTALLED


@pytest.mark.parametrize("path", ["none", "short"])
def test_what_cannot_be_fetched_is_said(unit: Bench, path: str) -> None:
    with shop() as address:
        trial.ask(unit.places.update, Wish(f"{address}/{path}", "cloud"))
        assert perform(unit) == 1
    assert told(unit).kind is Kind.NOT_REACHED
    trial.ask(unit.places.update, Wish("http://127.0.0.1:1/x", "cloud"))
    assert perform(unit) == 1
    assert told(unit).kind is Kind.NOT_REACHED
    assert left(unit) == {"state.json", "news.json"}


def test_a_cloud_leaves_an_address_where_there_are_slots(unit: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    release = unit.places.run / "release.json"
    monkeypatch.setenv(RELEASE, str(release))
    with pytest.raises(SetupError, match="no second slot"):
        ask_for(unit.places, "https://a/x")
    release.write_text(json.dumps({"version": RUNS.version, "compatible": RUNS.compatible}))
    ask_for(unit.places, "https://a/x")
    with pytest.raises(SetupError, match="another update is under way"):
        ask_for(unit.places, "https://a/y")
    assert trial.asked(unit.places.update) == Wish("https://a/x", "cloud")


def test_it_remembers_whether_the_unit_reached_somebody(unit: Bench) -> None:
    async def heard(status: dict[str, object]) -> bool:
        feed = Publisher(unit.places.uplink_feed)

        async def speak() -> None:
            while True:
                feed.publish("status", status)  # type: ignore[arg-type]  # JSON
                await asyncio.sleep(0.05)

        speaking = asyncio.create_task(speak())
        try:
            return await reaches(unit.places.uplink_feed)
        finally:
            speaking.cancel()
            feed.close()

    assert asyncio.run(heard({"communication": "connected"}))
    assert not asyncio.run(heard({"communication": "network"}))
    assert not asyncio.run(reaches(unit.places.uplink_feed))


def test_the_meter_records_when_it_is_asked_and_what_it_kept_is_measured_again(unit: Bench) -> None:
    made = parity.made()
    updating = Updating(unit.places.update, made.calibration, LOG)
    (unit.places.update / WISH).touch()
    assert updating.news() is None
    for first in range(0, len(made.codes), 512):
        codes = made.codes[first : first + 512]
        lost = 3 if first == 1024 else 0
        updating.take(SampleBlock(codes, first, lost, made.sample_rate_hz, made.full_scale_codes, first))
    assert (unit.places.update / WISH).exists(), "a stretch with a hole in it is no recording"
    for first in range(0, len(made.codes), 512):
        codes = made.codes[first : first + 512]
        updating.take(SampleBlock(codes, first, 0, made.sample_rate_hz, made.full_scale_codes, first))
    found = parity.read_samples(unit.places.update / "recorded.npz")
    assert found is not None
    assert len(found.codes) >= parity.DURATION_S * made.sample_rate_hz
    assert not (unit.places.update / WISH).exists()
    assert np.array_equal(found.codes[: len(made.codes) - 1024], made.codes[1024:]), "from behind the hole on"


def test_recorded_samples_become_a_part_of_the_reference(unit: Bench) -> None:
    def records() -> None:
        assert wait_until((unit.places.update / WISH).exists, 30.0)
        parity.keep_samples(unit.places.update / "recorded.npz", parity.made())

    thread = threading.Thread(target=records)
    thread.start()
    unit.bundle()
    trial.ask(unit.places.update, Wish(trial.BUNDLE, "somebody"))
    assert perform(unit) == 0
    thread.join()
    assert set(json.loads(Path(unit.places.update / parity.REFERENCE).read_text())) == {"made", "recorded"}

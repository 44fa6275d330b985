"""The metrology gate as its process runs it: with RAUC's stand-in, feeds and a page of the test's own."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from tests.ampguard.services.test_update_installing import LOG
from tests.ampguard.update.bench import NEWER, RUNS, Bench, bench

from ampguard.errors import SetupError
from ampguard.events import Update, UpdateEnd
from ampguard.live.publisher import Publisher
from ampguard.metering.calibration import Calibrator
from ampguard.services import gate as process
from ampguard.services import update
from ampguard.services.gate import Judging, ailing, booted
from ampguard.services.update import RELEASE
from ampguard.services.updating import Updating
from ampguard.settings.settings import load
from ampguard.update import before, gate, parity, state, trial
from ampguard.update.gate import Proof
from ampguard.update.intake import PARTIAL, Intake
from ampguard.update.refusal import Kind
from ampguard.update.state import State, Told
from ampguard.update.trial import Trial

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="this machine has no dbus-daemon")
ON_TRIAL = Trial("B", NEWER, RUNS.version, uplink=True)
FOREVER_S = 60.0
WELL: dict[str, Any] = {"interval": "1s", "health": {"selfcheck_percent": 0.02}}


@dataclass
class World:
    """What the new software shows of itself."""

    reading: dict[str, Any] | None = None
    kept: bool = True
    communication: str = "connected"
    page: bytes = b"HTTP/1.1 200 OK\r\n\r\n"


class Tried:
    """The new slot, on trial."""

    def __init__(self, unit: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.unit = unit
        self.folder = unit.places.update
        monkeypatch.setattr(process, "LOOK_S", 0.02)
        self._monkeypatch = monkeypatch
        parity.keep_reference(self.folder)
        trial.keep(self.folder, ON_TRIAL)
        state.keep(self.folder / trial.STATE, Told(State.INSTALLED, NEWER, "somebody"))
        unit.boot("B")

    def within(self, **limits_s: float) -> None:
        """What does not come soon does not come."""
        times = dict.fromkeys(Proof, FOREVER_S) | {Proof(name): limit_s for name, limit_s in limits_s.items()}
        self._monkeypatch.setattr(gate, "WITHIN_S", times)

    def judge(self, world: World, found: Trial | None = ON_TRIAL, slot: str = "B") -> None:
        asyncio.run(self._judge(world, found, slot))

    async def _judge(self, world: World, found: Trial | None, slot: str) -> None:
        live, uplink = Publisher(self.unit.places.live_feed), Publisher(self.unit.places.uplink_feed)

        async def speak() -> None:
            while True:
                live.publish("status", {"journal": world.kept})
                if world.reading is not None:
                    live.publish("reading", world.reading)
                uplink.publish("status", {"communication": world.communication, "cloud_trouble": "no route"})
                await asyncio.sleep(0.01)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(world.page)
            with suppress(ConnectionError):
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        speaking = asyncio.create_task(speak())
        judging = Judging(self.unit.places, self.unit.power, slot, LOG)
        judging.page = server.sockets[0].getsockname()
        try:
            await judging.run(found)
        finally:
            speaking.cancel()
            server.close()
            live.close()
            uplink.close()

    @property
    def told(self) -> Told:
        return state.read(self.folder / trial.STATE)

    @property
    def left(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    @property
    def reason(self) -> str:
        """Why it is not kept, as the slot before will read it."""
        found = trial.read(self.folder)
        assert found is not None
        assert found.reason is not None
        return found.reason


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tried]:
    with bench(monkeypatch) as unit:
        yield Tried(unit, monkeypatch)


def test_software_that_shows_all_of_it_is_kept(tried: Tried) -> None:
    tried.judge(World(WELL))
    assert tried.unit.slot("marked") == ["B good"]
    assert tried.told == Told(State.KEPT, NEWER, "somebody")
    assert tried.unit.power.count == 0
    assert tried.left == {"state.json", "news.json"}
    news = trial.news(tried.folder)
    assert news == Update(end=UpdateEnd.KEPT, version=NEWER, former=RUNS.version, from_stick=False, reason=None)


def test_software_that_measures_otherwise_goes_at_once(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    physical = Calibrator.physical
    monkeypatch.setattr(Calibrator, "physical", lambda self, block: physical(self, block) * 1.01)
    tried.judge(World(WELL))
    assert tried.unit.slot("marked") == ["B bad"]
    assert tried.unit.power.count == 1
    assert tried.reason.startswith("measures: made samples: second 1: ")
    assert tried.told.state is State.ON_TRIAL, "until the slot before has said that it runs again"


@pytest.mark.parametrize(
    ("world", "late", "reason"),
    [
        (World(WELL, page=b"HTTP/1.1 500 no\r\n\r\n"), "page", "page: not within 0 s: HTTP/1.1 500 no"),
        (World(WELL, page=b""), "page", "page: not within 0 s: "),
        (World(WELL, communication="network"), "uplink", "uplink: not within 0 s: no route"),
        (World(None), "meter", "meter: not within 0 s: nothing was heard of it"),
        (World(WELL, kept=False), "meter", "meter: not within 0 s: no reading was kept"),
        (
            World({"interval": "1s", "health": {"selfcheck_percent": 1.3}}),
            "meter",
            "meter: not within 0 s: own results and the chip's differ by 1.30 %",
        ),
    ],
)
def test_what_is_missing_is_the_reason(tried: Tried, world: World, late: str, reason: str) -> None:
    tried.within(**{late: 0.4})
    tried.judge(world)
    assert (tried.unit.slot("marked"), tried.unit.slot("primary")) == (["B bad"], "A")
    assert tried.reason == reason
    assert tried.unit.power.count == 1


def test_who_reached_nobody_before_needs_no_uplink(tried: Tried) -> None:
    found = Trial("B", NEWER, RUNS.version, uplink=False)
    tried.judge(World(WELL, communication="none"), found)
    assert tried.told.state is State.KEPT


def test_the_slot_before_tells_why_it_runs_again(tried: Tried) -> None:
    tried.within(page=0.3)
    tried.judge(World(WELL, page=b""))
    tried.unit.boot("A")
    tried.judge(World(), trial.read(tried.folder), "A")
    assert tried.unit.slot("marked") == ["B bad", "A good"]
    assert (tried.told.state, tried.told.sentence) == (State.RETURNED, "page: not within 0 s: ")
    assert tried.left == {"state.json", "news.json"}
    updating = Updating(tried.folder, parity.made().calibration, LOG)
    assert updating.news() == Update(
        end=UpdateEnd.RETURNED, version=NEWER, former=RUNS.version, from_stick=False, reason="page: not within 0 s: "
    )
    assert updating.news() is None, "once"


def test_a_slot_that_never_started_is_told_too(tried: Tried) -> None:
    tried.unit.boot("A")
    tried.judge(World(), ON_TRIAL, "A")
    assert tried.unit.slot("marked") == ["A good"]
    assert (tried.told.state, tried.told.sentence) == (
        State.RETURNED,
        "it did not start: the boot loader went back to the slot before",
    )
    news = trial.news(tried.folder)
    assert news is not None
    assert news.end is UpdateEnd.RETURNED


def test_a_reason_that_was_found_before_the_power_went_still_counts(tried: Tried) -> None:
    trial.keep(tried.folder, Trial("B", NEWER, RUNS.version, uplink=True, reason="page: silence"))
    tried.judge(World(WELL), trial.read(tried.folder))
    assert (tried.unit.slot("marked"), tried.unit.power.count) == (["B bad"], 1)


@pytest.mark.parametrize("interrupted", [State.ASKED, State.FETCHING, State.CHECKING, State.INSTALLING])
def test_an_installation_that_the_power_ended_has_changed_nothing(tried: Tried, interrupted: State) -> None:
    tried.unit.boot("A")
    state.keep(tried.folder / trial.STATE, Told(interrupted, NEWER))
    tried.judge(World(), ON_TRIAL if interrupted is State.INSTALLING else None, "A")
    assert (tried.told.state, tried.told.kind) == (State.REFUSED, Kind.INTERRUPTED)
    assert tried.unit.slot("marked") == ["A good"]
    assert trial.news(tried.folder) is None


def test_what_is_wanted_still_is_begun_after_the_start(tried: Tried) -> None:
    trial.end(tried.folder)
    tried.unit.boot("A")
    state.keep(tried.folder / trial.STATE, Told(State.ASKED))
    (tried.folder / trial.BUNDLE).write_bytes(b"whole")
    trial.ask(tried.folder, trial.Wish(trial.BUNDLE, "somebody"))
    tried.judge(World(), None, "A")
    assert tried.told.state is State.ASKED
    assert (tried.folder / trial.BUNDLE).read_bytes() == b"whole"


@pytest.mark.parametrize("slot", ["A", "B"])
def test_what_a_cut_left_of_bundles_goes(tried: Tried, slot: str) -> None:
    tried.unit.boot(slot)
    for name in (PARTIAL, trial.BUNDLE):
        (tried.folder / name).write_bytes(b"x")
    tried.judge(World(WELL), ON_TRIAL, slot)
    assert tried.left == {"state.json", "news.json"}


def test_what_comes_in_already_stays(tried: Tried) -> None:
    trial.end(tried.folder)
    state.keep(tried.folder / trial.STATE, Told(State.KEPT))
    with Intake(tried.folder, 1) as taking:
        tried.judge(World(), None, "B")
        taking.take(b"x")
        assert taking.whole().read_bytes() == b"x"


def test_the_power_may_go_before_the_installer_has_said_that_it_is_done(tried: Tried) -> None:
    state.keep(tried.folder / trial.STATE, Told(State.INSTALLING, NEWER, percent=90))
    tried.judge(World(WELL))
    assert tried.told.state is State.KEPT


def test_where_nothing_is_on_trial_the_slot_is_good_at_once(tried: Tried) -> None:
    trial.end(tried.folder)
    state.keep(tried.folder / trial.STATE, Told(State.KEPT, NEWER))
    tried.judge(World(), None, "B")
    assert tried.unit.slot("marked") == ["B good"]
    assert (tried.told, trial.news(tried.folder)) == (Told(State.KEPT, NEWER), None)


def test_a_system_that_does_not_restart_ends_the_process_badly(tried: Tried) -> None:
    tried.unit.power.refuses = True
    tried.within(page=0.3)
    with pytest.raises(SetupError):
        tried.judge(World(WELL, page=b""))


def test_where_rauc_does_not_answer_the_process_ends_badly(tried: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    """On trial that restarts the unit (ampguard-return.service)."""
    places = tried.unit.places
    monkeypatch.setenv("AMPGUARD_DATA", str(places.data))
    monkeypatch.setenv("AMPGUARD_RUN", str(places.run))
    words = places.run / "cmdline"
    words.write_text("root=/dev/x ro rauc.slot=A quiet\n")
    monkeypatch.setattr(process, "KERNEL_WORDS", words)
    trial.end(tried.folder)
    assert process.main() == 0
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={places.run}/nobody.sock")
    assert process.main() == 1


def test_a_trial_that_cannot_be_read_is_none(tried: Tried, caplog: pytest.LogCaptureFixture) -> None:
    (tried.folder / trial.TRIAL).write_text("{")
    with caplog.at_level(logging.ERROR):
        assert process._found(tried.folder, LOG) is None
    assert "judged by" in caplog.text


def test_the_slot_is_what_the_boot_loader_says() -> None:
    assert [booted("a rauc.slot=B c"), booted("rauc.slot=A"), booted("quiet"), booted("")] == ["B", "A", "", ""]


def test_a_meter_that_cannot_compare_is_not_ill() -> None:
    assert ailing({"health": {"selfcheck_percent": None}}) is None
    assert ailing({}) is None


def test_another_update_may_begin_when_what_was_before_is_settled(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stick in the unit wants one at once: the gate must not take its trial for the one before."""
    when: list[tuple[str, State, bool, object]] = []

    def ready(words: str) -> None:
        there = (tried.folder / trial.TRIAL).exists()
        when.append((words, tried.told.state, there, tried.unit.slot("marked")))

    monkeypatch.setattr(process, "notify", ready)
    tried.judge(World(WELL))
    tried.unit.boot("A")
    trial.keep(tried.folder, ON_TRIAL)
    state.keep(tried.folder / trial.STATE, Told(State.INSTALLED, NEWER))
    tried.judge(World(), ON_TRIAL, "A")
    assert when == [
        ("READY=1", State.ON_TRIAL, True, []),
        ("READY=1", State.RETURNED, False, ["B good"]),
    ]


def test_settings_that_only_the_new_software_knows_are_as_before_when_it_was_not_kept(
    tried: Tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tried.unit.places.data
    settings, release = data / "settings.toml", data / "release.json"
    settings.write_text("main_fuse_a = 63.0\n")
    before.keep(data)
    tried.within(page=0.3)
    settings.write_text("main_fuse_a = 50.0\n[tariff]\nprovider = 3\n")
    tried.judge(World(WELL, page=b""))
    tried.unit.boot("A")
    monkeypatch.setenv("AMPGUARD_DATA", str(data))
    monkeypatch.setenv(RELEASE, str(release))
    release.write_text(json.dumps({"version": RUNS.version, "compatible": RUNS.compatible}))
    with pytest.raises(SetupError, match="no such setting"):
        load(settings)
    assert update.main(["--restore"]) == 0
    tried.judge(World(), trial.read(tried.folder), "A")
    assert load(settings).main_fuse_a == 63.0
    assert tried.told.sentence == "page: not within 0 s: ; as before the update again: settings.toml"
    assert not (data / before.FOLDER).exists()
    assert tried.left == {"state.json", "news.json"}


def test_images_of_settings_go_when_the_new_software_is_kept(tried: Tried) -> None:
    before.keep(tried.unit.places.data)
    tried.judge(World(WELL))
    assert not (tried.unit.places.data / before.FOLDER).exists()


def test_that_it_came_from_a_stick_is_told(tried: Tried) -> None:
    state.keep(tried.folder / trial.STATE, Told(State.INSTALLED, NEWER, trial.STICK))
    tried.judge(World(WELL))
    news = trial.news(tried.folder)
    assert news is not None
    assert (news.end, news.from_stick, tried.told.who) == (UpdateEnd.KEPT, True, trial.STICK)

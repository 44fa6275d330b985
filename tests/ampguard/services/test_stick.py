"""A USB stick with bundles on it: which one is installed by itself, which never is, and that nothing else is read."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.ampguard.services.test_update_installing import LOG, left, told
from tests.ampguard.update.bench import NEWER, RUNS, Bench, bench

from ampguard.events import Update, UpdateEnd
from ampguard.services import installing, stick
from ampguard.services.installing import Installing
from ampguard.services.update import RELEASE, offer
from ampguard.update import state, trial
from ampguard.update.refusal import Kind
from ampguard.update.state import State, Told
from ampguard.update.trial import STICK, Wish
from ampguard_hil.processes import wait_until

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="this machine has no dbus-daemon")
NEWEST = "0.2.0-20261201000000"
OLD = "0.1.0-20260101000000"


class Stick:
    """As the service manager mounts it."""

    def __init__(self, unit: Bench) -> None:
        self.unit = unit
        self.place = unit.places.run / "stick"
        self.root = self.place / "sda1"
        self.root.mkdir(parents=True)

    def has(self, name: str, **of: object) -> Path:
        return self.unit.bundle(self.root / name, **of)

    def installed(self) -> Told:
        """What became of it, once it was put in."""
        trial.ask(self.unit.places.update, Wish(STICK, STICK))
        asyncio.run(Installing(self.unit.places, RUNS, self.unit.power, LOG, self.place).run())
        return told(self.unit)


@pytest.fixture
def put_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stick]:
    monkeypatch.setattr(installing, "SAMPLES_S", 0.3)
    monkeypatch.setattr(installing, "STATUS_S", 0.3)
    with bench(monkeypatch) as unit:
        yield Stick(unit)


def test_the_newest_that_is_newer_than_what_runs_is_installed(put_in: Stick) -> None:
    put_in.has("a.raucb", version=NEWEST)
    put_in.has("b.raucb", version=NEWER)
    put_in.has("c.raucb", version=OLD)
    put_in.has("d.raucb", version="0.3.0", forged="yes")
    put_in.has("e.raucb", version="0.3.0", compatible="toaster")
    found = put_in.installed()
    assert (found.state, found.version, found.who) == (State.INSTALLED, NEWEST, STICK)
    assert (put_in.unit.slot("primary"), put_in.unit.power.count) == ("B", 1)
    assert trial.BUNDLE not in left(put_in.unit)


@pytest.mark.parametrize(
    ("bundles", "kind"),
    [
        ([{"version": OLD}], Kind.NOT_NEWER),
        ([{"version": RUNS.version}], Kind.NOT_NEWER),
        ([{"version": RUNS.version}, {"forged": "yes"}], Kind.NOT_NEWER),
        ([{"version": OLD}, {"forged": "yes"}], Kind.FORGED),
        ([{"compatible": "toaster"}], Kind.OTHER_BOARD),
        ([{"build": "data-9-reads-9-9"}], Kind.BETWEEN),
        ([{"build": ""}], Kind.DAMAGED),
        ([], Kind.NOT_NEWER),
    ],
)
def test_where_there_is_none_it_is_said_and_nothing_is_done(
    put_in: Stick, bundles: list[dict[str, str]], kind: Kind
) -> None:
    for number, one in enumerate(bundles):
        put_in.has(f"{number}.raucb", **one)
    found = put_in.installed()
    assert (found.state, found.kind, found.who) == (State.REFUSED, kind, STICK)
    assert (put_in.unit.slot("primary"), put_in.unit.power.count) == ("A", 0)
    assert trial.news(put_in.unit.places.update) == Update(
        end=UpdateEnd.REFUSED, version=None, former=RUNS.version, from_stick=True, reason=found.sentence
    )
    assert left(put_in.unit) == {trial.STATE, trial.NEWS}


@pytest.mark.parametrize(
    "before", [Told(State.RETURNED, NEWER, STICK), Told(State.REFUSED, NEWER, STICK, kind=Kind.TRIED)]
)
def test_one_that_was_not_kept_is_not_tried_again_by_itself(put_in: Stick, before: Told) -> None:
    """The stick is still there when the unit has gone back: it would try it for ever."""
    put_in.has("update.raucb")
    state.keep(put_in.unit.places.update / trial.STATE, before)
    for _ in range(2):
        found = put_in.installed()
        assert (found.state, found.kind, found.version) == (State.REFUSED, Kind.TRIED, NEWER)
    put_in.has("next.raucb", version=NEWEST)
    assert put_in.installed().state is State.INSTALLED


def test_that_it_went_back_is_told_before_that_it_is_not_tried_again(put_in: Stick) -> None:
    put_in.has("update.raucb")
    folder = put_in.unit.places.update
    state.keep(folder / trial.STATE, Told(State.RETURNED, NEWER, STICK))
    gone = Update(end=UpdateEnd.RETURNED, version=NEWER, former=RUNS.version, from_stick=True, reason="page: silence")
    trial.tell(folder, gone)
    put_in.installed()
    assert trial.news(folder) == gone


def after_the_look(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """What a stick gives the second time need not be what it gave the first time."""
    newest = stick.newest

    async def looked(*asked: object) -> Path:
        found = await newest(*asked)  # type: ignore[arg-type]  # as it was asked
        happens()
        return found

    monkeypatch.setattr(installing, "newest", looked)


def test_a_damaged_copy_is_found_where_it_is_installed(put_in: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put_in.has("update.raucb")
    after_the_look(monkeypatch, lambda: path.write_bytes(b"x" * 100))
    found = put_in.installed()
    assert (found.kind, put_in.unit.slot("primary")) == (Kind.DAMAGED, "A")


def test_a_stick_that_is_pulled_out_is_said(put_in: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in.has("update.raucb")
    after_the_look(monkeypatch, lambda: shutil.rmtree(put_in.root))
    assert put_in.installed().kind is Kind.NOT_REACHED


def test_only_bundles_in_a_sticks_root_are_looked_at(put_in: Stick) -> None:
    for name in ("._mac.raucb", "update.raucb.txt", "two\nlines.raucb", "odd\udcff.raucb", "raucb"):
        (put_in.root / name).write_text("x")
    (put_in.root / "folder.raucb").mkdir()
    (put_in.root / "folder").mkdir()
    (put_in.root / "folder" / "inner.raucb").write_text("x")
    assert stick.bundles(put_in.place) == []
    found = [put_in.has(name) for name in ("UPDATE.RAUCB", "päivitys.raucb")]
    assert stick.bundles(put_in.place) == found
    for number in range(100):
        (put_in.root / f"{number}.raucb").touch()
    assert len(stick.bundles(put_in.place)) == stick.MOST
    assert stick.bundles(put_in.place / "none") == []


def test_where_another_stick_was_before_is_passed_over(put_in: Stick) -> None:
    """A folder that is left, which is root's alone."""
    (put_in.place / "sda").touch()
    found = put_in.has("update.raucb")
    assert stick.bundles(put_in.place) == [found]


@pytest.fixture
def offering(put_in: Stick, monkeypatch: pytest.MonkeyPatch) -> Stick:
    release = put_in.unit.places.run / "release.json"
    release.write_text(json.dumps({"version": RUNS.version, "compatible": RUNS.compatible}))
    monkeypatch.setenv(RELEASE, str(release))
    return put_in


def test_a_stick_without_a_bundle_is_nobodys_business(offering: Stick, caplog: pytest.LogCaptureFixture) -> None:
    (offering.root / "holiday.jpg").write_text("x")
    with caplog.at_level(logging.INFO):
        assert offer(offering.unit.places, offering.place) == 0
    assert left(offering.unit) == set()


@pytest.mark.parametrize("now", [State.INSTALLING, State.INSTALLED, State.ON_TRIAL])
def test_while_another_update_is_under_way_it_waits_for_its_next_time(offering: Stick, now: State) -> None:
    offering.has("update.raucb")
    state.keep(offering.unit.places.update / trial.STATE, Told(now, NEWEST))
    assert offer(offering.unit.places, offering.place) == 0
    assert left(offering.unit) == {trial.STATE}


def test_the_stick_stays_until_all_of_it_is_copied(offering: Stick) -> None:
    offering.has("update.raucb")
    folder = offering.unit.places.update
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(offer(offering.unit.places, offering.place)))
    thread.start()
    try:
        assert wait_until((folder / trial.WISH).exists, 30.0)
        assert trial.asked(folder) == Wish(STICK, STICK)
        for one in (State.ASKED, State.FETCHING):
            state.keep(folder / trial.STATE, Told(one, who=STICK))
            trial.taken(folder)
            thread.join(0.6)
            assert thread.is_alive()
    finally:
        state.keep(folder / trial.STATE, Told(State.CHECKING, who=STICK))
        thread.join(30.0)
    assert codes == [0]

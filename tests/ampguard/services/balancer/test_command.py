"""`ampguard balance`: what is, what was and why, and every decision again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.ampguard.balancing.made import Building, car, charger
from tests.ampguard.balancing.made import group as shared
from tests.ampguard.services.balancer.made import file, group, report

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.observation import Observation
from ampguard.balancing.why import WhyLog
from ampguard.errors import SetupError
from ampguard.live.publisher import Publisher
from ampguard.phrase import phrase
from ampguard.readings import Json
from ampguard.services import cli
from ampguard.services.balancer import chronicle, command, telling
from ampguard.services.balancer.chronicle import WhyFiles, last_life

LOG = logging.getLogger("balance-command")


@pytest.fixture(autouse=True)
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its why-log."""
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setenv("AMPGUARD_RUN", str(tmp_path))
    return tmp_path / "balancing" / "why"


def lived(folder: Path, *lives_s: float, change: Callable[[str], str] = str) -> None:
    """What a balancer would have kept of cores that lived so long."""

    async def story() -> None:
        why = WhyFiles(folder, lambda: None, LOG)
        for life_s in lives_s:
            building = Building(
                shared(charger("a", offline_a=6.0), charger("b")), [car(), car(arrives_s=20.0)],
                lambda now_s: (now_s % 40.0, 2.0, 2.0), meter_out=[(60.0, 80.0)],
            ).until(life_s)  # fmt: skip
            log = WhyLog(building.group)
            why.begin(log.opened())
            for seen, decision in zip(building.observations, building.decisions, strict=True):
                why.add(change(log.seen(seen)))
                if (line := log.decided(decision)) is not None:
                    why.add(change(line))
        keeping = asyncio.create_task(why.keep())
        await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(story())


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = cli.main(["balance", *words])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return code, told.out + told.err


def test_a_life_is_played_again(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lived(unit, 30.0, 120.0)
    code, said = ran(capsys, "replay")
    assert code == 0
    assert said.endswith("decisions, 0 of them come out differently\n")
    assert int(said.split()[0]) > 10
    assert ran(capsys, "replay", str(unit)) == (0, said)
    assert ran(capsys, "replay", str(last_life(unit)[0])) == (0, said)


def test_a_number_that_was_changed_shows(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lived(unit, 120.0, change=lambda line: line.replace('"orders":[[0,6.0,', '"orders":[[0,7.0,'))
    code, said = ran(capsys, "replay")
    assert code == 1
    assert 'in the log: {"t": ' in said
    assert "now:        {" in said
    assert said.count("in the log") <= command.MOST_SHOWN


def test_an_observation_that_was_changed_shows(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lived(unit, 120.0, change=lambda line: line.replace('"t":33.0,"meter":[33.0,', '"t":33.0,"meter":[33.0,4'))
    assert ran(capsys, "replay")[0] == 1


def test_a_life_whose_beginning_is_gone_cannot_be_played(
    unit: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as quick:
        quick.setattr(chronicle, "PART_S", 0.0)
        lived(unit, 5.0)
    first, *others = last_life(unit)
    first.unlink()
    assert ran(capsys, "replay") == (2, f"ampguard: {unit}: wanted all parts of life 1, met none with the number 0\n")
    code, said = ran(capsys, "replay", *map(str, others[1:]))
    assert (code, said) == (2, "ampguard: wanted a why-log from its first line on, met one whose beginning is gone\n")


def test_what_was_left_out_ends_what_can_be_played(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lived(unit, 120.0, change=lambda line: '{"lost":7}' if line.startswith('{"t":90.0') else line)
    code, said = ran(capsys, "replay")
    assert code == 0
    assert "0 of them come out differently\nbehind them 7 lines are missing" in said


def test_an_end_that_was_cut_off_is_no_difference(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lived(unit, 120.0)
    (path,) = last_life(unit)
    told = list(chronicle.lines([path]))
    while not told[-1].startswith('{"why"'):
        told.pop()
    path.unlink()
    why = WhyFiles(unit, lambda: None, LOG)
    why.begin(told[1])

    async def story() -> None:
        for line in told[2:-1]:
            why.add(line)
        keeping = asyncio.create_task(why.keep())
        await asyncio.sleep(0)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(story())
    assert ran(capsys, "replay")[0] == 0


@pytest.mark.parametrize("line", ["nonsense", '{"t":', "[]", "7", '{"why":{}}', '{"t":"x"}'])
def test_a_line_that_is_none_is_said(line: str, unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lived(unit, 60.0, change=lambda told: line if told.startswith('{"t":30.0') else told)
    code, said = ran(capsys, "replay")
    assert code in {1, 2}
    assert ran(capsys, "why")[0] == 0
    if code == 2:
        assert said.startswith("ampguard: line ")
        assert said.endswith(" is none of a why-log\n")


def test_the_latest_changes_over_all_lives(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lived(unit, 60.0, 3.0)
    code, said = ran(capsys, "why", "--count", "4")
    assert code == 0
    lines = said.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("at an unknown time") and " A" in line for line in lines)
    whole = ran(capsys, "why", "--count", "1000")[1].splitlines()
    assert len(whole) > 4
    assert whole[-4:] == lines
    told = [json.loads(line) for line in ran(capsys, "why", "--json", "--count", "4")[1].splitlines()]
    assert [f"{'at an unknown time':<26} {one['charger']}: {one['sentence']}" for one in told] == lines


def test_nothing_has_changed_yet(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "why") == (0, "no limit has changed yet\n")
    code, said = ran(capsys, "replay")
    assert code == 2
    assert said.endswith("met none: nothing was ever balanced here\n")


def test_files_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ran(capsys, "why", str(tmp_path / "missing"))
    assert (code, said) == (2, f"ampguard: {tmp_path / 'missing'}: wanted a why-log, met no such file\n")
    (tmp_path / "text").write_text("no log")
    assert ran(capsys, "replay", str(tmp_path / "text")) == (
        2,
        "ampguard: wanted a why-log with a decision in it, met none\n",
    )


@pytest.mark.parametrize("count", ["0", "-1", "x", "99999999999", ""])
def test_a_count_that_is_none(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["balance", "why", f"--count={count}"])
    assert "wanted a whole number from 1 on" in capsys.readouterr().err


@pytest.mark.parametrize("words", [(), ("show",), ("why",), ("replay",)])
def test_everything_has_its_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["balance", *words, "--help"])
    assert capsys.readouterr().out.startswith("usage: ampguard balance")


# What is


@contextlib.contextmanager
def telling_all(folder: Path, body: Json) -> Iterator[None]:
    """A balancer that says so."""
    feed, ends = Publisher(folder / "balancer.sock"), threading.Event()

    def tell() -> None:
        while not ends.wait(0.02):
            feed.publish("why", {})
            feed.publish("balance", body)

    speaking = threading.Thread(target=tell)
    speaking.start()
    try:
        yield
    finally:
        ends.set()
        speaking.join()
        feed.close()


def state(folder: Path, **beside: object) -> dict[str, Json]:
    balancer = Balancer(shared(charger("CP1")))
    decision = balancer.decide(Observation(time.monotonic(), None, None, (None,)))
    told = telling.Beside(**({"latest": {}, "fault": None, "told": [], "strangers": []} | beside))  # type: ignore[arg-type]  # a test names what it changes
    return telling.state(group(folder, file()), balancer, decision, {"CP1": report()}, told)


def test_the_group_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with telling_all(tmp_path, state(tmp_path)):
        code, said = ran(capsys, "show")
        assert code == 0
        assert said.splitlines() == [
            "group: meter lost, led by the unit, fuse 25.0 A",
            "CP1              Charging       limit  0.0 A  draws 10.0 10.0 10.0 A",
        ]
        assert json.loads(ran(capsys, "show", "--json")[1])["chargers"][0]["id"] == "CP1"


def test_what_is_wrong_beside_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = state(tmp_path, fault=phrase("the fuse is {what}", what="odd"), told=["and the medium is full"])
    with telling_all(tmp_path, wrong):
        assert ran(capsys, "show")[1].splitlines()[:2] == ["the fuse is odd", "and the medium is full"]


def test_a_group_that_is_not_balanced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    idle: dict[str, Json] = {"name": None, "active": False, "fault": None, "chargers": []}
    with telling_all(tmp_path, idle):
        assert ran(capsys, "show") == (0, "nothing is balanced\n")
    with telling_all(tmp_path, idle | {"fault": {"message": "so it is", "facts": {}}}):
        assert ran(capsys, "show") == (0, "nothing is balanced: so it is\n")


def test_without_a_balancer(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = ran(capsys, "show")
    assert code == 2
    assert "wanted a balancer that runs, met none" in said
    with pytest.raises(SetupError):
        command.main(["show"])

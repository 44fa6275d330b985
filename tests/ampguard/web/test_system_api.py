"""What the unit is, restarting it, giving it back: over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.ampguard.web.unit import SERIAL, Unit, refusal, system_at, unit_at

from ampguard.errors import SetupError
from ampguard.readings import Json
from ampguard.web.access.tokens import Scope

URL = "/api/v1/system"
TOLD: dict[str, Json] = {
    "serial": SERIAL, "variant": "home", "rated_current_a": 100, "ct_set": "blue", "calibration": "0123456789abcdef",
}  # fmt: skip


@dataclass
class Ended:
    """Notes who asked for what; refuses where it was told to."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    refuses: bool = False

    async def reboot(self, who: str) -> None:
        self._ask("reboot", who)

    async def reset(self, who: str) -> None:
        self._ask("reset", who)

    def _ask(self, what: str, who: str) -> None:
        if self.refuses:
            raise SetupError("wanted logind, met silence")
        self.asked.append((what, who))


@pytest.fixture
def ended() -> Ended:
    return Ended()


@pytest.fixture
def unit(tmp_path: Path, ended: Ended) -> Iterator[Unit]:
    with unit_at(tmp_path, system=replace(system_at(), ending=ended)) as made:
        yield made


def test_the_unit_says_who_it_is_and_how_long_it_runs(unit: Unit) -> None:
    unit.parts.hub.tell("status", {"serial": SERIAL, "unit": TOLD})
    told = unit.with_token(Scope.READ).get(URL).json()
    assert told["identity"] == TOLD
    assert told["software"] == {"ampguard": "0", "python": "3.11", "kernel": "6", "computer": "a test"}
    assert (told["boot"], told["unit_up_s"], told["processes_up_s"]) == ("boot-1", 60.0, {"meter": None})


def test_while_the_meter_is_silent_what_is_not_known_is_absent(unit: Unit) -> None:
    unit.parts.hub.forget("status")
    assert set(unit.owner.get(URL).json()["identity"].values()) == {None}
    unit.places.identity.mkdir()
    (unit.places.identity / "card.json").write_text(
        '{"serial": "AB12345G", "variant": "home", "pin_hash": "00", "access_point_psk": null}'
    )
    told = unit.owner.get(URL)
    assert (told.json()["identity"]["serial"], told.json()["identity"]["variant"]) == (SERIAL, "home")
    assert "pin" not in told.text


def test_the_owner_and_a_controlling_program_may_restart_it(unit: Unit, ended: Ended) -> None:
    assert unit.owner.post(f"{URL}/reboot").status_code == 202
    assert unit.with_token(Scope.CONTROL).post(f"{URL}/reboot").status_code == 202
    assert ended.asked == [("reboot", "session 192.0.2.7"), ("reboot", "token a control token")]


def test_nobody_else_may_restart_it(unit: Unit, ended: Ended) -> None:
    assert refusal(unit.stranger.post(f"{URL}/reboot")) == (401, "sign-in-wanted")
    assert refusal(unit.with_token(Scope.READ).post(f"{URL}/reboot")) == (403, "not-allowed")
    assert refusal(unit.owner.post(f"{URL}/reboot", headers={"X-CSRF-Token": "x"})) == (403, "not-allowed")
    assert ended.asked == []


def test_a_system_that_does_not_restart_is_told(unit: Unit, ended: Ended) -> None:
    ended.refuses = True
    answer = unit.owner.post(f"{URL}/reboot")
    assert refusal(answer) == (503, "not-restarted")
    assert answer.json()["sentence"] == "wanted logind, met silence"
    assert refusal(unit.owner.post(f"{URL}/factory-reset", json={"serial": SERIAL})) == (503, "not-restarted")


def test_what_a_factory_reset_does_is_said_before(unit: Unit) -> None:
    assert unit.owner.get(f"{URL}/factory-reset").json() == [
        {"what": "readings", "is_kept": False, "why": "theirs"},
        {"what": "the serial", "is_kept": True, "why": "ours"},
    ]


@pytest.mark.parametrize("typed", [SERIAL, f" {SERIAL.lower()} "])
def test_a_factory_reset_wants_the_serial(unit: Unit, ended: Ended, typed: str) -> None:
    assert unit.owner.post(f"{URL}/factory-reset", json={"serial": typed}).status_code == 202
    assert ended.asked == [("reset", "session 192.0.2.7")]


@pytest.mark.parametrize("typed", ["", "yes", SERIAL[:-1], f"{SERIAL}G", "Ä"])
def test_another_word_wipes_nothing(unit: Unit, ended: Ended, typed: str) -> None:
    assert refusal(unit.owner.post(f"{URL}/factory-reset", json={"serial": typed})) == (422, "unfit")
    assert ended.asked == []


def test_no_program_wipes_anything(unit: Unit, ended: Ended) -> None:
    answer = unit.with_token(Scope.CONTROL).post(f"{URL}/factory-reset", json={"serial": SERIAL})
    assert refusal(answer) == (401, "sign-in-wanted")
    assert ended.asked == []


def test_a_unit_that_does_not_know_its_serial_wipes_nothing(unit: Unit, ended: Ended) -> None:
    unit.parts.hub.forget("status")
    assert refusal(unit.owner.post(f"{URL}/factory-reset", json={"serial": ""})) == (503, "no-meter")
    assert ended.asked == []


def test_the_page_shows_what_the_table_says(unit: Unit) -> None:
    page = unit.owner.get("/system")
    assert page.status_code == 200
    for words in ("readings", "theirs", "the serial", "ours", "a test"):
        assert words in page.text
    assert unit.stranger.get("/system").headers["location"] == "/sign-in"

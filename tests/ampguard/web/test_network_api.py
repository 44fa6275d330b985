"""The network over HTTP: what is asked of it, who may, and what is said where nobody answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest
from tests.ampguard.web.unit import ALONE, NoNetwork, Unit, refusal, unit_at

from ampguard.errors import SetupError
from ampguard.network import join, reason, state
from ampguard.network.air import Heard, Security
from ampguard.network.lastjoin import LastJoin, Outcome
from ampguard.readings import Json
from ampguard.web.access.tokens import Scope
from ampguard.web.api import network_bodies
from ampguard.web.network import Air, Fixed
from ampguard.web.pages.wifi import LINKS, REASONS, STEPS

URL = "/api/v1/network"
HOME = b"Caf\xc3\xa9"
GARAGE = Heard(b"\xff", -84, Security.PERSONAL, only_sae=False, out_of_band=False, access_points=1)
UPSTAIRS = Heard(HOME, -51, Security.OPEN, only_sae=False, out_of_band=True, access_points=2)


@dataclass
class Noted(NoNetwork):
    """Notes what it is asked; refuses what it was told to."""

    told: Mapping[str, Json] = field(
        default_factory=lambda: {
            **ALONE,
            "manager": True,
            "saved": [{"ssid": "Café", "ssid_hex": HOME.hex(), "in_reach": True}],
            "last_join": LastJoin(HOME, Outcome.FAILED, reason.Reason.NO_DHCP, weak=True).as_json(),
        }
    )
    asked: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])
    refuses: str = ""

    def state(self) -> Mapping[str, Json]:
        return self.told

    def heard(self) -> Air:
        return Air((GARAGE.as_json(), UPSTAIRS.as_json()), 3.0)

    async def scan(self, *, close_access_point: bool) -> Air:
        self.asked.append(("scan", close_access_point))
        return self.heard()

    def join(self, ssid: bytes, password: str | None, fixed: Fixed | None, who: str) -> None:
        if self.refuses:
            raise SetupError(self.refuses)
        self.asked.append(("join", ssid, password, fixed, who))

    async def forget(self, ssid: bytes, who: str) -> None:
        self.asked.append(("forget", ssid, who))

    def open_access_point(self, who: str) -> None:
        self.asked.append(("open", who))

    def close_access_point(self, who: str) -> None:
        self.asked.append(("close", who))


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def unit(tmp_path: Path, noted: Noted) -> Iterator[Unit]:
    with unit_at(tmp_path, network=noted) as made:
        yield made


OURS = "session 192.0.2.7"


def test_how_the_unit_is_connected_is_told_with_the_reason_of_the_last_failure(unit: Unit) -> None:
    told = unit.with_token(Scope.READ).get(URL)
    assert told.status_code == 200
    now = told.json()
    assert now["last_join"] == {
        "ssid": "Café", "ssid_hex": HOME.hex(), "outcome": "failed", "reason": "no_dhcp", "weak": True,
        "sentence": "The network gave no address. Switch on DHCP in its router, or set a fixed address.",
    }  # fmt: skip
    assert (now["manager"], now["connected"], now["access_point"]["is_yours"]) == (True, False, False)


def test_whoever_is_on_the_access_point_is_told_that_he_is(unit: Unit) -> None:
    assert unit.owner.get(f"http://192.168.251.1{URL}").json()["access_point"]["is_yours"] is True


def test_what_is_in_the_air_says_what_is_weak_known_and_of_no_use(unit: Unit, noted: Noted) -> None:
    garage, upstairs = unit.owner.post(f"{URL}/scan").json()["networks"]
    assert (garage["ssid"], garage["ssid_hex"], garage["signal_dbm"], garage["bars"]) == ("\\xff", "ff", -84, 1)
    assert (garage["weak"], garage["known"], garage["usable"], garage["only_5_ghz"]) == (True, False, True, False)
    assert (upstairs["weak"], upstairs["known"], upstairs["usable"], upstairs["only_5_ghz"]) == (
        False, True, False, True,
    )  # fmt: skip
    assert unit.owner.post(f"{URL}/scan", json={"close_access_point": True}).json()["age_s"] == 3.0
    assert noted.asked == [("scan", False), ("scan", True)]


def test_looking_at_what_was_heard_listens_to_nothing(unit: Unit, noted: Noted) -> None:
    assert len(unit.with_token(Scope.READ).get(f"{URL}/networks").json()["networks"]) == 2
    assert noted.asked == []


def test_joining_is_answered_before_it_is_done(unit: Unit, noted: Noted) -> None:
    fixed = {"address": "10.0.0.2/8", "gateway": "10.0.0.1", "name_servers": ["10.0.0.1", "9.9.9.9"]}
    wishes: list[dict[str, object]] = [
        {"ssid_hex": "FF", "password": "eight888"},
        {"ssid": "Café", "password": ""},
        {"ssid": "Café", "fixed": fixed},
    ]
    assert [unit.owner.post(f"{URL}/join", json=one).status_code for one in wishes] == [202, 202, 202]
    assert noted.asked == [
        ("join", b"\xff", "eight888", None, OURS),
        ("join", HOME, None, None, OURS),
        ("join", HOME, None, Fixed("10.0.0.2/8", "10.0.0.1", ("10.0.0.1", "9.9.9.9")), OURS),
    ]


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"ssid": ""},
        {"ssid": "a", "ssid_hex": "61"},
        {"ssid_hex": "6"},
        {"ssid_hex": "61" * 33},
        {"ssid_hex": "zz"},
        {"ssid": "a" * 33},
        {"ssid": "a", "key": "x"},
        {"ssid": "a", "fixed": {"address": "x" * 41}},
    ],
    ids=str,
)
def test_a_wish_that_names_no_network_begins_nothing(unit: Unit, noted: Noted, wish: dict[str, object]) -> None:
    assert refusal(unit.owner.post(f"{URL}/join", json=wish)) == (422, "malformed")
    assert noted.asked == []


def test_why_a_network_cannot_be_joined_like_this_is_said(unit: Unit, noted: Noted) -> None:
    noted.refuses = "Wi-Fi password: wanted at most 30 characters, met 31"
    answer = unit.owner.post(f"{URL}/join", json={"ssid": "a", "password": "x" * 31})
    assert refusal(answer) == (422, "unfit")
    assert answer.json()["sentence"] == noted.refuses


@pytest.mark.parametrize("where", sorted(join.UNDER_WAY))
def test_nobody_joins_while_another_network_is_being_joined(unit: Unit, noted: Noted, where: join.State) -> None:
    noted.told = {**noted.told, "join": where.value}
    assert refusal(unit.owner.post(f"{URL}/join", json={"ssid": "a"})) == (409, "busy")
    assert noted.asked == []


def test_a_saved_network_is_forgotten_and_no_other(unit: Unit, noted: Noted) -> None:
    assert unit.owner.ask("DELETE", f"{URL}/networks/{HOME.hex().upper()}").status_code == 204
    assert refusal(unit.owner.ask("DELETE", f"{URL}/networks/6162")) == (404, "not-there")
    assert noted.asked == [("forget", HOME, OURS)]


def test_the_access_point_is_opened_and_closed(unit: Unit, noted: Noted) -> None:
    assert unit.owner.post(f"{URL}/access-point").status_code == 202
    assert unit.with_token(Scope.CONTROL).ask("DELETE", f"{URL}/access-point").status_code == 202
    assert noted.asked == [("open", OURS), ("close", "token a control token")]


CHANGES = (
    ("POST", "scan"), ("POST", "join"), ("DELETE", f"networks/{HOME.hex()}"), ("POST", "access-point"),
    ("DELETE", "access-point"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "what"), CHANGES)
def test_nobody_else_changes_anything(unit: Unit, noted: Noted, method: str, what: str) -> None:
    body = {"ssid": "a"} if what == "join" else None
    url = f"{URL}/{what}"
    assert refusal(unit.stranger.ask(method, url, json=body)) == (401, "sign-in-wanted")
    assert refusal(unit.with_token(Scope.READ).ask(method, url, json=body)) == (403, "not-allowed")
    assert refusal(unit.owner.ask(method, url, json=body, headers={"X-CSRF-Token": "x"})) == (403, "not-allowed")
    assert noted.asked == []


@pytest.mark.parametrize(("method", "what"), CHANGES)
def test_a_network_service_that_does_not_answer_is_told(tmp_path: Path, method: str, what: str) -> None:
    with unit_at(tmp_path) as unit:
        body = {"ssid": "a"} if what == "join" else None
        answer = unit.owner.ask(method, f"{URL}/{what}", json=body)
        assert refusal(answer) == (503, "no-network-manager")
        assert answer.headers["retry-after"] == "5"
        assert unit.owner.get(URL).json()["manager"] is False


def _values(kind: type[StrEnum]) -> set[str]:
    return {one.value for one in kind}


def test_the_api_has_the_words_of_the_network() -> None:
    assert _values(network_bodies.JoinState) == _values(join.State)
    assert _values(network_bodies.FailReason) == _values(reason.Reason)
    assert _values(network_bodies.LinkState) == _values(state.LinkState)
    assert set(network_bodies.LastJoin.model_fields["outcome"].annotation.__args__) == _values(Outcome)  # type: ignore[union-attr]  # a Literal
    assert set(network_bodies.Heard.model_fields["security"].annotation.__args__) == _values(Security)  # type: ignore[union-attr]  # a Literal


def test_the_page_says_each_reason_in_the_networks_sentence_and_each_step() -> None:
    assert {one.value: text for one, text in REASONS.items()} == {
        one.value: text for one, text in reason.SENTENCES.items()
    }
    assert {one.value for one in STEPS} == {one.value for one in join.UNDER_WAY}
    assert {one.value for one in LINKS} == _values(state.LinkState)


def test_the_page_is_there_for_whoever_has_signed_in(unit: Unit) -> None:
    page = unit.owner.get("/wifi")
    assert page.status_code == 200
    for text in REASONS.values():
        assert text.replace("'", "&#39;") in page.text
    assert "You are on it at the moment." not in page.text
    assert "You are on it at the moment." in unit.owner.get("http://192.168.251.1/wifi").text
    assert unit.stranger.get("/wifi").headers["location"] == "/sign-in"

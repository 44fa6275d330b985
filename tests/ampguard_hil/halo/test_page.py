"""The charger's own page: PIN, tabs, and who sees it."""

from __future__ import annotations

import pytest
from tests.ampguard_hil.halo.bench import BEGIN_UTC, URL, Central, halo
from tests.ampguard_hil.halo.browser import Browser

from ampguard_hil.halo.halo import Halo
from ampguard_hil.halo.page import application
from ampguard_hil.halo.variant import Protocol, Variant

BENCH = {"X-Bench-Panel": "1"}


def known(charger: Halo) -> Browser:
    client = Browser(application(charger))
    assert client.post("/login", json={"pin": "12345678"}).status_code == 200
    return client


@pytest.fixture
def charger() -> Halo:
    """Ready, with a cable in its socket and no cloud."""
    made = halo(backend="")
    made.advance(5.0)
    return made


def test_without_the_pin_nothing_is_told_or_done(charger: Halo) -> None:
    client = Browser(application(charger))
    assert client.get("/").status_code == 200
    assert client.post("/login", json={"pin": "00000000"}).status_code == 401
    assert client.get("/state").status_code == 401
    for tab, told in (("wifi", {}), ("installation", {}), ("rfid", {}), ("ocpp", {"url": URL}), ("restart", {})):
        assert client.post(f"/{tab}", json=told).status_code in {401, 422}
    assert charger.backend.saved_url is None


def test_a_sign_in_at_one_charger_is_none_at_another(charger: Halo) -> None:
    cookies = known(charger).cookies
    other = Browser(application(Halo(Variant(serial="2611000002M"), BEGIN_UTC, plugged_ethernet=True)), cookies=cookies)
    assert other.get("/state").status_code == 401


def test_the_state_is_shown(charger: Halo) -> None:
    shown = known(charger).get("/state").json()
    assert shown["serial"] == "2611000001M"
    assert shown["status"] == "Available"
    assert shown["ring"] == "white"
    assert shown["installation"] == {"most_a": 16.0, "phases": 3, "grid": "TN"}


def test_the_installation_limits_it(charger: Halo) -> None:
    client = known(charger)
    assert client.post("/installation", json={"most_a": 10, "phases": 1, "grid": "TT"}).status_code == 200
    assert charger.most.current_a == 10.0
    assert charger.most.phases == 1
    assert client.post("/installation", json={"most_a": 5, "phases": 1}).status_code == 422
    assert client.post("/installation", json={"most_a": 10, "phases": 2}).status_code == 422


def test_tags_of_a_charger_without_a_cloud(charger: Halo) -> None:
    client = known(charger)
    shown = client.post("/rfid", json={"tags": ["04AABBCC", "A1"]}).json()
    assert shown["tags"] == ["04AABBCC", "A1"]
    assert not shown["tags_ignored"]
    assert client.post("/rfid", json={"tags": ["with space"]}).status_code == 422


def test_they_are_shown_as_ignored_once_it_was_connected() -> None:
    central = Central(halo())
    central.boot()
    assert known(central.halo).get("/state").json()["tags_ignored"]


def test_a_backend_is_saved_stored_and_used_after_a_restart(charger: Halo) -> None:
    client = known(charger)
    assert client.post("/ocpp", json={"url": URL}).json()["backend_saved"] == URL
    charger.advance(10.0)
    assert client.get("/state").json()["backend"] == ""
    charger.advance(15.5)
    assert client.get("/state").json() | {"backend": URL, "backend_saved": None} == client.get("/state").json()
    client.post("/restart")
    charger.advance(16.0)
    assert charger.backend.url == URL
    assert client.post("/ocpp", json={"url": "http://no.socket"}).status_code == 422


def test_through_its_access_point_while_it_is_up_and_through_wifi_afterwards() -> None:
    charger = halo(backend="", ethernet=False)
    charger.advance(5.0)
    client = known(charger)
    charger.advance(601.0)
    assert client.get("/state").status_code == 503
    charger.restart()
    charger.advance(610.0)
    assert client.post("/wifi", json={"network": "home", "password": "long enough"}).status_code == 200
    charger.advance(1300.0)
    assert client.get("/state").json()["network"] == "home"
    assert client.post("/wifi", json={"network": "home", "password": "x" * 8, "security": "WPA3"}).status_code == 422


def test_nobody_sees_the_page_of_a_dark_charger(charger: Halo) -> None:
    client = known(charger)
    charger.cut_power()
    assert client.get("/").status_code == 503


def test_one_that_speaks_capi_has_the_wifi_form_alone_and_asks_for_no_pin() -> None:
    charger = Halo(Variant(serial="2611000001M", protocol=Protocol.CAPI), BEGIN_UTC)
    charger.advance(5.0)
    client = Browser(application(charger))
    assert client.post("/wifi", json={"network": "home", "password": "long enough"}).status_code == 200
    assert client.get("/state").json()["protocol"] == "CAPI"
    for tab in ("installation", "rfid", "ocpp", "restart"):
        assert client.post(f"/{tab}", json={}).status_code == 404


def test_the_bench_plugs_swipes_breaks_and_switches(charger: Halo) -> None:
    client = Browser(application(charger), headers=BENCH)

    def act(**told: object) -> None:
        assert client.post("/bench/act", json=told).status_code == 200

    charger.configuration.set("RfidLock", "true")
    act(do="plug", car={"phases": 1, "most_a": 16.0, "start_s": 1.0})
    charger.tags.offline = {"A1"}
    charger.advance(8.0)
    act(do="swipe", tag="A1")
    charger.advance(30.0)
    assert client.get("/bench/state").json()["currents_a"][1:] == [0.0, 0.0]
    assert charger.status == "Charging"
    act(do="fault", fault="GroundFailure")
    charger.advance(31.0)
    assert charger.status == "Faulted"
    act(do="fault")
    act(do="cut power")
    assert not charger.powered
    act(do="connect power")
    act(do="unplug")
    charger.advance(40.0)
    assert charger.status == "Available"
    assert client.post("/bench/act", json={"do": "plug", "car": {"phases": 9}}).status_code == 422


def test_no_other_page_acts_for_the_bench(charger: Halo) -> None:
    assert Browser(application(charger)).post("/bench/act", json={"do": "unplug"}).status_code == 403

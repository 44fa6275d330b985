"""The card's Wi-Fi in QEMU: the real NetworkManager, with radios that the kernel simulates, as an electrician meets it.

The unit has one radio, with `ap0` beside `wlan0` as udev makes it on a card; a phone and the customer's router have one
each, in network namespaces of the guest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.card import Card, booted, table

from ampguard_drivers.simulated.board import ACCESS_POINT_PSK, PIN

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(1800)]
PATIENCE_S = 180.0
"""Of a machine in a machine."""
MOST_TO_OPEN_S, MOST_TO_JOIN_S = 10.0, 15.0
OWN, HOME, PASSWORD = "AG_000001G", "Villa Sol", "sunny days 2026"
MANAGER, WEB = "NetworkManager", "ampguard-web"
IN_PHONE, IN_HOME = "ip netns exec phone", "ip netns exec home"
PROGRAM = Path(__file__).with_name("phone.py").read_text()
PHONE = f"""
ctrl_interface=/run/phone
network={{
    ssid="{OWN}"
    psk={ACCESS_POINT_PSK.hex()}
}}
"""
ROUTER = f"""
network={{
    ssid="{HOME}"
    mode=2
    frequency=2437
    key_mgmt=WPA-PSK
    proto=RSN
    pairwise=CCMP
    psk="{PASSWORD}"
}}
"""


@pytest.fixture(scope="module")
def card() -> Iterator[Card]:
    """The customer's router is there when the unit is switched on.

    Nothing is measured meanwhile: a simulated board takes most of an emulated processor, a real one little of a Pi's.
    """
    with booted() as found:
        found.run("systemctl stop --no-block ampguard-meter ampguard-again@meter.timer bench-board")
        assert found.place.until(lambda: found.shows("bench-radio", "ActiveState") == "active", PATIENCE_S)
        found.put("/run/router.conf", ROUTER)
        found.run(f"{IN_HOME} ip address add 10.9.0.1/24 dev wlan2")
        found.run(f"{IN_HOME} wpa_supplicant -B -D nl80211 -i wlan2 -c /run/router.conf -f /run/router.log")
        found.run(
            f"{IN_HOME} dnsmasq --interface=wlan2 --bind-interfaces --port=0 --user=root --conf-file=/dev/null "
            "--dhcp-range=10.9.0.10,10.9.0.20,1h --dhcp-leasefile=/run/router.leases --pid-file=/run/router.pid"
        )
        yield found


@pytest.fixture(scope="module")
def rows() -> Iterator[dict[str, str]]:
    with table() as found:
        yield found


@pytest.fixture(scope="module")
def opened_s(card: Card) -> float:
    """When the access point was open."""
    assert until_said(card, MANAGER, r"\(ap0\): Activation: successful")
    return card.said_s(MANAGER, r"\(ap0\): Activation: successful")[0]


@pytest.fixture(scope="module")
def phone(card: Card, opened_s: float) -> Card:
    """One has joined the access point with the password of the label."""
    assert opened_s > 0
    card.put("/run/phone.py", PROGRAM)
    card.put("/run/phone.conf", PHONE)
    card.run(f"{IN_PHONE} wpa_supplicant -B -D nl80211 -i wlan1 -c /run/phone.conf -f /run/phone.log")
    assert card.place.until(lambda: "COMPLETED" in card.run("wpa_cli -p /run/phone -i wlan1 status"), PATIENCE_S)
    card.run(f"{IN_PHONE} /usr/lib/klibc/bin/ipconfig -t 40 -c dhcp -d wlan1")
    return card


def asks(phone: Card, *wanted: str) -> Any:
    """What the phone meets; it runs beside the shell, which waits for nobody that long."""
    words = " ".join(f"'{word}'" for word in (PIN, *wanted))
    phone.run("rm -f /run/met")
    python = "/usr/lib/ampguard/bin/python -I"
    phone.run(f"({IN_PHONE} {python} /run/phone.py {words} > /run/met.part 2>&1; mv /run/met.part /run/met) &")
    assert phone.place.until(lambda: phone.run("test -e /run/met; echo $?") == "0", 2 * PATIENCE_S)
    said = phone.run("cat /run/met")
    assert said.startswith("{"), said
    return json.loads(said)


def until_said(card: Card, unit: str, pattern: str) -> bool:
    return card.place.until(lambda: bool(card.said_s(unit, pattern)), PATIENCE_S)


def test_the_access_point_opens_soon_after_networkmanager_and_the_page_are_there(
    card: Card, opened_s: float, rows: dict[str, str]
) -> None:
    manager_s = card.active_s(MANAGER)
    asked_s = card.said_s(WEB, "NetworkManager answers")[0]
    rows["access point open"] = (
        f"{opened_s - manager_s:.1f} s after NetworkManager, {opened_s - asked_s:.1f} s after the page's process met it"
    )
    assert opened_s - max(manager_s, asked_s) < MOST_TO_OPEN_S


def test_a_phone_gets_an_address_is_led_to_the_page_and_signs_in(phone: Card) -> None:
    assert "inet 192.168.251." in phone.run(f"{IN_PHONE} ip -4 address show wlan1")
    met = asks(phone)
    assert met["probe"] == [302, "http://192.168.251.1/"]
    assert met["page"] == [200, True]
    assert met["signed_in"] == 200
    assert HOME in met["air"]
    assert met["network"]["access_point"]["is_yours"]
    assert met["network"]["access_point"]["beside_network"]


def test_a_phone_does_not_get_through_the_unit_and_sees_nothing_but_the_page(phone: Card) -> None:
    probe = f"{IN_PHONE} timeout 10 bash -c 'exec 3<>/dev/tcp/%s/%s' 2>/dev/null; echo $?"
    assert phone.run(probe % ("192.168.251.1", 80)) == "0"
    assert phone.run(probe % ("192.168.251.1", 22)) != "0"
    assert phone.run(probe % ("10.0.2.2", 22)) != "0"


def test_a_wrong_password_is_told_and_the_phone_is_still_there(phone: Card, rows: dict[str, str]) -> None:
    network = asks(phone, HOME, "cloudy days 2026")["network"]
    assert (network["join"], network["last_join"]["reason"]) == ("failed", "wrong_password"), network
    assert network["access_point"]["open"]
    rows["wrong password told"] = f"after {joined_in_s(phone, 'failed'):.1f} s"


def test_with_the_right_password_it_is_in_the_network_and_the_access_point_stays(
    phone: Card, rows: dict[str, str]
) -> None:
    network = asks(phone, HOME, PASSWORD)["network"]
    assert network["join"] == "joined", network
    assert network["wifi"]["address"].startswith("10.9.0.")
    assert network["wifi"]["reception"]["ssid"] == HOME
    assert [one["ssid"] for one in network["saved"]] == [HOME]
    took_s = joined_in_s(phone, "joined")
    rows["joined"] = f"after {took_s:.1f} s"
    assert took_s < MOST_TO_JOIN_S


def test_the_network_is_kept_on_the_data_partition(phone: Card) -> None:
    kept = phone.run("grep -l 'ssid=Villa Sol' /data/NetworkManager/system-connections/*")
    assert phone.run(f"stat --format=%a '{kept}'") == "600"


def joined_in_s(card: Card, outcome: str) -> float:
    """From the request to its outcome, by the unit's own log."""
    return card.said_s(WEB, f"joining: .* -> {outcome}")[-1] - card.said_s(WEB, "joining: .* -> leaving")[-1]

"""Names and passwords: what is possible, what is refused in a plain sentence, and what is never repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.network.accesspoint import access_point_of
from ampguard.network.credentials import access_point_ssid, check_key, check_password, check_ssid, key_of, shown
from ampguard.network.profile import access_point, station
from ampguard.network.target import target

PRINTABLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)


@given(st.text(PRINTABLE, min_size=8, max_size=30))
def test_eight_to_thirty_printable_characters_are_a_password(password: str) -> None:
    assert check_password(password) == password


@given(st.text(max_size=60).filter(lambda text: not (8 <= len(text) <= 30 and text.isascii() and text.isprintable())))
def test_everything_else_is_refused(password: str) -> None:
    with pytest.raises(SetupError):
        check_password(password)


@given(st.text(st.characters(min_codepoint=0xA1, max_codepoint=0xFF), min_size=8, max_size=40))
def test_a_refusal_does_not_repeat_the_password(password: str) -> None:
    with pytest.raises(SetupError) as met:
        check_password(password)
    assert password not in str(met.value)


def test_a_password_is_in_no_representation() -> None:
    assert "right password" not in repr(target(b"Home", "right password", None, None))


@given(st.binary(min_size=1, max_size=32))
def test_any_bytes_are_a_name_and_can_be_shown(ssid: bytes) -> None:
    assert check_ssid(ssid) == ssid
    assert shown(ssid).isprintable()


@pytest.mark.parametrize("ssid", [b"", b"x" * 33])
def test_a_name_of_no_or_too_many_bytes_is_refused(ssid: bytes) -> None:
    with pytest.raises(SetupError, match="1 to 32"):
        check_ssid(ssid)


@pytest.mark.parametrize(
    ("ssid", "text"),
    [(b"Home", "Home"), ("Café".encode(), "Café"), (b"caf\xe9", "caf\\xe9"), (b"a\x00b\n", "a\\x00b\\x0a")],
)
def test_names_are_shown_so_that_they_can_be_told_apart(ssid: bytes, text: str) -> None:
    assert shown(ssid) == text


@pytest.mark.parametrize(
    ("ssid", "password", "key"),
    [  # the test vectors of IEEE 802.11, J.4.2
        (b"IEEE", "password", "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"),
        (b"ThisIsASSID", "ThisIsAPassword", "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"),
    ],
)
def test_the_key_is_the_one_of_the_standard(ssid: bytes, password: str, key: str) -> None:
    assert key_of(ssid, password) == check_key(key)


@pytest.mark.parametrize("key", ["", "12345678", "0F" * 32, "0g" * 32, "00" * 33])
def test_the_access_point_takes_a_key_and_no_password(key: str) -> None:
    with pytest.raises(SetupError, match="64 hexadecimal digits"):
        access_point_of("2403001234567G", key)


def test_the_access_point_has_the_last_seven_characters_of_the_serial() -> None:
    assert access_point_ssid("2403001234567G") == b"AG_234567G"


def test_profiles_say_what_the_manual_promises() -> None:
    own = access_point(b"AG_234567G", "0f" * 32, "wlan0", 6)
    assert own["802-11-wireless"]["mode"].value == "ap"
    assert own["802-11-wireless-security"]["psk"].value == "0f" * 32
    assert own["802-11-wireless-security"]["proto"].value == ["rsn"]
    assert own["ipv4"]["method"].value == "shared"
    (entry,) = own["ipv4"]["address-data"].value
    assert (entry["address"].value, entry["prefix"].value) == ("192.168.251.1", 24)
    assert own["connection"]["autoconnect"].value is False
    joined = station(target(b"Home", None, None, None), "wlan0", autoconnect=True)
    assert "802-11-wireless-security" not in joined
    # a network without an address is no network, whatever IPv6 makes up by itself; and a cable comes first
    assert joined["ipv4"]["may-fail"].value is False
    assert joined["ipv4"]["route-metric"].value > 100

"""Fixed addresses as people write them, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.network.address import fixed_address, over_access_point
from ampguard.phrase import Phrase


def test_an_address_with_its_gateway_and_name_servers() -> None:
    found = fixed_address("192.168.1.20/24", "192.168.1.1", ["9.9.9.9", "1.1.1.1"])
    assert found.as_json() == {
        "address": "192.168.1.20/24",
        "gateway": "192.168.1.1",
        "name_servers": ["9.9.9.9", "1.1.1.1"],
    }
    assert fixed_address("10.0.0.2/8", None, ()).gateway is None
    assert fixed_address("10.0.0.2/8", "", ()).gateway is None


@pytest.mark.parametrize(
    ("address", "gateway", "words"),
    [
        ("192.168.1.20", "192.168.1.1", "with a slash"),
        ("192.168.1/24", None, "with a slash"),
        ("fe80::1/64", None, "with a slash"),
        ("192.168.1.20/32", None, "from 1 to 30, not 32"),
        ("192.168.1.0/24", None, "not the address of a device"),
        ("192.168.1.255/24", None, "not the address of a device"),
        ("127.0.0.1/8", None, "not the address of a device"),
        ("224.0.0.5/24", None, "not the address of a device"),
        ("192.168.251.7/24", None, "own access point"),
        ("192.168.1.20/24", "192.168.2.1", "another device in"),
        ("192.168.1.20/24", "192.168.1.20", "another device in"),
        ("192.168.1.20/24", "router", "Gateway: router is not an IPv4 address"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_wanted(address: str, gateway: str | None, words: str) -> None:
    with pytest.raises(SetupError, match=words) as refused:
        fixed_address(address, gateway, ())
    assert isinstance(refused.value.said, Phrase), "the page says it in the reader's language"


def test_a_name_server_that_is_none_is_refused() -> None:
    with pytest.raises(SetupError, match="Name server: dns"):
        fixed_address("192.168.1.20/24", None, ["dns.example"])


@given(st.text(), st.none() | st.text(), st.lists(st.text(), max_size=2))
def test_whatever_is_written_is_an_address_or_a_plain_refusal(
    address: str, gateway: str | None, name_servers: list[str]
) -> None:
    try:
        fixed_address(address, gateway, name_servers)
    except SetupError as refusal:
        assert isinstance(refusal.said, Phrase)  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("address", "is_it"),
    [("192.168.251.33", True), ("192.168.250.33", False), ("::1", False), ("", False), ("testclient", False)],
)
def test_somebody_on_the_access_point_is_known_by_the_address(address: str, is_it: bool) -> None:  # noqa: FBT001 - pytest calls it by name
    assert over_access_point(address) is is_it

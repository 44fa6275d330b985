"""Who may come in at which door."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.balancing.ocpp.admission import admitted, charge_point_id, common_name
from ampguard.balancing.ocpp.configuration import Charger, Security

KEY = "0123456789abcdef0123456789abcdef01234567"


def basic(name: str, password: bytes) -> str:
    return "Basic " + base64.b64encode(name.encode() + b":" + password).decode()


def charger(least: Security = Security.NONE, key: str | None = KEY) -> Charger:
    return Charger(id="CP1", max_a=16.0, offline_a=6.0, key=key, least_security=least)


def subject(*names: str) -> object:
    return {"subject": (*((("commonName", name),) for name in names), (("organizationName", "O"),))}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ocpp/CP1", "CP1"), ("/CP1", "CP1"), ("/a/b/c/CP1", "CP1"),
        ("/ocpp/CP%201?x=1", "CP 1"), ("/ocpp/RDAM%7C123", "RDAM|123"),
        ("/", None), ("/ocpp/", None), ("", None), ("/ocpp/%2e%2e", None), ("/ocpp/..", None),
        ("/ocpp/" + "A" * 49, None), ("/ocpp/%00", None),
        ("/ocpp/a%2Fb", None), ("/ocpp/%ff", None),
    ],
)  # fmt: skip
def test_the_id_is_the_end_of_the_address(path: str, name: str | None) -> None:
    assert charge_point_id(path) == name


@pytest.mark.parametrize(
    ("security", "header", "status"),
    [
        (Security.NONE, None, 401),
        (Security.NONE, basic("CP1", KEY.encode()), None),
        (Security.NONE, basic("CP1", b"wrong"), 401),
        (Security.PASSWORD, None, 401),
        (Security.PASSWORD, basic("CP1", KEY.encode()), None),
        (Security.PASSWORD, basic("CP1", bytes.fromhex(KEY)), None),
        (Security.TLS, basic("CP1", KEY.encode()), None),
        (Security.TLS, basic("CP1", KEY.upper().encode()), 401),
        (Security.TLS, basic("CP2", KEY.encode()), 401),
        (Security.TLS, basic("CP1", b""), 401),
        (Security.TLS, "Basic nonsense!", 401),
        (Security.TLS, "Bearer " + KEY, 401),
        (Security.TLS, "Basic " + base64.b64encode(b"CP1").decode(), 401),
        (Security.CERTIFICATES, None, 403),
    ],
)
def test_passwords(security: Security, header: str | None, status: int | None) -> None:
    denied = admitted("CP1", charger(), security, header, None)
    assert (None if denied is None else denied.status) == status


@pytest.mark.parametrize(
    ("peer", "is_in"),
    [(subject("CP1"), True), (subject("CP2"), False), (subject("CP1", "CP1"), False), (None, False), ({}, False)],
)
def test_a_certificate_is_of_the_charger_itself(peer: object, is_in: bool) -> None:  # noqa: FBT001 - a parameter
    assert (admitted("CP1", charger(), Security.CERTIFICATES, basic("CP1", KEY.encode()), peer) is None) == is_in


@pytest.mark.parametrize("least", Security)
@pytest.mark.parametrize("door", Security)
def test_nobody_comes_in_less_safely_than_he_is_set_up_for(least: Security, door: Security) -> None:
    denied = admitted("CP1", charger(least), door, basic("CP1", KEY.encode()), subject("CP1"))
    assert (denied is None) == (max(door, Security.PASSWORD) >= least)  # it brings its password everywhere


def test_where_nobody_is_asked_one_without_a_password_comes_in_beside_those_that_have_one() -> None:
    assert admitted("CP1", charger(key=None), Security.NONE, None, None) is None
    assert admitted("CP1", charger(key=None), Security.NONE, basic("CP1", b"any"), None) is None
    assert admitted("CP1", charger(Security.PASSWORD, key=None), Security.NONE, None, None) is not None


def test_who_is_not_set_up_comes_in_only_where_nobody_is_asked() -> None:
    assert admitted("X", None, Security.NONE, None, None) is None
    for door in (Security.PASSWORD, Security.TLS, Security.CERTIFICATES):
        assert admitted("X", None, door, basic("X", b""), subject("X")) is not None


def test_without_a_key_there_is_no_password_that_is_right() -> None:
    assert admitted("CP1", charger(key=None), Security.TLS, basic("CP1", b""), None) is not None
    assert admitted("CP1", charger(key=None), Security.TLS, basic("CP1", b"None"), None) is not None


@given(st.text(), st.text())
def test_whatever_is_asked_for_is_answered(path: str, header: str) -> None:
    name = charge_point_id(path)
    assert name is None or 0 < len(name) <= 48
    assert admitted("CP1", charger(), Security.TLS, header, None) is not None


def test_what_is_no_certificate_has_no_name() -> None:
    assert common_name("CN=CP1") is None

"""Every answer is protected, whatever made it; nobody talks plainly over a network, and nobody brings too much."""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ampguard.web.access.guard import visit_of
from ampguard.web.protection import LARGEST_BODY, Protection


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes in all that comes."""
    while (await receive()).get("more_body"):
        pass
    await PlainTextResponse("here")(scope, receive, send)


def answered(  # noqa: PLR0913 - each is a case
    *, server: str = "192.168.251.1", scheme: str = "http", method: str = "GET", host: str = "unit.local",
    pieces: tuple[bytes, ...] = (b"",), length: bytes | None = None, by: ASGIApp = application,
) -> tuple[int, dict[str, str]]:  # fmt: skip
    """Status and headers of one request."""
    headers = [(b"host", host.encode())]
    if length is not None:
        headers.append((b"content-length", length))
    scope: dict[str, Any] = {
        "type": "http", "scheme": scheme, "method": method, "path": "/", "headers": headers, "server": (server, 80),
    }  # fmt: skip
    coming = [{"type": "http.request", "body": one, "more_body": True} for one in pieces[:-1]]
    coming.append({"type": "http.request", "body": pieces[-1], "more_body": False})
    sent: list[Message] = []

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Protection(by, https_port=443, large={})(scope, receive, send))
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize(("server", "scheme", "status"), [
    ("192.168.251.1", "http", 200), ("::ffff:192.168.251.1", "http", 200), ("::ffff:127.0.0.1", "http", 200),
    ("::ffff:192.168.1.20", "http", 307), ("nowhere", "http", 307), ("127.0.0.1", "http", 200), ("::1", "http", 200),
    ("192.168.1.20", "https", 200), ("192.168.1.20", "http", 307), ("fe80::1", "http", 307),
])  # fmt: skip
def test_plain_http_is_for_the_access_point_and_the_machine_itself(server: str, scheme: str, status: int) -> None:
    found, headers = answered(server=server, scheme=scheme)
    assert found == status
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    # nobody is shut out when an owner goes back to the unit's own certificate
    assert "strict-transport-security" not in headers


def test_others_are_sent_to_https_by_the_name_that_they_used() -> None:
    assert answered(server="192.168.1.20", host="unit.local:80")[1]["location"] == "https://unit.local/"
    assert answered(server="192.168.1.20", host="[fe80::2]:80")[1]["location"] == "https://[fe80::2]/"


@pytest.mark.parametrize("host", ["", "a/b", "a@b", "x" * 300, "a\\b"])
def test_a_name_that_is_none_leads_nowhere(host: str) -> None:
    assert answered(server="192.168.1.20", host=host)[0] == 403


def test_what_would_change_something_is_not_sent_elsewhere() -> None:
    assert answered(server="192.168.1.20", method="POST")[0] == 403


def test_a_large_body_is_refused_by_its_length_and_by_its_weight() -> None:
    assert answered(method="POST", length=str(LARGEST_BODY + 1).encode())[0] == 413
    assert answered(method="POST", length=b"-1")[0] == 413
    assert answered(method="POST", pieces=(b"x" * LARGEST_BODY, b"y"))[0] == 413
    assert answered(method="POST", pieces=(b"x" * LARGEST_BODY,), length=str(LARGEST_BODY).encode())[0] == 200


def test_too_much_is_said_to_be_too_much_whatever_the_application_makes_of_it() -> None:
    async def mistaken(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except Exception:  # noqa: BLE001 - as FastAPI does
            await PlainTextResponse("no JSON", 400)(scope, receive, send)

    found, headers = answered(method="POST", pieces=(b"x" * LARGEST_BODY, b"y"), by=mistaken)
    assert found == 413
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(("server", "scheme", "is_over"), [
    ("192.168.251.1", "http", True), ("::ffff:192.168.251.1", "http", True), ("192.168.251.1", "https", False),
    ("192.168.251.2", "http", False), ("127.0.0.1", "http", False),
])  # fmt: skip
def test_the_access_point_is_known_by_the_address_that_is_asked(server: str, scheme: str, *, is_over: bool) -> None:
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": scheme,
        "headers": [],
        "server": (server, 80),
        "client": ("192.0.2.7", 5),
    }
    assert visit_of(Request(scope)).is_over_access_point is is_over

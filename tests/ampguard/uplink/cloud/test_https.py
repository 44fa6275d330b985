"""One block over HTTPS: what is committed, what is not, whoever answers however; whom the unit trusts."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from tests.ampguard.uplink.entrance import BATCH, HOST, REFUSALS, Reply, committed, entrance, said

from ampguard.errors import UplinkFault
from ampguard.settings.destinations import HttpsSettings
from ampguard.uplink.cloud.https import LARGEST_ANSWER, HttpsPost, Patience
from ampguard.uplink.faults import Busy, NotAdmitted
from ampguard_hil.cloud.authority import Authority

BLOCK = b"\x78\x9c" + bytes(range(256)) * 8
SHORT = Patience(connect_s=0.5, read_s=0.5, whole_s=1.5)


def sent(settings: HttpsSettings, times: int = 1) -> list[UplinkFault | None]:
    """What became of a block that is sent so often."""

    async def run() -> list[UplinkFault | None]:
        post = HttpsPost(settings, "26110/1G", SHORT)
        found: list[UplinkFault | None] = []
        try:
            for _ in range(times):
                try:
                    await post.send(BATCH, BLOCK)
                    found.append(None)
                except UplinkFault as fault:
                    found.append(fault)
        finally:
            await post.close()
        return found

    return asyncio.run(run())


def answered(*replies: Reply, token: str | None = None) -> UplinkFault | None:
    with entrance(*replies) as heard:
        (found,) = sent(HttpsSettings(f"http://{HOST}:{heard.port}", token))
    return found


def test_a_committed_block_is_said_in_full() -> None:
    with entrance(said(200, committed())) as heard:
        assert sent(HttpsSettings(f"http://localhost:{heard.port}/some/where", "t0ken"), 2) == [None, None]
    assert len(heard.requests) == 2
    head, _, body = heard.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert first == "POST /some/where/v1/units/26110%2F1G/records HTTP/1.1"
    assert headers["idempotency-key"] == "0123456789abcdef-17-76"
    assert headers["content-type"] == "application/zlib"
    assert headers["authorization"] == "bearer t0ken"
    assert headers["accept-encoding"] == "identity"
    assert "content-encoding" not in headers
    assert body == BLOCK


def test_without_a_token_none_is_sent() -> None:
    with entrance(said(200, committed())) as heard:
        sent(HttpsSettings(f"http://{HOST}:{heard.port}"))
    assert b"uthorization" not in heard.requests[0]


@pytest.mark.parametrize(("status", "kind"), REFUSALS)
def test_each_answer_is_heard(status: int, kind: type[UplinkFault]) -> None:
    assert type(answered(said(status, b'{"refused": "because"}'))) is kind


def test_patience_is_asked_for_in_a_header() -> None:
    found = answered(said(503, Retry_After="42"))
    assert isinstance(found, Busy)
    assert found.retry_after_s == 42.0


def test_a_captive_portal_is_no_acknowledgement() -> None:
    found = answered(said(200, b"<html>Please accept our terms</html>", Content_Type="text/html"))
    assert type(found) is UplinkFault
    assert "accept our terms" in str(found)


def test_a_redirect_is_not_followed() -> None:
    with entrance(said(200, committed())) as elsewhere:
        found = answered(said(307, Location=f"http://{HOST}:{elsewhere.port}/v1/units/26110/records"))
    assert type(found) is UplinkFault
    assert elsewhere.requests == []


def hang(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(1)


def drip(connection: socket.socket) -> None:
    """A byte now and then: no read ever takes long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(30):
            connection.sendall(b" ")
            time.sleep(0.1)


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(4000):
            connection.sendall(bytes(LARGEST_ANSWER))


@pytest.mark.parametrize(
    "reply",
    [
        hang,
        drip,
        flood,
        b"",
        b"\x00\xff garbage \r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + committed(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000,
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        said(200, gzip.compress(committed()), Content_Encoding="gzip"),
        said(200, committed()[:-2]),
        said(204),
    ],
    ids=range(14),
)
def test_whatever_else_comes_is_no_acknowledgement_and_takes_no_long_time(reply: Reply) -> None:
    begin_s = time.monotonic()
    assert type(answered(reply)) is UplinkFault
    assert time.monotonic() - begin_s < 20.0


def test_after_a_cut_connection_the_next_block_goes_through() -> None:
    with entrance(b"", said(500), said(200, committed())) as heard:
        first, second, third = sent(HttpsSettings(f"http://{HOST}:{heard.port}"), 3)
    assert first is not None
    assert second is not None
    assert third is None


@pytest.mark.parametrize("host", [f"{HOST}:1", "nobody.invalid", "127.0.0.1.:1"])
def test_nobody_there(host: str) -> None:
    (found,) = sent(HttpsSettings(f"http://{host}"))
    assert type(found) is UplinkFault


def test_a_proxy_is_that_of_the_settings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with entrance(said(200, committed())) as proxy, entrance(said(200, committed())) as cloud:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://{HOST}:{proxy.port}")
        assert sent(HttpsSettings(f"http://{HOST}:{cloud.port}")) == [None]
        assert (len(proxy.requests), len(cloud.requests)) == (0, 1)
        monkeypatch.undo()
        settings = HttpsSettings(f"http://{HOST}:{cloud.port}", proxy=f"http://{HOST}:{proxy.port}")
        assert sent(settings) == [None]
    assert (len(proxy.requests), len(cloud.requests)) == (1, 1)
    assert proxy.requests[0].startswith(b"POST http://127.0.0.1")


def test_a_proxy_that_wants_a_password_is_no_acknowledgement() -> None:
    with entrance(said(407)) as proxy:
        (found,) = sent(HttpsSettings("https://cloud.example", proxy=f"http://{HOST}:{proxy.port}"))
    assert type(found) is UplinkFault
    assert "407" in str(found)
    assert proxy.requests[0].startswith(b"CONNECT cloud.example:443")


@contextlib.contextmanager
def tls_entrance(certificate: tuple[Path, Path], client_authority: Path | None = None) -> Iterator[int]:
    """Commits everything that comes through."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_authority)
    with entrance(said(200, committed()), context=context) as heard:
        yield heard.port


def test_only_the_authority_of_the_settings_is_trusted(tmp_path: Path) -> None:
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other")
    with tls_entrance(ours.pair("cloud", [HOST])) as port:
        url = f"https://{HOST}:{port}"
        assert sent(HttpsSettings(url, ca_file=str(ours.file))) == [None]
        for settings in (HttpsSettings(url), HttpsSettings(url, ca_file=str(other.file))):
            (found,) = sent(settings)
            assert "CERTIFICATE_VERIFY_FAILED" in str(found)


def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    ours = Authority(tmp_path / "ours")
    with tls_entrance(ours.pair("cloud", ["cloud.example"])) as port:
        (found,) = sent(HttpsSettings(f"https://{HOST}:{port}", ca_file=str(ours.file)))
        assert "CERTIFICATE_VERIFY_FAILED" in str(found)


def test_a_client_certificate_opens_the_door_and_no_other_one_does(tmp_path: Path) -> None:
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other")
    with tls_entrance(ours.pair("cloud", [HOST]), ours.file) as port:
        url, authority = f"https://{HOST}:{port}", str(ours.file)
        certificate, key = map(str, ours.pair("26110"))
        settings = HttpsSettings(url, ca_file=authority, client_certificate_file=certificate, client_key_file=key)
        assert sent(settings) == [None]
        (found,) = sent(HttpsSettings(url, ca_file=authority))
        assert isinstance(found, NotAdmitted), found
        assert "a certificate is wanted, and none was shown (no certificate is set up)" in str(found)
        certificate, key = map(str, other.pair("26110"))
        settings = HttpsSettings(url, ca_file=authority, client_certificate_file=certificate, client_key_file=key)
        (found,) = sent(settings)
        assert isinstance(found, NotAdmitted), found
        assert f"is not known there (certificate {certificate}: 26110, valid from " in str(found)
        long_ago = datetime.now(UTC) - timedelta(days=9)
        certificate, key = map(str, ours.pair("old", (), timedelta(days=1), long_ago))
        settings = HttpsSettings(url, ca_file=authority, client_certificate_file=certificate, client_key_file=key)
        (found,) = sent(settings)
        assert isinstance(found, NotAdmitted), found
        assert "the unit's certificate has expired" in str(found)


def test_an_exchanged_certificate_is_used_from_the_next_block_on(tmp_path: Path) -> None:
    ours, other = Authority(tmp_path / "ours"), Authority(tmp_path / "other")
    mine = tmp_path / "unit.crt", tmp_path / "unit.key"

    def put(pair: tuple[Path, Path]) -> None:
        for one, source in zip(mine, pair, strict=True):
            one.unlink(missing_ok=True)
            one.write_bytes(source.read_bytes())

    async def run(settings: HttpsSettings) -> None:
        post = HttpsPost(settings, "26110", SHORT)
        put(other.pair("26110"))
        with pytest.raises(NotAdmitted):
            await post.send(BATCH, BLOCK)
        put(ours.pair("26110"))
        await post.send(BATCH, BLOCK)
        put(other.pair("26110"))
        with pytest.raises(NotAdmitted):
            await post.send(BATCH, BLOCK)
        await post.close()

    with tls_entrance(ours.pair("cloud", [HOST]), ours.file) as port:
        certificate, key = map(str, mine)
        url = f"https://{HOST}:{port}"
        asyncio.run(run(HttpsSettings(url, None, str(ours.file), certificate, key)))


def test_a_certificate_is_shown_in_tls_1_3_only(tmp_path: Path) -> None:
    ours = Authority(tmp_path / "ours")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*ours.pair("cloud", [HOST]))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with entrance(said(200, committed()), context=context) as heard:
        url, authority = f"https://{HOST}:{heard.port}", str(ours.file)
        assert sent(HttpsSettings(url, None, authority)) == [None]
        certificate, key = map(str, ours.pair("26110"))
        (found,) = sent(HttpsSettings(url, None, authority, certificate, key))
        assert found is not None
        assert "PROTOCOL_VERSION" in str(found) or "protocol version" in str(found)


def test_files_that_are_no_certificates_are_the_owners_business(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    certificate, key = Authority(tmp_path / "ours").pair("26110")
    locked = tmp_path / "locked.key"
    opened = load_pem_private_key(key.read_bytes(), None)
    locked.write_bytes(opened.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")))
    for ca, mine, secret in [
        (nonsense, None, None),
        (tmp_path / "absent.pem", None, None),
        (None, nonsense, key),
        (None, certificate, nonsense),
        (None, certificate, tmp_path / "absent.key"),
        (None, certificate, locked),
    ]:
        first, second, third = (None if one is None else str(one) for one in (ca, mine, secret))
        (found,) = sent(HttpsSettings(f"https://{HOST}:1", None, first, second, third))
        assert isinstance(found, NotAdmitted), (first, second, third, found)
        assert str(tmp_path) in str(found)

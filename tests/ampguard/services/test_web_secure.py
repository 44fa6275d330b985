"""HTTPS begins when the unit has a certificate, and goes on with another one without a stop."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ampguard.errors import SetupError
from ampguard.services import web_secure
from ampguard.services.web_certificate import own
from ampguard.services.web_secure import Secure
from ampguard.web.access import certificate

LOG = logging.getLogger("ampguard-web")
CARD = '{"serial": "2611000001G", "variant": "home", "pin_hash": "00", "access_point_psk": null}'


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_secure, "LOOK_S", 0.02)


def write(path: Path) -> str:
    path.with_suffix(".new").write_bytes(own("2611000001G", datetime(2026, 1, 1, tzinfo=UTC)))
    path.with_suffix(".new").rename(path)
    return certificate.fingerprint(path)


async def shown_by(server: asyncio.Server) -> str:
    """The fingerprint that a browser is shown."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    port = server.sockets[0].getsockname()[1]
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return certificate.grouped(hashlib.sha256(der).hexdigest())


def test_it_is_made_by_a_child_as_soon_as_the_meter_has_said_who_the_unit_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    folder = tmp_path / "identity"
    folder.mkdir()

    async def run() -> None:
        secure = Secure(folder, LOG)
        getting = asyncio.create_task(secure.ready())
        await asyncio.sleep(0.1)
        assert not getting.done()
        (folder / "card.json").write_text(CARD)
        assert isinstance(await getting, ssl.SSLContext)
        assert secure.fingerprint == certificate.fingerprint(folder / certificate.OWN)

    asyncio.run(run())


def test_another_one_is_shown_to_whoever_comes_then(tmp_path: Path) -> None:
    async def run() -> None:
        mine = write(tmp_path / certificate.OWN)
        secure = Secure(tmp_path, LOG)
        async with await asyncio.start_server(
            lambda _, out: out.close(), "127.0.0.1", 0, ssl=await secure.ready()
        ) as server:
            assert await shown_by(server) == mine
            following = asyncio.create_task(secure.follow())
            theirs = write(tmp_path / certificate.INSTALLED)
            await asyncio.sleep(0.2)
            assert await shown_by(server) == theirs == secure.fingerprint
            (tmp_path / certificate.INSTALLED).unlink()
            await asyncio.sleep(0.2)
            assert await shown_by(server) == mine
            following.cancel()

    asyncio.run(run())


def test_one_that_cannot_be_served_is_passed_over_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mine = write(tmp_path / certificate.OWN)
    (tmp_path / certificate.INSTALLED).write_text("nothing")
    secure = Secure(tmp_path, LOG)
    with caplog.at_level("WARNING"):
        assert [secure.look() for _ in range(3)] == [True] * 3
    assert secure.fingerprint == mine
    assert caplog.text.count("cannot be served") == 1


@pytest.mark.parametrize("command", [("/nowhere/python",), (sys.executable, "-c", "raise SystemExit(1)")])
def test_a_child_that_fails_is_said_and_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, command: tuple[str, ...]
) -> None:
    (tmp_path / "card.json").write_text(CARD)

    async def run() -> None:
        getting = asyncio.create_task(Secure(tmp_path, LOG, command).ready())
        await asyncio.sleep(0.3)
        mine = write(tmp_path / certificate.OWN)
        assert isinstance(await getting, ssl.SSLContext)
        assert certificate.fingerprint(tmp_path / certificate.OWN) == mine

    with caplog.at_level("WARNING"):
        asyncio.run(run())
    assert "cannot be made" in caplog.text


def test_an_owners_is_served_at_once_and_taken_away_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setenv("AMPGUARD_CLOCK", "host")
    folder = tmp_path / "identity"
    folder.mkdir()
    mine = write(folder / certificate.OWN)

    async def run() -> None:
        secure = Secure(folder, LOG)
        await secure.ready()
        with pytest.raises(SetupError, match=r"^wanted a private key"):
            await secure.install("nonsense")
        assert (secure.fingerprint, secure.is_own) == (mine, True)
        await secure.install(own("other", datetime.now(UTC) - timedelta(days=1)).decode())
        assert secure.fingerprint != mine
        assert not secure.is_own
        await secure.reset()
        assert (secure.fingerprint, secure.is_own) == (mine, True)

    asyncio.run(run())

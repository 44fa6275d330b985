"""Security profiles 0 to 3, with certificates made here."""

from __future__ import annotations

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.balancing.ocpp.central import HOST, OwnCloud, charger, configuration, run, unit
from tests.ampguard.balancing.ocpp.charger import connected, until
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from ampguard.balancing.ocpp.configuration import Cloud, Configuration, Door, Identity, Security
from ampguard.errors import SetupError
from ampguard_hil.cloud.authority import Authority

KEY = "0011223344556677889900112233445566778899"


def password(name: str, key: str = KEY) -> dict[str, Any]:
    pair = base64.b64encode(f"{name}:{key}".encode()).decode()
    return {"additional_headers": {"Authorization": f"Basic {pair}"}}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def identity(authority: Authority, *, asks: bool = False) -> Identity:
    certificate, key = authority.pair("unit", [HOST])
    return Identity(certificate, key, authority.file if asks else None)


def guarded(security: Security, known: Identity | None = None) -> Configuration:
    return configuration(charger(key=KEY), doors=(Door(HOST, 0, security, known or Identity()),))


def believing(authority: Authority, pair: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=authority.file)
    if pair is not None:
        made.load_cert_chain(*pair)
    return made


async def comes_in(port: int, **more: Any) -> None:
    async with connected(port, **more) as one:
        assert (await one.boot()).status == "Accepted"


def test_a_password(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path, guarded(Security.PASSWORD)) as central:
            await comes_in(central.ports[0], **password("CP1"))
            for wrong in ({}, password("CP1", "wrong"), password("CP2")):
                with pytest.raises(InvalidStatus) as met:
                    await comes_in(central.ports[0], **wrong)
                assert met.value.response.status_code == 401
                assert met.value.response.headers["WWW-Authenticate"].startswith("Basic")
            with pytest.raises(InvalidStatus):
                await comes_in(central.ports[0], name="STRANGER", **password("STRANGER"))

    run(story)


def test_tls_and_a_password(tmp_path: Path, authority: Authority) -> None:
    async def story() -> None:
        async with unit(tmp_path, guarded(Security.TLS, identity(authority))) as central:
            await comes_in(central.ports[0], ssl=believing(authority), **password("CP1"))
            with pytest.raises(InvalidStatus):
                await comes_in(central.ports[0], ssl=believing(authority))
            with pytest.raises(ssl.SSLCertVerificationError):
                await comes_in(central.ports[0], ssl=ssl.create_default_context(), **password("CP1"))
            old = believing(authority)
            with pytest.warns(DeprecationWarning, match="TLSv1_1"):
                old.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises((ssl.SSLError, OSError)):
                await comes_in(central.ports[0], ssl=old, **password("CP1"))

    run(story)


def test_certificates_on_both_sides(tmp_path: Path, authority: Authority) -> None:
    async def story() -> None:
        wanted = guarded(Security.CERTIFICATES, identity(authority, asks=True))
        async with unit(tmp_path, wanted) as central:
            await comes_in(central.ports[0], ssl=believing(authority, authority.pair("CP1")))
            with pytest.raises(InvalidStatus) as met:
                await comes_in(central.ports[0], ssl=believing(authority, authority.pair("CP2")), **password("CP1"))
            assert met.value.response.status_code == 403
            for stranger in (None, Authority(tmp_path / "rogue").pair("CP1")):
                with pytest.raises((OSError, InvalidHandshake, ConnectionClosed)) as refused:
                    await comes_in(central.ports[0], ssl=believing(authority, stranger), **password("CP1"))
                assert not isinstance(refused.value, InvalidStatus)

    run(story)


def test_several_doors_and_nobody_comes_in_less_safely_than_he_is_set_up_for(
    tmp_path: Path, authority: Authority
) -> None:
    async def story() -> None:
        doors = (Door(HOST, 0), Door(HOST, 0, Security.TLS, identity(authority)))
        chargers = (charger("CP1", key=KEY, least_security=Security.TLS), charger("CP2"))
        async with unit(tmp_path, configuration(*chargers, doors=doors)) as central:
            plain, secure = central.ports
            await comes_in(secure, ssl=believing(authority), **password("CP1"))
            await comes_in(plain, name="CP2")
            with pytest.raises(InvalidStatus) as met:
                await comes_in(plain, **password("CP1"))
            assert met.value.response.status_code == 403

    run(story)


def test_a_certificate_that_is_none_is_said(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    for missing in (nonsense, tmp_path / "missing.pem"):
        with pytest.raises(SetupError, match="no certificate to use"):
            Door(HOST, 0, Security.TLS, Identity(missing)).context()
        with pytest.raises(SetupError, match="no certificate to use"):
            Cloud("wss://x", None, Identity(None, None, missing)).context()
    with pytest.raises(SetupError, match="nobody could come in"):
        Door(HOST, 0, Security.CERTIFICATES).context()


def test_a_charger_whose_cloud_is_set_up_wrongly_is_served_and_said_to(tmp_path: Path) -> None:
    async def story() -> None:
        wrong = Cloud("wss://cloud.invalid", None, Identity(authority=tmp_path / "missing.pem"))
        async with unit(tmp_path, configuration(charger(cloud=wrong))) as central, connected(central.ports[0]) as one:
            await one.boot()
            await one.begin()
            assert "missing.pem" in " ".join(central.reports()["CP1"].told)
            central.set_limit("CP1", 10.0, 30.0)
            await until(lambda: one.holds_a() == 10.0)

    run(story)


def test_clouds_of_one_kind_share_their_authorities() -> None:
    assert Cloud("wss://a", "x").context() is Cloud("wss://b", "y").context()
    assert Cloud("ws://a").context() is None


def test_a_cloud_over_tls_with_the_chargers_own_password_and_certificate(tmp_path: Path, authority: Authority) -> None:
    async def story() -> None:
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(*authority.pair("cloud", [HOST]))
        serving.load_verify_locations(authority.file)
        serving.verify_mode = ssl.CERT_REQUIRED
        certificate, key = authority.pair("CP1")
        cloud = OwnCloud()
        async with cloud.there(ssl=serving):
            mine = Cloud(f"wss://{HOST}:{cloud.port}/x/", "secret", Identity(certificate, key, authority.file))
            async with (
                unit(tmp_path, configuration(charger(cloud=mine))) as central,
                connected(central.ports[0]) as one,
            ):
                await one.boot()
                await until(lambda: cloud.of("BootNotification"))
        assert cloud.headers[0] == password("CP1", "secret")["additional_headers"]["Authorization"]
        assert cloud.paths[0] == "/x/CP1"

    run(story)

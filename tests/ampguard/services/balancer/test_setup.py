"""What the owner's files come to: doors, chargers, what is shared."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.balancing.ocpp.central import run
from tests.ampguard.balancing.ocpp.charger import connected
from tests.ampguard.services.balancer.made import SETTINGS, file, group
from tests.ampguard.services.balancer.works import works
from websockets.exceptions import InvalidStatus

from ampguard.balancing.ocpp.configuration import Security
from ampguard.errors import SetupError
from ampguard.phrase import Phrase
from ampguard.services.balancer import setup
from ampguard.services.web_certificate import own
from ampguard.settings.grid import GridType
from ampguard.settings.settings import Settings
from ampguard.web.access import certificate
from ampguard_hil.ports import free_ports

SERIAL = "2611000001G"
KEY = "00112233445566778899"


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    """The unit's folder, with the certificate of its page."""
    folder = tmp_path / "identity"
    folder.mkdir()
    (folder / certificate.OWN).write_bytes(own(SERIAL, datetime(2026, 1, 1, tzinfo=UTC)))
    return folder


def test_a_group_is_what_the_files_say(tmp_path: Path) -> None:
    found = setup.made(SETTINGS, group(tmp_path, file(2, 9001, max_online_a="20.0", dimmable="true")), tmp_path)
    assert (found.shared.supply_max_a, found.shared.max_online_a, found.shared.rules.is_dimmable) == (25.0, 20.0, True)
    assert [one.name for one in found.shared.chargers] == ["CP1", "CP2"]
    assert [(door.host, door.port, door.security) for door in found.central.doors] == [("0.0.0.0", 9001, Security.NONE)]
    assert found.certificate is None


def test_a_fuse_of_the_group_counts_before_the_main_fuse(tmp_path: Path) -> None:
    wanted = group(tmp_path, file(supply_max_a="16.0", max_offline_a="16.0"))
    assert setup.shared(SETTINGS, wanted).supply_max_a == 16.0
    assert setup.shared(Settings(nominal_voltage_v=230.0), wanted).max_online_a == 16.0


@pytest.mark.parametrize(("settings", "said"), [
    (Settings(nominal_voltage_v=230.0), "nobody has told the rated current of the main fuse"),
    (Settings(main_fuse_a=25.0), "nobody has told the nominal voltage"),
    (Settings(main_fuse_a=25.0, nominal_voltage_v=230.0, grid_type=GridType.IT), "the two lines it hangs between"),
])  # fmt: skip
def test_what_is_missing_or_cannot_be_is_a_sentence_in_any_language(
    settings: Settings, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match=said) as caught:
        setup.made(settings, group(tmp_path), tmp_path)
    assert isinstance(caught.value.said, Phrase)


def test_without_the_pages_certificate_there_is_no_door_with_tls(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="there is no certificate for chargers yet"):
        setup.made(SETTINGS, group(tmp_path, file(tls_port=9443)), tmp_path / "identity")


def test_another_certificate_is_another_setup(tmp_path: Path, identity: Path) -> None:
    wanted = group(tmp_path, file(tls_port=9443))
    before = setup.made(SETTINGS, wanted, identity)
    assert before == setup.made(SETTINGS, wanted, identity)
    replaced = identity / "new"
    replaced.write_bytes(own(SERIAL, datetime(2026, 2, 1, tzinfo=UTC)))
    replaced.rename(identity / certificate.OWN)
    assert before != setup.made(SETTINGS, wanted, identity)


def password(name: str, key: str = KEY) -> dict[str, Any]:
    pair = base64.b64encode(f"{name}:{key}".encode()).decode()
    return {"additional_headers": {"Authorization": f"Basic {pair}"}}


def test_who_has_a_password_needs_it_and_who_has_none_comes_in(tmp_path: Path, identity: Path) -> None:
    """CP1 has none, CP2 a password, CP3 a password and comes in over TLS only."""
    port, tls_port = free_ports(2)
    text = file(3, port, tls_port=tls_port)
    for number, more in ((2, f'key = "{KEY}"'), (3, f'key = "{KEY}"\nsecurity = 2')):
        text = text.replace(f'id = "CP{number}"\n', f'id = "CP{number}"\n{more}\n')
    trusting = ssl.create_default_context(cafile=identity / certificate.OWN)
    over_tls: dict[str, Any] = {"ssl": trusting, "server_hostname": certificate.name_of(SERIAL)}

    async def comes_in(at: int, name: str, **more: Any) -> None:
        async with connected(at, name, **more) as one:
            assert (await one.boot()).status == "Accepted"

    async def story() -> None:
        async with works(tmp_path, text) as unit:
            await unit.until(lambda: unit.state["active"])
            await comes_in(port, "CP1")
            await comes_in(port, "CP2", **password("CP2"))
            await comes_in(tls_port, "CP2", **password("CP2"), **over_tls)
            await comes_in(tls_port, "CP3", **password("CP3"), **over_tls)
            for at, name, more in (
                (port, "CP2", {}), (port, "CP2", password("CP2", "wrong")), (port, "CP3", password("CP3")),
                (tls_port, "CP3", over_tls), (tls_port, "CP1", over_tls), (port, "CP3", {}),
            ):  # fmt: skip
                with pytest.raises(InvalidStatus):
                    await comes_in(at, name, **more)
            await unit.until(lambda: unit.charger(3)["held_a"] is None)
            async with connected(port, "STRANGER"):
                await unit.until(lambda: unit.state["strangers"] == ["STRANGER"])

    run(story)

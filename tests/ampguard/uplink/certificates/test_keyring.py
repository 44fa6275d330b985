"""The folder of key and certificates: whenever the power fails, there is a whole set that matches."""

from __future__ import annotations

import os
import ssl
import stat
from pathlib import Path

import pytest
from tests.ampguard.uplink.killed import killed_at

from ampguard.errors import SetupError
from ampguard.uplink.certificates import keyring
from ampguard.uplink.certificates.keyring import Keyring
from ampguard.uplink.certificates.tls import Trust
from ampguard_hil.cloud.authority import Authority

PUT = """
import pathlib
from ampguard.uplink.certificates.keyring import Keyring
data, made = pathlib.Path(sys.argv[1]), pathlib.Path(MADE)
rings = Keyring(data)
with rings.held():
    rings.put({one.name: one.read_bytes() for one in made.iterdir()})
"""


def whole_set(folder: Path, authority: Authority, name: str) -> dict[str, bytes]:
    certificate, key = authority.pair(name)
    files = {
        keyring.KEY: key.read_bytes(),
        keyring.CERTIFICATE: certificate.read_bytes(),
        keyring.AUTHORITY: authority.file.read_bytes(),
        keyring.ENROLMENT: b'{"url": "https://c", "serial": "AG1"}',
    }
    folder.mkdir()
    for one, content in files.items():
        (folder / one).write_bytes(content)
    return files


def found(data: Path) -> dict[str, bytes]:
    folder = data / "certificates"
    return {one.name: one.read_bytes() for one in folder.iterdir()} if folder.exists() else {}


def matches(data: Path) -> bool:
    """Whether OpenSSL takes certificate and key for a pair."""
    folder = data / "certificates"
    Trust(*(str(folder / one) for one in ("authority.crt", "unit.crt", "unit.key"))).context(ssl.TLSVersion.TLSv1_3)
    return True


def test_whenever_it_is_killed_there_is_a_whole_set(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    authority = Authority(tmp_path / "authority")
    old, new = (whole_set(tmp_path / name, authority, name) for name in ("old", "new"))
    seen: list[bool] = []
    for step in range(200):
        Keyring(data).put(old)
        again = killed_at(step, data, PUT.replace("MADE", repr(str(tmp_path / "new"))))
        assert found(data) in (old, new), step
        assert matches(data)
        seen.append(found(data) == new)
        if not again:
            break
    else:
        pytest.fail("it never came to its end")
    assert len(seen) > 10, "it was killed at every step"
    assert seen[0] is False
    assert seen[-1] is True
    assert sorted(seen) == seen, "once the new one is there it stays"
    Keyring(data).put(old)
    assert len(list(data.glob("certificates-*"))) == 2, "this set and the one before"


def test_before_the_first_set_a_kill_leaves_none_or_a_whole_one(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    new = whole_set(tmp_path / "new", authority, "new")
    for step in range(200):
        data = tmp_path / f"data-{step}"
        data.mkdir()
        again = killed_at(step, data, PUT.replace("MADE", repr(str(tmp_path / "new"))))
        assert found(data) in ({}, new), step
        if not again:
            assert found(data) == new
            return
    pytest.fail("it never came to its end")


def test_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        rings = Keyring(tmp_path)
        rings.keep_asked_key(b"secret")
        asked = tmp_path / "certificates-asked.key"
        assert stat.S_IMODE(asked.stat().st_mode) == 0o600
        assert rings.asked_key() == b"secret"
        rings.put({keyring.KEY: b"secret"})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "certificates" / "unit.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "certificates").stat().st_mode) == 0o700
    assert not asked.exists(), "it is answered"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_belongs_to_the_owner_of_the_data(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    rings = Keyring(tmp_path)
    with rings.held():
        rings.put({keyring.KEY: b"secret"})
    made = [tmp_path / "certificates", tmp_path / "certificates" / "unit.key", tmp_path / "certificates.lock"]
    assert {one.stat().st_uid for one in made} == {12345}


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with Keyring(tmp_path).held(), pytest.raises(SetupError, match="another enrolment"), Keyring(tmp_path).held():
        pass
    with Keyring(tmp_path).held():
        pass


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "certificates").mkdir()
    with pytest.raises(SetupError, match="move it away"):
        Keyring(tmp_path).put({keyring.KEY: b"secret"})
    assert list(tmp_path.iterdir()) == [tmp_path / "certificates"]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="can be written"), Keyring(tmp_path / "absent").held():
        pass


@pytest.mark.parametrize("content", [None, b"", b"[", b"[]", b"\xff"])
def test_an_enrolment_that_cannot_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        Keyring(tmp_path).put({keyring.ENROLMENT: content})
    with pytest.raises(SetupError, match="ampguard enrol"):
        Keyring(tmp_path).enrolment()

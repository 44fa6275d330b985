"""The unit's card: what the meter writes is what the web reads, and nobody else does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.identity import CARD, Card, Unit, as_told, keep_card, read_card
from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration, Identity
from ampguard_drivers.frontend import Variant

CALIBRATION = Calibration((ChannelCalibration(707.1, 0.1),) * 7, 0.0, 25.0, "blue")
PSK = bytes(range(32))
UNIT = Unit(Identity("2611000001G", b"\x00hash", Variant.HOME, PSK), CALIBRATION)


def test_what_the_meter_writes_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    assert read_card(folder) is None
    keep_card(folder, UNIT)
    assert read_card(folder) == Card("2611000001G", "home", b"\x00hash", PSK)


def test_an_identity_without_the_access_points_key_has_a_card_without_it(tmp_path: Path) -> None:
    keep_card(tmp_path, Unit(Identity("1G", b"h", Variant.HOME), CALIBRATION))
    assert read_card(tmp_path) == Card("1G", "home", b"h", None)


def test_the_card_is_for_its_owners_eyes_only_also_where_it_was_not(tmp_path: Path) -> None:
    keep_card(tmp_path, UNIT)
    assert (tmp_path / CARD).stat().st_mode & 0o777 == 0o600
    (tmp_path / CARD).chmod(0o644)
    keep_card(tmp_path, UNIT)
    assert (tmp_path / CARD).stat().st_mode & 0o777 == 0o600


def test_an_unchanged_card_is_not_written_again_and_a_changed_one_is(tmp_path: Path) -> None:
    keep_card(tmp_path, UNIT)
    before = (tmp_path / CARD).stat().st_ino
    keep_card(tmp_path, UNIT)
    assert (tmp_path / CARD).stat().st_ino == before
    keep_card(tmp_path, Unit(Identity("2611000001G", b"other", Variant.HOME, PSK), CALIBRATION))
    found = read_card(tmp_path)
    assert found is not None
    assert found.pin_hash == b"other"


@given(content=st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b'{"serial": 1}', b"[" * 3000]))
def test_a_damaged_card_is_said_to_be_one(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("identity")
    (folder / CARD).write_bytes(content)
    with pytest.raises(SetupError, match="wanted who this unit is"):
        read_card(folder)


def test_no_secret_is_shown_or_told() -> None:
    assert "hash" not in repr(Card("1G", "home", b"hash", PSK)).replace("pin_hash", "")
    told = as_told(UNIT)
    assert isinstance(told, dict)
    assert not {"pin_hash", "access_point_psk"} & told.keys()

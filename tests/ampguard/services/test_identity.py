"""The command that says who the unit is: the system takes its name from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ampguard.errors import SetupError
from ampguard.identity import Unit, keep_card
from ampguard.services import identity
from ampguard_drivers.eeprom.records import Calibration, Identity
from ampguard_drivers.frontend import Variant

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    return tmp_path / "identity"


def test_the_name_is_all_that_the_system_asks_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_card(folder, Unit(Identity("2611000001G", b"hash", Variant.HOME), Calibration((), 0.0, 25.0, "")))
    assert identity.main(["--host-name"]) == 0
    assert capsys.readouterr().out == "ampguard-2611000001g\n"
    assert identity.main([]) == 0
    assert capsys.readouterr().out == "2611000001G  home  ampguard-2611000001g.local\n"


def test_before_the_meter_has_told_nobody_knows(folder: Path) -> None:
    with pytest.raises(SetupError, match=f"{folder}.*its meter has not told yet"):
        identity.main([])

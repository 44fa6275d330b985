"""The same samples, measured by the software before and by this one: what may differ, and what may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ampguard.errors import SetupError
from ampguard.metering.calibration import Calibrator
from ampguard.update import parity


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    made = parity.made()
    parity.keep_samples(tmp_path / "recorded.npz", replace(made, codes=made.codes[::-1].copy()))
    parity.keep_reference(tmp_path)
    return tmp_path


def test_the_same_software_says_the_same(kept: Path) -> None:
    assert set(json.loads((kept / parity.REFERENCE).read_text())) == {"made", "recorded"}
    assert parity.deviations(kept) == []


def test_what_is_made_is_measured_as_it_was_made() -> None:
    """Else two equally wrong ones would agree about nothing."""
    reading: Any = parity.measured(parity.made())[1]
    assert reading["frequency_hz"] == pytest.approx(49.93, abs=0.001)
    assert reading["voltage_fundamental_rms_v"] == pytest.approx({"l1": 229.0, "l2": 232.0, "l3": 235.0}, abs=0.01)
    assert reading["current_fundamental_rms_a"] == pytest.approx({"l1": 11.3, "l2": 1.7, "l3": 42.0}, abs=0.002)
    assert reading["current_angle_deg"] == pytest.approx({"l1": 4.1, "l2": 31.1, "l3": 176.1}, abs=0.01)


def scaled(number: int, ratio: float) -> Callable[..., Any]:
    physical = Calibrator.physical

    def wrong(self: Calibrator, block: Any) -> Any:
        found = physical(self, block)
        found[:, number] *= ratio
        return found

    return wrong


@pytest.mark.parametrize(("column", "what"), [(0, "current_rms_a.l1"), (3, "voltage_rms_v.l2")])
def test_a_value_that_is_a_thousandth_off_is_found(
    kept: Path, monkeypatch: pytest.MonkeyPatch, column: int, what: str
) -> None:
    monkeypatch.setattr(Calibrator, "physical", scaled(column, 1.002))
    found = parity.deviations(kept)
    assert found
    assert found[0].startswith("made samples: second 1: ")
    monkeypatch.setattr(parity, "_MOST_TOLD", 1000)
    assert any(what in one for one in parity.deviations(kept))


def test_a_ten_thousandth_is_no_other_value(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Calibrator, "physical", scaled(0, 1.0001))
    assert parity.deviations(kept) == []


@pytest.mark.parametrize(
    "change",
    [
        {"voltage_angle_deg": {"l1": 0.0, "l2": 120.0, "l3": -120.0}},
        {"frequency_hz": None},
        {"frequency_hz": 49.94},
        {"voltage_order": "L1-L3-L2"},
        {"active_power_w": {"l1": -2583.1, "l2": 337.69, "l3": -9854.87}},
    ],
)
def test_another_angle_sign_order_or_nothing_at_all_is_a_difference(change: dict[str, Any]) -> None:
    [*_, reading] = parity.measured(parity.made())[:2]
    assert isinstance(reading, dict)
    assert list(parity.differences([reading], [{**reading, **change}]))


def test_a_turn_of_360_degrees_a_new_field_and_another_run_are_none() -> None:
    reading: Any = parity.measured(parity.made())[1]
    turned = {**reading, "current_angle_deg": {**reading["current_angle_deg"], "l3": 176.1 - 360.0}}
    assert list(parity.differences([reading], [{**turned, "new_field_v": 1.0, "boot": "other", "sequence": 9}])) == []


def test_fewer_readings_or_none_are_a_difference() -> None:
    readings = parity.measured(parity.made())
    assert list(parity.differences(readings, readings[1:])) == ["5 readings before, 4 now"]
    assert list(parity.differences([], [])) == ["0 readings before, 0 now"]


def test_recorded_samples_are_measured_with_the_units_own_calibration(kept: Path) -> None:
    found = parity.read_samples(kept / "recorded.npz")
    assert found is not None
    assert found.calibration.channels == parity.made().calibration.channels
    assert np.array_equal(found.codes, parity.made().codes[::-1])


def test_what_is_damaged_is_no_parity(kept: Path) -> None:
    (kept / "recorded.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(SetupError, match="recorded"):
        parity.deviations(kept)
    (kept / "recorded.npz").unlink()
    assert parity.deviations(kept) == ["recorded samples: 5 readings before, 0 now"]
    (kept / parity.REFERENCE).write_text("{}")
    assert parity.deviations(kept) == ["the software before measured nothing"]
    (kept / parity.REFERENCE).unlink()
    with pytest.raises(SetupError, match="what the software before measured"):
        parity.deviations(kept)


def test_nothing_is_left_when_it_is_over(kept: Path) -> None:
    parity.forget(kept)
    assert list(kept.iterdir()) == []

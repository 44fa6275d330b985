"""What other processes left in files: whatever it is, it becomes facts or it is absent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.phrase import Number, Phrase, as_told, phrase
from ampguard.readings import as_json
from ampguard.report import left
from ampguard.report.canonical import canonical

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.sampled_from([
    "utc", "before", "after", "finding_before", "finding_after", "verdict", "confidence_ratio", "sentence", "channels",
    "assignment", "phasors", "voltage_rms_v", "voltage_angle_deg", "current_fundamental_rms_a", "current_angle_deg",
    "l1", "l2", "l3", "phase", "reversed", "end_utc", "active_power_w", "quality", "voltage", "current", "clamps",
])  # fmt: skip
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["right", "wrong", "L2", "L1 reversed", "2026-01-01T00:00:00+00:00"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=8),
    max_leaves=30,
)
CHECKED = {
    "utc": "2026-11-21T13:58:12+00:00", "inputs": {"clamps": {"l1": "L1"}, "voltages": {"l1": "L1"}},
    "verdict": "wrong", "confidence_ratio": 0.998, "sentence": "the clamp of L1 is on L2",
    "clamps": {"l1": {
        "verdict": "wrong", "phase": "L2", "reversed": False, "appliance": "L2", "step_a": 8.7,
        "ratio_error_percent": 1.0, "ratio_unsure_percent": 5.0, "phase_error_deg": -0.4, "phase_unsure_deg": 0.5,
    }},
}  # fmt: skip
"""As `ampguard.wiring.check_kept` keeps it."""
TOLD = {
    "verdict": "wrong", "confidence_ratio": 0.998, "sentence": "the clamp of L1 is on L2",
    "voltage_verdict": "right", "current_verdict": "wrong",
    "assignment": {"l1": {"phase": "L2", "reversed": True}, "l2": {"phase": None, "reversed": False}},
    "channels": {"l1": {"verdict": "wrong", "confidence_ratio": 0.99, "sentence": "because"}, "l3": None},
    "phasors": {"voltage_rms_v": {"l1": 230.0, "l2": 231.0, "l3": None}, "voltage_angle_deg": {"l1": 0.0}},
}  # fmt: skip


@given(ANYTHING)
def test_whatever_a_file_says_becomes_facts_that_can_be_signed(value: object) -> None:
    found = [
        left.finding(value),
        left.latest(value),
        left.point(value),
        left.condition(value, None),
        left.phasors(value),
    ]
    try:
        found += left.changes(value)
    except ValueError:
        assert not isinstance(value, list)
    for one in found:
        canonical(as_json(one))


def test_what_the_wiring_check_tells_is_taken_over() -> None:
    found = left.finding(TOLD)
    assert found is not None
    assert (found.verdict, found.voltage_verdict, found.current_verdict) == ("wrong", "right", "wrong")
    assert found.channels.l1 is not None
    assert (found.channels.l1.phase, found.channels.l1.reversed, found.channels.l1.sentence) == ("L2", True, "because")
    assert found.channels.l3 is None
    assert found.phasors is not None
    assert list(found.phasors.voltage_rms_v) == [230.0, 231.0, None]


def test_a_history_is_taken_over_oldest_first_and_no_longer_than_it_may_be() -> None:
    entry = {"before": {"clamps": {"l1": "L1"}, "voltages": {"l1": "L1"}}, "after": {"clamps": {"l1": "L2 reversed"}}}
    found = left.changes([{"utc": f"{number}", **entry, "finding_before": TOLD} for number in range(60)])
    assert [one.utc for one in found] == [str(number) for number in range(10, 60)]
    assert [(one.name, one.value) for one in found[0].after] == [("clamps.l1", "L2 reversed")]
    assert found[0].finding_after is None
    assert found[0].finding_before == left.finding(TOLD)


@pytest.mark.parametrize("value", [True, "230", float("nan"), float("inf"), 1e300, 10**400, None, []])
def test_what_is_no_quantity_is_absent(value: object) -> None:
    assert left.number(value) is None


@given(st.text(max_size=800))
def test_a_text_is_one_short_line_without_control_characters(value: str) -> None:
    found = left.text(value)
    assert found is None or (len(found) <= left.LONGEST_TEXT and found.isprintable() and found.strip() == found)


def test_a_missing_file_is_nothing_and_a_damaged_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    assert left.content(path) is None
    for damaged in (b"{", b"\xff\xff", b"[" * 100_000):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="wanted JSON"):
            left.content(path)
    path.write_text(json.dumps([1]))
    assert left.content(path) == [1]


def test_a_file_without_end_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    with path.open("wb") as file:
        file.truncate(left.LARGEST_FILE + 1)
    with pytest.raises(ValueError, match="wanted at most"):
        left.content(path)


def test_a_point_has_a_time_with_an_offset_and_a_power() -> None:
    good = {"end_utc": "2026-01-01T00:00:00+00:00", "active_power_w": {"l1": 1.0}}
    assert left.point(good) is not None
    assert left.point({**good, "end_utc": "2026-01-01T00:00:00"}) is None
    assert left.point({**good, "end_utc": "yesterday"}) is None
    assert left.point({**good, "active_power_w": {}}) is None


def test_a_guided_check_is_read_and_held_against_what_is_in_force() -> None:
    found = left.check(CHECKED, CHECKED["inputs"])
    assert found is not None
    assert (found.utc, found.verdict, found.is_of_present_inputs) == (CHECKED["utc"], "wrong", True)
    answer = found.clamps.l1
    assert answer is not None
    assert (answer.phase, answer.reversed, answer.appliance, answer.step_a) == ("L2", False, "L2", 8.7)
    assert (answer.ratio_error_percent, answer.phase_error_deg) == (1.0, -0.4)
    assert (found.clamps.l2, found.clamps.l3) == (None, None)
    other = left.check(CHECKED, {"clamps": {"l1": "L2"}, "voltages": {"l1": "L1"}})
    assert other is not None
    assert not other.is_of_present_inputs
    assert left.check(None, None) is None


def test_the_sentence_of_a_check_keeps_what_it_is_made_of_where_that_is_what_it_says() -> None:
    told = phrase("undecided: nothing is known of the clamp of {clamps}", clamps=phrase("{one}", one=Number(3, ".1f")))

    def sentence(**content: object) -> str | None:
        found = left.check({**CHECKED, "sentence": str(told), **content}, None)
        return None if found is None else found.sentence

    kept = sentence(told=as_told(told))
    assert isinstance(kept, Phrase)
    assert (kept, kept.message) == (told, told.message)
    for other in (
        as_told(phrase("all is well")),
        {"message": "{clamps:>1000000000}", "facts": {"clamps": "L3"}},
        {"message": "{clamps.__class__}", "facts": {"clamps": "L3"}},
        {"message": str(told), "facts": {"one": {"value": 1.0, "form": "1000000000.1f"}}},
        {"message": str(told), "facts": {"one": {"message": "{x!r:>1000000000}", "facts": {"x": "1"}}}},
        None,
    ):
        assert type(sentence(told=other)) is str
        assert sentence(told=other) == told


@given(ANYTHING)
def test_whatever_stands_for_a_guided_check_becomes_facts_or_is_absent(value: object) -> None:
    found = left.check(value, CHECKED["inputs"])
    canonical(None if found is None else as_json(found))

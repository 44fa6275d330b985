"""Where the PIN is asked for: what it says of the PIN, and why it is asked for once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ampguard.web.unit import Unit, unit_at

AGAIN = "You were signed in here before."


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        yield made


def test_whoever_comes_for_the_first_time_is_told_of_the_pin_alone(unit: Unit) -> None:
    answer = unit.stranger.get("/sign-in")
    assert "capitals and small letters differ" in answer.text
    assert AGAIN not in answer.text


def test_a_session_that_a_restart_has_ended_says_why_the_pin_is_asked_for_again(unit: Unit) -> None:
    assert unit.owner.get("/sign-in").status_code == 303
    unit.access.sessions.end_all()  # as a restart does, which keeps none
    answer = unit.owner.get("/sign-in")
    assert (answer.status_code, AGAIN in answer.text) == (200, True)
    assert "the unit was restarted" in answer.text


def test_whoever_signs_out_himself_is_not_told_why(unit: Unit) -> None:
    answer = unit.owner.ask("DELETE", "/api/v1/session")
    assert answer.status_code == 204
    assert 'ampguard="";' in answer.headers["set-cookie"]  # the browser sends none any more

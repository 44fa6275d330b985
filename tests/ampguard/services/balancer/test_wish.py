"""What a stimulus test asks of the balancer is a lease: it holds for some seconds, and nothing odd is ever obeyed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.services.balancer.wish import VALID_S, Wish, ask, asked, withdraw

ONE = Wish("CP1", 10.0, 2)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3),
    max_leaves=6,
)


def test_it_holds_until_nobody_renews_it(tmp_path: Path) -> None:
    path = tmp_path / "stimulus.json"
    assert asked(path, 100.0) is None
    ask(path, ONE, 100.0)
    assert asked(path, 100.1) == ONE
    assert asked(path, 100.0 + VALID_S - 0.1) == ONE
    assert asked(path, 100.0 + VALID_S + 0.1) is None
    ask(path, ONE, 200.0)
    withdraw(path)
    withdraw(path)
    assert asked(path, 200.1) is None


def test_one_from_before_a_restart_of_the_machine_is_none(tmp_path: Path) -> None:
    path = tmp_path / "stimulus.json"
    ask(path, ONE, 100_000.0)
    assert asked(path, 12.0) is None


@given(content=st.binary(max_size=50) | ANYTHING.map(lambda one: json.dumps(one).encode()))
def test_whatever_stands_there_is_no_wish(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "wish-anything.json"
    path.write_bytes(content)
    assert asked(path, 100.0) is None


@given(charger=ANYTHING, most_a=ANYTHING, phases=ANYTHING, until_s=ANYTHING | st.floats(90.0, 110.0))
def test_a_wish_that_is_obeyed_can_be_obeyed(
    charger: object, most_a: object, phases: object, until_s: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "wish-parts.json"
    told = {"charger": charger, "most_a": most_a, "phases": phases, "until_s": until_s}
    path.write_text(json.dumps(told))
    found = asked(path, 100.0)
    if found is not None:
        assert found.charger == charger
        assert found.most_a >= 6.0
        assert found.phases in {None, 1, 2, 3}


@pytest.mark.parametrize("most_a", [0.0, 5.9, -6.0, True, 1e9])
def test_a_current_that_cannot_be_is_not_asked_for(most_a: float, tmp_path: Path) -> None:
    path = tmp_path / "stimulus.json"
    path.write_text(json.dumps({"charger": "CP1", "most_a": most_a, "phases": None, "until_s": 101.0}))
    assert asked(path, 100.0) is None


def test_where_it_cannot_be_written_a_sentence_says_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="the balancer cannot be asked"):
        ask(tmp_path / "nowhere" / "stimulus.json", ONE, 100.0)

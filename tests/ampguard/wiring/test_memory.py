"""What was seen of the clamps outlasts a restart, and nothing else is taken for it."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.wiring import memory
from ampguard.wiring.evidence import MOST_LOOKS
from ampguard.wiring.hypotheses import Look
from ampguard.wiring.response import Answer

phasors = st.tuples(*[st.complex_numbers(max_magnitude=1e3, allow_nan=False)] * 3)
looks = st.builds(
    Look,
    current_a=phasors,
    voltage=phasors,
    noise_a=st.floats(0.0, 1.0),
    counts=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    is_step=st.booleans(),
    answer=st.none() | st.builds(Answer, st.tuples(*[st.none() | st.floats(-50.0, 50.0)] * 3), st.floats(0.01, 9.0)),
)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["current_a", "counts", "x"]), inner),
    max_leaves=8,
)


@given(st.lists(looks, max_size=MOST_LOOKS))
def test_looks_come_back_as_they_were(seen: list[Look]) -> None:
    assert memory.looks(json.loads(json.dumps(memory.as_json(seen)))) == seen


@given(st.lists(looks, min_size=MOST_LOOKS + 1, max_size=MOST_LOOKS + 3))
def test_no_more_is_kept_than_counts(seen: list[Look]) -> None:
    assert memory.looks(memory.as_json(seen)) == seen[-MOST_LOOKS:]


@given(anything)
def test_what_is_no_memory_is_refused_with_a_sentence(content: object) -> None:
    if content == []:
        return
    with pytest.raises(ValueError, match="wanted"):
        memory.looks(content)


@given(looks, st.sampled_from(["current_a", "voltage", "noise_a", "counts"]), anything)
def test_a_mutilated_look_is_refused(look: Look, name: str, content: object) -> None:
    kept = cast("dict[str, object]", memory.as_json([look])[0])
    if type(content) is type(kept[name]):
        return
    with pytest.raises(ValueError, match="wanted"):
        memory.looks([{**kept, name: content}])

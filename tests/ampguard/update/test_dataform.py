"""Two softwares with their own forms of data: which may be installed over which, so that each understands the other."""

from __future__ import annotations

import subprocess

import pytest
from tests.ampguard.update.bench import NEWER, RUNS
from tests.conventions.source import ROOT

from ampguard.update.dataform import OWN, Forms, told
from ampguard.update.fitness import check
from ampguard.update.rauc import Bundle
from ampguard.update.refusal import Kind, RefusedError

FIRST = Forms(written=1, oldest=1, newest=1)
READS_NEXT = Forms(written=1, oldest=1, newest=2)
WRITES_NEXT = Forms(written=2, oldest=1, newest=2)
WITHOUT_FIRST = Forms(written=2, oldest=2, newest=2)


def refusal(runs: Forms, build: str) -> Kind | None:
    """Of a bundle that says so; None: it may be installed."""
    try:
        check(Bundle(RUNS.compatible, NEWER, build), RUNS, runs)
    except RefusedError as why:
        return why.kind
    return None


@pytest.mark.parametrize(
    ("runs", "bundle", "kind"),
    [
        (FIRST, FIRST, None),
        (FIRST, READS_NEXT, None),
        (READS_NEXT, WRITES_NEXT, None),
        (WRITES_NEXT, WITHOUT_FIRST, None),
        (FIRST, WRITES_NEXT, Kind.BETWEEN),
        (READS_NEXT, WITHOUT_FIRST, Kind.BETWEEN),
        (FIRST, WITHOUT_FIRST, Kind.BETWEEN),
    ],
)
def test_a_step_is_taken_only_where_the_way_back_is_open(runs: Forms, bundle: Forms, kind: Kind | None) -> None:
    assert refusal(runs, str(bundle)) is kind


def test_the_sentence_says_what_to_do() -> None:
    with pytest.raises(RefusedError, match="another update has to be installed before this one") as why:
        check(Bundle(RUNS.compatible, NEWER, str(WRITES_NEXT)), RUNS, FIRST)
    assert str(why.value).endswith("(it: data-2-reads-1-2, what runs: data-1-reads-1-1)")


@pytest.mark.parametrize("words", ["", "data-1", "data-1-reads-1-1 ", "Data-1-reads-1-1", "data-99999-reads-1-1"])
def test_a_bundle_that_does_not_say_is_none(words: str) -> None:
    assert told(words) is None
    assert refusal(OWN, words) is Kind.DAMAGED


def test_what_is_told_is_what_is_read() -> None:
    assert told(str(WRITES_NEXT)) == WRITES_NEXT
    assert OWN.swaps_with(OWN), "or it could not go back to itself"


def test_the_image_tells_it_by_softwares_own_word() -> None:
    """image/update asks whatever Python there is, without anything installed."""
    [line] = [one for one in (ROOT / "image/update").read_text().splitlines() if one.startswith("forms=")]
    program = line.split("'")[1]
    said = subprocess.run(
        ["python3", "-I", "-B", "-c", program, str(ROOT / "firmware")], check=True, capture_output=True, text=True
    ).stdout
    assert told(said.strip()) == OWN

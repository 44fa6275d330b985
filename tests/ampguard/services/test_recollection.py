"""What is known of the wiring outlasts a restart; of another installation, or damaged, it is not believed."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ampguard.phases import Phase, Phases
from ampguard.services.recollection import EVERY_S, FILE, Recollection, named
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.wiring.hypotheses import Look
from ampguard.wiring.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

ALL = Phases.all_of(value=True)
HERE = Installation(63.0, ALL, ALL, generation_on_site=None, has_neutral=True)
OF = named(HERE, AS_LABELLED)
LOOK = Look((1 + 2j, 3j, 4 + 0j), (1 + 0j, -0.5 - 0.8j, -0.5 + 0.8j), 0.006)
OTHER = replace(LOOK, noise_a=0.01)
LOGGER = logging.getLogger("test")


def test_what_was_seen_is_there_again(tmp_path: Path) -> None:
    Recollection(tmp_path / "wiring", LOGGER).keep(1.0, OF, [LOOK, OTHER], {"current_verdict": "right"})
    assert Recollection(tmp_path / "wiring", LOGGER).looks(OF) == [LOOK, OTHER]


def test_before_anything_was_seen_there_is_nothing(tmp_path: Path) -> None:
    assert Recollection(tmp_path, LOGGER).looks(OF) == []


@pytest.mark.parametrize(
    "of",
    [
        named(replace(HERE, generation_on_site=True), AS_LABELLED),
        named(replace(HERE, has_neutral=False), AS_LABELLED),
        named(HERE, Assignment(clamps=Phases(Clamp(Phase.L2), Clamp(Phase.L1), Clamp(Phase.L3)))),
    ],
)
def test_of_another_installation_it_is_not_believed(tmp_path: Path, of: str) -> None:
    Recollection(tmp_path, LOGGER).keep(1.0, OF, [LOOK], {"current_verdict": "right"})
    assert Recollection(tmp_path, LOGGER).looks(of) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", '{"of": 1}', json.dumps({"of": OF, "looks": [{}]}), "[" * 9999]
)
def test_a_damaged_file_is_nothing_seen(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert Recollection(tmp_path, LOGGER).looks(OF) == []


def test_new_looks_are_kept_now_and_then_and_another_verdict_at_once(tmp_path: Path) -> None:
    under_test = Recollection(tmp_path, LOGGER)
    under_test.keep(0.0, OF, [LOOK], {"current_verdict": "undecided"})
    under_test.keep(EVERY_S - 1.0, OF, [LOOK, OTHER], {"current_verdict": "undecided"})
    assert Recollection(tmp_path, LOGGER).looks(OF) == [LOOK]
    under_test.keep(EVERY_S, OF, [LOOK, OTHER], {"current_verdict": "undecided"})
    assert Recollection(tmp_path, LOGGER).looks(OF) == [LOOK, OTHER]
    under_test.keep(EVERY_S + 1.0, OF, [OTHER], {"current_verdict": "right"})
    assert Recollection(tmp_path, LOGGER).looks(OF) == [OTHER]


def test_what_has_not_changed_is_not_written_again(tmp_path: Path) -> None:
    under_test = Recollection(tmp_path, LOGGER)
    under_test.keep(0.0, OF, [LOOK], {"current_verdict": "right"})
    (tmp_path / FILE).unlink()
    under_test.keep(10 * EVERY_S, OF, [LOOK], {"current_verdict": "right"})
    assert not (tmp_path / FILE).exists()


def test_a_medium_that_takes_nothing_costs_one_line_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "wiring").write_text("no folder")
    under_test = Recollection(tmp_path / "wiring", LOGGER)
    for second in range(3):
        under_test.keep(second * EVERY_S, OF, [LOOK], {"current_verdict": "right"})
    assert len(caplog.records) == 1
    (tmp_path / "wiring").unlink()
    under_test.keep(4 * EVERY_S, OF, [LOOK], {"current_verdict": "right"})
    assert Recollection(tmp_path / "wiring", LOGGER).looks(OF) == [LOOK]

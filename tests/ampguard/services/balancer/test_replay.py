"""Some hours with six chargers, restarts and lost clouds, played again from the why-log: every decision exactly."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

from tests.benchmarks.balancing_replay import day, play, replayed

from ampguard.balancing.decision import Rule
from ampguard.services.balancer.chronicle import parts

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

HOURS = 1.5
TOLD = re.compile(r"(\d+) decisions, (\d+) of them come out differently")


def test_every_decision_comes_out_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = day(tmp_path, HOURS)
    count = play(found, HOURS)
    assert not found.tripped
    assert {Rule.ADOPTED, Rule.STARTED, Rule.OVER, Rule.CLOUD, Rule.OFFLINE, Rule.RETURNED, Rule.GONE} <= found.rules
    assert len({life for life, _, _ in parts(tmp_path)}) == 4
    assert replayed(tmp_path) == 0
    told = TOLD.search(capsys.readouterr().out)
    assert told is not None
    again, differing = int(told[1]), int(told[2])
    assert differing == 0
    assert 0.8 * count < again < count, "but what was lost with the power"


def test_one_that_was_meddled_with_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    play(day(tmp_path, 0.5), 0.5)
    path = parts(tmp_path)[0][2]
    text = gzip.decompress(path.read_bytes()).decode()
    path.write_bytes(gzip.compress(re.sub(r'("after_a":)6\.0', r"\g<1>6.1", text, count=1).encode()))
    assert replayed(tmp_path) == 1
    assert "1 of them come out differently" in capsys.readouterr().out

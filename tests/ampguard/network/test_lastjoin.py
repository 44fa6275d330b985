"""What became of the last try survives a power cut, and a file that somebody spoiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ampguard.network.lastjoin import FILE, LastJoin, LastJoinFile, Outcome
from ampguard.network.reason import Reason

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.binary(min_size=1, max_size=32)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(NAMES, st.none() | st.sampled_from(Reason), st.booleans())
def test_it_is_read_as_it_was_written(tmp_path: Path, ssid: bytes, reason: Reason | None, weak: bool) -> None:  # noqa: FBT001 - hypothesis calls it by name
    last = LastJoin(ssid, Outcome.JOINED if reason is None else Outcome.FAILED, reason, weak)
    LastJoinFile(tmp_path).write(last)
    assert LastJoinFile(tmp_path).read() == last


def test_a_try_that_was_under_way_was_interrupted(tmp_path: Path) -> None:
    LastJoinFile(tmp_path).write(LastJoin(b"Home", Outcome.UNDER_WAY, None, weak=False))
    assert LastJoinFile(tmp_path).read() == LastJoin(b"Home", Outcome.FAILED, Reason.INTERRUPTED, weak=False)


def test_where_there_was_none_there_is_none(tmp_path: Path) -> None:
    assert LastJoinFile(tmp_path).read() is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"ssid_hex": "4g", "outcome": "joined", "reason": null, "weak": false}',
        b'{"ssid_hex": "48", "outcome": "failed", "reason": null, "weak": false}',
        b'{"ssid_hex": "48", "outcome": "joined", "reason": "timeout", "weak": false}',
        b'{"ssid_hex": "48", "outcome": "failed", "reason": "because", "weak": false}',
        b'{"ssid_hex": "48", "outcome": "joined", "reason": null}',
    ],
)
def test_a_spoiled_file_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert LastJoinFile(tmp_path).read() is None


def test_nothing_secret_is_in_it(tmp_path: Path) -> None:
    LastJoinFile(tmp_path).write(LastJoin(b"Home", Outcome.JOINED, None, weak=False))
    assert "password" not in (tmp_path / FILE).read_text()

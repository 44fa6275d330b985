"""What the picture shows is what is in the recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.recorder.comtrade_writer import Written
from tests.ampguard.recorder.waves import NAMES, UNITS, three_phases

from ampguard.recorder.opening import open_recording
from ampguard.recorder.selection import select
from ampguard.services.measure_picture import CYCLES_BEFORE, SHOWN_CYCLES, gather
from ampguard.services.plot import MOST_POINTS, Trace, _thinned


def gathered(folder: Path, rate: float, hertz: float, event_s: float | None = None) -> tuple[Trace, Trace]:
    values = three_phases(int(rate), rate, hertz=hertz)
    recording = open_recording(Written(values, NAMES, UNITS, rate=rate, kind="FLOAT32").write(folder))
    return gather(recording, select(recording), hertz, event_s)


@pytest.mark.parametrize(("rate", "hertz"), [(1600.0, 50.0), (1601.3, 49.7), (7680.0, 60.0), (50_000.0, 50.2)])
def test_the_rms_of_a_steady_signal_stands_still(tmp_path: Path, rate: float, hertz: float) -> None:
    _, rms = gathered(tmp_path, rate, hertz)
    assert len(rms.times_s) == int(2 * hertz) - 1
    assert np.diff(rms.times_s) == pytest.approx(0.5 / hertz)
    for trace in (*rms.voltage, *rms.current):
        assert trace is not None
        assert trace == pytest.approx(trace[0], rel=4e-3)
    assert rms.voltage.l1 is not None
    assert rms.voltage.l1[0] == pytest.approx(230.0, rel=4e-3)


def test_the_waveforms_are_those_around_the_event(tmp_path: Path) -> None:
    start, _ = gathered(tmp_path, 4000.0, 50.0)
    event, _ = gathered(tmp_path, 4000.0, 50.0, event_s=0.5)
    assert (start.times_s[0], start.times_s[-1]) == pytest.approx((0.0, SHOWN_CYCLES / 50), abs=1e-3)
    assert event.times_s[0] == pytest.approx(0.5 - CYCLES_BEFORE / 50, abs=1e-3)


@given(count=st.integers(1, 30_000), spike=st.data())
def test_a_thinned_line_is_bearable_and_keeps_its_peaks(count: int, spike: st.DataObject) -> None:
    values = np.zeros(count)
    group = count // (MOST_POINTS // 2)
    whole = count if group < 2 else count // group * group
    values[spike.draw(st.integers(0, whole - 1))] = 7.0
    times, thinned = _thinned(np.arange(count) / 1000.0, values)
    assert len(times) == len(thinned) <= 2 * MOST_POINTS
    assert thinned.max() == 7.0

"""What a simulated supply plays is what it tells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_drivers.simulated.supply import COLUMNS, Harmonic, Load, State, Supply

RATE_HZ = 8000.0
angles = st.floats(-180.0, 180.0)
harmonics = st.lists(
    st.builds(Harmonic, st.integers(2, 40).map(float), st.floats(0.0, 0.3), angles),
    max_size=4,
    unique_by=lambda each: each.order,
).map(tuple)
loads = st.builds(Load, st.floats(0.0, 100.0), angles, harmonics, st.floats(-1.0, 1.0))
states = st.builds(
    State,
    voltage_v=st.tuples(*[st.floats(0.0, 400.0)] * 3),
    angle_deg=st.tuples(angles, angles, angles),
    voltage_harmonics=harmonics,
    voltage_dc_v=st.floats(-5.0, 5.0),
    loads=st.tuples(loads, loads, loads),
)


@given(state=states)
@settings(max_examples=60, deadline=None)
def test_means_over_whole_cycles_are_as_told(state: State) -> None:
    supply = Supply([(0.0, state)])
    told = supply.told(0.0)
    played = supply.sample(0, 1600, RATE_HZ)
    rms = np.sqrt(np.square(played).mean(axis=0))
    assert rms[[1, 3, 5]] == pytest.approx(told.voltage_rms_v, abs=1e-9)
    assert rms[[0, 2, 4]] == pytest.approx(told.current_rms_a, abs=1e-9)
    power = (played[:, [0, 2, 4]] * played[:, [1, 3, 5]]).mean(axis=0)
    assert power == pytest.approx(told.active_power_w, abs=1e-6)
    turn = np.exp(-2j * np.pi * 50.0 / RATE_HZ * np.arange(1600))
    phasors = np.sqrt(2.0) / 1600 * (turn @ played)
    assert np.abs(phasors[[1, 3, 5]]) == pytest.approx(told.voltage_fundamental_rms_v, abs=1e-9)
    reactive = (phasors[[1, 3, 5]] * phasors[[0, 2, 4]].conj()).imag
    assert reactive == pytest.approx(told.reactive_power_var, abs=1e-6)


@given(state=states, first=st.integers(0, 10_000), cuts=st.lists(st.integers(1, 500), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_it_does_not_matter_in_which_pieces_it_is_asked(state: State, first: int, cuts: list[int]) -> None:
    supply = Supply([(0.0, state), (0.7, State(frequency_hz=49.0, frequency_ramp_hz_per_s=0.5))], repeat_s=1.3)
    whole = supply.sample(first, sum(cuts), RATE_HZ)
    parts, index = [], first
    for count in cuts:
        parts.append(supply.sample(index, count, RATE_HZ))
        index += count
    assert np.concatenate(parts) == pytest.approx(whole, abs=1e-7)
    assert whole.shape == (sum(cuts), COLUMNS)


def test_angles_run_on_over_the_border_of_two_states() -> None:
    supply = Supply([(0.0, State(frequency_hz=49.3)), (0.505, State(frequency_hz=51.7))], repeat_s=1.01)
    voltage = supply.sample(0, 16_160, RATE_HZ)[:, 1]
    # the steepest slope of the wave: 325 V at 51.7 Hz turn by at most 13.3 V a sample
    assert np.abs(np.diff(voltage)).max() < 325.3 * 2.0 * np.pi * 51.7 / RATE_HZ


def test_a_drift_is_the_integral_of_its_frequency() -> None:
    supply = Supply([(0.0, State(frequency_hz=50.0, frequency_ramp_hz_per_s=1.0))])
    voltage = supply.sample(0, 16_000, RATE_HZ)[:, 1]
    crossings = np.count_nonzero((voltage[:-1] < 0.0) & (voltage[1:] >= 0.0))
    assert crossings == 102  # 50 * 2 s + 1/2 * 1 Hz/s * 4 s^2
    assert supply.told(2.0).frequency_hz == pytest.approx(52.0)


def test_interharmonics_are_played_at_their_own_frequency() -> None:
    state = State(voltage_harmonics=(Harmonic(1.65, 0.01),))
    spectrum = np.abs(np.fft.rfft(Supply([(0.0, state)]).sample(0, 16_000, RATE_HZ)[:, 1])) / 8000.0
    assert spectrum[165] == pytest.approx(3.25, abs=0.01)  # bins of 0.5 Hz: 82.5 Hz
    assert spectrum[100] == pytest.approx(325.3, abs=0.1)


def test_the_neutral_carries_the_sum() -> None:
    played = Supply([(0.0, State(loads=(Load(3.0), Load(5.0, 20.0), Load(0.5, -30.0))))]).sample(0, 500, RATE_HZ)
    assert played[:, 6] == pytest.approx(played[:, 0] + played[:, 2] + played[:, 4])


def test_noise_is_as_strong_as_told_and_the_same_for_the_same_seed() -> None:
    def play(seed: int) -> np.ndarray:
        return Supply([(0.0, State(voltage_v=(0.0,) * 3, noise_v=0.5, noise_a=0.01))], seed=seed).sample(
            0, 40_000, RATE_HZ
        )

    assert play(3)[:, [0, 1]].std(axis=0) == pytest.approx([0.01, 0.5], rel=0.02)
    assert (play(3) == play(3)).all()
    assert (play(3) != play(4)).any()


@pytest.mark.parametrize("starts", [[0.5], [0.0, 2.0, 1.0]])
def test_states_out_of_order_are_refused(starts: list[float]) -> None:
    with pytest.raises(ValueError, match="begin at 0 s"):
        Supply([(start, State()) for start in starts])


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_story_plays_for_an_hour_without_a_jump_or_a_gap(name: str) -> None:
    scenario = SCENARIOS[name]()
    assert scenario.name == name
    assert scenario.story.endswith(".")
    for at_s in (0.0, 7.9, 12.0, 59.0, 3599.0):
        played = scenario.supply.sample(round(at_s * RATE_HZ), 800, RATE_HZ)
        assert played.shape == (800, COLUMNS)
        assert np.isfinite(played).all()
        assert np.abs(played[:, [1, 3, 5]]).max() < 700.0

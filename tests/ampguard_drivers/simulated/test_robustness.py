"""Whatever a master sends, whenever it sends it: no exception, as many bytes back as forth, and the same each time."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.simulated.rig import BURST_EN, CONFIG1, MS, RUN, WR_LOCK, Rig, Sines, header, width_bytes

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CONFIGURATION = (*range(0x074), *range(0x405, 0x426), *range(0x48B, 0x4C0), 0x4E0)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("frame"), st.binary(max_size=40)),
        st.tuples(st.just("wait"), st.integers(0, 60 * MS)),
        st.tuples(st.just("write"), st.tuples(st.sampled_from(CONFIGURATION), st.integers(0, 0xFFFFFFFF))),
        st.tuples(st.just("read"), st.tuples(st.integers(0, 0xFFF), st.integers(0, 600))),
        st.tuples(st.just("reset"), st.integers(0, 60 * MS)),
    ),
    max_size=30,
)


def played(rig: Rig, steps: list[tuple[str, object]]) -> list[object]:
    """Everything that a master and its interrupt lines can see."""
    seen: list[object] = []
    for step in steps:
        match step:
            case ("frame", bytes() as frame):
                seen.append(rig.chip.frame(frame))
                assert len(rig.chip.frame(frame)) == len(frame)
            case ("wait", int() as duration_ns):
                rig.wait(duration_ns)
            case ("write", (int() as address, int() as value)):
                rig.write(address, value & (1 << 8 * width_bytes(address)) - 1)
            case ("read", (int() as address, int() as length)):
                seen.append(rig.read_bytes(address, length))
            case ("reset", int() as duration_ns):
                rig.chip.hold(rig.now_ns)
                rig.wait(duration_ns)
                rig.chip.release(rig.now_ns)
        seen.append((rig.chip.irq0_low, rig.chip.irq1_low))
    return seen


@given(frames=st.lists(st.binary(max_size=40), max_size=30))
@SLOW
def test_2_3_any_frame_gives_as_many_bytes_as_it_takes(frames: list[bytes]) -> None:
    rig = Rig(Sines())
    for frame in frames:
        assert len(rig.chip.frame(frame)) == len(frame)
        rig.wait(MS)


@given(address=st.integers(0, 0xFFF), length=st.integers(0, 9000), config=st.integers(0, 0xFFFF))
@SLOW
def test_2_3_reads_of_any_length_anywhere_never_fail(address: int, length: int, config: int) -> None:
    rig = Rig(Sines())
    rig.run(20 * MS)
    rig.capture(config, pages=2)
    rig.read_bytes(address, length)
    rig.write(CONFIG1, BURST_EN)
    rig.read_bytes(address, length)


@given(steps=STEPS)
@SLOW
def test_any_history_is_survived_and_repeats(steps: list[tuple[str, object]]) -> None:
    def once() -> list[object]:
        rig = Rig(Sines(), seed=7)
        rig.write(RUN, 1)
        return played(rig, steps)

    assert once() == once()


@given(steps=STEPS)
@SLOW
def test_1_after_any_history_the_reset_pin_brings_back_a_fresh_chip(steps: list[tuple[str, object]]) -> None:
    rig = Rig(Sines(), seed=7)
    rig.write(RUN, 1)
    played(rig, steps)
    rig.chip.release(rig.now_ns)
    rig.chip.hold(rig.now_ns)
    rig.chip.release(rig.now_ns)
    rig.wait(60 * MS)
    fresh = Rig(Sines(), seed=7, ready=False)
    fresh.wait(60 * MS)
    for address in range(0x800):
        assert rig.read(address) == fresh.read(address)


@given(address=st.integers(0, 0x7FF), length=st.integers(0, 64))
@SLOW
def test_reading_changes_no_configuration(address: int, length: int) -> None:
    rig = Rig(Sines())
    before = [rig.read(each) for each in CONFIGURATION if each != 0x423]
    rig.read_bytes(address, length)
    after = [rig.read(each) for each in CONFIGURATION if each != 0x423]
    echoes = {index for index, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
    addresses = [each for each in CONFIGURATION if each != 0x423]
    assert {addresses[index] for index in echoes} <= {0x4A9, 0x4AC, 0x4AE}


@given(value=st.integers(0, 0xFFFFFFFF), cut=st.integers(0, 5), address=st.sampled_from(CONFIGURATION))
@SLOW
def test_2_2_a_frame_that_was_cut_off_changes_nothing(value: int, cut: int, address: int) -> None:
    rig = Rig()
    width = width_bytes(address)
    whole = header(address, read=False) + (value & (1 << 8 * width) - 1).to_bytes(width, "big")
    before = rig.read(address)
    rig.chip.frame(whole[: min(cut, len(whole) - 1)])
    if address not in {0x423, 0x4A9, 0x4AC, 0x4AE, WR_LOCK}:
        assert rig.read(address) == before

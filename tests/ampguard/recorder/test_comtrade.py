"""COMTRADE in all its revisions and kinds of data, as our own writer makes it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.recorder.comtrade_writer import Written
from tests.ampguard.recorder.waves import NAMES, UNITS, three_phases

from ampguard.recorder.opening import open_recording
from ampguard.recorder.recording import RecordingUnreadable
from ampguard.recorder.selection import select
from ampguard.recorder.stream import Block, blocks

KINDS = ["ASCII", "BINARY", "BINARY32", "FLOAT32"]
RESOLUTION = {"ASCII": 1e-5, "BINARY": 4e-5, "BINARY32": 1e-9, "FLOAT32": 1e-7}
"""Of the largest value: one code of each kind of data, generously."""


def made(**changes: object) -> Written:
    return replace(Written(three_phases(800, 4000.0), NAMES, UNITS), **changes)  # type: ignore[arg-type]  # any field


def read(path: Path, channels: str = "") -> list[Block]:
    recording = open_recording(path)
    return list(blocks(recording, select(recording, channels)))


@pytest.mark.parametrize("revision", ["1991", "1999", "2013"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_revision_and_kind_reads_back_what_was_written(tmp_path: Path, kind: str, revision: str) -> None:
    written = made(kind=kind, revision=revision, status=20)
    (block,) = read(written.write(tmp_path))
    np.testing.assert_allclose(block.samples, written.values, atol=RESOLUTION[kind] * 330)
    assert block.lost_samples == 0


@given(
    kind=st.sampled_from(KINDS),
    volts=st.floats(1e-2, 4e5),
    amperes=st.floats(1e-3, 1e5),
    units=st.tuples(st.sampled_from(["V", "kV", "mV", "MV"]), st.sampled_from(["A", "kA", "mA"])),
    ratio=st.tuples(st.floats(1, 4000), st.floats(0.5, 200), st.sampled_from(["P", "S", "s"])),
    status=st.integers(0, 33),
    combined=st.booleans(),
)
def test_scaling_by_unit_gain_and_transformer_ratio_ends_in_primary_volts_and_amperes(  # noqa: PLR0913 - what varies
    *,
    kind: str,
    volts: float,
    amperes: float,
    units: tuple[str, str],
    ratio: tuple[float, float, str],
    status: int,
    combined: bool,
) -> None:
    values = three_phases(64, 1600.0, volts=volts, amperes=amperes)
    written = Written(
        values,
        NAMES,
        [units[0]] * 3 + [units[1]] * 3,
        rate=1600.0,
        kind=kind,
        status=status,
        ratios=[(ratio[0], ratio[1], ratio[2].upper())] * 6,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = written.write_cff(Path(folder)) if combined else written.write(Path(folder))
        (block,) = read(path)
    np.testing.assert_allclose(block.samples[:, :3], values[:, :3], atol=RESOLUTION[kind] * 1.5 * volts)
    np.testing.assert_allclose(block.samples[:, 3:], values[:, 3:], atol=RESOLUTION[kind] * 1.5 * amperes)


@given(gain=st.floats(-0.5, 0.5).filter(lambda gain: abs(gain) > 0.03), offset=st.floats(-500, 500))
def test_gains_may_be_negative_and_offsets_large(gain: float, offset: float) -> None:
    written = made(kind="BINARY", gains=[gain] * 6, offsets=[offset] * 6)
    with tempfile.TemporaryDirectory() as folder:
        (block,) = read(written.write(Path(folder)))
    np.testing.assert_allclose(block.samples, written.values, atol=0.51 * abs(gain))


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_value_is_a_lost_sample(tmp_path: Path, kind: str) -> None:
    written = made(kind=kind)
    mark = {"ASCII": 99_999, "BINARY": -32_768, "BINARY32": -(2**31), "FLOAT32": -3.4028234663852886e38}[kind]
    codes = written.codes()
    codes[[100, 101, 500], 2] = mark
    written.codes = lambda: codes  # type: ignore[method-assign]  # the marks cannot be made by scaling
    found = read(written.write(tmp_path))
    assert [(len(block.samples), block.lost_samples) for block in found] == [(100, 0), (398, 2), (299, 1)]


def test_in_1991_minus_one_is_a_value_and_no_mark(tmp_path: Path) -> None:
    written = made(kind="BINARY", revision="1991", gains=[0.1] * 6, offsets=[0.0] * 6)
    codes = written.codes()
    codes[10, 0] = -1
    written.codes = lambda: codes  # type: ignore[method-assign]  # exactly this code
    (block,) = read(written.write(tmp_path))
    assert block.samples[10, 0] == pytest.approx(-0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_stated_rate_the_time_stamps_count(tmp_path: Path, kind: str) -> None:
    written = made(kind=kind, stamps_only=True, values=three_phases(800, 1601.33), rate=1601.33)
    (stretch,) = open_recording(written.write(tmp_path)).stretches
    assert stretch.sample_rate_hz == pytest.approx(1601.33, rel=3e-6)


@given(timemult=st.sampled_from([0.1, 1.0, 10.0]), decimals=st.sampled_from([3, 6, 9]))
def test_time_stamps_count_in_the_stated_unit(timemult: float, decimals: int) -> None:
    written = made(stamps_only=True, timemult=timemult, stamp_decimals=decimals, rate=2000.0)
    with tempfile.TemporaryDirectory() as folder:
        (stretch,) = open_recording(written.write(Path(folder))).stretches
    assert stretch.sample_rate_hz == pytest.approx(2000.0, rel=3e-5)


def test_samples_missing_between_two_time_stamps_are_counted(tmp_path: Path) -> None:
    written = made(kind="BINARY", stamps_only=True)
    kept = np.delete(np.arange(800), np.arange(300, 317))
    stamps = written.stamps()
    written.values = written.values[kept]
    written.stamps = lambda: stamps[kept]  # type: ignore[method-assign]  # a gap
    found = read(written.write(tmp_path))
    assert [(len(block.samples), block.lost_samples) for block in found] == [(300, 0), (483, 17)]


def test_time_stamps_may_pass_the_end_of_their_32_bits(tmp_path: Path) -> None:
    written = made(kind="BINARY", stamps_only=True)
    stamps = written.stamps() + 2**32 - 100_000
    written.stamps = lambda: stamps  # type: ignore[method-assign]  # near the end
    (block,) = read(written.write(tmp_path))
    assert len(block.samples) == 800


def test_each_rate_of_a_recording_is_a_stretch_of_its_own(tmp_path: Path) -> None:
    written = made(rates=[(4000.0, 200), (1000.0, 500), (1000.0, 700), (4000.0, 800)])
    recording = open_recording(written.write(tmp_path))
    assert [(s.sample_rate_hz, s.rows) for s in recording.stretches] == [(4000, 200), (1000, 500), (4000, 100)]
    found = list(blocks(recording, select(recording)))
    assert [(block.stretch, len(block.samples)) for block in found] == [(0, 200), (1, 500), (2, 100)]


@pytest.mark.parametrize("suffix", [".DAT", ".Dat", ".dat"])
def test_the_data_file_is_found_in_any_letter_case(tmp_path: Path, suffix: str) -> None:
    path = made().write(tmp_path)
    path.with_suffix(".dat").rename(path.with_suffix(suffix))
    assert len(read(path)) == 1


def test_the_data_file_may_be_named_instead_of_the_configuration(tmp_path: Path) -> None:
    assert open_recording(made().write(tmp_path).with_suffix(".dat")).path.suffix == ".cfg"


def test_bytes_behind_the_last_sample_are_padding(tmp_path: Path) -> None:
    path = made(kind="BINARY").write(tmp_path)
    with path.with_suffix(".dat").open("ab") as file:
        file.write(b"\x1a" * 512)
    assert [len(block.samples) for block in read(path)] == [800]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"station,device,1999", b"\xef\xbb\xbfstation,device,1999"),
        (b"station,device,1999", b"Mast 3, Feld \xfc, Nord,device,1999"),
        (b"station,device,1999", b"station,device,1999,"),
        (b"02/01/2024,10:20:30.123456", b"02/01/2024,10:20:30"),
        (b"02/01/2024,10:20:30.123456", b"00/00/0000,00:00:00.000000"),
        (b"02/01/2024,10:20:30.123456", b"31/31/2024,99:20:30.123456"),
        (b"02/01/2024,10:20:30.123456", b""),
        (b"\r\nASCII\r\n", b"\r\nascii\r\n"),
        (b"\r\n50\r\n", b"\r\n\r\n"),
        (b"\r\n", b"\n"),
        (b"1.0\r\n", b"\x1a"),
    ],
)
def test_what_instruments_write_beside_the_standard_is_understood(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = made().write(tmp_path)
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new))
    assert [len(block.samples) for block in read(path)] == [800]


def test_the_start_is_read_in_the_order_of_the_revision(tmp_path: Path) -> None:
    later = open_recording(made().write(tmp_path)).start
    earlier = open_recording(made(revision="1991").write(tmp_path)).start
    assert later is not None
    assert earlier is not None
    assert (later.month, later.day, later.microsecond) == (1, 2, 123456)
    assert (earlier.month, earlier.day) == (2, 1)


def test_a_skew_between_channels_is_kept(tmp_path: Path) -> None:
    recording = open_recording(made(skews=[0, 10, 20, 0, 0, 30]).write(tmp_path))
    assert [signal.skew_s for signal in select(recording).signals] == pytest.approx([0, 1e-5, 2e-5, 0, 0, 3e-5])


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b"6,6A,0D", b"hello", "line 2: wanted the numbers of channels"),
        (b"6,6A,0D", b"6,600000000A,0D", "600000000 analogue"),
        (b"6,6A,0D", b"6,0A,6D", "line"),
        (b"3,Vc,,,V,", b"3,Vc,,,V,gain", "line 5: damaged configuration"),
        (b"\r\nASCII\r\n", b"\r\nMORSE\r\n", "MORSE"),
        (b"4000.0,800", b"4000.0,9000", "truncated: 800 of the 9000 samples"),
        (b"4000.0,800", b"-5,800", "wanted a sample rate"),
        (b"4000.0,800", b"4000.0,-3", "wanted a sample rate"),
        (b"4000.0,800", b"nan,800", "wanted a sample rate"),
        (b"4000.0,800", b"500.0,800", "at least 800 Hz"),
    ],
)
def test_a_damaged_configuration_is_told_in_a_sentence(tmp_path: Path, old: bytes, new: bytes, sentence: str) -> None:
    path = made().write(tmp_path)
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new))
    with pytest.raises(RecordingUnreadable, match=sentence):
        read(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_data_file_is_told_in_a_sentence(tmp_path: Path, kind: str) -> None:
    path = made(kind=kind).write(tmp_path)
    data = path.with_suffix(".dat").read_bytes()
    path.with_suffix(".dat").write_bytes(data[: len(data) // 2])
    with pytest.raises(RecordingUnreadable, match=r"truncated: \d+ of the 800 samples"):
        read(path)


def test_a_missing_data_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = made().write(tmp_path)
    path.with_suffix(".dat").unlink()
    with pytest.raises(RecordingUnreadable, match=r"there is no file made\.dat beside it"):
        read(path)


def test_a_cell_that_is_no_number_is_named_with_its_line_and_column(tmp_path: Path) -> None:
    path = made().write(tmp_path)
    lines = path.with_suffix(".dat").read_bytes().splitlines(keepends=True)
    cells = lines[41].split(b",")
    cells[4] = b"abc"
    lines[41] = b",".join(cells)
    path.with_suffix(".dat").write_bytes(b"".join(lines))
    with pytest.raises(RecordingUnreadable, match=r"made\.dat, line 42, column 5 \(Vc\): 'abc' is not a number"):
        read(path)


@pytest.mark.parametrize("kind", ["ASCII", "BINARY"])
def test_time_stamps_that_contradict_the_stated_rate_are_told(tmp_path: Path, kind: str) -> None:
    doubtful = made(kind=kind, rates=[(4800.0, 800)])
    (note,) = open_recording(doubtful.write(tmp_path)).notes
    assert note.startswith("the time stamps are 4000 Hz apart, the stated rate is 4800 Hz")
    assert open_recording(made(kind=kind).write(tmp_path)).notes == ()

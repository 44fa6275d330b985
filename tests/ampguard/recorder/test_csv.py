"""Text tables as instruments, spreadsheets and scripts write them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.recorder.waves import three_phases

from ampguard.recorder import numerictext
from ampguard.recorder.opening import open_recording
from ampguard.recorder.recording import RecordingUnreadable
from ampguard.recorder.selection import select
from ampguard.recorder.stream import Block, blocks

RATE = 4000.0
WAVES = three_phases(400, RATE)
TIMES = np.arange(400) / RATE


def table(  # noqa: PLR0913 - what a writer of tables may do differently
    header: str = "t,ua,ub,uc,ia,ib,ic",
    *,
    above: str = "",
    delimiter: str = ",",
    comma: bool = False,
    times: object = TIMES,
    values: object = WAVES,
    scales: object = 1.0,
) -> str:
    rows = np.column_stack([np.asarray(times), np.asarray(values) / np.asarray(scales)])
    lines = [delimiter.join(f"{value:.9g}" for value in row) for row in rows]
    text = "\n".join(lines)
    return f"{above}{header}\n{text.replace('.', ',') if comma else text}\n"


def read(text: str | bytes, channels: str = "") -> list[Block]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wave.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        recording = open_recording(path)
        return list(blocks(recording, select(recording, channels)))


def rate(text: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wave.csv"
        path.write_text(text)
        return open_recording(path).stretches[0].sample_rate_hz


def same(found: list[Block], values: object = WAVES) -> None:
    assert {block.lost_samples for block in found} == {0}
    samples = np.concatenate([block.samples for block in found])
    np.testing.assert_allclose(samples, np.asarray(values), rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize(
    "header",
    [
        "t,ua,ub,uc,ia,ib,ic",
        "time,Va,Vb,Vc,Ia,Ib,Ic",
        "Time (s),U1,U2,U3,I1,I2,I3",
        "t,UL1,UL2,UL3,IL1,IL2,IL3",
        "t,U_L1,U_L2,U_L3,I_L1,I_L2,I_L3",
        "t,VAN,VBN,VCN,IA,IB,IC",
        "t,ur,us,ut,ir,is,it",
        "t,ua [V],ub [V],uc [V],ia [A],ib [A],ic [A]",
        "t,ua (V),ub (V),uc (V),ia (A),ib (A),ic (A)",
        "t,U1/V,U2/V,U3/V,I1/A,I2/A,I3/A",
        "Zeit,Spannung L1,Spannung L2,Spannung L3,Strom L1,Strom L2,Strom L3",
        "t,Phase A Voltage,Phase B Voltage,Phase C Voltage,Phase A Current,Phase B Current,Phase C Current",
        "t,voltage_l1,voltage_l2,voltage_l3,current_l1,current_l2,current_l3",
        '"t","ua","ub","uc","ia","ib","ic"',
    ],
)
def test_columns_are_known_by_the_names_people_give_them(header: str) -> None:
    same(read(table(header)))


@given(
    delimiter=st.sampled_from([",", ";", "\t", " "]),
    comma=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    above=st.sampled_from(["", "# made by hand\n", "% a\n// b\n", "Recorder 7\nSite: cellar\n\n"]),
)
def test_delimiters_decimal_commas_line_ends_and_comments(
    *, delimiter: str, comma: bool, ending: str, mark: bool, above: str
) -> None:
    comma = comma and delimiter != ","
    header = delimiter.join(["t", "ua", "ub", "uc", "ia", "ib", "ic"])
    text = table(header, above=above, delimiter=delimiter, comma=comma).replace("\n", ending)
    same(read(text.encode("utf-8-sig" if mark else "utf-8")))


@given(
    voltage=st.sampled_from([("V", 1.0), ("kV", 1e3), ("mV", 1e-3)]),
    current=st.sampled_from([("A", 1.0), ("kA", 1e3), ("mA", 1e-3)]),
    time=st.sampled_from([("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("\N{MICRO SIGN}s", 1e-6)]),
    own_line=st.booleans(),
)
def test_units_in_the_heading_or_below_it_scale_the_values(
    *, voltage: tuple[str, float], current: tuple[str, float], time: tuple[str, float], own_line: bool
) -> None:
    names = ["t", "ua", "ub", "uc", "ia", "ib", "ic"]
    units = [time[0], *[voltage[0]] * 3, *[current[0]] * 3]
    if own_line:
        header = ",".join(names) + "\n" + ",".join(units)
    else:
        header = ",".join(f"{name} [{unit}]" for name, unit in zip(names, units, strict=True))
    text = table(header, times=TIMES / time[1], scales=[voltage[1]] * 3 + [current[1]] * 3)
    same(read(text))
    assert rate(text) == pytest.approx(RATE, rel=1e-6)


@pytest.mark.parametrize(
    "line", ["# fs_hz=4000", "# fs = 4000 Hz", "# Sample rate: 4 kHz", "Sampling frequency [Hz],4000", "#fs:4e3"]
)
def test_a_stated_rate_makes_the_time_column_unnecessary(line: str) -> None:
    rows = "\n".join(",".join(f"{value:.6f}" for value in row) for row in WAVES)
    text = f"{line}\nua,ub,uc,ia,ib,ic\n{rows}\n"
    assert rate(text) == 4000.0
    (block,) = read(text)
    assert block.samples.shape == (400, 6)


def test_no_rate_at_all_is_told_in_a_sentence() -> None:
    rows = "\n".join(",".join(f"{value:.6f}" for value in row) for row in WAVES)
    with pytest.raises(RecordingUnreadable, match="no sample rate: wanted a column named t or time"):
        read(f"ua,ub,uc,ia,ib,ic\n{rows}\n")


def test_a_stated_rate_that_the_time_column_denies_is_refused() -> None:
    with pytest.raises(RecordingUnreadable, match="8000 Hz and the time column's 4000 Hz differ"):
        read(table(above="# fs_hz=8000\n"))


@given(resolution=st.sampled_from([1e-6, 1e-5, 1e-4, 1e-3]))
def test_rounded_time_stamps_are_averaged_out(resolution: float) -> None:
    count = 4000
    times = np.round(np.arange(count) / RATE / resolution) * resolution
    text = table(times=times, values=three_phases(count, RATE))
    assert rate(text) == pytest.approx(RATE, rel=2 * resolution * RATE / count)
    assert sum(block.lost_samples for block in read(text)) == 0


@given(start=st.integers(1, 380), lost=st.integers(1, 15))
def test_missing_rows_are_counted_by_the_time_column(start: int, lost: int) -> None:
    kept = np.delete(np.arange(400), np.arange(start, start + lost))
    found = read(table(times=TIMES[kept], values=WAVES[kept]))
    assert [(len(block.samples), block.lost_samples) for block in found] == [(start, 0), (400 - start - lost, lost)]


def test_empty_and_nan_cells_are_lost_samples() -> None:
    lines = table().splitlines()
    for number, cell in ((11, ""), (12, "nan"), (300, "inf")):
        cells = lines[number].split(",")
        cells[3] = cell
        lines[number] = ",".join(cells)
    found = read("\n".join(lines) + "\n")
    assert [(len(block.samples), block.lost_samples) for block in found] == [(10, 0), (287, 2), (100, 1)]


def test_a_row_that_was_cut_off_while_being_written_is_left_out() -> None:
    text = table()
    (block,) = read(text[: text.rindex(",") - 3])
    assert len(block.samples) == 399


def test_columns_that_are_not_measured_may_hold_anything() -> None:
    lines = table().splitlines()
    text = "\n".join([lines[0] + ",remark", *(f"{line},{'x' * (index % 3)}" for index, line in enumerate(lines[1:]))])
    same(read(text))


def test_dates_instead_of_seconds_give_the_rate() -> None:
    lines = table().splitlines()
    stamped = [
        f"2024-01-02 10:20:{30 + index / RATE:09.6f},{line.partition(',')[2]}" for index, line in enumerate(lines[1:])
    ]
    text = "\n".join([lines[0], *stamped])
    assert rate(text) == pytest.approx(RATE, rel=1e-4)
    same(read(text))


@pytest.mark.parametrize("chunk", [100, 1000, 10_000])
def test_reading_in_pieces_changes_nothing(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(numerictext.pieces, "__defaults__", (chunk,))
    found = read(table())
    assert {block.lost_samples for block in found} == {0}
    np.testing.assert_allclose(np.concatenate([block.samples for block in found]), WAVES, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hello\nworld\n", "wanted a line with column names and rows of numbers"),
        ("t,ua\n", "wanted a line with column names and rows of numbers"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 20, "not a text file"),
        ("\n\n   \n", "the file is empty"),
        ("", "the file is empty"),
        (table("ua,ub,uc,ia,ib,ic,x", above="# fs_hz=1e30\n"), "believed up to 1e.07 Hz"),
        (table(times=TIMES * 8), "sampled at 500 Hz; at least 800 Hz"),
        (table(times=TIMES[::-1]), "runs backwards"),
        (table(times=TIMES * 0), "stands still"),
        (table(times=np.cumsum(np.geomspace(1e-5, 1e-2, 400))), "not evenly spaced"),
        (table("t,p,q,s,pf,x,y"), "no column is recognised"),
        (table(values=np.abs(WAVES) + 1), "no column is recognised as a waveform"),
        (table(values=WAVES * 1e12), "holds a value of 3.25e.14"),
    ],
)
def test_a_file_that_cannot_be_measured_is_told_in_a_sentence(text: str | bytes, sentence: str) -> None:
    with pytest.raises(Exception, match=sentence) as caught:
        read(text)
    assert type(caught.value).__name__ in {"RecordingUnreadable", "ChannelsUnclear"}


@given(row=st.integers(1, 399), column=st.integers(1, 6), cell=st.sampled_from(["abc", "1.2.3", "--", "1_000", "0x10"]))
def test_a_cell_that_is_no_number_is_named_with_its_line_and_column(row: int, column: int, cell: str) -> None:
    lines = table(above="# fs_hz=4000\n").splitlines()
    cells = lines[row + 1].split(",")
    cells[column] = cell
    lines[row + 1] = ",".join(cells)
    with pytest.raises(RecordingUnreadable, match=rf"line {row + 2}, column {column + 1} \(.*\): '{cell}' is not"):
        read("\n".join(lines) + "\n")

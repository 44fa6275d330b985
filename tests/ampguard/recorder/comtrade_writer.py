"""A writer of COMTRADE files for tests, from the text of the standard and independent of the reader."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CODES = {"ASCII": (-99_999, 99_998), "BINARY": (-32_767, 32_767), "BINARY32": (-(2**31) + 1, 2**31 - 1)}


@dataclass
class Written:
    """A recording to be written; the defaults make a plain file of 1999."""

    values: NDArray[np.float64]
    """(rows, channels) in primary SI units."""
    names: list[str]
    units: list[str]
    rate: float = 4000.0
    kind: str = "ASCII"
    revision: str = "1999"
    phases: list[str] | None = None
    gains: list[float] | None = None
    offsets: list[float] | None = None
    ratios: list[tuple[float, float, str]] | None = None
    """Primary, secondary, P or S."""
    status: int = 0
    stamps_only: bool = False
    timemult: float = 1.0
    stamp_decimals: int = 6
    rates: list[tuple[float, int]] | None = None
    station: str = "station"
    skews: list[float] | None = None
    extra_lines: list[str] = field(default_factory=list)

    def gain_and_offset(self, channel: int) -> tuple[float, float]:
        if self.gains is not None and self.offsets is not None:
            return self.gains[channel], self.offsets[channel]
        largest = float(np.abs(self.recorded()[:, channel]).max()) or 1.0
        return largest / (CODES.get(self.kind, (0, 32_767))[1] - 1), 0.0

    def recorded(self) -> NDArray[np.float64]:
        """The values as the channel states them: in its unit, secondary where it says S."""
        scaled = self.values.copy()
        for channel, unit in enumerate(self.units):
            scaled[:, channel] /= {"k": 1e3, "m": 1e-3, "M": 1e6}.get(unit[0], 1.0) if len(unit) == 2 else 1.0
            if self.ratios and self.ratios[channel][2] == "S":
                scaled[:, channel] *= self.ratios[channel][1] / self.ratios[channel][0]
        return scaled

    def configuration(self) -> str:
        count = len(self.names)
        head = f"{self.station},device" + ("" if self.revision == "1991" else f",{self.revision}")
        lines = [head, f"{count + self.status},{count}A,{self.status}D"]
        low, high = CODES.get(self.kind, (-3.4e38, 3.4e38))
        for channel, name in enumerate(self.names):
            gain, offset = self.gain_and_offset(channel)
            phase = self.phases[channel] if self.phases else ""
            skew = self.skews[channel] if self.skews else 0
            fields = [channel + 1, name, phase, "", self.units[channel], repr(gain), repr(offset), skew, low, high]
            if self.revision != "1991":
                fields += list(self.ratios[channel]) if self.ratios else [1, 1, "P"]
            lines.append(",".join(str(entry) for entry in fields))
        lines += [f"{number + 1},status {number},,,0" for number in range(self.status)]
        lines.append("50")
        rows = len(self.values)
        if self.stamps_only:
            lines += ["0", f"0,{rows}"]
        else:
            rates = self.rates or [(self.rate, rows)]
            lines += [str(len(rates)), *(f"{rate!r},{last}" for rate, last in rates)]
        stamp = f"02/01/2024,10:20:30.{'123456789'[: self.stamp_decimals]}"
        lines += [stamp, stamp, self.kind]
        if self.revision != "1991":
            lines.append(repr(self.timemult))
        if self.revision == "2013":
            lines += ["0,0", "0,0"]
        return "\r\n".join([*lines, *self.extra_lines]) + "\r\n"

    def codes(self) -> NDArray[np.float64]:
        recorded = self.recorded()
        columns = []
        for channel in range(recorded.shape[1]):
            gain, offset = self.gain_and_offset(channel)
            column = (recorded[:, channel] - offset) / gain
            columns.append(column if self.kind == "FLOAT32" else np.rint(column))
        return np.column_stack(columns)

    def stamps(self) -> NDArray[np.int64]:
        unit = 10.0**-9 if self.stamp_decimals > 6 else 1e-6
        return np.rint(np.arange(len(self.values)) / self.rate / (unit * self.timemult)).astype(np.int64)

    def data(self) -> bytes:
        codes, stamps = self.codes(), self.stamps()
        if self.kind == "ASCII":
            on = ",1" * self.status
            rows = zip(range(1, len(codes) + 1), stamps, codes, strict=True)
            return "".join(
                f"{number},{stamp},{','.join(str(int(code)) for code in row)}{on}\r\n" for number, stamp, row in rows
            ).encode()
        kind = {"BINARY": "h", "BINARY32": "i", "FLOAT32": "f"}[self.kind]
        row_format = f"<II{codes.shape[1]}{kind}{-(-self.status // 16)}H"
        words = (0xFFFF,) * -(-self.status // 16)
        parts = []
        for number, (stamp, row) in enumerate(zip(stamps, codes, strict=True), 1):
            numbers = [float(code) for code in row] if kind == "f" else [int(code) for code in row]
            parts.append(struct.pack(row_format, number, int(stamp) & 0xFFFFFFFF, *numbers, *words))
        return b"".join(parts)

    def write(self, folder: Path, name: str = "made") -> Path:
        """As cfg and dat; returns the cfg."""
        (folder / f"{name}.dat").write_bytes(self.data())
        path = folder / f"{name}.cfg"
        path.write_bytes(self.configuration().encode())
        return path

    def write_cff(self, folder: Path) -> Path:
        """As one file."""
        data = self.data()
        size = "" if self.kind == "ASCII" else f": {len(data)}"
        path = folder / "made.cff"
        path.write_bytes(
            b"--- file type: CFG ---\r\n"
            + self.configuration().encode()
            + b"--- file type: INF ---\r\n\r\n--- file type: HDR ---\r\nsome words\r\n"
            + f"--- file type: DAT {self.kind}{size} ---\r\n".encode()
            + data
        )
        return path

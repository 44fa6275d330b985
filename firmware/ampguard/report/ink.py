"""Drawing on A4 with the PDF library; all that knows it is here and in `attachment`.

Lengths are PDF points, 1/72 inch, from the lower left corner. The same strokes always make the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from ampguard.report.attachment import attach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

Points: TypeAlias = float
Spot: TypeAlias = "tuple[Points, Points]"
PAGE_WIDTH, PAGE_HEIGHT = A4
INK, SOFT, LINE = "#1c2430", "#566070", "#c9d0d9"
_FONTS = {"Roboto": "Roboto-Regular.ttf", "Roboto-Bold": "Roboto-Bold.ttf"}
"""Apache-2.0, without hinting and features, letters of Europe only: a tenth of the whole fonts."""
_TOTAL = "pages"


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks."""

    size: Points = 8.6
    font: str = "Roboto"
    colour: str = INK

    @property
    def leading(self) -> Points:
        """From line to line."""
        return 1.32 * self.size


@dataclass(frozen=True, slots=True)
class Pen:
    """How a line looks."""

    colour: str = LINE
    thickness: Points = 0.6
    dashes: tuple[Points, ...] = ()
    """Lengths of strokes and of the gaps between them; nothing: one stroke."""


class _Path(Protocol):
    def moveTo(self, x: Points, y: Points) -> None: ...  # noqa: N802 - the library's names, here and below
    def lineTo(self, x: Points, y: Points) -> None: ...  # noqa: N802 - theirs
    def close(self) -> None: ...


class _Canvas(Protocol):
    """As much of the library as is used."""

    def setTitle(self, title: str) -> None: ...  # noqa: N802 - theirs
    def setSubject(self, subject: str) -> None: ...  # noqa: N802 - theirs
    def setAuthor(self, author: str | None) -> None: ...  # noqa: N802 - theirs
    def setCreator(self, creator: str) -> None: ...  # noqa: N802 - theirs
    def setDateFormatter(self, dateFormatter: Callable[..., str]) -> None: ...  # noqa: N802, N803 - theirs
    def setFont(self, psfontname: str, size: Points) -> None: ...  # noqa: N802 - theirs
    def setFillColor(self, aColor: object) -> None: ...  # noqa: N802, N803 - theirs
    def setStrokeColor(self, aColor: object) -> None: ...  # noqa: N802, N803 - theirs
    def setLineWidth(self, width: Points) -> None: ...  # noqa: N802 - theirs
    def setDash(self, array: list[Points]) -> None: ...  # noqa: N802 - theirs
    def drawString(self, x: Points, y: Points, text: str) -> None: ...  # noqa: N802 - theirs
    def line(self, x1: Points, y1: Points, x2: Points, y2: Points) -> None: ...
    def circle(self, x_cen: Points, y_cen: Points, r: Points) -> None: ...
    def rect(self, x: Points, y: Points, width: Points, height: Points, stroke: int, fill: int) -> None: ...  # noqa: PLR0913, PLR0917 - theirs
    def beginPath(self) -> _Path: ...  # noqa: N802 - theirs
    def drawPath(self, aPath: _Path, stroke: int, fill: int) -> None: ...  # noqa: N802, N803 - theirs
    def beginForm(self, name: str) -> None: ...  # noqa: N802 - theirs
    def endForm(self) -> None: ...  # noqa: N802 - theirs
    def doForm(self, name: str) -> None: ...  # noqa: N802 - theirs
    def saveState(self) -> None: ...  # noqa: N802 - theirs
    def restoreState(self) -> None: ...  # noqa: N802 - theirs
    def translate(self, dx: Points, dy: Points) -> None: ...
    def showPage(self) -> None: ...  # noqa: N802 - theirs
    def save(self) -> None: ...


class Ink:
    """A PDF under way; the first page is open."""

    def __init__(self, title: str, language: str, made: datetime) -> None:
        _letters()
        self._out = io.BytesIO()
        # invariant: no clock and no chance in the file; the date is the report's own
        self._raw = Canvas(self._out, pagesize=A4, invariant=1, pageCompression=1, lang=language)
        self._canvas = cast("_Canvas", self._raw)
        self._canvas.setTitle(title)
        self._canvas.setSubject(title)
        self._canvas.setAuthor("Amp Guard")
        self._canvas.setCreator("ampguard report")
        self._canvas.setDateFormatter(lambda *_: f"D:{made:%Y%m%d%H%M%S}+00'00'")
        self._page = 1
        self.has_unknown = False
        """Whether a letter had to be replaced, because the fonts do not have it."""

    def write(self, spot: Spot, text: str, style: Style, *, align: str = "left") -> None:
        """One line; the spot is its left end, its middle or its right end."""
        shift = {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * wide(text, style)
        self.has_unknown = self.has_unknown or bool(unknown(text, style.font))
        self._canvas.setFont(style.font, style.size)
        self._canvas.setFillColor(HexColor(style.colour))
        self._canvas.drawString(spot[0] - shift, spot[1], drawable(text, style.font))

    def line(self, start: Spot, end: Spot, pen: Pen) -> None:
        """Straight."""
        self._take(pen)
        self._canvas.line(*start, *end)

    def circle(self, middle: Spot, radius: Points, pen: Pen) -> None:
        """Not filled."""
        self._take(pen)
        self._canvas.circle(*middle, radius)

    def curve(self, pieces: Iterable[Sequence[Spot]], pen: Pen) -> None:
        """Lines from spot to spot, each piece for itself."""
        self._take(pen)
        path = self._canvas.beginPath()
        for first, *others in pieces:
            path.moveTo(*first)
            for spot in others or [first]:
                path.lineTo(*spot)
        self._canvas.drawPath(path, stroke=1, fill=0)

    def area(self, corners: Sequence[Spot], colour: str) -> None:
        """Filled."""
        self._canvas.setFillColor(HexColor(colour))
        path = self._canvas.beginPath()
        path.moveTo(*corners[0])
        for spot in corners[1:]:
            path.lineTo(*spot)
        path.close()
        self._canvas.drawPath(path, stroke=0, fill=1)

    def box(self, corner: Spot, width: Points, height: Points, colour: str) -> None:
        """Filled; the corner is the lower left one."""
        self._canvas.setFillColor(HexColor(colour))
        self._canvas.rect(*corner, width, height, stroke=0, fill=1)

    def number(self, spot: Spot, style: Style) -> None:
        """The page's number, and of how many: that is known at the end."""
        self.write(spot, str(self._page), style, align="right")
        self._canvas.saveState()
        self._canvas.translate(*spot)
        self._canvas.doForm(_TOTAL)
        self._canvas.restoreState()

    def turn_page(self) -> None:
        """The next one."""
        self._canvas.showPage()
        self._page += 1

    def finished(self, style: Style, name: str, content: bytes) -> bytes:
        """The file, with this one inside."""
        self._canvas.showPage()
        self._canvas.beginForm(_TOTAL)
        self.write((0.0, 0.0), f" / {self._page}", style)
        self._canvas.endForm()
        attach(self._raw, name, content)
        self._canvas.save()
        return self._out.getvalue()

    def _take(self, pen: Pen) -> None:
        self._canvas.setStrokeColor(HexColor(pen.colour))
        self._canvas.setLineWidth(pen.thickness)
        self._canvas.setDash(list(pen.dashes))


def wide(text: str, style: Style) -> Points:
    """From the first letter's left to the last one's right."""
    width: Points = pdfmetrics.stringWidth(drawable(text, style.font), style.font, style.size)
    return width


def fitted(text: str, style: Style, width: Points) -> Style:
    """The style, smaller if the text is wider than that."""
    return replace(style, size=min(style.size, style.size * width / max(wide(text, style), 1.0)))


def drawable(text: str, font: str) -> str:
    """Letters that the font does not have are shown as question marks; the attached facts have them all."""
    missing = unknown(text, font)
    return "".join("?" if letter in missing else letter for letter in text)


def unknown(text: str, font: str = "Roboto") -> str:
    """The letters that the font does not have, each once."""
    known = _letters()[font]
    return "".join(dict.fromkeys(letter for letter in text if ord(letter) not in known))


@cache
def _letters() -> Mapping[str, frozenset[int]]:
    """Which letters each font has; the fonts are there from now on."""
    found: dict[str, frozenset[int]] = {}
    for name, file in _FONTS.items():
        with as_file(files("ampguard.report") / "fonts" / file) as path:
            font = TTFont(name, str(path))
        pdfmetrics.registerFont(font)  # pyright: ignore[reportUnknownMemberType] - half typed
        glyphs = cast("Mapping[int, int]", font.face.charToGlyph)
        found[name] = frozenset(glyphs)
    return found

"""A report as sheets of paper: A4, as PDF."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from ampguard_hil.accuracy.content import Heading, Sentence, Table
from ampguard_hil.accuracy.plots import SIZE_IN, Picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus.flowables import Flowable

    from ampguard_hil.accuracy.content import Block

MARGIN = 14 * mm
_PADDING = 6.0
"""That a frame of reportlab has on each side."""
WIDTH = A4[0] - 2 * MARGIN - 2 * _PADDING
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9, leading=12, spaceAfter=4)
_WARNING = ParagraphStyle("warning", _TEXT, fontName="Helvetica-Bold", borderPadding=4, backColor=HexColor("#f2f4f7"))
_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=16, leading=20, spaceAfter=8)
_HEADING = ParagraphStyle("heading", fontName="Helvetica-Bold", fontSize=12, leading=16, spaceBefore=10, spaceAfter=4)
_CAPTION = ParagraphStyle("caption", _TEXT, fontName="Helvetica-Bold")
_KEPT_CAPTION = ParagraphStyle("keptcaption", _CAPTION, keepWithNext=1)
_CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=6.8, leading=8)
_HEAD = ParagraphStyle("head", _CELL, fontName="Helvetica-Bold")
_FAR = ParagraphStyle("far", _CELL, alignment=2)
_FAR_HEAD = ParagraphStyle("farhead", _HEAD, alignment=2)
_LEAST_CHARACTERS, _MOST_CHARACTERS = 8, 34
"""A column is as wide as its longest text, between these."""
_KEPT_ROWS = 15
"""A longer table begins where there is room, and goes on overleaf."""


def pdf(title: str, blocks: Sequence[Block]) -> bytes:
    """The whole file."""
    out = io.BytesIO()
    sheets = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN, title=title
    )
    story: list[Flowable] = [Paragraph(escape(title), _TITLE)]
    for number, block in enumerate(blocks):
        story += _flowables(block, first=number == 0)
    sheets.build(story, onFirstPage=_numbered, onLaterPages=_numbered)
    return out.getvalue()


def _numbered(canvas: Canvas, _sheets: object) -> None:
    canvas.setFont("Helvetica", 7)
    canvas.drawRightString(A4[0] - MARGIN, MARGIN / 2, f"{canvas.getPageNumber()}")


def _flowables(block: Block, *, first: bool) -> Iterator[Flowable]:
    match block:
        case Heading(text):
            yield Paragraph(escape(text), ParagraphStyle("kept", _HEADING, keepWithNext=1))
        case Sentence(text):
            yield Paragraph(escape(text), _WARNING if first else _TEXT)
            if first:
                yield Spacer(1, 2 * mm)
        case Picture():
            height = WIDTH * 0.8 * SIZE_IN[1] / SIZE_IN[0]
            picture = Image(io.BytesIO(block.png), WIDTH * 0.8, height)
            yield KeepTogether([Paragraph(escape(block.title), _CAPTION), picture])
        case Table():
            if block.caption:
                kept = len(block.rows) <= _KEPT_ROWS
                yield Paragraph(escape(block.caption), _KEPT_CAPTION if kept else _CAPTION)
            yield _grid(block)
            yield Spacer(1, 3 * mm)


def _grid(table: Table) -> Grid:
    heads = [
        _paragraph(text, _FAR_HEAD if _is_far(table, column) else _HEAD) for column, text in enumerate(table.heads)
    ]
    rows = [
        [_paragraph(text, _FAR if _is_far(table, column) else _CELL) for column, text in enumerate(row)]
        for row in table.rows
    ]
    line = ("LINEBELOW", (0, 0), (-1, -1), 0.25, HexColor("#c9ced6"))
    ground = ("BACKGROUND", (0, 0), (-1, 0), HexColor("#f2f4f7"))
    tight = [(side, (0, 0), (-1, -1), 2) for side in ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")]
    top = ("VALIGN", (0, 0), (-1, -1), "TOP")
    return Grid([heads, *rows], colWidths=_widths(table), repeatRows=1, style=[line, ground, top, *tight])


def _is_far(table: Table, column: int) -> bool:
    return column in table.numbers


def _widths(table: Table) -> list[float]:
    lengths = [max(len(row[column]) for row in (table.heads, *table.rows)) for column in range(len(table.heads))]
    shares = [min(max(length, _LEAST_CHARACTERS), _MOST_CHARACTERS) for length in lengths]
    return [WIDTH * share / sum(shares) for share in shares]


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(text), style)

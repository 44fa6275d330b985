"""The commissioning report as a PDF: the facts on A4, and the very same facts attached."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import segno

from ampguard.report import page_values, page_wiring, wording
from ampguard.report.catalogue import Words, moment
from ampguard.report.ink import INK, Pen, Style, fitted, wide
from ampguard.report.sheet import LABEL, LEFT, RIGHT, SMALL, STRONG, TOP, WIDTH, Sheet, wrapped
from ampguard.report.signing import fingerprint
from ampguard.report.token import Token

if TYPE_CHECKING:
    from ampguard.report.facts import Report
    from ampguard.report.ink import Ink, Points, Spot
    from ampguard.report.signing import Document

ATTACHED = "report.json"
_QR: Points = 108.0
_QUIET = 4
"""Modules around a QR code that stay white (ISO/IEC 18004)."""


def pages(report: Report, document: Document) -> bytes:
    """The file; the same for the same facts. `document` is of these facts."""
    words = Words(report.language)
    serial = report.unit.serial or words.say("not known")
    title = words.say("Commissioning report")
    sheet = Sheet(f"{title}  {serial}  {moment(report.utc)}", report.language, _made(report.utc))
    sheet.foot(
        f"SHA-256 {document.digest.hex()}",
        words.say("This report is no certificate, and the Amp Guard is no protective device."),
    )
    _head(sheet, words, report, title)
    page_wiring.verdict(sheet, words, report)
    page_values.site(sheet, words, report)
    page_wiring.diagrams(sheet, words, report)
    page_wiring.evidence(sheet, words, report)
    page_wiring.check(sheet, words, report)
    page_wiring.changes(sheet, words, report)
    page_values.values(sheet, words, report)
    page_values.self_check(sheet, words, report)
    page_values.day(sheet, words, report)
    _absences(sheet, words, report)
    _hand(sheet, words, report)
    _proof(sheet, words, report, document)
    page_values.earlier(sheet, words, report)
    page_values.settings(sheet, words, report)
    if sheet.ink.has_unknown:
        sheet.y -= 6
        sheet.paragraph(
            words.say(
                "Letters that the fonts of this report do not have are shown as “?”; the attached facts have them."
            ),
            SMALL,
        )
    return sheet.finished(ATTACHED, document.as_bytes())


def _made(utc: str) -> datetime:
    return datetime.fromisoformat(utc).astimezone(UTC)


def _head(sheet: Sheet, words: Words, report: Report, title: str) -> None:
    large, serial = Style(20.0, "Roboto-Bold"), report.unit.serial or words.say("not known")
    sheet.ink.write((LEFT, TOP - 14), title, large)
    style = fitted(serial, Style(13.0, "Roboto-Bold"), WIDTH - wide(title, large) - 16)
    sheet.ink.write((RIGHT, TOP - 4), serial, style, align="right")
    sheet.ink.write((RIGHT, TOP - 18), f"Amp Guard · {moment(report.utc)}", LABEL, align="right")
    sheet.y = TOP - 28
    if report.clock_quality == "unsynchronised":
        sheet.paragraph(words.say("Nobody has set the unit's clock: the times in this report may be wrong."), STRONG)
        sheet.y -= 4


def _absences(sheet: Sheet, words: Words, report: Report) -> None:
    if not report.absences:
        return
    sheet.heading(words.say("What this report cannot say"), 30)
    sheet.y -= 2
    for one in report.absences:
        what = words.say(wording.PARTS[one.what])
        sheet.paragraph(words.say("Not available: {what} (“{why}”)", what=what, why=one.why))


def _hand(sheet: Sheet, words: Words, report: Report) -> None:
    """What the installer adds, in letters and by hand."""
    lines = wrapped(report.note or "", WIDTH, Style())
    sheet.heading(words.say("Installer"), 70 + 12 * len(lines))
    if report.note:
        sheet.paragraph(report.note)
    sheet.need(52)
    sheet.y -= 42
    third = WIDTH / 3
    for number, (name, known) in enumerate(
        (
            (words.say("Name"), report.installer or ""),
            (words.say("Date"), ""),
            (words.say("Signature"), ""),
        )
    ):
        x = LEFT + number * third
        for up, line in enumerate(reversed(wrapped(known, third - 14, STRONG, most=2))):
            sheet.ink.write((x, sheet.y + 4 + up * STRONG.leading), line, STRONG)
        sheet.ink.line((x, sheet.y), (x + third - 14, sheet.y), Pen(INK))
        sheet.ink.write((x, sheet.y - 11), name, SMALL)
    sheet.y -= 14


def _proof(sheet: Sheet, words: Words, report: Report, document: Document) -> None:
    """The unit's signature, for machines and for people."""
    sheet.heading(words.say("Signature of the unit"), _QR + 4)
    top = sheet.y - 4
    text = Token(report.unit.serial or "", report.utc, document.digest, document.signature).as_text()
    _square(sheet.ink, text, (RIGHT - _QR, top - _QR))
    width = WIDTH - _QR - 16
    sheet.y = top + 4
    sheet.paragraph(
        words.say(
            "The unit has signed these facts with its own key (Ed25519). The facts are attached to the PDF, and the "
            "QR code holds their digest and the signature."
        ),
        width=width,
    )
    sheet.y -= 4
    sheet.paragraph(
        words.say("Fingerprint of the key (compare with the unit's: ampguard report key)"), LABEL, width=width
    )
    sheet.paragraph(fingerprint(document.public_key), Style(10.5, "Roboto-Bold"), width=width)
    sheet.y -= 4
    sheet.paragraph(
        words.say("To check it: ampguard report verify FILE; with the paper: --qr TEXT FILE"), LABEL, width=width
    )
    sheet.y = min(sheet.y, top - _QR)


def _square(ink: Ink, text: str, corner: Spot) -> None:
    """A QR code as boxes, runs of dark modules joined; a little higher than they are, so that no seams show."""
    rows = [bytes(row) for row in segno.make_qr(text, error="m").matrix]
    module = _QR / (len(rows) + 2 * _QUIET)
    for number, row in enumerate(rows):
        y = corner[1] + _QR - (_QUIET + number + 1) * module
        for run in re.finditer(rb"\x01+", row):
            x = corner[0] + (_QUIET + run.start()) * module
            ink.box((x, y), len(run.group()) * module, 1.04 * module, "#000000")

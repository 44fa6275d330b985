"""A file inside a PDF (ISO 32000-1, 7.11.4), as it is: whoever opens the report can save the facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from reportlab.pdfbase import pdfdoc

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas


def attach(canvas: Canvas, name: str, content: bytes) -> None:
    """Add it; not compressed, so that it is found again without a PDF library."""
    library, paper = cast("Any", pdfdoc), cast("Any", canvas)._doc  # noqa: SLF001 - the library has no other way in
    make, text, word = library.PDFDictionary, library.PDFString, library.PDFName
    stream = make({"Type": word("EmbeddedFile"), "Subtype": word("application/json")})
    kept = library.PDFStream(stream, content + b"\n", filters=[])
    specification = make(
        {
            "Type": word("Filespec"),
            "F": text(name),
            "UF": text(name),
            "AFRelationship": word("Source"),
            "EF": make({"F": paper.Reference(kept)}),
        }
    )
    names = library.PDFArray([text(name), paper.Reference(specification)])
    paper.Catalog.Names = make({"EmbeddedFiles": make({"Names": names})})

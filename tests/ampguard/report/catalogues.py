"""The report's catalogues: what the code says, what the .po files translate, and the .mo that is made of each.

`python -m tests.ampguard.report.catalogues` brings new messages into each .po (without translation: the tests then fail
until somebody gives one), drops those that the code no longer says, and makes the .mo.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from ampguard.report.catalogue import DOMAIN, LANGUAGES

FIRMWARE = Path(__file__).resolve().parents[3] / "firmware" / "ampguard"
KEYWORDS = {"say": None, "marked": None}
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")


def said() -> dict[str, str]:
    """Each message of the code, with the module that says it."""
    found: dict[str, str] = {}
    for module in sorted((FIRMWARE / "report").glob("*.py")):
        for _, message, _, _ in extract("python", io.BytesIO(module.read_bytes()), keywords=KEYWORDS):
            found.setdefault(str(message), module.name)
    return found


def place(language: str) -> Path:
    return FIRMWARE / "translations" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def catalogue(language: str) -> Catalog:
    with place(language).open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN)


def compiled(found: Catalog) -> bytes:
    """The .mo (GNU gettext manual, 10.3); Babel's own has its version and the date in it."""
    texts = {str(one.id): str(one.string) for one in found if one.id and one.string}
    texts[""] = "Content-Type: text/plain; charset=utf-8\n"
    pairs = sorted((key.encode(), text.encode()) for key, text in texts.items())
    keys, strings, body = b"", b"", b""
    start = 28 + 16 * len(pairs)
    for key, _ in pairs:
        keys += struct.pack("<II", len(key), start + len(body))
        body += key + b"\0"
    for _, text in pairs:
        strings += struct.pack("<II", len(text), start + len(body))
        body += text + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, start) + keys + strings + body


def brought_up(language: str, translations: dict[str, str]) -> Catalog:
    """A catalogue of what the code says now."""
    made = Catalog(
        locale=language, domain=DOMAIN, project="Amp Guard", header_comment="# Amp Guard: report", fuzzy=False
    )
    for message, module in said().items():
        made.add(message, translations.get(message, ""), locations=[(f"report/{module}", 0)])
    return made


def written(made: Catalog) -> bytes:
    """The .po; without dates and versions: the same messages are the same file."""
    out = io.BytesIO()
    write_po(out, made, width=0, include_lineno=False, omit_header=True)
    head = (
        f'msgid ""\nmsgstr ""\n"Language: {made.locale_identifier}\\n"\n"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    return head.encode() + out.getvalue()


def bring_up(language: str, translations: dict[str, str]) -> None:
    path = place(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(brought_up(language, translations)))
    path.with_suffix(".mo").write_bytes(compiled(catalogue(language)))


def main() -> None:
    for language in TRANSLATED:
        found = catalogue(language) if place(language).exists() else Catalog(locale=language)
        bring_up(language, {str(one.id): str(one.string) for one in found if one.id})


if __name__ == "__main__":
    main()

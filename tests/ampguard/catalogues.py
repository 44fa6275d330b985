"""The catalogues: what the code and the pages say, what the .po files translate, and the .mo that is made of each.

`python -m tests.ampguard.catalogues` brings new messages into each .po (without translation: the tests then fail until
somebody gives one), drops those that nobody says any more, and makes the .mo. It prints what is still to be translated.
Translations may come from a file: a JSON object, by language and English message.
"""

from __future__ import annotations

import io
import json
import struct
import sys
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from ampguard.catalogue import LANGUAGES, SHARED

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware" / "ampguard"
KEYWORDS = {"say": None, "marked": None, "phrase": None, "_": None}
DOMAINS = {
    SHARED: ("wiring/*.py", "chronicle/*.py", "settings/*.py"),
    "report": ("report/*.py",),
    "web": (
        "web/**/*.py",
        "web/templates/*.html",
        "balancing/**/*.py",
        "services/balancer/*.py",
        "services/wiring_check_feed.py",
        "network/address.py",
    ),
}
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")


@cache
def said(domain: str) -> dict[str, str]:
    """Each message, with the file that says it; what all share is in one domain only."""
    found: dict[str, str] = {}
    for pattern in DOMAINS[domain]:
        for path in sorted(FIRMWARE.glob(pattern)):
            method = babel_extract if path.suffix == ".html" else "python"
            options = {"trim_blocks": "true", "lstrip_blocks": "true"}
            for _, message, _, _ in extract(method, io.BytesIO(path.read_bytes()), KEYWORDS, (), options):
                found.setdefault(str(message), path.relative_to(FIRMWARE).as_posix())
    shared = said(SHARED) if domain != SHARED else {}
    return {message: place for message, place in found.items() if message not in shared}


def place(language: str, domain: str) -> Path:
    return FIRMWARE / "translations" / language / "LC_MESSAGES" / f"{domain}.po"


def catalogue(language: str, domain: str) -> Catalog:
    with place(language, domain).open("rb") as file:
        return read_po(file, locale=language, domain=domain)


def translated(language: str, domain: str) -> dict[str, str]:
    """As the .po says it."""
    if not place(language, domain).exists():
        return {}
    return {str(one.id): str(one.string) for one in catalogue(language, domain) if one.id}


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


def brought_up(language: str, domain: str, translations: dict[str, str]) -> Catalog:
    """A catalogue of what is said now."""
    made = Catalog(locale=language, domain=domain, fuzzy=False)
    for message, file in said(domain).items():
        made.add(message, translations.get(message, ""), locations=[(file, 0)])
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


def bring_up(language: str, domain: str, translations: dict[str, str]) -> None:
    path = place(language, domain)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(brought_up(language, domain, translations)))
    path.with_suffix(".mo").write_bytes(compiled(catalogue(language, domain)))


def main(arguments: list[str]) -> None:
    given: dict[str, dict[str, str]] = json.loads(Path(arguments[0]).read_text()) if arguments else {}
    missing: dict[str, list[str]] = {}
    for language in TRANSLATED:
        # what moved from one domain to another keeps its translation
        known = {message: text for domain in DOMAINS for message, text in translated(language, domain).items() if text}
        known |= given.get(language, {})
        for domain in DOMAINS:
            bring_up(language, domain, known)
        for message in {message: None for domain in DOMAINS for message in said(domain) if message not in known}:
            missing.setdefault(message, []).append(language)
    for message, languages in missing.items():
        sys.stdout.write(f"{' '.join(languages)}: {message}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

"""What people read on a page comes out of the catalogues: no text stands in a script, or bare in a template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ampguard.web

WEB = Path(ampguard.web.__file__).parent
SCRIPTS = sorted((WEB / "static").glob("*.js"))
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`(?:[^`\\]|\\.)*`')
KEYS = {"Enter", "Escape", "Home", "End", "Tab", "Delete", "Backspace"}
"""Of the keyboard, as browsers call them."""
SENTENCE = re.compile(r"[^\W\d_]{2,}[,:]? [^\W\d_]{2,}|^[A-Z][a-z]+[.!?…]?$|…")
BARE = {
    "Amp",
    "Guard",
    "V",
    "A",
    "W",
    "Hz",
    "kWh",
    "°C",
    "U",
    "I",
    "L",
    "N",
    "ampguard-",
    "Python",
    "CSV",
    "JSON",
    "PDF",
    "kW",
    "d",
    "h",
    "s",
}
VISIBLE = re.compile(r'(?:aria-label|alt|title|placeholder)="([^"{]*)"')


def texts_in_script(script: str) -> list[str]:
    """Literals that look like something for people."""
    lines = [line for line in script.splitlines() if not line.lstrip().startswith(("//", "import "))]
    found: list[str] = []
    for line in lines:
        code = re.sub(r"(?<!:)//.*$", "", line)
        code = re.sub(r"(querySelector(All)?|closest|matches)\([^)]*\)", "", code)
        code = re.sub(r"classList\.\w+\([^)]*\)|className\s*[=:]\s*(\"[^\"]*\"|`[^`]*`)", "", code)
        for literal in LITERAL.findall(code):
            text = re.sub(r"\$\{[^}]*\}", "", literal[1:-1]).strip()
            if SENTENCE.search(text) and text not in KEYS and not re.search(r"[=\[\]#<]", text):
                found.append(text)
    return found


def texts_in_template(template: str) -> list[str]:
    """Words between the tags, and in attributes that are read out, that go past the catalogues."""
    rest = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)
    words = [word for attribute in VISIBLE.findall(rest) for word in attribute.split()]
    rest = re.sub(r'[\w-]+="[^"]*"', "", rest)
    words += re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", rest, flags=re.DOTALL).split()
    return [word for word in words if re.search(r"[^\W\d_]", word) and word.strip(".,:()&;") not in BARE]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_says_anything_by_itself(path: Path) -> None:
    assert texts_in_script(path.read_text()) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_says_anything_in_english_alone(path: Path) -> None:
    assert texts_in_template(path.read_text()) == []


def test_texts_are_found_where_there_are_some() -> None:
    assert texts_in_script('said.textContent = "This did not work";') == ["This did not work"]
    assert texts_in_script("put(x, `${n} amperes left`); // a comment: it is fine") == ["amperes left"]
    assert texts_in_script('button.textContent = "Saving …"; why = "Failed";') == ["Saving …", "Failed"]
    assert texts_in_script('document.querySelector("#table tbody"); x.classList.add("said good")') == []
    assert texts_in_script('headers["Content-Type"] = "application/json"; e.addEventListener("change", f)') == []
    assert texts_in_template('<p title="Look {{ x }}">{{ _("Yes") }}</p><b>No</b> A') == ["Look", "No"]
    assert texts_in_template('<img alt="A picture">') == ["picture"]

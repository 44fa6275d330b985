"""The report says which class was reached, what is simulated, and where a class was missed; to people and programs."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from tests.ampguard_hil.accuracy.surveyed import surveyed

from ampguard_hil.accuracy.content import Table, content
from ampguard_hil.accuracy.page import html
from ampguard_hil.accuracy.plots import pictures
from ampguard_hil.accuracy.report import write
from ampguard_hil.places.place import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard_hil.accuracy.survey import Survey


@pytest.fixture(scope="module")
def survey() -> Survey:
    return surveyed()


@pytest.fixture(scope="module")
def folder(survey: Survey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("report")
    write(survey, made)
    return made


class Words(HTMLParser):
    """What is there to read, and what it asks for from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def classes(found: Survey) -> dict[str, dict[str, str]]:
    tables = [
        block for block in content(found) if isinstance(block, Table) and block.heads[:2] == ("function", "class")
    ]
    return {table.caption: {row[0]: row[1] for row in table.rows} for table in tables}


def test_the_classes_are_those_of_electronics_and_of_the_whole(survey: Survey) -> None:
    found = classes(survey)
    alone, whole = found["the electronics alone"], found["the whole with its clamps"]
    assert (alone["U"], alone["I"], alone["P"], alone["f"], alone["THDu"]) == ("0.1", "0.1", "0.2", "0.02", "I")
    assert (whole["I"], whole["P"]) == ("1", "2")


def test_a_class_that_is_missed_altogether_is_shown_as_none() -> None:
    broken = surveyed(gain_ratio=1.2)
    assert classes(broken)["the electronics alone"]["I"] == "NONE"
    assert '<td class="none">NONE</td>' in html("a title", list(content(broken)))


def test_the_page_stands_alone_and_begins_with_what_is_simulated(folder: Path) -> None:
    page = Words()
    page.feed((folder / "accuracy.html").read_text())
    text = " ".join(page.text)
    assert "SIMULATED. Supply, clamps, inputs and metering chip are models" in text
    assert text.index("SIMULATED") < text.index("Class reached")
    assert "script" not in page.tags
    assert [link for link in page.links if not link.startswith("#")] == []
    assert {"table", "svg", "main"} <= page.tags


def test_a_real_box_is_said_to_be_measured() -> None:
    text = html("a title", list(content(surveyed(kind=Kind.MEASURED))))
    assert "MEASURED on a real box" in text
    assert "SIMULATED" not in text


def test_a_picture_of_each_power_factor_has_the_limits_in_it(survey: Survey) -> None:
    found = {picture.title: picture for picture in pictures(survey.whole)}
    assert set(found) == {"I, PF 1", "P, PF 1", "P, PF 0.5 inductive", "P, PF 0.8 capacitive"}
    assert "class 2" in found["P, PF 0.5 inductive"].svg
    assert 'role="img" aria-label="Error of P, PF 0.5 inductive against current' in found["P, PF 0.5 inductive"].svg
    assert "#010203" not in found["I, PF 1"].svg


def test_the_sheets_say_the_same_as_the_page(folder: Path) -> None:
    sheets = pypdfium2.PdfDocument(io.BytesIO((folder / "accuracy.pdf").read_bytes()))
    text = " ".join(sheet.get_textpage().get_text_range() for sheet in sheets)
    assert "Accuracy of Amp Guard 2611000001G" in text
    assert "SIMULATED" in text
    assert "phase of the clamp" in text
    assert len(sheets) > 3


def test_programs_read_the_same_values(folder: Path, survey: Survey) -> None:
    read = json.loads((folder / "accuracy.json").read_text())
    assert read["kind"] == "simulated"
    found = {one["function"]: one["class"] for one in read["parts"]["electronics"]["classes"]}
    assert (found["U"], found["I"], found["P"]) == (0.1, 0.1, 0.2)
    assert len(read["parts"]["whole"]["values"]) == len(survey.whole)
    budget = next(one for one in read["budgets"] if one["function"] == "P" and one["point"].endswith("0.5 inductive"))
    squares = sum(one["standard_percent"] ** 2 for one in budget["contributions"])
    assert budget["expanded_percent"] == pytest.approx(2.0 * squares**0.5)
    assert {one["influence"] for one in read["parts"]["electronics"]["influences"]} >= {"49 Hz", "harmonics", "-5 degC"}

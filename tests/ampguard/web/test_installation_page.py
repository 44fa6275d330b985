"""The forms of the settings: every setting has its words and its place, and the page holds together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.ampguard.web.unit import Unit, unit_at

from ampguard.settings.described import SETTINGS, Kind
from ampguard.web.pages.installation import GROUPS, USUAL_FUSES_A
from ampguard.web.pages.labels import COMMANDS, GRIDS, LABELS

SECRET = "hunter2-of-the-broker"
FIELDS = {one.setting.key: one for group in GROUPS for one in (*group.fields, *group.folded)}


class Elements(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def by_id(self, name: str) -> dict[str, str]:
        return next(attributes for _, attributes in self.found if attributes.get("id") == name)


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        yield made


@pytest.fixture
def page(unit: Unit) -> Elements:
    return Elements(unit.owner.get("/installation").text)


def test_each_setting_has_a_label_and_no_label_is_left_over() -> None:
    assert set(LABELS) == set(SETTINGS)
    assert [key for key, label in LABELS.items() if not label.name] == []


def test_each_setting_stands_in_one_form_but_for_the_wiring_which_has_its_own() -> None:
    counted = Counter(one.setting.key for group in GROUPS for one in (*group.fields, *group.folded))
    assert set(counted) == {key for key in SETTINGS if not key.startswith("wiring.")}
    assert set(counted.values()) == {1}


def test_each_choice_has_words() -> None:
    assert set(GRIDS) == set(SETTINGS["grid_type"].choices)
    assert set(COMMANDS) == set(SETTINGS["commands.allow"].choices)


def test_what_is_offered_is_what_the_unit_takes() -> None:
    for field in FIELDS.values():
        least, most = field.setting.least or 0.0, field.setting.most or 0.0
        assert all(least <= float(value) <= most for value, _ in field.offered)
        assert {grid for _, grids in field.offered for grid in grids.split()} <= set(GRIDS)
    assert list(USUAL_FUSES_A) == sorted(USUAL_FUSES_A)


def test_nothing_is_filled_in_that_nobody_said(page: Elements) -> None:
    inputs = [attributes for tag, attributes in page.found if tag == "input"]
    ours = [one for one in inputs if one.get("id", "").startswith("set-") or one.get("name") in SETTINGS]
    assert len(ours) > len(FIELDS)
    assert [
        one for one in ours if "checked" in one or (one.get("value") and one["type"] not in {"radio", "checkbox"})
    ] == []


def test_limits_of_the_table_stand_in_the_page(page: Elements) -> None:
    for field in FIELDS.values():
        if field.setting.kind in {Kind.NUMBER, Kind.WHOLE}:
            found = page.by_id(field.id)
            assert (float(found["min"]), float(found["max"])) == (field.setting.least, field.setting.most)
        if field.setting.kind is Kind.FILE:  # shown, and named on the unit itself
            assert ("code", page.by_id(field.id)) in page.found
        if field.setting.kind is Kind.TEXT:
            assert page.by_id(field.id)["maxlength"] == str(field.setting.longest)
        assert page.by_id(field.id)["type"] == "password" if field.setting.secret else True


def test_ids_are_unique_and_whatever_is_pointed_to_is_there(page: Elements) -> None:
    ids = Counter(attributes["id"] for _, attributes in page.found if "id" in attributes)
    assert [name for name, times in ids.items() if times > 1] == []
    pointed = [
        (name, target)
        for _, attributes in page.found
        for name in ("for", "aria-describedby", "aria-labelledby", "data-fill")
        for target in attributes.get(name, "").split()
    ]
    assert len(pointed) > len(FIELDS)
    assert [one for one in pointed if one[1] not in ids] == []


def test_no_secret_is_in_the_page(unit: Unit) -> None:
    changes = {"mqtt.host": "broker", "mqtt.password": SECRET}
    assert unit.owner.patch("/api/v1/settings", json={"changes": changes}).status_code == 200
    assert SECRET not in unit.owner.get("/installation").text


def test_whoever_has_not_signed_in_is_sent_to_where_one_does(unit: Unit) -> None:
    assert unit.stranger.get("/installation").headers["location"] == "/sign-in"

"""What every page has in common: whom it tells what, and that nobody waits for another's page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.web.unit import Unit, unit_at

from ampguard.web.pages import frame

VERSION = "7.8.9-of-a-test"


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path, version=VERSION) as made:
        yield made


def test_only_who_has_shown_the_pin_is_told_which_version_it_is(unit: Unit) -> None:
    for path in ("/", "/wifi", "/installation", "/system", "/first-visit"):
        assert VERSION in unit.owner.get(path).text
    for path in ("/sign-in", "/api/v1/openapi.json", "/static/frame.js"):
        answer = unit.stranger.get(path)
        assert answer.status_code == 200
        assert VERSION not in answer.text


def test_pages_and_the_document_are_made_beside_what_others_wait_for(
    unit: Unit, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_by: list[int] = []
    templates, document = frame._TEMPLATES.get_template, unit.app.openapi

    def noted(*of: Any) -> object:
        made_by.append(threading.get_ident())
        return templates(*of)

    def noted_too() -> dict[str, object]:
        made_by.append(threading.get_ident())
        return document()

    monkeypatch.setattr(frame._TEMPLATES, "get_template", noted)
    monkeypatch.setattr(unit.app, "openapi", noted_too)
    for path in ("/", "/api/v1/openapi.json"):
        assert unit.owner.get(path).status_code == 200
    assert unit.stranger.get("/sign-in").status_code == 200
    assert len(made_by) >= 3
    assert threading.get_ident() not in made_by

"""The API asked by somebody who has nothing but its OpenAPI document: whatever that allows, and what it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from schemathesis import Case
from schemathesis.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from tests.ampguard.web.unit import HERE, Nothing, parts_at, system_at

from ampguard.web.access.ledger import Since
from ampguard.web.access.tokens import Scope
from ampguard.web.application import application
from ampguard.web.system import Level, Line, ReportFiles

pytestmark = pytest.mark.timeout(240)
ENDLESS = "/api/v1/live"
"""An event stream: its answer has no end to be judged at."""
EXAMPLES = 12
CHECKS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
"""Not `positive_data_acceptance`: what no document can say is refused, such as a serial that is another unit's. Not
`negative_data_rejection`: it takes away the session or the token, which stand in every request here."""


class Obliging(Nothing):
    """Says yes to everything, and does nothing of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def reboot(self, who: str) -> None:
        assert who

    async def reset(self, who: str) -> None:
        assert who

    async def last(self, process: str, least: Level, most: int) -> tuple[Line, ...]:
        return (Line(None, least, process), Line("2026-11-22T10:00:00.000+00:00", Level.ERROR, f"{most} Ä\x00"))

    async def made(self, language: str, installer: str, note: str) -> ReportFiles:
        for kind in ("pdf", "json"):
            (self._folder / f"report.{kind}").write_text(f'"{language} {len(installer)} {len(note)}"')
        return ReportFiles(self._folder / "report.pdf", self._folder / "report.json")

    async def key(self) -> str:
        return "00:11"


class Api:
    """A unit of which nothing runs but its web: nothing that is asked for here happens."""

    def __init__(self, folder: Path) -> None:
        parts, self.access = parts_at(folder)
        obliging = Obliging(folder)
        app = application(replace(parts, system=replace(system_at(), ending=obliging, logs=obliging, reports=obliging)))
        _, self._secret = self.access.tokens.make("a stranger's program", Scope.CONTROL)
        self.schema = schemathesis.openapi.from_dict(app.openapi())
        self.schema.app = app

    def program(self) -> dict[str, str]:
        """What a program shows."""
        return {"Authorization": f"Bearer {self._secret}"}

    def owner(self) -> dict[str, str]:
        """What a page shows; each time another, for some of what is asked for ends it."""
        name, session = self.access.sessions.begin("http", "192.0.2.7", Since((), 0))
        return {"Cookie": f"ampguard={name}", "X-CSRF-Token": session.csrf}

    def operations(self) -> Iterator[tuple[str, some.SearchStrategy[Case[Any]]]]:
        """All that can be asked, as the document has it and otherwise."""
        for result in self.schema.get_all_operations():
            assert isinstance(result, Ok)
            one = result.ok()
            if one.path != ENDLESS:
                yield one.label, some.one_of([one.as_strategy(generation_mode=mode) for mode in GenerationMode])


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    found = Api(tmp_path)
    yield found
    found.access.close()


@pytest.mark.parametrize(("who", "closed"), [(Api.program, 13), (Api.owner, 0)], ids=["program", "owner"])
def test_whatever_is_asked_is_answered_as_the_document_says(
    api: Api, who: Callable[[Api], dict[str, str]], closed: int
) -> None:
    """`closed`: how much of it is for somebody else, whatever he says."""
    answers: dict[str, set[int]] = {}
    for label, cases in api.operations():
        answers[label] = asked(api, cases, who)
    assert len(answers) > 40
    assert len([label for label, met in answers.items() if met <= {400, 401, 403}]) == closed


def asked(api: Api, cases: some.SearchStrategy[Case[Any]], who: Callable[[Api], dict[str, str]]) -> set[int]:
    """With which statuses it was answered."""
    met: set[int] = set()

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(case=cases)
    def ask(case: Case[Any]) -> None:
        answer = case.call(base_url=HERE, headers=who(api))
        met.add(answer.status_code)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        case.validate_response(answer, checks=CHECKS)

    ask()
    return met

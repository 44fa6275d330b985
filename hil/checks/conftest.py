"""The checks of a box at a bench: `pytest hil/checks --bench NAME`, NAME as in hil/bench.yaml.

A check asks for a stage (`at`), never for the steps to it. It says what it needs (`needs`: abilities of a place,
bundles for it, or instruments around it); at a place that lacks that, it is left out, and the summary says that it was
not judged there.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from ampguard_hil.instruments.protocols import Instruments
from ampguard_hil.places.place import Ability, Bundle, has
from ampguard_hil.places.targets import Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ampguard_hil.places.place import Place
    from ampguard_hil.places.stages import Stage

HERE = Path(__file__).parent
BENCH = pytest.StashKey[Bench]()
NOT_JUDGED = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("bench")
    group.addoption("--bench", default="simulated", metavar="NAME", help="which place of the bench's file")
    group.addoption("--bench-file", default=HERE.parent / "bench.yaml", type=Path, metavar="FILE", help="its places")
    group.addoption("--report", default=HERE.parents[1] / ".run", type=Path, metavar="FOLDER", help="where reports go")
    group.addoption("--full", action="store_true", help="the long checks of the bench as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All of them are with whole processes; some are long, and some cannot be judged at this place."""
    ours = [item for item in items if HERE in item.path.parents]
    if not ours:
        return
    file, name = cast("Path", config.getoption("--bench-file")), cast("str", config.getoption("--bench"))
    found = config.stash[BENCH] = Bench(file, name)
    there = has(found.place)
    thinkable = frozenset(Ability) | frozenset(Bundle) | {each.name for each in fields(Instruments)}
    left: list[pytest.Item] = []
    config.stash[NOT_JUDGED] = []
    for item in ours:
        item.add_marker(pytest.mark.system)
        needs = {name for mark in item.iter_markers("needs") for name in mark.args}
        if needs - thinkable:
            raise pytest.UsageError(f"{item.nodeid} needs {sorted(needs - thinkable)}; there are {sorted(thinkable)}")
        if item.get_closest_marker("full") and not config.getoption("--full"):
            left.append(item)
        elif lacking := needs - there:
            left.append(item)
            config.stash[NOT_JUDGED].append(f"{item.nodeid}: no {', '.join(sorted(lacking))}")
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    sentences = config.stash.get(NOT_JUDGED, None)
    if sentences:
        place = config.stash[BENCH].place
        terminalreporter.section(f"not judged at the place {place.name} ({place.kind})")
        for sentence in sentences:
            terminalreporter.write_line(sentence)


@pytest.fixture(scope="session")
def bench(pytestconfig: pytest.Config) -> Iterator[Bench]:
    """The place that was asked for; OFF at the end."""
    found = pytestconfig.stash[BENCH]
    yield found
    found.close()


@pytest.fixture
def at(bench: Bench) -> Callable[[Stage], Place]:
    """`at(Stage.METERING)` is a box that meters."""
    return bench.at

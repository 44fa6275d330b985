"""What somebody at the button wants is told and done; what cannot be done leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ampguard.errors import SetupError
from ampguard.indication.button import ANSWERS, ENDING, REFUSED, Wish
from ampguard.live.publisher import Publisher
from ampguard.live.subscriber import Message, Subscriber
from ampguard.services.factory_reset import MARK
from ampguard.services.lights_wish import Granting

if TYPE_CHECKING:
    from ampguard.indication.pattern import Pattern


@dataclass
class Machine:
    """A system that restarts, or cannot; and the lights."""

    data: Path
    can_restart: bool
    marked: list[bool] = field(default_factory=list)
    """Whether a factory reset was wanted, at each wish to restart."""
    shown: list[Pattern | None] = field(default_factory=list)

    async def reboot(self) -> None:
        self.marked.append((self.data / MARK).exists())
        if not self.can_restart:
            raise SetupError("nobody restarts")

    def play(self, pattern: Pattern | None, _lasts_s: float) -> None:
        self.shown.append(pattern)


async def granted(wish: Wish, *, can_restart: bool) -> tuple[Machine, Message, bool]:
    """What became of it: the machine, what was told, whether a reset is still wanted."""
    with tempfile.TemporaryDirectory(prefix="ampguard-test-") as folder:
        machine = Machine(Path(folder), can_restart)
        feed = Publisher(Path(folder) / "lights.sock")
        messages = Subscriber(Path(folder) / "lights.sock").messages()
        heard = asyncio.ensure_future(anext(messages))
        await asyncio.sleep(0.1)
        await Granting(Path(folder), machine, feed, machine.play, logging.getLogger("test")).grant(wish)
        told = await heard
        await messages.aclose()
        feed.close()
        assert told is not None
        return machine, told, (Path(folder) / MARK).exists()


@pytest.fixture(scope="module")
def outcomes() -> dict[tuple[Wish, bool], tuple[Machine, Message, bool]]:
    """All at once: each answer takes its seconds."""

    async def all_of_them() -> dict[tuple[Wish, bool], tuple[Machine, Message, bool]]:
        asked = [(wish, can_restart) for wish in Wish for can_restart in (True, False)]
        found = await asyncio.gather(*(granted(wish, can_restart=can_restart) for wish, can_restart in asked))
        return dict(zip(asked, found, strict=True))

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("wish", list(Wish))
@pytest.mark.parametrize("can_restart", [True, False])
def test_every_wish_is_told_and_answered(
    outcomes: dict[tuple[Wish, bool], tuple[Machine, Message, bool]], wish: Wish, *, can_restart: bool
) -> None:
    machine, told, _ = outcomes[wish, can_restart]
    assert (told.kind, told.body) == ("button", {"wish": wish.value})
    assert machine.shown[0] == ANSWERS[wish].shown
    assert len(machine.shown) == 2
    if wish is Wish.ACCESS_POINT:
        assert machine.shown[1] is None
    else:
        assert machine.shown[1] == (ENDING.shown if can_restart else REFUSED.shown)


def test_only_a_factory_reset_leaves_a_mark_and_before_the_restart(
    outcomes: dict[tuple[Wish, bool], tuple[Machine, Message, bool]],
) -> None:
    assert outcomes[Wish.ACCESS_POINT, True][0].marked == []
    assert outcomes[Wish.REBOOT, True][0].marked == [False]
    assert outcomes[Wish.FACTORY_RESET, True][0].marked == [True]
    assert [wish for (wish, _), (_, _, is_marked) in outcomes.items() if is_marked] == [Wish.FACTORY_RESET]


def test_a_reset_whose_restart_is_refused_does_not_come_with_the_next_one(
    outcomes: dict[tuple[Wish, bool], tuple[Machine, Message, bool]],
) -> None:
    machine, _, is_marked = outcomes[Wish.FACTORY_RESET, False]
    assert machine.marked == [True]
    assert not is_marked

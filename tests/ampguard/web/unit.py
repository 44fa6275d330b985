"""A unit's web application in the test's own process, with its owner signed in; nothing below it runs."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx
from tests.ampguard.web.access.clocks import Clock

from ampguard.errors import SetupError, UplinkFault
from ampguard.services.web_balancing import balancing_of
from ampguard.services.web_enrolment import OwnEnrolment
from ampguard.services.web_secure import Secure
from ampguard.settings.places import Places
from ampguard.settings.store import SettingsStore
from ampguard.web.access.access import Access
from ampguard.web.access.ledger import Since
from ampguard.web.access.tokens import Scope
from ampguard.web.application import application
from ampguard.web.guided import Guided
from ampguard.web.live import Hub
from ampguard.web.network import Air, Fixed, ToPhone
from ampguard.web.parts import Parts
from ampguard.web.refusal import RefusedError
from ampguard.web.system import Level, Line, ReportFiles, ResetRow, Running, System
from ampguard.web.update import UpdateState

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ampguard.readings import Json
    from ampguard.web.update import Taking

T = TypeVar("T")
ROWS = (ResetRow("readings", is_kept=False, why="theirs"), ResetRow("the serial", is_kept=True, why="ours"))


class Nothing:
    """Restarts nothing, has no log and makes no report: it says so, as the real ones do."""

    processes = ("meter",)

    async def reboot(self, who: str) -> None:
        raise SetupError(f"nothing restarts for {who}")

    async def reset(self, who: str) -> None:
        raise SetupError(f"nothing is wiped for {who}")

    async def last(self, process: str, least: Level, most: int) -> tuple[Line, ...]:
        raise SetupError(f"no log of {process}: {least}, {most}")

    async def made(self, language: str, installer: str, note: str) -> ReportFiles:
        raise SetupError(f"no report: {language} {installer} {note}")

    async def key(self) -> str:
        raise SetupError("no key")


def system_at() -> System:
    """A unit that can do nothing of it."""
    nothing = Nothing()
    return System(
        ending=nothing,
        reset_rows=ROWS,
        logs=nothing,
        reports=nothing,
        software={"ampguard": "0", "python": "3.11", "kernel": "6", "computer": "a test"},
        boot="boot-1",
        running=lambda: Running(60.0, {"meter": None}),
        utc=lambda: Clock().said_utc,
    )


class NoUpdates:
    """A unit without slots: it says so, as the real one does."""

    def now(self) -> UpdateState:
        return UpdateState(None, "none", None, None, None, None, None, None)

    def taking(self, size: int | None, who: str) -> AbstractContextManager[Taking]:
        raise RefusedError(503, "no-slots", f"no slots for {size} bytes of {who}")

    def fetch(self, url: str, who: str) -> None:
        raise RefusedError(503, "no-slots", f"no slots for {url} of {who}")


class NoNetwork:
    """A unit whose NetworkManager does not answer: it says so, as the real one does."""

    def state(self) -> Mapping[str, Json]:
        return ALONE

    def heard(self) -> Air:
        return Air((), None)

    async def scan(self, *, close_access_point: bool) -> Air:
        raise UplinkFault(f"nobody listens: {close_access_point}")

    def join(self, ssid: bytes, password: str | None, fixed: Fixed | None, who: str) -> None:
        raise UplinkFault(f"nobody joins {ssid!r} for {who}: {fixed} {password is None}")

    async def forget(self, ssid: bytes, who: str) -> None:
        raise UplinkFault(f"nobody forgets {ssid!r} for {who}")

    def open_access_point(self, who: str) -> None:
        raise UplinkFault(f"nobody opens it for {who}")

    def close_access_point(self, who: str) -> None:
        raise UplinkFault(f"nobody closes it for {who}")

    def to_phone(self, host: str, path: str, source: str) -> ToPhone | None:  # noqa: ARG002 - as the real one
        return None


_NO_LINK: dict[str, Json] = {"state": "absent", "interface": "", "address": None, "gateway": None}
ALONE: dict[str, Json] = {
    "manager": False, "connected": False, "lan": _NO_LINK, "wifi": _NO_LINK | {"reception": None},
    "access_point": {
        "ssid": "AG_B12345G", "address": "192.168.251.1", "open": False, "closes_in_s": None, "beside_network": False,
    },
    "join": "idle", "last_join": None, "saved": [], "name": "ampguard-ab12345g.local",
}  # fmt: skip
"""What the network's service says of itself when nobody answers it."""
SERIAL = "AB12345G"
HERE = "http://127.0.0.1"
_JSON = {"Content-Type": "application/json"}


class Browser:
    """Somebody who asks, one question after the other; what fails inside is raised here."""

    def __init__(self, runner: asyncio.Runner, app: object, headers: dict[str, str] | None = None) -> None:
        self._runner = runner
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 50000))  # type: ignore[arg-type]  # ASGI
        self.client = httpx.AsyncClient(transport=transport, base_url=HERE, headers=_JSON | (headers or {}))

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self.client.request(method, path, **more))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("PUT", path, **more)

    def patch(self, path: str, **more: Any) -> httpx.Response:
        return self.ask("PATCH", path, **more)


class Unit:
    """What tests ask."""

    def __init__(self, parts: Parts, access: Access, clock: Clock, runner: asyncio.Runner) -> None:
        self.parts = parts
        self.clock = clock
        self.places = parts.places
        self.access = access
        self._runner = runner
        self.app = application(parts)
        self.stranger = Browser(runner, self.app)
        name, session = access.sessions.begin("http", "192.0.2.7", Since((), 0))
        self.owner = Browser(runner, self.app, {"X-CSRF-Token": session.csrf, "Cookie": f"ampguard={name}"})

    def with_token(self, scope: Scope) -> Browser:
        """Somebody who has a token."""
        _, secret = self.access.tokens.make(f"a {scope} token", scope)
        return Browser(self._runner, self.app, {"Authorization": f"Bearer {secret}"})

    def run(self, work: Coroutine[None, None, T]) -> T:
        """Several questions at once."""
        return self._runner.run(work)

    def wait(self, wait_s: float) -> None:
        """Let what runs behind the requests go on."""
        self._runner.run(asyncio.sleep(wait_s))


def parts_at(folder: Path, clock: Clock | None = None) -> tuple[Parts, Access]:
    """All that a unit has when nothing but its web runs."""
    places = Places(folder / "data", folder / "run", None)
    for one in (places.data, places.run):
        one.mkdir()
    clock = clock or Clock()
    access = Access(places.web, lambda: None, clock.now_s, clock.utc, logging.getLogger("test"))
    hub = Hub()
    hub.tell("status", {"serial": SERIAL})
    parts = Parts(
        places=places,
        settings=SettingsStore(places.settings),
        hub=hub,
        guided=Guided(places.live_feed, hub, places.wiring, clock.utc, logging.getLogger("test")),
        access=access,
        certificate=Secure(places.identity, logging.getLogger("test")),
        enrolment=OwnEnrolment(places),
        system=system_at(),
        updates=NoUpdates(),
        network=NoNetwork(),
        balancing=balancing_of(places, hub),
        version="0",
        https_port=None,
    )
    return parts, access


@contextmanager
def unit_at(folder: Path, **changed: Any) -> Generator[Unit]:
    """A unit in a folder of its own; `changed`: parts of the test's own."""
    clock = Clock()
    parts, access = parts_at(folder, clock)
    with asyncio.Runner() as runner:
        yield Unit(replace(parts, **changed), access, clock, runner)
    access.close()


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Its status and id."""
    return answer.status_code, cast("dict[str, str]", answer.json())["id"]

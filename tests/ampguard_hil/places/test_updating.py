"""An owner who follows an update at the page: of a box that starts anew meanwhile, and remembers the update before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from ampguard_hil.places import updating
from ampguard_hil.places.provisioning import Installation
from ampguard_hil.places.stages import NotReachedError
from ampguard_hil.places.updating import Owner, Told

if TYPE_CHECKING:
    from ampguard_hil.places.place import Place

TOKEN = "of the newest session"


def state(now: str, **told: str) -> dict[str, str | None]:
    return {"runs": "1", "state": now, "version": None, "kind": None, "sentence": None, "percent": None, **told}


@dataclass
class Page:
    """What it says next, one after the other; the last one from then on. `None`: the box is away."""

    says: list[dict[str, str | None] | None]
    takes: int = 202
    page: str = "http://192.0.2.20/"
    installation: Installation = field(default_factory=lambda: Installation("PIN", "192.0.2.1", 1883))
    sessions: int = 0
    signed_in: bool = False
    taken: bytes = b""

    def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        return any(condition() for _ in range(round(timeout_s)))

    def answer(self, asked: httpx.Request) -> httpx.Response:
        match asked.method, asked.url.path:
            case "POST", "/api/v1/session":
                self.sessions += 1
                self.signed_in = True
                return httpx.Response(200, json={"csrf": TOKEN})
            case _ if not self.signed_in:
                return httpx.Response(401)
            case "PUT", "/api/v1/update/bundle":
                assert asked.headers["X-CSRF-Token"] == TOKEN
                self.taken = asked.read()
                return httpx.Response(self.takes, json={"id": "busy", "refused": "another one is under way"})
            case "GET", "/api/v1/settings":
                rows: list[dict[str, Any]] = [
                    {"key": "main_fuse_a", "is_set": True, "value": 63.0}, {"key": "x", "is_set": False, "value": None},
                ]  # fmt: skip
                return httpx.Response(200, json={"mark": "", "settings": rows})
            case _:
                said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
                if said is None:
                    self.signed_in = False
                    raise httpx.ConnectError("refused")
                return httpx.Response(200, json=said)


@pytest.fixture
def owner_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Page], Owner]:
    def made(page: Page) -> Owner:
        transport = httpx.MockTransport(page.answer)
        monkeypatch.setattr(updating, "browser", lambda place: httpx.Client(base_url=place, transport=transport))
        return Owner(cast("Place", page))

    return made


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    found = tmp_path / "newer.raucb"
    found.write_bytes(b"a bundle")
    return found


def test_an_end_of_the_update_before_is_not_taken_for_this_one(owner_of: Callable[[Page], Owner], bundle: Path) -> None:
    page = Page([state("kept"), state("kept"), state("checking"), state("kept"), state("refused")])
    assert owner_of(page).update(bundle, patience_s=9).state == "kept"
    assert page.says == [state("refused")], "it ended with the first end behind something that was under way"
    assert page.taken == b"a bundle"


def test_what_is_too_quick_to_be_seen_under_way_ends_otherwise_than_before(
    owner_of: Callable[[Page], Owner], bundle: Path
) -> None:
    page = Page([state("refused", kind="forged"), state("refused", kind="forged"), state("refused", kind="older")])
    assert owner_of(page).update(bundle, patience_s=9).kind == "older"


def test_who_was_signed_in_before_a_restart_signs_in_again(owner_of: Callable[[Page], Owner], bundle: Path) -> None:
    page = Page([state("none"), state("installed"), None, None, state("on-trial"), state("returned")])
    assert owner_of(page).update(bundle, patience_s=9) == Told("1", "returned", None, None, None)
    assert page.sessions >= 2


def test_what_never_ends_is_said_with_what_was_seen_last(owner_of: Callable[[Page], Owner], bundle: Path) -> None:
    with pytest.raises(NotReachedError, match=r"wanted an update that is kept or refused or returned, met .*on-trial"):
        owner_of(Page([state("none"), state("on-trial")])).update(bundle, patience_s=5)
    with pytest.raises(NotReachedError, match="met no update under way"):
        owner_of(Page([state("kept")])).update(bundle, patience_s=5)


def test_a_page_that_takes_no_bundle_or_is_away_is_said(owner_of: Callable[[Page], Owner], bundle: Path) -> None:
    with pytest.raises(NotReachedError, match=r"does not take newer\.raucb: 409 .*another one is under way"):
        owner_of(Page([state("installing")], takes=409)).update(bundle, patience_s=5)
    assert owner_of(Page([None])).sees() is None


def test_only_what_is_set_is_told(owner_of: Callable[[Page], Owner]) -> None:
    assert owner_of(Page([state("none")])).settings() == {"main_fuse_a": 63.0}

"""What an owner sees of an update at the box's own page, the same at every place: sent, followed, and how it ended."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import httpx

from ampguard_hil.places.provisioning import browser, sign_in
from ampguard_hil.places.stages import NotReachedError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from ampguard_hil.places.place import Place

SEND_S = 600.0
"""A real bundle has some 100 MB."""
ENDS = frozenset({"kept", "refused", "returned"})
UNDER_WAY = frozenset({"asked", "fetching", "checking", "installing", "installed", "on-trial"})


@dataclass(frozen=True, slots=True)
class Told:
    """As the page says it."""

    runs: str | None
    """The version that runs; None: it has no slots."""
    state: str
    version: str | None
    """Of the last update."""
    kind: str | None
    """What is wrong with it, where it was refused."""
    sentence: str | None


class Owner:
    """Somebody at the page, who signs in again whenever the box has started anew: `with Owner(place) as owner`."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._browser: httpx.Client | None = None
        self._token = ""

    def __enter__(self) -> Self:
        """Come."""
        return self

    def __exit__(self, *_: object) -> None:
        """Go."""
        self._leave()

    def _leave(self) -> None:
        if self._browser is not None:
            self._browser.close()
            self._browser = None

    def sees(self) -> Told | None:
        """How it goes; None while there is no page."""
        found = self._get("/api/v1/update")
        return None if found is None else Told(**{name: found[name] for name in Told.__slots__})

    def settings(self) -> Mapping[str, Any]:
        """All that is set. Raises NotReachedError."""
        found = self._get("/api/v1/settings")
        if found is None:
            raise NotReachedError(f"the page at {self.place.page} does not tell the settings")
        return {one["key"]: one["value"] for one in found["settings"] if one["is_set"]}

    def update(self, bundle: Path, until: Collection[str] = ENDS, *, patience_s: float) -> Told:
        """Send it, and follow it until it is there. Raises NotReachedError."""
        before = self.sees()
        self._send(bundle)
        return self.follow(before, until, patience_s=patience_s)

    def follow(self, before: Told | None, until: Collection[str] = ENDS, *, patience_s: float) -> Told:
        """`before`: how the update before this one ended. Raises NotReachedError."""
        seen: list[Told] = []

        def is_there() -> bool:
            told = self.sees()
            if told is not None and (seen or told.state in UNDER_WAY or told != before):
                seen.append(told)
            return bool(seen) and seen[-1].state in until

        if not self.place.until(is_there, patience_s):
            met = seen[-1] if seen else "no update under way"
            raise NotReachedError(f"wanted an update that is {' or '.join(sorted(until))}, met {met}")
        return seen[-1]

    def _send(self, bundle: Path) -> None:
        try:
            client = self._signed_in()
            with bundle.open("rb") as file:
                answer = client.put(
                    "/api/v1/update/bundle", content=file, headers={"X-CSRF-Token": self._token}, timeout=SEND_S
                )
        except (httpx.HTTPError, OSError) as why:
            raise NotReachedError(f"{bundle.name} cannot be sent to {self.place.page}: {why}") from why
        if answer.status_code != HTTPStatus.ACCEPTED:
            raise NotReachedError(f"the box does not take {bundle.name}: {answer.status_code} {answer.text[:300]}")

    def _get(self, path: str) -> Any:
        """None where it is not to be had."""
        with contextlib.suppress(httpx.HTTPError, OSError, NotReachedError):
            answer = self._signed_in().get(path)
            if answer.status_code == HTTPStatus.OK:
                return answer.json()
        self._leave()
        return None

    def _signed_in(self) -> httpx.Client:
        """Raises NotReachedError, httpx.HTTPError, OSError."""
        if self._browser is None:
            client = browser(self.place.page)
            try:
                self._token = sign_in(client, self.place.installation.pin, 0.0)
            except BaseException:
                client.close()
                raise
            self._browser = client
        return self._browser

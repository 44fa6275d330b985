"""Other software: kept where it measures as the one before, else sent back by the box itself; nothing is lost by it.

A box is asked for a state, METERING, and its owner's page for another one: how an update ended. What is in the slots is
the place's: on the simulated box the product's own processes with a fault in them, on a real one signed bundles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ampguard_drivers.simulated.front_end import Wiring
from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_drivers.simulated.supply import Supply
from ampguard_hil.places.agreement import Tolerance, disagreements
from ampguard_hil.places.continuity import faults
from ampguard_hil.places.place import Bundle
from ampguard_hil.places.stages import Stage
from ampguard_hil.places.updating import Owner, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ampguard_hil.places.place import Place
    from ampguard_hil.places.targets import Bench

pytestmark = [pytest.mark.needs("meters", "updates"), pytest.mark.timeout(1800)]
STATE = SCENARIOS["steady"]().supply.state_at(0.0)
REFUSED_S, ENDS_S, ARRIVES_S = 180.0, 900.0, 60.0
"""Until it is refused; until it is kept or given up; until all readings and events have arrived."""
JUDGED = 3
"""Readings of the software that runs then, behind the first."""


class Watch:
    """What was there before: settings, version, and whatever is heard from now on."""

    def __init__(self, owner: Owner, restart_within_s: float) -> None:
        self.owner, self._within_s = owner, restart_within_s
        self.place = place = owner.place
        self._known = len(place.heard.heard)
        self._known_events = {(one["boot"], one["sequence"]) for one in place.heard.events}
        self._run = (place.heard.latest or {})["boot"]
        self._boots = place.heard.tally().boots
        self._settings = self.owner.settings()
        found = self.owner.sees()
        assert found is not None, place.last_words()
        assert found.runs is not None
        self.before = found
        self.former = found.runs

    def updates(self, bundle: Path, within_s: float = ENDS_S) -> Told:
        return self.owner.update(bundle, patience_s=within_s)

    @property
    def restarts(self) -> int:
        return self.place.heard.tally().boots - self._boots

    def told(self) -> list[dict[str, Any]]:
        """How the box says that what was tried ended; an event may come again, much later."""
        found = {(one["boot"], one["sequence"]): one for one in self.place.heard.events if one["kind"] == "update"}
        new = [one["event"] for name, one in found.items() if name not in self._known_events]
        return [event for event in new if event["end"] != "refused"]

    def tells(self) -> dict[str, Any]:
        """Once, and soon."""
        self.place.until(lambda: bool(self.told()), ARRIVES_S)
        (found,) = self.told()
        return found

    def losses(self) -> list[str]:
        """What is not as it was, though its meter began anew."""
        heard = self.place.heard

        def missing() -> list[str]:
            new = heard.heard[self._known :]
            newest = {one.reading["boot"] for one in new if one.lane == "records"} - {self._run}
            found = list(faults(new, heard.events, self._within_s))
            return found if (heard.latest or {})["boot"] in newest else [*found, "no record of a new run"]

        self.place.until(lambda: not missing(), ARRIVES_S)
        changed = dict(self._settings) != dict(self.owner.settings())
        return missing() + ["the settings are others"] * changed

    def misreadings(self) -> list[str]:
        """What the software that runs now says against what the supply was told, where that is known."""
        heard, source = self.place.heard, self.place.instruments.source
        known = len(heard.heard)

        def newest() -> list[Mapping[str, Any]]:
            run = (heard.latest or {})["boot"]
            return [one.reading for one in heard.heard[known:] if one.lane == "live" and one.reading["boot"] == run]

        assert self.place.until(lambda: len(newest()) > JUDGED, ARRIVES_S), self.place.last_words()
        if source is None:
            return []
        told = Supply([(0.0, source.told)]).told(0.0)
        return [sentence for one in newest()[1:] for sentence in disagreements(one, told, Tolerance())]


@pytest.fixture
def watch(at: Callable[[Stage], Place], bench: Bench) -> Iterator[Watch]:
    place = at(Stage.METERING)
    source, wiring = place.instruments.source, place.instruments.wiring
    if source is not None and wiring is not None:
        wiring.connect(Wiring())
        source.apply(STATE)
        source.output(on=True)
    limits = bench.limits.within_s
    with Owner(place) as owner:
        yield Watch(owner, limits[Stage.BOOTED] + limits[Stage.METERING])


def said(watch: Watch, found: object) -> str:
    return f"{found}\n{watch.place.last_words()}"


@pytest.mark.parametrize(
    ("what", "kind", "sentence"),
    [
        pytest.param(what, kind, sentence, marks=pytest.mark.needs(what), id=kind)
        for what, kind, sentence in (
            (Bundle.FORGED, "forged", "the update is not signed by anybody this unit trusts"),
            (Bundle.OLDER, "older", "the update is older than what runs: a unit does not go back"),
            (Bundle.OTHER_BOARD, "other-board", "the update is for another kind of unit"),
        )
    ],
)
def test_what_is_not_for_it_is_refused_in_a_plain_sentence(
    watch: Watch, what: Bundle, kind: str, sentence: str
) -> None:
    refused(watch, watch.place.bundle(what), kind, sentence)


@pytest.mark.needs(Bundle.NEWER)
def test_a_part_of_a_bundle_is_refused_in_a_plain_sentence(watch: Watch, tmp_path: Path) -> None:
    part, whole = tmp_path / "part.raucb", watch.place.bundle(Bundle.NEWER).read_bytes()
    part.write_bytes(whole[: len(whole) * 3 // 4])
    refused(watch, part, "damaged", "the file is no update, or a part of it is missing")


def refused(watch: Watch, bundle: Path, kind: str, sentence: str) -> None:
    """And all goes on."""
    found = watch.updates(bundle, REFUSED_S)
    assert (found.state, found.kind) == ("refused", kind), said(watch, found)
    assert (found.sentence or "").startswith(sentence)
    assert (found.runs, watch.restarts) == (watch.former, 0)


@pytest.mark.full
@pytest.mark.needs(Bundle.NEWER)
def test_what_measures_as_the_one_before_is_kept(watch: Watch) -> None:
    found = watch.updates(watch.place.bundle(Bundle.NEWER))
    assert (found.state, found.runs) == ("kept", found.version), said(watch, found)
    assert watch.misreadings() == []
    assert watch.losses() == []
    told = watch.tells()
    assert (told["end"], told["version"], told["former"]) == ("kept", found.version, watch.former)


@pytest.mark.full
@pytest.mark.parametrize(
    ("what", "reason"),
    [
        pytest.param(what, reason, marks=pytest.mark.needs(what), id=what)
        for what, reason in (
            (Bundle.MEASURES_WRONG, "measures: made samples: second 1: "),
            (Bundle.WITHOUT_PAGE, "page: not within "),
            (Bundle.WITHOUT_UPLINK, "uplink: not within "),
            (Bundle.DEAD, "it did not start: the boot loader went back to the slot before"),
        )
    ],
)
def test_what_is_not_as_the_one_before_goes_by_itself_and_the_reason_is_told(
    watch: Watch, what: Bundle, reason: str
) -> None:
    found = watch.updates(watch.place.bundle(what))
    assert (found.state, found.runs) == ("returned", watch.former), said(watch, found)
    assert (found.sentence or "").startswith(reason)
    assert watch.misreadings() == []
    assert watch.losses() == []
    told = watch.tells()
    assert (told["end"], told["former"], told["reason"]) == ("returned", watch.former, found.sentence)


@pytest.mark.full
@pytest.mark.needs(Bundle.NEWER)
def test_a_power_cut_on_trial_loses_nothing(watch: Watch) -> None:
    found = watch.owner.update(watch.place.bundle(Bundle.NEWER), {"on-trial"}, patience_s=ENDS_S)
    watch.place.power_off()
    watch.place.power_on()
    ended = watch.owner.follow(found, patience_s=ENDS_S)
    assert ended.state in {"kept", "returned"}, said(watch, ended)
    assert ended.runs == (ended.version if ended.state == "kept" else watch.former)
    assert watch.misreadings() == []
    assert watch.losses() == []


@pytest.mark.full
@pytest.mark.needs(Bundle.NEWER)
def test_a_power_cut_while_it_is_prepared_changes_nothing(watch: Watch) -> None:
    found = watch.owner.update(watch.place.bundle(Bundle.NEWER), {"checking", "installing"}, patience_s=ENDS_S)
    watch.place.power_off()
    watch.place.power_on()
    ended = watch.owner.follow(found, patience_s=ENDS_S)
    assert (ended.state, ended.kind, ended.runs) == ("refused", "interrupted", watch.former), said(watch, ended)
    assert watch.losses() == []

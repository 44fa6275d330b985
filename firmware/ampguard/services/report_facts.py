"""Gathering what a commissioning report says: settings, journal, files, the running meter or the identity memory."""

from __future__ import annotations

import asyncio
import platform
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ampguard.chronicle.configuration import difference, listed
from ampguard.chronicle.reported import Reported, stated
from ampguard.clock import ClockQuality, quality
from ampguard.errors import HardwareFault, JournalFault, SetupError
from ampguard.identity import Unit, as_told
from ampguard.journal.counters import energy_of
from ampguard.journal.reader import JournalReader
from ampguard.live.subscriber import Subscriber
from ampguard.metering.selfcheck import LIMIT_PERCENT
from ampguard.phases import Phase, Phases
from ampguard.phrase import Phrase
from ampguard.readings import as_json
from ampguard.report import facts, left
from ampguard.report.catalogue import Words
from ampguard.services import report_journal
from ampguard.services.parts import open_metering
from ampguard.settings.settings import Settings, load
from ampguard.wiring.check_kept import FILE as CHECK
from ampguard.wiring.reasons import to_do

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json
    from ampguard.settings.places import Places

_KINDS = frozenset(("status", "condition", "measurement", "wiring"))
FEED_S = 3.0
"""The meter tells all of it about once a second."""
_MODEL = Path("/proc/device-tree/model")


class Gathering:
    """One report's facts under way."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._journal = JournalReader(places.journal)
        self._absences: list[facts.Absence] = []
        self._stated = ""
        self._words = Words("en")

    def report(self, language: str, installer: str | None, note: str | None) -> facts.Report:
        """All that can be found out now. What is missing is told. Raises SetupError: no such language."""
        self._words = Words(language)
        feed = self._places.live_feed
        heard: Mapping[str, object] = asyncio.run(_heard(feed)) if feed.exists() else {}
        settings = self._settings()
        self._stated = stated(settings)
        newest: Mapping[str, Json] = {}
        conditions: tuple[facts.Condition, ...] = ()
        trace: facts.Trace | None = None
        try:
            newest = report_journal.newest(self._journal)
            conditions = report_journal.conditions(self._journal)
            trace = report_journal.trace(self._journal)
        except JournalFault as why:
            self._lacks("journal", why)
        utc = datetime.now(UTC).isoformat(timespec="seconds")
        changes = self._changes()
        condition = left.condition(heard.get("condition"), utc)
        latest = left.latest(newest)
        return facts.Report(
            format=facts.FORMAT,
            language=language,
            utc=utc,
            clock_quality=_clock(latest if "status" in heard else None),
            unit=self._unit(left.table(heard.get("status"))),
            software=_software(),
            installation=_installation(settings),
            settings=_listed(settings),
            condition=condition or (conditions[-1] if conditions else None),
            finding=self._finding(heard, changes, condition, utc),
            changes=changes,
            check=self._check(settings),
            latest=latest,
            energy=energy_of(newest.get("energy")),
            self_check=_self_check(newest),
            trace=trace,
            conditions=conditions,
            installer=left.text(installer, 120),
            note=left.text(note),
            absences=tuple(self._absences),
        )

    def reported(self, report: facts.Report) -> Reported:
        """What is remembered of the report that was made of these facts."""
        return Reported(self._stated, None if report.finding is None else report.finding.verdict)

    def _lacks(self, what: str, why: Exception) -> None:
        said = why.said if isinstance(why, SetupError) else None
        sentence = self._words.tell(said) if isinstance(said, Phrase) else str(why)
        self._absences.append(facts.Absence(what=what, why=left.text(sentence, 200) or type(why).__name__))

    def _settings(self) -> Settings:
        try:
            return load(self._places.settings)
        except SetupError as why:
            self._lacks("settings", why)
            return Settings()

    def _unit(self, status: Mapping[str, object]) -> facts.Unit:
        told = left.table(status.get("unit"))
        if not told:
            serial = left.text(status.get("serial"), 40)
            told = {"serial": serial} if serial is not None else left.table(self._remembered())
        return facts.Unit(
            serial=left.text(told.get("serial"), 40),
            variant=left.text(told.get("variant"), 40),
            ct_set=left.text(told.get("ct_set"), 40),
            rated_current_a=left.number(told.get("rated_current_a")),
            calibration=left.text(told.get("calibration"), 40),
        )

    def _remembered(self) -> Json:
        """Out of the identity memory; only while the meter does not run."""
        try:
            from ampguard_drivers.eeprom.store import IdentityStore  # noqa: PLC0415 - seldom needed

            parts = open_metering(self._places.board)
            store = IdentityStore(parts.i2c, parts.clock, parts.eeprom_address)
            return as_told(Unit(store.read_identity(), store.read_calibration()))
        except (SetupError, HardwareFault) as why:
            self._lacks("unit", why)
            return None

    def _changes(self) -> tuple[facts.Change, ...]:
        try:
            return left.changes(left.content(self._places.wiring / "history.json"))
        except (ValueError, OSError) as why:
            self._lacks("history", why)
            return ()

    def _check(self, settings: Settings) -> facts.GuidedCheck | None:
        """What the guided check has found last."""
        try:
            return left.check(left.content(self._places.wiring / CHECK), as_json(settings.assignment.inputs))
        except (ValueError, OSError) as why:
            self._lacks("check", why)
            return None

    def _finding(
        self,
        heard: Mapping[str, object],
        changes: tuple[facts.Change, ...],
        condition: facts.Condition | None,
        utc: str,
    ) -> facts.Finding | None:
        """As it is now: what the meter says, what it last wrote down, or what was found after the last change."""
        try:
            written: Mapping[str, object] = left.table(left.content(self._places.wiring / "evidence.json"))
        except (ValueError, OSError) as why:
            self._lacks("evidence", why)
            written = {}
        found = self._found(heard.get("wiring")) or self._found(written.get("finding"))
        if found is None and changes:
            found = changes[-1].finding_after
        phasors = left.phasors(heard.get("measurement"))
        if found is None and condition is not None:
            found = facts.Finding(
                utc=utc,
                verdict=None,
                voltage_verdict=condition.voltage,
                current_verdict=condition.current,
                confidence_ratio=None,
                sentence=condition.sentence or None,
                channels=Phases[facts.Channel | None](None, None, None),
                phasors=None,
            )
        if found is not None and phasors is not None:
            return replace(found, utc=utc, phasors=phasors)
        return found

    def _found(self, told: object) -> facts.Finding | None:
        found = left.finding(told)
        if found is None:
            return None
        sentences = to_do(self._words, cast("Mapping[str, Json]", left.table(told)))
        return replace(found, to_do=tuple(one for text in sentences if (one := left.text(text)) is not None))


async def _heard(feed: Path) -> Mapping[str, object]:
    """The latest of each kind that the meter tells: a second's worth."""
    found: dict[str, object] = {}
    try:
        async with asyncio.timeout(FEED_S):
            async for heard in Subscriber(feed).messages():
                if heard is None:
                    break
                found[heard.kind] = heard.body
                if found.keys() >= _KINDS:
                    break
    except TimeoutError:
        pass
    return found


def _clock(latest: facts.Latest | None) -> str:
    """The running meter knows more of the clock than a process that has just begun: that it was set once."""
    told = None if latest is None else latest.clock_quality
    return next((one for one in ClockQuality if one.value == told), quality()).value


def _software() -> facts.Software:
    try:
        computer = left.text(_MODEL.read_bytes().decode(errors="replace").strip("\0"), 80)
    except OSError:
        computer = left.text(platform.machine(), 80)
    return facts.Software(
        ampguard=metadata.version("ampguard"),
        python=platform.python_version(),
        kernel=platform.release(),
        computer=computer,
    )


def _installation(settings: Settings) -> facts.Installation:
    assignment = settings.assignment
    return facts.Installation(
        main_fuse_a=settings.main_fuse_a,
        grid_type=settings.grid_type.value,
        generation_on_site=settings.generation_on_site,
        nominal_voltage_v=settings.nominal_voltage_v,
        nominal_frequency_hz=settings.nominal_frequency_hz,
        wired_voltages=tuple(phase.value for phase, there in zip(Phase, settings.wired_voltages, strict=True) if there),
        inputs=Phases.of(
            facts.Input(clamp=clamp.phase.value, clamp_reversed=clamp.reversed, voltage=voltage.value)
            for clamp, voltage in zip(assignment.clamps, assignment.voltages, strict=True)
        ),
    )


def _listed(settings: Settings) -> tuple[facts.Setting, ...]:

    told = difference({}, listed(settings))
    changes = () if told is None else told.changes
    return tuple(facts.Setting(name=one.name, value=left.text(one.after) or "") for one in changes)


def _self_check(newest: Mapping[str, Json]) -> facts.SelfCheck:
    health = left.table(newest.get("health"))
    return facts.SelfCheck(
        deviation_percent=left.number(health.get("selfcheck_percent")),
        limit_percent=LIMIT_PERCENT,
        temperature_degc=left.number(health.get("temperature_degc")),
        lost_samples=left.count(health.get("lost_samples")),
        clipped_samples=left.count(health.get("clipped_samples")),
        corrupt_frames=left.count(health.get("corrupt_frames")),
    )

"""Reports made up for tests: a whole one, and one of which nothing is known."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ampguard.phases import Phase, Phases
from ampguard.phrase import phrase
from ampguard.readings import NO_ENERGY, PhaseValues
from ampguard.report import facts
from ampguard.report.page import pages
from ampguard.report.sealing import sealed
from ampguard.report.signing import Document, signed

UTC_TEXT = "2026-11-21T14:05:09+00:00"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
_NOTHING: PhaseValues = Phases(None, None, None)


def phasors(lags: tuple[float, float, float], amperes: tuple[float, float, float]) -> facts.Phasors:
    return facts.Phasors(
        voltage_rms_v=Phases(230.4, 231.2, 229.8),
        voltage_angle_deg=Phases(0.0, -120.1, 119.9),
        current_fundamental_rms_a=Phases.of(amperes),
        current_angle_deg=Phases.of(lags),
    )


def finding(verdict: str, channels: tuple[tuple[str, str, bool], ...], shown: facts.Phasors) -> facts.Finding:
    """Of three clamps: verdict, phase, reversed."""
    return facts.Finding(
        utc=UTC_TEXT,
        verdict=verdict,
        voltage_verdict="right",
        current_verdict=verdict,
        confidence_ratio=0.99987,
        sentence="the clamp of L1 is on L2, the clamp of L2 is on L1 and the wrong way round"
        if verdict == "wrong"
        else "each clamp sits on its own phase, the right way round",
        channels=Phases.of(
            facts.Channel(
                verdict=each,
                confidence_ratio=0.9991,
                phase=phase,
                reversed=turned,
                sentence=f"its current lags {phase} by 12.3° at 4.2 A, and any other phase by more than a load can",
            )
            for each, phase, turned in channels
        ),
        phasors=shown,
    )


WRONG = finding(
    "wrong",
    (("wrong", "L2", False), ("wrong", "L1", True), ("right", "L3", False)),
    phasors((132.0, -54.0, 21.0), (4.2, 9.8, 2.1)),
)
RIGHT = finding(
    "right",
    (("right", "L1", False), ("right", "L2", False), ("right", "L3", False)),
    phasors((6.0, 12.0, 21.0), (9.8, 4.2, 2.1)),
)


def trace(count: int = 144, missing: range = range(60, 66)) -> facts.Trace:
    start = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    points = tuple(
        facts.Point(
            utc=(start + timedelta(minutes=10 * number)).isoformat(),
            active_power_w=Phases(
                900.0 + 700.0 * math.sin(number / 9.0) + (6900.0 if 90 < number < 112 else 0.0),
                420.0 + 150.0 * math.cos(number / 5.0),
                -1400.0 * max(0.0, math.sin((number - 95) / 16.0)) + 300.0,
            ),
        )
        for number in range(count)
        if number not in missing
    )
    return facts.Trace(interval_s=600.0, points=points)


def settings(assigned: tuple[str, str, str]) -> tuple[facts.Setting, ...]:
    return tuple(
        facts.Setting(name=f"clamps.{phase.lower()}", value=value) for phase, value in zip(Phase, assigned, strict=True)
    )


GUIDED = facts.GuidedCheck(
    utc="2026-11-21T13:58:12+00:00",
    verdict="undecided",
    confidence_ratio=0.9312,
    sentence=phrase("undecided: nothing is known of the clamp of {clamps}", clamps="L3"),
    inputs=settings(("L2", "L1 reversed", "L3")),
    is_of_present_inputs=True,
    clamps=Phases(
        facts.Answer(
            verdict="right",
            phase="L1",
            reversed=False,
            appliance="L1",
            step_a=8.712,
            ratio_error_percent=-1.23,
            ratio_unsure_percent=5.02,
            phase_error_deg=0.41,
            phase_unsure_deg=0.52,
        ),
        facts.Answer(
            verdict="wrong",
            phase="L2",
            reversed=True,
            appliance="anywhere",
            step_a=8.66,
            ratio_error_percent=None,
            ratio_unsure_percent=None,
            phase_error_deg=-0.38,
            phase_unsure_deg=0.51,
        ),
        facts.Answer(
            verdict="undecided",
            phase=None,
            reversed=None,
            appliance=None,
            step_a=None,
            ratio_error_percent=None,
            ratio_unsure_percent=None,
            phase_error_deg=None,
            phase_unsure_deg=None,
        ),
    ),
)


def full(language: str = "en") -> facts.Report:
    """Everything is known, and the wiring was mended."""
    return facts.Report(
        format=facts.FORMAT,
        language=language,
        utc=UTC_TEXT,
        clock_quality="synchronised",
        unit=facts.Unit(
            serial="2608123456G",
            variant="home",
            ct_set="blue 13 mm",
            rated_current_a=100.0,
            calibration="5f0c9a1be4d27780",
        ),
        software=facts.Software(
            ampguard="0.1.0", python="3.13.5", kernel="6.12.34+rpt-rpi-v8", computer="Raspberry Pi Zero 2 W Rev 1.0"
        ),
        installation=facts.Installation(
            main_fuse_a=25.0,
            grid_type="three-phase",
            generation_on_site=True,
            nominal_voltage_v=230.0,
            nominal_frequency_hz=50.0,
            wired_voltages=("L1", "L2", "L3"),
            inputs=Phases(
                facts.Input(clamp="L2", clamp_reversed=False, voltage="L1"),
                facts.Input(clamp="L1", clamp_reversed=True, voltage="L2"),
                facts.Input(clamp="L3", clamp_reversed=False, voltage="L3"),
            ),
        ),
        settings=(
            facts.Setting(name="main_fuse_a", value="25.0"),
            facts.Setting(name="mqtt.host", value="broker.example"),
            facts.Setting(name="mqtt.password", value="(secret)"),
        ),
        condition=facts.Condition(utc=UTC_TEXT, voltage="right", current="right", sentence="all is right"),
        finding=RIGHT,
        changes=(
            facts.Change(
                utc="2026-11-21T13:51:40+00:00",
                before=settings(("L1", "L2", "L3")),
                after=settings(("L2", "L1 reversed", "L3")),
                finding_before=WRONG,
                finding_after=RIGHT,
            ),
        ),
        check=GUIDED,
        latest=facts.Latest(
            utc=UTC_TEXT,
            clock_quality="synchronised",
            frequency_hz=50.012,
            voltage_rms_v=Phases(230.4, 231.2, 229.8),
            current_rms_a=Phases(9.83, 4.21, 2.12),
            current_angle_deg=Phases(6.0, 12.0, 21.0),
            active_power_w=Phases(2252.4, 952.1, -454.7),
            power_factor_ratio=Phases(0.9945, 0.9781, -0.9335),
            voltage_unbalance_percent=0.21,
            quality=(),
        ),
        energy=replace(NO_ENERGY, import_wh=Phases(12345.6, 2345.6, 345.6), export_wh=Phases(0.0, 0.0, 88.1)),
        self_check=facts.SelfCheck(
            deviation_percent=0.04,
            limit_percent=1.0,
            temperature_degc=34.5,
            lost_samples=0,
            clipped_samples=0,
            corrupt_frames=1,
        ),
        trace=trace(),
        conditions=(
            facts.Condition(
                utc="2026-11-21T13:50:01+00:00", voltage="right", current="wrong", sentence="the clamp of L1 is on L2"
            ),
            facts.Condition(
                utc="2026-11-21T13:52:31+00:00", voltage="right", current="right", sentence="no clamp is wrong"
            ),
        ),
        installer="Łukasz Sørensen-Großmann",
        note="Hovedtavle i kælderen, måleren sidder til højre. Façade ouest.",
        absences=(),
    )


def bare(language: str = "en") -> facts.Report:
    """A unit that nobody has set up, and that measures nothing."""
    return replace(
        full(language),
        clock_quality="unsynchronised",
        unit=facts.Unit(serial=None, variant=None, ct_set=None, rated_current_a=None, calibration=None),
        installation=replace(
            full().installation,
            main_fuse_a=None,
            generation_on_site=None,
            nominal_voltage_v=None,
            nominal_frequency_hz=None,
        ),
        settings=(),
        condition=None,
        finding=None,
        changes=(),
        check=None,
        latest=None,
        energy=None,
        self_check=facts.SelfCheck(
            deviation_percent=None,
            limit_percent=1.0,
            temperature_degc=None,
            lost_samples=None,
            clipped_samples=None,
            corrupt_frames=None,
        ),
        trace=None,
        conditions=(),
        installer=None,
        note=None,
        absences=tuple(
            facts.Absence(what=what, why="there is no such file") for what in ("unit", "settings", "journal")
        ),
    )


def files_of(report: facts.Report, key: Ed25519PrivateKey = KEY) -> tuple[Document, bytes]:
    """The signed facts and the sealed PDF."""
    document = signed(report.as_json(), key)
    return document, sealed(pages(report, document), key)

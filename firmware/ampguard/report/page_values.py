"""The report's second part: who measured with what, what was set, what is measured, and how the unit checks itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.catalogue import ABSENT
from ampguard.phases import Phase
from ampguard.report import trace, wording
from ampguard.report.catalogue import moment
from ampguard.report.sheet import LEFT, SMALL, WIDTH
from ampguard.wiring.wording import clamps, taken_as, verdict, voltages

if TYPE_CHECKING:
    from ampguard.report.catalogue import Words
    from ampguard.report.facts import Installation, Report
    from ampguard.report.ink import Points
    from ampguard.report.sheet import Sheet

_HALF: Points = WIDTH / 2 - 10


def site(sheet: Sheet, words: Words, report: Report) -> None:
    """Unit and installation beside each other."""
    sheet.heading(words.say("Unit and installation"), 130)
    top = sheet.y - 2
    sheet.y = top
    unit, software = report.unit, report.software
    sheet.pairs(
        (
            (words.say("Serial number"), unit.serial or words.say("not known")),
            (words.say("Variant"), wording.VARIANTS.get(unit.variant or "", unit.variant or words.say("not known"))),
            (words.say("Rated current"), words.number(unit.rated_current_a, 0, "A")),
            (words.say("CT set"), unit.ct_set or ABSENT),
            (words.say("Calibration"), unit.calibration or ABSENT),
            (words.say("Software"), f"ampguard {software.ampguard}"),
            (words.say("System"), f"Python {software.python}, Linux {software.kernel}"),
            (words.say("Computer"), software.computer or ABSENT),
        ),
        x=LEFT,
        width=_HALF,
        label=92,
    )
    lower, sheet.y = sheet.y, top
    sheet.pairs(_installed(words, report.installation), x=LEFT + WIDTH / 2 + 10, width=_HALF, label=112)
    sheet.y = min(lower, sheet.y) - 2


def values(sheet: Sheet, words: Words, report: Report) -> None:
    """The newest reading and the counters."""
    sheet.heading(words.say("Measured values"), 96)
    found = report.latest
    if found is None:
        sheet.paragraph(words.say("The journal holds no reading."))
        return
    lines = (
        (words.say("Voltage"), "V", 1, found.voltage_rms_v),
        (words.say("Current"), "A", 2, found.current_rms_a),
        (words.say("Angle of the current behind its voltage"), "°", 1, found.current_angle_deg),
        (words.say("Active power (positive: drawn from the grid)"), "W", 0, found.active_power_w),
        (words.say("Power factor"), "", 3, found.power_factor_ratio),
    )
    rows = [(name, *(words.number(one, decimals, unit) for one in each)) for name, unit, decimals, each in lines]
    if report.energy is not None:
        for name, each in (
            (words.say("Energy drawn"), report.energy.import_wh),
            (words.say("Energy fed in"), report.energy.export_wh),
        ):
            rows.append((name, *(words.number(one / 1000, 3, "kWh") for one in each)))
    column = (WIDTH - 230) / 3
    sheet.table((230, column, column, column), ("", *(phase.value for phase in Phase)), rows)
    sheet.y -= 3
    facts = [
        words.say("Reading of {time}", time=moment(found.utc)),
        words.say("frequency {value}", value=words.number(found.frequency_hz, 3, "Hz")),
        words.say("voltage unbalance {value}", value=words.number(found.voltage_unbalance_percent, 2, "%")),
    ]
    if found.quality:
        facts.append(words.say("flags: {flags}", flags=", ".join(wording.flag(words, one) for one in found.quality)))
    sheet.paragraph("; ".join(facts), SMALL)


def self_check(sheet: Sheet, words: Words, report: Report) -> None:
    """Two ways of measuring, compared."""
    check = report.self_check
    sheet.heading(words.say("Self-check"), 44)
    if check.deviation_percent is None:
        text = words.say("No comparison at the moment: the loads are not steady, or nothing is measured.")
    elif check.deviation_percent <= check.limit_percent:
        text = words.say(
            "Passed: own results and those of the metering IC differ by {value} at most; the limit is {limit}.",
            value=words.number(check.deviation_percent, 2, "%"),
            limit=words.number(check.limit_percent, 2, "%"),
        )
    else:
        text = words.say(
            "Failed: own results and those of the metering IC differ by {value}; the limit is {limit}.",
            value=words.number(check.deviation_percent, 2, "%"),
            limit=words.number(check.limit_percent, 2, "%"),
        )
    sheet.paragraph(text)
    if check.lost_samples is None:
        return
    counted = words.say(
        "Since the start of the meter: samples lost {lost}, samples clipped {clipped}, damaged transfers {damaged}; "
        "the metering IC has {temperature}.",
        lost=words.whole(check.lost_samples),
        clipped=words.whole(check.clipped_samples),
        damaged=words.whole(check.corrupt_frames),
        temperature=words.number(check.temperature_degc, 0, "°C"),
    )
    sheet.paragraph(counted, SMALL)


def day(sheet: Sheet, words: Words, report: Report) -> None:
    """The trace, where there is one."""
    sheet.heading(words.say("Power of each phase, last 24 hours (time in UTC)"), trace.HEIGHT + 44)
    if report.trace is None:
        sheet.paragraph(words.say("The journal does not yet hold enough for a trace."))
        return
    trace.draw(sheet, report.trace, words)


def earlier(sheet: Sheet, words: Words, report: Report) -> None:
    """What the wiring check said before."""
    if not report.conditions:
        return
    sheet.heading(words.say("Earlier verdicts"), 40)
    head = (
        words.say("Time"),
        words.say("Voltages"),
        words.say("Clamps"),
        words.say("Meaning"),
    )
    rows = [
        (
            moment(one.utc),
            verdict(words, one.voltage),
            verdict(words, one.current),
            f"{voltages(words, one.voltage)} {clamps(words, one.current)}",
        )
        for one in report.conditions
    ]
    sheet.table((98, 74, 74, WIDTH - 246), head, rows)


def settings(sheet: Sheet, words: Words, report: Report) -> None:
    """All of them, as they stand in the file."""
    sheet.heading(words.say("All settings"), 40)
    if not report.settings:
        sheet.paragraph(words.say("Nobody has set this unit up yet."))
        return
    rows = [(one.name, one.value or ABSENT) for one in report.settings]
    sheet.table((190, WIDTH - 190), (words.say("Name"), words.say("Value")), rows)


def _installed(words: Words, found: Installation) -> list[tuple[str, str]]:
    unset = words.say("not set")
    rows = [
        (words.say("Main fuse"), unset if found.main_fuse_a is None else words.number(found.main_fuse_a, 0, "A")),
        (words.say("Grid type"), words.say(wording.GRIDS.get(found.grid_type, found.grid_type))),
        (words.say("Generation on site"), wording.yes_no(words, found.generation_on_site)),
        (
            words.say("Nominal voltage"),
            unset if found.nominal_voltage_v is None else words.number(found.nominal_voltage_v, 0, "V"),
        ),
        (
            words.say("Nominal frequency"),
            unset if found.nominal_frequency_hz is None else words.number(found.nominal_frequency_hz, 0, "Hz"),
        ),
        (words.say("Voltages wired"), ", ".join(found.wired_voltages)),
    ]
    for phase in Phase:
        one = found.inputs[phase]
        taken = taken_as(words, one.clamp, is_reversed=one.clamp_reversed)
        rows.append((words.say("Input {name} measures", name=phase.value), f"I: {taken}; U: {one.voltage}"))
    return rows

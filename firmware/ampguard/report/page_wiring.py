"""The report's first part: the verdict in large letters, the phasors before and after, the evidence of each clamp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.catalogue import ABSENT, marked
from ampguard.phases import Phase
from ampguard.report import phasors, wording
from ampguard.report.catalogue import moment
from ampguard.report.ink import Style
from ampguard.report.sheet import BODY, HEADING, LABEL, LEFT, RIGHT, SMALL, STRONG, WIDTH, wrapped
from ampguard.wiring.wording import clamp, headline, shown
from ampguard.wiring.wording import verdict as verdict_of

if TYPE_CHECKING:
    from ampguard.report.catalogue import Words
    from ampguard.report.facts import Answer, Change, Finding, Report
    from ampguard.report.ink import Points, Spot
    from ampguard.report.sheet import Sheet

_TONES = {"right": ("#17703a", "#eaf5ee"), "wrong": ("#b3261e", "#fbeceb")}
_OPEN_TONE = ("#4d5866", "#eef1f4")
_APPLIANCES = {"three-phase": marked("three phases"), "anywhere": marked("not said")}
_PERCENT = "\N{NO-BREAK SPACE}%"
_RADIUS: Points = 72.0
_MOST_CHANGES = 8


def verdict(sheet: Sheet, words: Words, report: Report) -> None:
    """A band across the page."""
    state = wording.overall(report)
    tone, tint = _TONES.get(state or "", _OPEN_TONE)
    lines = [line for text in wording.reasons(words, report) for line in wrapped(text, WIDTH - 36, Style(9.6), most=3)]
    if (finding := report.finding) is not None and finding.confidence_ratio is not None:
        lines.append(words.say("Probability: {share}", share=words.percent(finding.confidence_ratio)))
    height = 46 + 13 * len(lines)
    sheet.need(height + 12)
    top = sheet.y - 6
    sheet.ink.box((LEFT, top - height), WIDTH, height, tint)
    sheet.ink.box((LEFT, top - height), 6, height, tone)
    sheet.ink.write((LEFT + 20, top - 29), headline(words, state), Style(22.0, "Roboto-Bold", tone))
    for number, line in enumerate(lines):
        sheet.ink.write((LEFT + 20, top - 47 - 13 * number), line, Style(9.6))
    sheet.y = top - height


def diagrams(sheet: Sheet, words: Words, report: Report) -> None:
    """Before the last change of the wiring in software, and now; without a change only now."""
    change = report.changes[-1] if report.changes else None
    if not _has_phasors(report.finding) and (change is None or not _has_phasors(change.finding_before)):
        sheet.heading(words.say("Phasor diagram"), 20)
        sheet.paragraph(words.say("no phasors were kept"))
        return
    height = 2 * _RADIUS + 64
    sheet.heading(words.say("Phasor diagram"), height + 20)
    middle_y = sheet.y - 34 - _RADIUS
    places = (LEFT + WIDTH / 4, LEFT + 3 * WIDTH / 4)
    now = (words.say("Now"), None if report.finding is None else report.finding.utc, report.finding)
    if change is None:
        _diagram(sheet, words, (places[0], middle_y), now)
        _key(sheet, words, LEFT + WIDTH / 2, sheet.y - 40)
    else:
        before = (words.say("Before the change"), change.utc, change.finding_before)
        _diagram(sheet, words, (places[0], middle_y), before)
        _diagram(sheet, words, (places[1], middle_y), now)
    sheet.y -= height
    if change is not None:
        sheet.paragraph(_explained(words), SMALL)


def evidence(sheet: Sheet, words: Words, report: Report) -> None:
    """What is known of each clamp, and what is left to do."""
    sheet.heading(words.say("Evidence for each CT clamp"), 60)
    if report.finding is None:
        sheet.paragraph(words.say("Not known"))
        return
    head = (
        words.say("Clamp"),
        words.say("Verdict"),
        words.say("Found"),
        words.say("Probability"),
        words.say("What it shows"),
    )
    rows: list[tuple[str, ...]] = []
    for phase in Phase:
        channel = report.finding.channels[phase]
        rows.append(
            (
                phase.value,
                verdict_of(words, None if channel is None else channel.verdict),
                clamp(words, phase, channel),
                words.percent(None if channel is None else channel.confidence_ratio),
                _shown(words, phase, report.finding) or ABSENT,
            )
        )
    sheet.table((44, 74, 186, 66, WIDTH - 370), head, rows)
    sheet.y -= 3
    for one in report.finding.to_do:
        sheet.paragraph(one)


def check(sheet: Sheet, words: Words, report: Report) -> None:
    """What the guided check has found with appliances; nothing where none was made."""
    found = report.check
    if found is None:
        return
    sheet.heading(words.say("Guided check with appliances"), 90)
    said = (moment(found.utc), verdict_of(words, found.verdict), words.percent(found.confidence_ratio))
    sheet.paragraph(words.say("{time}: {verdict}, probability {share}.", time=said[0], verdict=said[1], share=said[2]))
    if not found.is_of_present_inputs:
        sheet.paragraph(
            words.say("It was made before the inputs were assigned as they are now, and says nothing of that."), STRONG
        )
    head = (
        words.say("Clamp"),
        words.say("Appliance on"),
        words.say("Step"),
        words.say("Found"),
        words.say("Ratio error"),
        words.say("Phase error"),
    )
    rows = [_answered(words, phase, one) for phase in Phase if (one := found.clamps[phase]) is not None]
    sheet.table((44, 84, 62, WIDTH - 370, 98, 82), head, rows)
    if found.sentence:
        sheet.y -= 3
        sheet.paragraph(words.say("Of all clamps together: “{sentence}”", sentence=words.tell(found.sentence)), SMALL)


def changes(sheet: Sheet, words: Words, report: Report) -> None:
    """What was mended in software; nothing where nothing was."""
    if not report.changes:
        return
    sheet.heading(words.say("Wiring mended in software"), 40)
    head = (
        words.say("Time"),
        words.say("Before"),
        words.say("After"),
        words.say("Verdict before"),
        words.say("Verdict after"),
    )
    rows = [_row(words, one) for one in report.changes[-_MOST_CHANGES:]]
    sheet.table((98, 126, 126, 80, WIDTH - 430), head, rows)
    if (more := len(report.changes) - _MOST_CHANGES) > 0:
        sheet.paragraph(
            words.say("Earlier changes that are only in the attached facts: {count}", count=str(more)), SMALL
        )
    sheet.y -= 3
    sheet.paragraph(
        words.say(
            "Energy that was counted before a change was counted with the inputs as they were assigned until then, on "
            "other phases or with another sign; its counters were not corrected."
        )
    )


def _shown(words: Words, phase: Phase, finding: Finding) -> str:
    seen = finding.phasors
    return "" if seen is None else shown(words, phase, seen.current_fundamental_rms_a, seen.current_angle_deg)


def _answered(words: Words, phase: Phase, one: Answer) -> tuple[str, ...]:
    return (
        phase.value,
        words.say(_APPLIANCES[one.appliance]) if one.appliance in _APPLIANCES else one.appliance or ABSENT,
        words.number(one.step_a, 2, "A"),
        words.say("has not answered") if one.appliance is None else clamp(words, phase, one),
        _unsure(words.number(one.ratio_error_percent, 1), words.number(one.ratio_unsure_percent, 1), _PERCENT),
        _unsure(words.number(one.phase_error_deg, 1), words.number(one.phase_unsure_deg, 1), "°"),
    )


def _unsure(value: str, unsure: str, unit: str) -> str:
    return ABSENT if ABSENT in {value, unsure} else f"{value}{unit} ± {unsure}{unit}"


def _row(words: Words, change: Change) -> tuple[str, ...]:
    found = (change.finding_before, change.finding_after)
    verdicts = [verdict_of(words, None if one is None else one.verdict) for one in found]
    pairs = ((change.before, change.after), (change.after, change.before))
    texts = [wording.listed(words, one, other) or ABSENT for one, other in pairs]
    return (moment(change.utc), *texts, *verdicts)


def _has_phasors(finding: Finding | None) -> bool:
    return finding is not None and finding.phasors is not None


def _diagram(sheet: Sheet, words: Words, middle: Spot, what: tuple[str, str | None, Finding | None]) -> None:
    title, utc, finding = what
    x, y = middle
    sheet.ink.write((x, y + _RADIUS + 22), title, STRONG, align="middle")
    sheet.ink.write((x, y + _RADIUS + 12), moment(utc), SMALL, align="middle")
    found = None if finding is None else finding.phasors
    if found is None:
        sheet.ink.write((x, y), words.say("no phasors were kept"), LABEL, align="middle")
        return
    phasors.draw(sheet.ink, found, middle, _RADIUS)
    for down, name, unit, decimals, each in (
        (12, "U", "V", 1, found.voltage_rms_v),
        (22, "I", "A", 2, found.current_fundamental_rms_a),
    ):
        sizes = [f"{name}{number} {words.number(one, decimals, unit)}" for number, one in enumerate(each, 1)]
        sheet.ink.write((x, y - _RADIUS - down), "    ".join(sizes), SMALL, align="middle")


def _key(sheet: Sheet, words: Words, x: Points, y: Points) -> None:
    sheet.ink.write((x, y), words.say("How to read it"), HEADING)
    y -= 8
    for phase in Phase:
        y -= 14
        sheet.ink.line((x, y + 3), (x + 30, y + 3), phasors.pen_of(phase, 1.6))
        sheet.ink.write((x + 38, y), f"{phase.value}: U{phase[1]}, I{phase[1]}", BODY)
    y -= 8
    for line in wrapped(_explained(words), RIGHT - x, BODY):
        y -= BODY.leading
        sheet.ink.write((x, y), line, BODY)


def _explained(words: Words) -> str:
    return words.say(
        "Thin arrows are voltages, thick ones currents; U1 points upwards and angles grow against the clock. "
        "Each kind is drawn to its own scale."
    )

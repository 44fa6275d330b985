"""The page as a reader shows it: what it says, in each language, and that nothing leaves the paper or overlaps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ampguard.report.made import KEY, WRONG, bare, files_of, full, trace

from ampguard.catalogue import ABSENT, LANGUAGES
from ampguard.phases import Phases
from ampguard.readings import Quality
from ampguard.report import facts
from ampguard.report.catalogue import Words
from ampguard.report.page import pages
from ampguard.report.signing import fingerprint, public_bytes

if TYPE_CHECKING:
    from ampguard.report.facts import Report

WORD = "Lichtbogenfehlerschutzeinrichtung"
EXAMPLES = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def shown(report: Report) -> str:
    """All the text, as one line."""
    _, pdf = files_of(report)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)).split())


def boxes(report: Report) -> list[list[tuple[float, float, float, float]]]:
    """Left, bottom, right and top of each line of text on each page."""
    _, pdf = files_of(report)
    found = []
    for page in pypdfium2.PdfDocument(pdf):
        text = page.get_textpage()
        found.append([text.get_rect(number) for number in range(text.count_rects())])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_the_facts_in_the_reader_s_language(language: str) -> None:
    report, words = full(language), Words(language)
    text = shown(report)
    for said in (
        report.unit.serial,
        words.say("Commissioning report"),
        words.say("The wiring is right"),
        words.say("Every CT clamp sits on its own phase, the right way round."),
        words.say("This report is no certificate, and the Amp Guard is no protective device."),
        words.say("TN/TT, three phases and N"),
        words.number(230.4, 1, "V"),
        words.number(0.04, 2, "%"),
        words.number(2252.4, 0, "W"),
        f"I1 = L2, I2 = {words.say('{phase}, reversed', phase='L1')}",
        words.percent(0.99987),
        "2026-11-21 13:51 UTC",
        report.installer,
        report.note,
        words.say("What it shows"),
        words.say("{amperes} A, {degrees}° behind {phase}", amperes=words.number(9.8, 2), degrees="6", phase="L1"),
        words.say("At least one CT clamp sits on another phase or the wrong way round."),
        words.say("undecided: nothing is known of the clamp of {clamps}", clamps="L3"),
        "broker.example",
        fingerprint(public_bytes(KEY)),
    ):
        assert " ".join((said or "").replace("\N{NO-BREAK SPACE}", " ").split()) in text.replace(
            "\N{NO-BREAK SPACE}", " "
        )
    assert "?" not in text


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_nothing_is_said_in_the_solver_s_own_english(language: str) -> None:
    quality = tuple(one.value for one in Quality)
    report = replace(full(language), finding=WRONG)
    report = replace(report, latest=None if report.latest is None else replace(report.latest, quality=quality))
    text = shown(report)
    assert WRONG.channels.l1 is not None
    english = {WRONG.sentence, WRONG.channels.l1.sentence, *(one.sentence for one in report.conditions)}
    english |= {None if report.check is None else str(report.check.sentence), *(one for one in quality if "_" in one)}
    assert [one for one in english if one is None or one in text] == []


def test_what_is_left_to_do_is_said_below_the_clamps() -> None:
    sentence = "Two clamps sit on L1: one of them must be moved by hand to L2."
    assert sentence in shown(replace(full(), finding=replace(WRONG, to_do=(sentence,))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_unit_of_which_nothing_is_known_says_so_on_two_pages(language: str) -> None:
    words, text = Words(language), shown(bare(language))
    for said in ("Not known", "The journal holds no reading.", "no phasors were kept", "What this report cannot say"):
        assert words.say(said) in text
    assert "None" not in text
    assert len(boxes(bare(language))) <= 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_lies_on_another_or_leaves_the_paper(language: str) -> None:
    for report in (full(language), bare(language), replace(full(language), changes=())):
        assert len(boxes(report)) <= 3
        for page in boxes(report):
            assert all(left > 30 and right < 570 and bottom > 30 and top < 815 for left, bottom, right, top in page)
            for number, one in enumerate(page):
                assert [other for other in page[number + 1 :] if _overlap(one, other)] == []


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """By more than the hair that neighbouring lines' boxes share."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 1.5 and down > 2.5


@EXAMPLES
@given(
    serial=st.text(max_size=40),
    note=st.text(max_size=500) | st.just(WORD * 15),
    sentence=st.text(max_size=500) | st.just(f"{WORD} " * 15),
    name=st.text(max_size=120) | st.just("Ł" * 120),
    count=st.integers(0, 12),
)
def test_whatever_people_write_stays_on_the_paper(serial: str, note: str, sentence: str, name: str, count: int) -> None:
    report = full("de")
    channel = report.finding.channels.l1
    long = replace(report.finding, sentence=sentence, channels=Phases.all_of(replace(channel, sentence=sentence)))
    condition = facts.Condition(utc=None, voltage="right", current="wrong", sentence=sentence)
    report = replace(
        report,
        unit=replace(report.unit, serial=serial or None, ct_set=serial),
        finding=long,
        note=note or None,
        installer=name or None,
        conditions=(condition,) * count,
        changes=report.changes * count,
    )
    for page in boxes(report):
        assert all(left > 30 and right < 570 and bottom > 30 and top < 815 for left, bottom, right, top in page)


def test_the_same_facts_make_the_same_bytes() -> None:
    document, first = files_of(full("fr"))
    assert pages(full("fr"), document) in first
    assert files_of(full("fr"))[1] == first


def test_wrong_wiring_is_said_large_and_clamp_by_clamp() -> None:
    text = shown(replace(full(), finding=WRONG))
    assert "The wiring is wrong" in text
    first, second = "The clamp in input L2 (taken for L1)", "the clamp in input L1 (taken for L2)"
    assert f"{first}: on L2 instead of L1; {second}: on L1 instead of L2, the wrong way round." in text
    assert "on L1 instead of L2, the wrong way round" in text


def test_the_guided_check_is_told_clamp_by_clamp() -> None:
    text = shown(full()).replace("\N{NO-BREAK SPACE}", " ")
    assert "2026-11-21 13:58 UTC: undecided, probability 93.12 %." in text
    assert "L1 L1 8.71 A on its own phase, the right way round \N{MINUS SIGN}1.2 % ± 5.0 % 0.4° ± 0.5°" in text
    assert f"L2 not said 8.66 A on its own phase, the wrong way round {ABSENT}" in text
    assert f"L3 {ABSENT} {ABSENT} has not answered {ABSENT} {ABSENT}" in text
    assert "before the inputs were assigned as they are now" not in text
    assert "Guided check" not in shown(bare())


def test_a_guided_check_of_another_assignment_is_told_as_that() -> None:
    report = full()
    assert report.check is not None
    text = shown(replace(report, check=replace(report.check, is_of_present_inputs=False)))
    assert "It was made before the inputs were assigned as they are now, and says nothing of that." in text


def test_energy_that_was_counted_before_a_change_is_told_not_to_be_corrected() -> None:
    said = "Energy that was counted before a change was counted with the inputs as they were assigned until then"
    assert said in shown(full())
    assert said not in shown(replace(full(), changes=()))


def test_an_assignment_in_software_is_said_beside_the_verdict() -> None:
    said = "Inputs are assigned in software other than labelled: I1 = L2, I2 = L1, reversed."
    assert said in shown(full())
    plain = Phases.of(facts.Input(clamp=name, clamp_reversed=False, voltage=name) for name in ("L1", "L2", "L3"))
    report = replace(full(), installation=replace(full().installation, inputs=plain), changes=())
    assert "Inputs are assigned" not in shown(report)


def test_the_lights_word_counts_where_it_is_worse_than_the_check_s() -> None:
    dark = facts.Condition(utc=None, voltage="absent", current="right", sentence="")
    report = replace(full(), condition=dark, finding=replace(full().finding, voltage_verdict=None))
    assert "Not connected" in shown(report)
    assert "The wiring is right" not in shown(report)


def test_a_self_check_beyond_its_limit_has_failed() -> None:
    report = full()
    assert "Passed:" in shown(report)
    assert "Failed:" in shown(replace(report, self_check=replace(report.self_check, deviation_percent=1.01)))
    assert "No comparison" in shown(replace(report, self_check=replace(report.self_check, deviation_percent=None)))


def test_letters_of_other_scripts_become_question_marks_and_stay_in_the_facts() -> None:
    report = replace(full(), installer="王 Jensen")
    document, _ = files_of(report)
    assert "? Jensen" in shown(report)
    assert "Letters that the fonts of this report do not have are shown as “?”" in shown(report)
    assert "Letters that the fonts" not in shown(full())
    assert document.facts["installer"] == "王 Jensen"


@EXAMPLES
@given(
    st.lists(
        st.tuples(*[st.none() | st.floats(-1e6, 1e6)] * 3).filter(lambda one: one != (None,) * 3),
        min_size=2,
        max_size=40,
    )
)
def test_any_day_is_drawn(powers: list[tuple[float | None, float | None, float | None]]) -> None:
    points = tuple(
        replace(point, active_power_w=Phases.of(phases))
        for point, phases in zip(trace(100, range(0)).points, powers, strict=False)
    )
    assert len(boxes(replace(full(), trace=facts.Trace(interval_s=600.0, points=points)))) <= 3

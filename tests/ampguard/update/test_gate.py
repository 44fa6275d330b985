"""The four proofs, in time without clocks."""

from __future__ import annotations

import pytest

from ampguard.update.gate import WITHIN_S, Gate, Proof, Verdict, wanted

ALL = wanted(uplink=True)
KEPT = Verdict(is_kept=True, reason=None)


def test_all_proofs_together_keep_it() -> None:
    gate = Gate(ALL)
    for proof in ALL:
        assert gate.verdict(1.0) is None
        gate.shown(proof)
    assert gate.verdict(1.0) == KEPT


def test_who_reached_nobody_before_need_not_now() -> None:
    gate = Gate(wanted(uplink=False))
    for proof in (Proof.MEASURES, Proof.METER, Proof.PAGE):
        gate.shown(proof)
    gate.not_yet(Proof.UPLINK, "nobody is reached")
    assert gate.verdict(0.0) == KEPT


@pytest.mark.parametrize("missing", sorted(ALL))
def test_each_proof_that_does_not_come_in_time_ends_it_with_what_was_met(missing: Proof) -> None:
    gate = Gate(ALL)
    for proof in ALL - {missing}:
        gate.shown(proof)
    gate.not_yet(missing, "something else")
    assert gate.verdict(WITHIN_S[missing] - 0.1) is None
    assert gate.verdict(WITHIN_S[missing]) == Verdict(
        is_kept=False, reason=f"{missing}: not within {WITHIN_S[missing]:.0f} s: something else"
    )


def test_the_uplink_may_take_ten_minutes_and_no_other() -> None:
    assert WITHIN_S[Proof.UPLINK] == 600.0
    assert max(WITHIN_S[proof] for proof in ALL - {Proof.UPLINK}) < 600.0


def test_wrong_values_end_it_at_once_whatever_else_is_shown() -> None:
    gate = Gate(ALL)
    gate.denied(Proof.MEASURES, ["230 V before, 231 V now", "1 A before, 2 A now"])
    for proof in ALL:
        gate.shown(proof)
    assert gate.verdict(0.0) == Verdict(is_kept=False, reason="measures: 230 V before, 231 V now; 1 A before, 2 A now")

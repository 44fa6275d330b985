"""The base load: what flows besides the chargers, known between bounds."""

from __future__ import annotations

from ampguard.balancing.base import BaseLoad


def test_a_cut_that_is_on_its_way_is_no_less_base_load() -> None:
    base = BaseLoad()
    assert base.measured(0.0, 10.0, 10.0, is_settled=True) == 10.0
    # the car, told 6 A, still draws 16 or less already: 26 A are 10 to 20 A of base load
    assert base.measured(0.5, 10.0, 20.0, is_settled=False) == 10.0
    assert base.measured(1.0, 2.0, 12.0, is_settled=False) == 10.0


def test_a_step_during_a_cut_shows() -> None:
    base = BaseLoad()
    base.measured(0.0, 10.0, 10.0, is_settled=True)
    assert base.measured(0.5, 17.0, 27.0, is_settled=False) == 17.0


def test_settled_it_moves_to_what_is_measured() -> None:
    base = BaseLoad()
    base.measured(0.0, 10.0, 10.0, is_settled=True)
    found = [base.measured(at / 2.0, 9.0, 10.0, is_settled=True) for at in range(1, 12)]
    assert abs(found[-1] - 9.5) < 0.01


def test_the_quantile_is_that_of_the_last_five_minutes() -> None:
    base = BaseLoad()
    assert base.quantile_a(0.9) is None
    for at in range(1000):
        base.measured(float(at), 30.0 if at < 600 else 5.0, 30.0 if at < 600 else 5.0, is_settled=True)
    assert base.quantile_a(0.9) == 5.0

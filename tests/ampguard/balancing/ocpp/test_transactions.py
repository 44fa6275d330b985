"""Transaction numbers: no restart gives one twice, and each side is told the one that it knows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ampguard.balancing.ocpp.transactions import FIRST, LAST, MOST_RENAMED, Transactions

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "transactions.json"
    one = Transactions(file, NOW)
    first, second = one.begin("A", 1, "TAG", 100, NOW), one.begin("B", 2, "TAG", 5, NOW)
    one.ended("B", second.id)
    one.renamed(first.id, 42)
    asyncio.run(one.save())
    other = Transactions(file, NOW)
    assert other.fault is None
    assert other.running("A") == {1: first}
    assert other.running("B") == {}
    assert other.begin("A", 2, "TAG", 0, NOW).id == second.id + 1
    assert (other.for_cloud(first.id), other.for_charger(42), other.for_cloud(7)) == (42, first.id, 7)


def test_a_damaged_file_is_said_and_gives_no_number_twice(tmp_path: Path) -> None:
    file = tmp_path / "transactions.json"
    used = Transactions(file, NOW).begin("A", 1, "TAG", 0, NOW).id
    for damage in ("", "{", "[]", '{"last": 5}', '{"last": "x"}', '{"last": 1000000009, "renamed": [[1]]}'):
        file.write_text(damage)
        anew = Transactions(file, NOW)
        assert anew.fault is not None
        assert anew.running("A") == {}
        later = Transactions(file, NOW + timedelta(seconds=10))
        numbers = {anew.begin("A", 1, "TAG", 0, NOW).id, later.begin("A", 1, "TAG", 0, NOW).id, used}
        assert len(numbers) == 3
        assert max(numbers) <= LAST


def test_one_connector_has_one_transaction(tmp_path: Path) -> None:
    both = Transactions(tmp_path / "transactions.json", NOW)
    first, second = both.begin("A", 1, "X", 0, NOW), both.begin("A", 1, "Y", 0, NOW)
    assert both.running("A") == {1: second}
    assert both.ended("A", first.id) is None
    assert both.ended("A", second.id) == second


def test_numbers_have_32_bits_for_ever(tmp_path: Path) -> None:
    one = Transactions(tmp_path / "transactions.json", NOW)
    one._last = LAST - 1
    assert [one.begin("A", 1, "T", 0, NOW).id for _ in range(2)] == [LAST, FIRST]


def test_names_of_long_ago_are_forgotten(tmp_path: Path) -> None:
    one = Transactions(tmp_path / "transactions.json", NOW)
    for number in range(MOST_RENAMED + 1):
        one.renamed(FIRST + number, number)
    assert one.for_cloud(FIRST) == FIRST
    assert one.for_cloud(FIRST + MOST_RENAMED) == MOST_RENAMED


def test_saves_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    one = Transactions(tmp_path / "transactions.json", NOW)

    async def many() -> None:
        async def begun(number: int) -> None:
            one.begin(f"C{number}", 1, "T", 0, NOW)
            await one.save()

        await asyncio.gather(*(begun(number) for number in range(20)))

    asyncio.run(many())
    other = Transactions(tmp_path / "transactions.json", NOW)
    assert all(other.running(f"C{number}") for number in range(20))

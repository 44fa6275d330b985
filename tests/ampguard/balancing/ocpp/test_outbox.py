"""What a cloud has missed is told in order, once the cloud is back, whatever happened to the unit meanwhile."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.balancing.ocpp import outbox as module
from ampguard.balancing.ocpp.outbox import Outbox

if TYPE_CHECKING:
    import pytest


def left(box: Outbox) -> list[int]:
    return [one.number for one in box._letters.values()]


def test_in_order_and_over_a_restart(tmp_path: Path) -> None:
    async def told() -> None:
        box = Outbox(tmp_path / "box")
        for number, action in enumerate(("StartTransaction", "MeterValues", "StopTransaction")):
            await box.add(action, {"n": number}, 0.0, 5 if number == 0 else None)
        first = box.first()
        assert first is not None
        assert (first.action, first.payload, first.transaction) == ("StartTransaction", {"n": 0}, 5)
        await box.done(first)
        again = Outbox(tmp_path / "box")
        assert [one.action for one in again._letters.values()] == ["MeterValues", "StopTransaction"]
        for _ in range(2):
            letter = again.first()
            assert letter is not None
            await again.done(letter)
        assert again.first() is None
        assert not (tmp_path / "box").exists()
        assert (await again.add("MeterValues", {}, 0.0)).number == 4

    asyncio.run(told())


acts = st.lists(st.booleans(), min_size=1, max_size=20)


@settings(max_examples=40, deadline=None)
@given(acts, st.floats(0.0, 1.0))
def test_a_power_cut_at_any_byte_loses_the_end_and_nothing_else(adds: list[bool], cut_ratio: float) -> None:
    async def told(folder: Path) -> None:
        file = folder / "box"
        box = Outbox(file)
        states: list[tuple[int, list[int]]] = [(0, [])]
        for adding in adds:
            if adding:
                await box.add("StopTransaction", {"text": "x\ny"}, 0.0)
            elif len(box) > 1 and (first := box.first()) is not None:
                await box.done(first)
            if file.exists():
                states.append((file.stat().st_size, left(box)))
        if not file.exists():
            return
        content = file.read_bytes()
        cut = int(cut_ratio * len(content))
        file.write_bytes(content[:cut])
        again = Outbox(file)
        whole = [numbers for size, numbers in states if size <= cut + 1]  # a line is whole without its end, too
        assert left(again) == whole[-1] or left(again) == [n for s, n in states if s <= cut][-1]
        added = await again.add("StopTransaction", {}, 0.0)
        assert left(Outbox(file))[-1] == added.number

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(told(Path(folder)))


def test_meter_values_make_room_and_transactions_never_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 5)

    async def told() -> None:
        box = Outbox(tmp_path / "box")
        await box.add("StartTransaction", {}, 0.0)
        for number in range(10):
            await box.add("MeterValues", {"n": number}, 0.0)
        await box.add("StopTransaction", {}, 0.0)
        assert [one.payload.get("n") for one in box._letters.values()] == [None, 7, 8, 9, None]
        assert box.lost == 7
        assert left(Outbox(tmp_path / "box")) == left(box)

    asyncio.run(told())


def test_rubbish_in_the_file_is_passed_over(tmp_path: Path) -> None:
    lines = [
        b"nonsense",
        b"[]",
        b'{"number":"x"}',
        b'{"number":3}',
        b'{"number":4,"action":"MeterValues","payload":{}}',
    ]
    (tmp_path / "box").write_bytes(b"\n".join(lines))
    assert left(Outbox(tmp_path / "box")) == [4]


def test_what_is_added_while_the_last_one_is_told_stays(tmp_path: Path) -> None:
    async def told() -> None:
        box = Outbox(tmp_path / "box")
        letter = await box.add("StopTransaction", {"n": 1}, 0.0)
        await asyncio.gather(box.done(letter), box.add("StopTransaction", {"n": 2}, 0.0))
        assert left(Outbox(tmp_path / "box")) == [2]

    asyncio.run(told())

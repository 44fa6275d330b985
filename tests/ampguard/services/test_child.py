"""A command in a process of its own: what it says is bounded, what it does not end is ended, and nothing is a shell."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.services.child import MOST_BYTES, Said, ran

PYTHON = (sys.executable, "-S", "-c")
LIMIT_S = 60.0


def test_what_it_says_and_how_it_ends_is_told() -> None:
    said = asyncio.run(
        ran((*PYTHON, "import sys; print('out'); print('a\\nampguard: why', file=sys.stderr); sys.exit(2)"), LIMIT_S)
    )
    assert (said.code, said.out, said.sentence) == (2, "out\n", "why")


def test_one_that_says_nothing_has_a_sentence_all_the_same() -> None:
    assert Said(-9, "", " \n").sentence == "it ended with -9"


def test_more_than_anybody_wants_is_read_and_forgotten() -> None:
    said = asyncio.run(ran((*PYTHON, "print('x' * 3_000_000)"), LIMIT_S))
    assert (said.code, len(said.out)) == (0, MOST_BYTES)
    assert len(asyncio.run(ran((*PYTHON, "print('x' * 3_000_000)"), LIMIT_S, 10)).out) == 10


def test_what_it_is_told_it_hears_and_it_need_not_listen() -> None:
    told = b"x" * 300_000
    heard = asyncio.run(ran((*PYTHON, "import sys; print(len(sys.stdin.read()))"), LIMIT_S, told=told))
    assert (heard.code, heard.out) == (0, "300000\n")
    assert asyncio.run(ran((*PYTHON, "import sys; sys.stdin.close(); sys.exit(3)"), LIMIT_S, told=told)).code == 3
    assert asyncio.run(ran((*PYTHON, "import sys; print(sys.stdin.read() == '')"), LIMIT_S)).out == "True\n"


def test_what_does_not_end_is_ended(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    script = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(600)"

    async def tried() -> None:
        running = asyncio.create_task(ran((*PYTHON, script), 5.0))
        with pytest.raises(SetupError, match="to end within 5 s"):
            await running

    asyncio.run(tried())
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(SetupError, match="wanted to start /no/such"):
        asyncio.run(ran(("/no/such",), LIMIT_S))


@settings(max_examples=5, deadline=None)
@example("$(id); `id` | id > /tmp/x && -- --help \n'\"\\*")
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_an_argument_stays_one_word(text: str) -> None:
    said = asyncio.run(
        ran((*PYTHON, "import sys; sys.stdout.buffer.write(ascii(sys.argv[1:]).encode())", text), LIMIT_S)
    )
    assert said.out == ascii([text])


def test_an_argument_that_no_process_can_have_is_told() -> None:
    with pytest.raises(SetupError, match="null byte"):
        asyncio.run(ran((*PYTHON, "", "\0"), LIMIT_S))

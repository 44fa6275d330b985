"""A token is good from when it is made until it is revoked, for what it was made for; nothing kept can become one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.web.access.clocks import Clock

from ampguard.errors import SetupError
from ampguard.web.access.tokens import LONGEST_NAME, MOST, Scope, Tokens


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web" / "tokens.json"


@pytest.fixture
def tokens(path: Path, clock: Clock) -> Tokens:
    return Tokens(path, clock.utc)


def test_it_is_found_by_its_text_also_after_a_restart(tokens: Tokens, path: Path, clock: Clock) -> None:
    made, text = tokens.make("evcc", Scope.READ)
    for one in (tokens, Tokens(path, clock.utc)):
        assert one.find(text) == made
        assert one.all() == (made,)
    assert (made.name, made.scope, made.created_utc, made.last_used_on) == ("evcc", Scope.READ, clock.said_utc, None)


def test_nothing_that_is_kept_opens_anything(tokens: Tokens, path: Path) -> None:
    _, text = tokens.make("evcc", Scope.CONTROL)
    secret = text.rpartition("_")[2] if text.count("_") == 2 else text[len("ampguard_00000000_") :]
    content = path.read_text()
    assert secret not in content
    assert path.stat().st_mode & 0o777 == 0o600
    digest = content.partition('"secret_sha256":"')[2][:64]
    assert tokens.find(f"{text[: -len(secret)]}{digest}") is None


@given(st.text(max_size=100))
def test_no_other_text_is_one(text: str) -> None:
    tokens = Tokens(Path("/nowhere/tokens.json"), Clock().utc)
    assert tokens.find(text) is None


def test_another_secret_under_a_known_id_is_none(tokens: Tokens) -> None:
    _, text = tokens.make("evcc", Scope.READ)
    assert tokens.find(text[:-1] + ("A" if text[-1] != "A" else "B")) is None
    assert tokens.find(text + "A") is None
    assert tokens.find(f" {text}") is None


def test_what_is_revoked_is_good_for_nothing_and_the_others_stay(tokens: Tokens, path: Path, clock: Clock) -> None:
    (gone, text), (stays, other) = tokens.make("evcc", Scope.READ), tokens.make("openWB", Scope.CONTROL)
    assert tokens.revoke(gone.id) == gone
    assert tokens.revoke(gone.id) is None
    assert not tokens.is_there(gone)
    for one in (tokens, Tokens(path, clock.utc)):
        assert one.find(text) is None
        assert one.find(other) == stays


def test_only_control_may_control(tokens: Tokens) -> None:
    assert [tokens.make(scope, scope)[0].may_control() for scope in Scope] == [False, True]


def test_using_it_is_written_once_a_day(tokens: Tokens, path: Path, clock: Clock) -> None:
    made, text = tokens.make("evcc", Scope.READ)
    assert tokens.is_used_first_today(made)
    tokens.note_used(made)
    written = path.stat().st_ino
    used = tokens.find(text)
    assert used is not None
    assert used.last_used_on == "2026-11-22"
    assert not tokens.is_used_first_today(used)
    tokens.note_used(made)
    assert path.stat().st_ino == written
    clock.said_utc = None
    assert not tokens.is_used_first_today(used)
    clock.said_utc = "2026-11-23T00:00:00+00:00"
    assert tokens.is_used_first_today(used)


def test_only_so_many_and_each_with_a_name_of_its_own(tokens: Tokens) -> None:
    for number in range(MOST):
        tokens.make(f"token {number}", Scope.READ)
    with pytest.raises(SetupError, match="revoke one first"):
        tokens.make("one more", Scope.READ)
    tokens.revoke(tokens.all()[0].id)
    with pytest.raises(SetupError, match="name of its own"):
        tokens.make("token 1", Scope.READ)


@pytest.mark.parametrize("name", ["", "  ", "x" * (LONGEST_NAME + 1), "a\nb", "\x00", "\u202eevil"])
def test_a_name_is_something_that_can_be_shown(tokens: Tokens, name: str) -> None:
    with pytest.raises(SetupError, match="printable"):
        tokens.make(name, Scope.READ)
    assert tokens.all() == ()


@pytest.mark.parametrize("content", [b"", b"{", b'{"tokens": [{}]}', b"\xff"])
def test_a_damaged_file_is_said_to_be_one_opens_nothing_and_can_be_replaced(
    path: Path, clock: Clock, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    tokens = Tokens(path, clock.utc)
    assert "none of them is good" in str(tokens.fault)
    assert tokens.all() == ()
    made, text = tokens.make("evcc", Scope.READ)
    assert Tokens(path, clock.utc).find(text) == made


def test_a_token_that_cannot_be_kept_is_not_good(tokens: Tokens, path: Path) -> None:
    path.parent.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="exists"):
        tokens.make("evcc", Scope.READ)
    assert tokens.all() == ()

"""What is refused at sight, and what may be left out."""

from __future__ import annotations

import socket

import pytest

from ampguard_hil.__main__ import main
from ampguard_hil.broker import BrokerError, choose_port


@pytest.mark.parametrize(
    "words",
    [
        ("--port", "0"),
        ("--port", "-4"),
        ("--port", "65536"),
        ("--port", "http"),
        ("--seed", "-1"),
        ("--seed", "x"),
        ("--run-s", "soon"),
    ],
)
def test_an_impossible_value_is_one_sentence(words: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", *words])
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"argument {words[0]}: wanted " in last
    assert last.endswith(f"met {words[1]}")


def test_run_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    short = capsys.readouterr().out
    assert main(["run", "--list"]) == 0
    assert short == capsys.readouterr().out
    assert main(["--scenario", "nonesuch"]) == 2
    assert capsys.readouterr().err.startswith("no scenario nonesuch; there are ")


def test_help_is_of_the_whole_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--list names the stories" in capsys.readouterr().out


def test_a_port_that_is_not_permitted_is_not_said_to_be_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_socket: socket.socket, _address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(BrokerError, match=r"^port 80: Permission denied; choose another with --port$"):
        choose_port(80)

"""The command line: help without weight, exit codes, one sentence for what must be set right."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ampguard.services import cli


def test_help_names_every_command_with_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert all(name in text for name in cli.COMMANDS)
    assert "ampguard measure fault.cfg" in text
    assert "exit codes: 0 done" in text


def test_help_and_version_are_light() -> None:
    script = (
        "import sys\nfrom ampguard.services import cli\n"
        "for word in ('--help', '--version'):\n    try: cli.main([word])\n    except SystemExit: pass\n"
        "heavy = {'numpy', 'matplotlib', 'comtrade', 'ampguard.services.measure'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out.startswith("ampguard 0.")


def test_without_a_command_the_help_is_shown_and_the_exit_code_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "commands:" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["meassure"])
    assert left.value.code == 2
    assert "invalid choice: 'meassure'" in capsys.readouterr().err


def test_every_listed_command_has_its_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.COMMANDS:
        with pytest.raises(SystemExit) as left:
            cli.main([name, "--help"])
        assert left.value.code == 0
        assert f"ampguard {name}" in capsys.readouterr().out


def test_what_must_be_set_right_is_one_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["measure", "there-is-no-such-file.csv"]) == 2
    taken = capsys.readouterr()
    assert taken.out == ""
    assert taken.err == "ampguard: there-is-no-such-file.csv: cannot be read: No such file or directory\n"

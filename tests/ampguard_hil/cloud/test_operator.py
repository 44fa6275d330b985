"""The command line of whoever runs a cloud: the first operator, and what a factory made known."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ampguard_hil.cloud import operator
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.registry_mounted import DeviceSettings
from ampguard_hil.cloud.registry_organisations import OrganisationSettings
from ampguard_hil.cloud.registry_rights import Actor, Role

EMAIL, PASSWORD = "olof@example.org", "a long password"


def signed_in(where: str, password: str = PASSWORD) -> Actor:
    with contextlib.closing(Registry(where)) as registry:
        return registry.people.sign_in(EMAIL, password).actor


def test_the_first_operator_signs_in_with_the_password_that_was_printed(
    where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.main(["--store", where, "add", EMAIL, "--one-time", "--name", "Olof"]) == 0
    password = re.search(r"^password (\S+) ", capsys.readouterr().out, re.MULTILINE)
    assert password is not None
    assert signed_in(where, password[1]).role is Role.OPERATOR
    assert operator.main(["--store", where, "add", EMAIL, "--one-time"]) == 1
    assert capsys.readouterr().err == f"there is a user {EMAIL} already\n"


def asked_for(where: str, answers: list[str]) -> tuple[int, str]:
    """How it ends, and all that is to be seen in a terminal, where each answer is typed at its prompt."""
    command = [sys.executable, "-m", "ampguard_hil.cloud.operator", "--store", where, "add", EMAIL]
    terminal = ["script", "--quiet", "--return", "--command", shlex.join(command), "/dev/null"]
    seen = b""
    with subprocess.Popen(terminal, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        while part := os.read(running.stdout.fileno(), 1000):
            seen += part
            if answers and seen.endswith(b": "):
                running.stdin.write(f"{answers.pop(0)}\n".encode())
                running.stdin.flush()
        return running.wait(60.0), seen.decode()


def test_a_password_is_asked_for_twice_and_never_shown(tmp_path: Path) -> None:
    where = str(tmp_path / "cloud.sqlite")
    code, seen = asked_for(where, [PASSWORD, "another password"])
    assert (code, "the second password is another one" in seen, PASSWORD in seen) == (1, True, False)
    code, seen = asked_for(where, [PASSWORD, PASSWORD])
    assert (code, f"{EMAIL} may sign in" in seen, PASSWORD in seen) == (0, True, False)
    assert signed_in(where).role is Role.OPERATOR


def test_a_device_is_claimed_with_the_pin_that_was_printed(where: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert operator.main(["--store", where, "device", "add", "2611000001g", "--model", "home"]) == 0
    serial, pin = capsys.readouterr().out.split()
    assert serial == "2611000001G"
    operator.main(["--store", where, "add", EMAIL, "--one-time"])
    password = capsys.readouterr().out.split("password ")[1].split()[0]
    with contextlib.closing(Registry(where)) as registry:
        actor = registry.people.sign_in(EMAIL, password).actor
        owner = registry.organisations.add(actor, "owner", OrganisationSettings("House", "", EMAIL))
        claimed = registry.equipment.claim_device(actor, serial, pin, owner.id, DeviceSettings("Main"))
        assert (claimed.model, claimed.organisation_id) == ("home", owner.id)
        assert [one.who for one in registry.audit(actor) if one.kind == "device"] == [EMAIL, "command-line"]


def test_a_file_s_lines_are_all_tried_and_those_refused_are_told(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "made.csv"
    file.write_text("\ufeffserial,pin,model\n26110001G,12345678,public\nnonsense,,\n26110002G,,\n26110001G,1,\n")
    assert operator.main(["--store", where, "device", "add", "--csv", str(file)]) == 1
    said = capsys.readouterr()
    assert re.fullmatch("26110001G 12345678\n26110002G [0-9]{8}\n", said.out)
    assert [line.partition(":")[0] for line in said.err.splitlines()] == ["nonsense", "26110001G"]
    file.write_text("serial;password\n26110003M;12345678\n")
    assert operator.main(["--store", where, "charger", "add", "--csv", str(file)]) == 2
    file.write_text("serial,password\n26110003M,12345678\n")
    assert operator.main(["--store", where, "charger", "add", "--csv", str(file)]) == 0
    with contextlib.closing(Registry(where)) as registry:
        assert registry.admits("26110001G", "12345678")
        assert [one.serial for one in registry.equipment.chargers(operator._MYSELF)] == ["26110003M"]


@pytest.mark.parametrize("words", [["device", "add"], ["device", "add", "A1G", "--csv", "-"], ["charger", "add"]])
def test_a_serial_or_a_file_is_wanted(tmp_path: Path, words: list[str]) -> None:
    assert operator.main(["--store", str(tmp_path / "cloud.sqlite"), *words]) == 2


def test_a_store_that_cannot_be_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ampguard_hil.cloud.operator", "--store", str(tmp_path / "no" / "cloud.sqlite")]
    found = subprocess.run([*command, "add", EMAIL, "--one-time"], capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "unable to open" in found.stderr

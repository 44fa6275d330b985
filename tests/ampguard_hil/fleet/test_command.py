"""`ampguard-bench fleet`: what it prints, and what it refuses."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from ampguard_hil.bench import main


@pytest.mark.system
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_run_is_one_json_object(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fleet", "4", "--every-s", "0.5", "--duration-s", "2", "--mqtt", version, "--processes", "1", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["units"], told["connected"], told["mqtt"], told["is_clean"]) == (4, 4, version, True)
    assert told["acknowledged"] == told["made"] > 0
    after = told["acknowledged_after"]
    assert 0.0 < after["p50_s"] <= after["p99_s"] <= after["max_s"]
    assert told["broker"]["memory_bytes"] > 0


@pytest.mark.system
def test_a_run_with_a_cloud_and_certificates_is_a_report_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["fleet", "2", "--every-s", "0.5", "--duration-s", "2", "--tls", "--certificates", str(tmp_path)]
    assert main([*words, "--acknowledged", "--live"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "2 of 2 connected at the end, MQTT 5, TLS 1.3" in lines["units"]
    assert "0 outstanding" in lines["blocks"]
    assert {"sessions", "acknowledged", "committed", "live", "broker", "generator"} <= lines.keys()
    assert len(list((tmp_path / "units").iterdir())) == 2


@pytest.mark.system
def test_a_broker_that_is_not_there_is_told_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fleet", "1", "--broker", "127.0.0.1:9", "--every-s", "1", "--duration-s", "1", "--patience-s", "1"]
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "0 of 1 connected" in out
    assert "Connection refused" in out


def test_more_than_the_system_allows_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert main(["fleet", "1000000"]) == 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    (said,) = [line for line in capsys.readouterr().err.splitlines() if line]
    assert said.startswith("1000000 units: wanted ")
    assert said.endswith(" units would go")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["0"], "argument N: wanted a whole number from 1 to 1000000, met 0"),
        (["5", "--batch", "61"], "argument --batch: wanted a whole number from 1 to 60, met 61"),
        (["5", "--every-s", "nan"], "argument --every-s: wanted seconds above 0, met nan"),
        (["5", "--connects-per-s", "-1"], "argument --connects-per-s: wanted a number above 0, met -1"),
        (["5", "--broker", "cloud:mqtt"], "argument --broker: wanted host:port with a port from 1 to 65535"),
        (["5", "--ca", "ca.pem"], "--ca and --certificates want --tls"),
        (["5", "--tls", "--ca", "ca.pem"], "--ca wants --broker: our own broker is believed anyway"),
    ],
)
def test_an_impossible_wish_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fleet", *words])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]

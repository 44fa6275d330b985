"""Somebody else's charger: npm's `ocpp-rpc` under node, which judges each message by its own schemas."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.balancing.ocpp.central import HOST, charger, configuration, run, unit
from tests.ampguard.balancing.ocpp.charger import until

from ampguard.balancing.ocpp.configuration import Configuration, Door, Security

PROGRAM = Path(__file__).with_name("rpc_charger.cjs")
LIBRARY = Path(__file__).parents[4] / ".run/ocpp-rpc/node_modules/ocpp-rpc"
"""`make test-tools` brings it."""
KEY = "password-of-sixteen"


async def told(process: Process, what: str) -> dict[str, Any]:
    """What it tells next of a kind."""
    assert process.stdout is not None
    async with asyncio.timeout(15.0):
        while line := await process.stdout.readline():
            found: dict[str, Any] = json.loads(line)
            assert found["what"] not in {"failed", "violation"}, found
            if found["what"] == what:
                return found
    raise AssertionError(f"it ended without {what}")


@pytest.mark.parametrize(
    ("wanted", "password"),
    [
        (configuration(), ()),
        (configuration(charger(key=KEY), doors=(Door(HOST, 0, Security.PASSWORD),)), (KEY,)),
    ],
    ids=["open", "with a password"],
)
def test_it_boots_charges_and_is_limited(tmp_path: Path, wanted: Configuration, password: tuple[str, ...]) -> None:
    node = shutil.which("node")
    assert node is not None
    assert LIBRARY.is_dir(), "`make test-tools` installs ocpp-rpc"

    async def story() -> None:
        async with unit(tmp_path, wanted) as central:
            endpoint = f"ws://{HOST}:{central.ports[0]}/ocpp"
            command = (node, str(PROGRAM), str(LIBRARY), endpoint, "CP1", *password)
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
            try:
                assert (await told(process, "booted"))["status"] == "Accepted"
                assert (await told(process, "authorized"))["idTagInfo"]["status"] == "Accepted"
                number = (await told(process, "begun"))["transactionId"]
                await told(process, "measured")
                assert central.reports()["CP1"].current_a.l3 == 15.5
                for limit_a in (10.0, 0.0, 16.0):
                    central.set_limit("CP1", limit_a, 30.0)
                    limited: dict[str, Any] = {}
                    while limited.get("purpose") != "TxProfile":
                        limited = await told(process, "limited")
                    assert limited["limit"] == limit_a
                    await until(lambda wanted=limit_a: central.reports()["CP1"].limit_a == wanted)
                await until(lambda: central.reports()["CP1"].is_confirmed)
                assert central.reports()["CP1"].told == ()
                assert number in {one.id for one in central._store.transactions.running("CP1").values()}
                process.stdin.write(b"end\n")  # type: ignore[union-attr]  # it was asked for
                await told(process, "ended")
                assert await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    run(story)

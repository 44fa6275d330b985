"""Units' certificates: the first one against serial and PIN, the next one on the strength of the one before.

POST /v1/enrolment `{"serial", "pin", "csr"}` and POST /v1/units/<serial>/certificate `{"csr"}` answer 201
`{"certificate", "chain", "authority", "mqtt"}`; 400 no request that can be signed, 403 a wrong serial or PIN (the same
answer for both), 409 enrolled already with another key, 429 with `Retry-After`: locked out.

Who may enrol, and how many wrong PINs lock a serial for how long, is the business of `admits` (the registry keeps that
count). What was signed is kept here, beside the authority: a unit that lost the answer asks again with the same key;
another key is signed only after the end of what is there, or when the operator has released the serial
(`python -m ampguard_hil.cloud.enrolment --authority FOLDER --release SERIAL`). A PIN is never logged, nor sent back.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import re
import sqlite3
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from ampguard_hil.cloud.api_bodies import Refusal
from ampguard_hil.cloud.authority import LARGEST_REQUEST, UNIT_LIFE, Authority, RequestRefusedError, Signed
from ampguard_hil.cloud.certificate import number, speaks_for_itself
from ampguard_hil.cloud.registry_refusals import LockedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

LARGEST_BYTES = 2 * LARGEST_REQUEST
_SERIAL = re.compile(r"[0-9A-Z][0-9A-Z-]{0,15}")
_LOG = logging.getLogger("ampguard-cloud-enrolment")
_TABLE = """
CREATE TABLE IF NOT EXISTS issued (
    number TEXT PRIMARY KEY, serial TEXT NOT NULL, key_sha256 TEXT NOT NULL,
    begins_utc TEXT NOT NULL, ends_utc TEXT NOT NULL, released INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS issued_of ON issued (serial, ends_utc);
"""


class TakenError(Exception):
    """The serial's key is another one; the sentence says who must act."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator decides."""

    life: timedelta = UNIT_LIFE
    broker: tuple[str, int] | None = None
    """Where units go by MQTT."""


class Enrolment:
    """Signs, and remembers what it signed; for any thread and several processes."""

    def __init__(
        self, authority: Authority, terms: Terms, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._authority = authority
        self._terms = terms
        self._now = now
        self._file = authority.folder / "issued.sqlite"

    def first(self, serial: str, request: str) -> Signed:
        """For a unit whose PIN was right. Raises RequestRefusedError, TakenError."""
        return self._issue(serial, request, None)

    def next(self, serial: str, request: str, shown: int) -> Signed:
        """For a unit that showed the certificate of that number. Raises RequestRefusedError, TakenError."""
        return self._issue(serial, request, shown)

    def release(self, serial: str) -> int:
        """The unit may enrol with another key, and none it has is renewed; how many certificates that concerns."""
        with self._database() as database:
            return database.execute("UPDATE issued SET released = 1 WHERE serial = ?", (serial,)).rowcount

    def answer(self, signed: Signed) -> dict[str, object]:
        """What the unit is told."""
        broker = self._terms.broker
        return {
            "certificate": signed.pem,
            "chain": "",
            "authority": self._authority.pem,
            "mqtt": None if broker is None else {"host": broker[0], "port": broker[1]},
        }

    def _issue(self, serial: str, request: str, shown: int | None) -> Signed:
        made = self._authority.sign(request, serial, self._terms.life)
        with self._database() as database:
            others = database.execute(
                "SELECT 1 FROM issued WHERE serial = ? AND key_sha256 != ? AND ends_utc > ? AND NOT released LIMIT 1",
                (serial, made.key_sha256, self._now().isoformat()),
            ).fetchone()
            if shown is None and others is not None:
                raise TakenError(f"{serial} is enrolled already with another key; the operator can release it")
            if shown is not None and not _stands(database, serial, shown):
                raise TakenError(f"{serial} was released, or its certificate was signed elsewhere: enrol the unit anew")
            row = (f"{made.number:x}", serial, made.key_sha256, made.begins_utc.isoformat(), made.ends_utc.isoformat())
            database.execute("INSERT INTO issued VALUES (?, ?, ?, ?, ?, 0)", row)
        return made

    @contextlib.contextmanager
    def _database(self) -> Generator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._file, isolation_level=None, timeout=30.0)) as database:
            database.executescript(_TABLE)
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


class UnitsBroker(BaseModel):
    """Where a unit goes by MQTT."""

    host: str
    port: int


class Enrolled(BaseModel):
    """What a unit gets; certificates are PEM."""

    certificate: str
    chain: str
    authority: str
    """By which it knows this cloud and its broker."""
    mqtt: UnitsBroker | None


def router(enrolment: Enrolment, admits: Callable[[str, str], bool]) -> APIRouter:
    """The two routes; `admits(serial, pin)` counts wrong tries and raises LockedOut when there were too many."""
    made = APIRouter(prefix="/v1", tags=["enrolment"])

    @made.post(
        "/enrolment",
        status_code=201,
        response_model=Enrolled,
        responses=_refusals(400, 403, 409, 429),
        openapi_extra=_asked("serial", "pin", "csr"),
    )
    async def enrol(request: Request) -> JSONResponse:
        """Sign a unit's first certificate, against serial and PIN."""
        try:
            serial, pin, csr = await _texts(request, "serial", "pin", "csr")
            if _SERIAL.fullmatch(serial) is None or not await run_in_threadpool(admits, serial, pin):
                _LOG.warning("a wrong serial or PIN: %s", ascii(serial[:32]))
                return _refused(403, "wrong-secret", "the serial or the PIN is wrong")
            signed = await run_in_threadpool(enrolment.first, serial, csr)
        except LockedOut as why:
            asked = {"Retry-After": str(max(1, round(why.retry_after_s)))}
            return JSONResponse({"id": "locked-out", "refused": "too many wrong tries in a row"}, 429, asked)
        except TakenError as why:
            return _refused(409, "enrolled-already", str(why))
        except RequestRefusedError as why:
            return _refused(400, "no-request", str(why))
        _LOG.info("%s is enrolled until %s", serial, signed.ends_utc)
        return JSONResponse(enrolment.answer(signed), 201)

    @made.post(
        "/units/{serial}/certificate",
        status_code=201,
        response_model=Enrolled,
        responses=_refusals(400, 403),
        openapi_extra=_asked("csr"),
        dependencies=[Depends(speaks_for_itself(wanted=True))],
    )
    async def renew(request: Request, serial: str) -> JSONResponse:
        """Sign a unit's next certificate; it shows the one that it has."""
        try:
            (csr,) = await _texts(request, "csr")
            signed = await run_in_threadpool(enrolment.next, serial, csr, number(request) or 0)
        except TakenError as why:
            return _refused(403, "not-renewed", str(why))
        except RequestRefusedError as why:
            return _refused(400, "no-request", str(why))
        _LOG.info("%s has its next certificate, until %s", serial, signed.ends_utc)
        return JSONResponse(enrolment.answer(signed), 201)

    return made


def _stands(database: sqlite3.Connection, serial: str, shown: int) -> bool:
    """Whether that certificate is one of ours that nobody has released."""
    wanted = "SELECT 1 FROM issued WHERE number = ? AND serial = ? AND NOT released"
    return database.execute(wanted, (f"{shown:x}", serial)).fetchone() is not None


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    said = {
        400: "No request that can be signed.",
        403: "The serial or the PIN is wrong, or the certificate is another unit's.",
        409: "Enrolled already, with another key.",
        429: "Too many wrong tries in a row; `Retry-After` says for how long.",
    }
    return {status: {"model": Refusal, "description": said[status]} for status in statuses}


def _asked(*names: str) -> dict[str, Any]:
    """The request's body, for the document."""
    schema = {"type": "object", "required": list(names), "properties": {name: {"type": "string"} for name in names}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _refused(status: int, word: str, sentence: str) -> JSONResponse:
    return JSONResponse({"id": word, "refused": sentence}, status)


async def _texts(request: Request, *names: str) -> tuple[str, ...]:
    """The fields of the body. Raises RequestRefusedError: it never says what was in it."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BYTES:
            raise RequestRefusedError(f"wanted at most {LARGEST_BYTES} bytes, met more")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as why:
        raise RequestRefusedError("wanted JSON, met something else") from why
    found = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    values = [found.get(name) for name in names]
    texts = tuple(value for value in values if isinstance(value, str))
    if len(texts) != len(names):
        raise RequestRefusedError(f"wanted {', '.join(names)}, each a text; met something else")
    return texts


def main(words: Sequence[str] | None = None) -> int:
    """Release a serial: its unit may enrol once more."""
    parser = argparse.ArgumentParser(prog="ampguard-cloud-enrolment", description=(main.__doc__ or ""))
    parser.add_argument("--authority", type=Path, required=True, help="the authority's folder")
    parser.add_argument("--release", required=True, metavar="SERIAL")
    asked = parser.parse_args(words)
    if not (asked.authority / "authority.crt").is_file():
        parser.error(f"{asked.authority}: there is no authority")
    count = Enrolment(Authority(asked.authority), Terms()).release(asked.release)
    sys.stdout.write(f"{asked.release}: certificates released: {count}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

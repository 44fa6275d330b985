"""`python -m ampguard_hil.cloud.https`: takes units' blocks over HTTPS, commits them, and only then answers 200.

POST /v1/units/<serial>/records: 200 `{"committed": {"boot", "first_sequence", "last_sequence"}}` after the commit; 400
with its `digest` for what can never be stored, 413 above 1 MiB, 503 with `Retry-After`: the store takes nothing.
GET /v1/units/<serial>/completeness: 200 `{"serial", "boots": [...]}`, what is there and what is missing.

401 where a token is wanted and another one came. Whoever shows a certificate (`--client-ca`) speaks for its serial and
for no other one: 403. With `--authority` units enrol here (`ampguard_hil.cloud.enrolment`) and bring what they got.
"""

from __future__ import annotations

import argparse
import logging
import ssl
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from ampguard_hil.cloud.app import application
from ampguard_hil.cloud.authority import UNIT_LIFE, Authority
from ampguard_hil.cloud.certificate import CertifiedProtocol
from ampguard_hil.cloud.enrolment import Enrolment, Terms, router
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.cloud.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import APIRouter


def main(words: Sequence[str] | None = None) -> int:
    """Run it; 0 when it was asked to stop, 1 where it cannot serve or there can be no such store."""
    parser = argparse.ArgumentParser(prog="ampguard-cloud-https", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--store", required=True, help="the SQLite file, or postgresql://...")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", help="what units must bring")
    parser.add_argument("--certificate", type=Path, help="the server's; without it plain HTTP")
    parser.add_argument("--key", type=Path, help="of the certificate")
    parser.add_argument("--client-ca", type=Path, help="units must bring a certificate of this authority")
    parser.add_argument(
        "--authority", type=Path, help="folder of an own authority, made at first use: units enrol with it"
    )
    parser.add_argument("--name", action="append", help="of this server, for its certificate from that authority")
    parser.add_argument("--certificate-days", type=float, default=UNIT_LIFE.days, help="how long a unit's one lasts")
    parser.add_argument("--units-broker", metavar="HOST:PORT", help="where enrolled units are told to go by MQTT")
    asked = parser.parse_args(words)
    if asked.authority is not None and asked.client_ca is not None:
        parser.error("--authority brings its own --client-ca")
    if asked.authority is None and asked.certificate is None and (asked.key is not None or asked.client_ca is not None):
        parser.error("--key and --client-ca want --certificate")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        enrolment = None if asked.authority is None else _enrolment(asked)
        app = application(asked.store, asked.token, enrolment, certificates=asked.client_ca is not None)
    except StoreError as why:
        sys.stderr.write(f"{why}\n")
        return 1
    configuration = uvicorn.Config(
        app,
        host=asked.host,
        port=asked.port,
        log_config=None,
        access_log=False,
        ws="none",
        http=CertifiedProtocol,
        ssl_certfile=asked.certificate,
        ssl_keyfile=asked.key,
        ssl_ca_certs=None if asked.client_ca is None else str(asked.client_ca),
        ssl_cert_reqs=_wanted(asked),
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(configuration)
    server.run()
    return 0 if server.started else 1


def _enrolment(asked: argparse.Namespace) -> APIRouter:
    """The enrolment's router; certificates that were not given are the authority's."""
    authority = Authority(asked.authority)
    asked.client_ca = authority.file
    if asked.certificate is None:
        names = asked.name or [asked.host, "localhost"]
        asked.certificate, asked.key = authority.pair(f"server-{asked.port}", names)
    host, _, port = (asked.units_broker or "").rpartition(":")
    terms = Terms(timedelta(days=asked.certificate_days), (host, int(port)) if host else None)
    return router(Enrolment(authority, terms), Registry(asked.store).admits)


def _wanted(asked: argparse.Namespace) -> ssl.VerifyMode:
    """Of a client's certificate: where units enrol they have none yet, and people with a browser never have."""
    if asked.client_ca is None:
        return ssl.CERT_NONE
    return ssl.CERT_REQUIRED if asked.authority is None else ssl.CERT_OPTIONAL


if __name__ == "__main__":
    raise SystemExit(main())

"""Blocks to a cloud's HTTPS entrance, through httpx, which is heavy: imported only where a unit is set up for it.

`POST <url>/v1/units/<serial>/records`, a block as the body (it is zlib already, so nothing is compressed again). The
answer is the acknowledgement. The other side's certificate is always verified; redirects are not followed; what the
environment says of proxies does not count.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

from ampguard.errors import UplinkFault
from ampguard.uplink.answer import NotAdmitted, check, shown

if TYPE_CHECKING:
    from ampguard.settings import HttpsSettings
    from ampguard.uplink.lane import Batch

LARGEST_ANSWER = 65536
"""Bytes; more is no answer of a cloud."""
KEEP_S = 3.0
"""An idle connection; servers close theirs after about five."""


@dataclass(frozen=True, slots=True)
class Patience:
    """What the other side may take."""

    connect_s: float = 10.0
    read_s: float = 30.0
    """From one byte to the next."""
    whole_s: float = 60.0
    """For all of an answer: somebody may send a byte now and then for ever."""


class HttpsPost:
    """One block after the other, over a connection that is made when it is needed."""

    def __init__(self, settings: HttpsSettings, serial: str, patience: Patience | None = None) -> None:
        self._settings = settings
        self._url = f"{settings.url}/v1/units/{quote(serial, safe='')}/records"
        self._patience = patience or Patience()
        self._client: httpx.AsyncClient | None = None

    async def send(self, batch: Batch, block: bytes) -> None:
        """Return when the block is committed. Raises UplinkFault (`answer`); the next connection is a new one."""
        try:
            status, headers, body = await self._posted(batch, block)
            check(status, headers, body, batch, datetime.now(UTC))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _posted(self, batch: Batch, block: bytes) -> tuple[int, httpx.Headers, bytes]:
        key = f"{batch.boot}-{batch.first_sequence}-{batch.last_sequence}"
        try:
            client = self._client = self._client or self._made()
            async with (
                asyncio.timeout(self._patience.whole_s),
                client.stream("POST", self._url, content=block, headers={"Idempotency-Key": key}) as answer,
            ):
                return answer.status_code, answer.headers, await _body(answer)
        except TimeoutError as why:
            raise UplinkFault(f"no whole answer within {self._patience.whole_s:g} s") from why
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as why:
            kind = NotAdmitted if _denied(why) else UplinkFault
            raise kind(f"no answer: {type(why).__name__}: {shown(str(why).encode())}") from why

    def _made(self) -> httpx.AsyncClient:
        headers = {"Content-Type": "application/zlib", "Accept-Encoding": "identity", "User-Agent": "ampguard"}
        if self._settings.token is not None:
            headers["Authorization"] = f"Bearer {self._settings.token}"
        patience = self._patience
        return httpx.AsyncClient(
            headers=headers,
            verify=self._trust(),
            proxy=self._settings.proxy,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(patience.read_s, connect=patience.connect_s, pool=patience.connect_s),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_S),
        )

    def _trust(self) -> ssl.SSLContext:
        """Whom to believe, and who we are. Raises NotAdmitted: a file is not there or no certificate."""
        settings = self._settings
        try:
            context = ssl.create_default_context(cafile=settings.ca_file)
        except OSError as why:
            raise NotAdmitted(f"{settings.ca_file}: no certificate authority: {why}") from why
        if settings.client_certificate_file is not None:
            try:
                # a key with a password is none of ours: without an answer here Python would ask at the terminal
                context.load_cert_chain(settings.client_certificate_file, settings.client_key_file, password="")
            except (OSError, ValueError) as why:
                files = f"{settings.client_certificate_file}, {settings.client_key_file}"
                raise NotAdmitted(f"{files}: no client certificate with its key: {why}") from why
        return context


async def _body(answer: httpx.Response) -> bytes:
    """Raises UplinkFault where it has no end."""
    body = b""
    async for part in answer.aiter_raw():
        body += part
        if len(body) > LARGEST_ANSWER:
            raise UplinkFault(f"answered {answer.status_code} with more than {LARGEST_ANSWER} bytes")
    return body


def _denied(why: BaseException) -> bool:
    """Whether the other side hung up over our certificate: TLS says so in an alert, in TLS 1.3 after the handshake."""
    seen: BaseException | None = why
    while seen is not None:
        if isinstance(seen, ssl.SSLError) and "ALERT" in str(seen.reason) and "CERTIFICATE" in str(seen.reason):
            return True
        seen = seen.__cause__ or seen.__context__
    return False

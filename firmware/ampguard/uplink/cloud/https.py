"""Blocks to a cloud's HTTPS entrance, through httpx, which is heavy: imported only where a unit is set up for it.

`POST <url>/v1/units/<serial>/records`, a block as the body (it is zlib already, so nothing is compressed again);
`POST <url>/v1/units/<serial>/events`, a JSON object with a list of them. The answer is the acknowledgement. The other
side's certificate is always verified; redirects are not followed; what the environment says of proxies does not count.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx

from ampguard.errors import UplinkFault
from ampguard.uplink.certificates.tls import Trust, asked_why, denial, mistrust
from ampguard.uplink.cloud.answer import check, check_refusal, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.settings.destinations import HttpsSettings
    from ampguard.uplink.lanes.lane import Batch, EventBatch

LARGEST_ANSWER = 65536
"""Bytes; more is no answer of a cloud."""
KEEP_S = 3.0
"""An idle connection; servers close theirs after about five."""
LEAST_TLS = ssl.TLSVersion.TLSv1_2
"""Without a certificate of ours; with one it is 1.3 (`tls`)."""


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
        self._url = f"{settings.url}/v1/units/{quote(serial, safe='')}"
        self._patience = patience or Patience()
        self._client: httpx.AsyncClient | None = None
        self._trust = Trust(settings.ca_file, settings.client_certificate_file, settings.client_key_file)
        self._made_of: object = None
        """The mark of the files that the client was made of."""

    async def send(self, batch: Batch, block: bytes) -> None:
        """Return when the block is committed. Raises UplinkFault (`answer`); the next connection is a new one."""
        key = f"{batch.boot}-{batch.first_sequence}-{batch.last_sequence}"
        await self._bring(batch, "records", block, {"Idempotency-Key": key, "Content-Type": "application/zlib"})

    async def tell(self, batch: EventBatch, events: bytes) -> None:
        """Return when these events are committed. Raises UplinkFault likewise."""
        key = "-".join(str(one) for one in (*batch.first, *batch.last))
        await self._bring(batch, "events", events, {"Idempotency-Key": key, "Content-Type": "application/json"})

    async def _bring(self, batch: Batch | EventBatch, what: str, content: bytes, headers: dict[str, str]) -> None:
        try:
            status, answered, body = await self._posted(what, content, headers)
            check_refusal(status, body, batch, content)
            check(status, answered, body, batch, datetime.now(UTC))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _posted(self, what: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, httpx.Headers, bytes]:
        client = await self._ready()
        try:
            async with (
                asyncio.timeout(self._patience.whole_s),
                client.stream("POST", f"{self._url}/{what}", content=content, headers=headers) as answer,
            ):
                return answer.status_code, answer.headers, await _body(answer)
        except TimeoutError as why:
            raise UplinkFault(f"no whole answer within {self._patience.whole_s:g} s") from why
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as why:
            words = denial(why)
            if words is None and isinstance(why, (httpx.NetworkError, httpx.RemoteProtocolError)):
                words = await self._asked_why()
            if words is not None:
                raise self._trust.denied(words) from why
            reason = mistrust(why) or f"no answer: {type(why).__name__}: {shown(str(why).encode())}"
            raise UplinkFault(reason) from why

    async def _asked_why(self) -> str | None:
        """Whether it hung up over our certificate; through a proxy that cannot be asked."""
        parts = urlsplit(self._settings.url)
        if parts.scheme.lower() != "https" or self._settings.proxy is not None or parts.hostname is None:
            return None
        return await asked_why(self._trust.context(LEAST_TLS), parts.hostname, parts.port or 443)

    async def _ready(self) -> httpx.AsyncClient:
        """The client, a new one where the certificates are others than before. Raises NotAdmitted, UplinkFault."""
        mark = self._trust.mark()
        if self._client is not None and mark != self._made_of:
            await self.close()
        if self._client is None:
            try:
                self._client, self._made_of = self._made(), mark
            except (httpx.InvalidURL, ValueError) as why:
                raise UplinkFault(f"no connection can be made: {why}") from why
        return self._client

    def _made(self) -> httpx.AsyncClient:
        headers = {"Accept-Encoding": "identity", "User-Agent": "ampguard"}
        if self._settings.token is not None:
            headers["Authorization"] = f"Bearer {self._settings.token}"
        patience = self._patience
        return httpx.AsyncClient(
            headers=headers,
            verify=self._trust.context(LEAST_TLS),
            proxy=self._settings.proxy,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(patience.read_s, connect=patience.connect_s, pool=patience.connect_s),
            limits=httpx.Limits(max_connections=1, keepalive_expiry=KEEP_S),
        )


async def _body(answer: httpx.Response) -> bytes:
    """Raises UplinkFault where it has no end."""
    body = b""
    async for part in answer.aiter_raw():
        body += part
        if len(body) > LARGEST_ANSWER:
            raise UplinkFault(f"answered {answer.status_code} with more than {LARGEST_ANSWER} bytes")
    return body

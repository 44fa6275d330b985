"""The commissioning report: made on the unit, one at a time, by a process of its own, and taken away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import FileResponse

from ampguard.errors import SetupError
from ampguard.web.access.guard import Controller, Reader
from ampguard.web.refusal import Refusal, RefusedError

if TYPE_CHECKING:
    from ampguard.web.parts import Parts
    from ampguard.web.system import ReportFiles, Reports

LONGEST_NAME, LONGEST_NOTE = 120, 500
_MEDIA = {"pdf": "application/pdf", "json": "application/json"}


def _words(text: str) -> str:
    """Nothing that cannot be printed but the ends of lines."""
    if not all(one.isprintable() or one == "\n" for one in text):
        raise ValueError("wanted text, met characters that cannot be printed")
    return text


Words: TypeAlias = Annotated[str, AfterValidator(_words)]


class WantedReport(BaseModel):
    """What the unit cannot know."""

    model_config = ConfigDict(extra="forbid")

    language: str = Field(pattern=r"^[a-z]{2}$")
    """Of the PDF."""
    installer: Words = Field("", max_length=LONGEST_NAME)
    """Who installed the unit."""
    note: Words = Field("", max_length=LONGEST_NOTE)


class ReportNow(BaseModel):
    """How far it is."""

    state: Literal["none", "busy", "done", "failed"]
    sentence: str | None
    """Why it failed."""
    name: str | None
    """Of the file, without its ending; it can be taken away until the next one is made."""


class ReportKey(BaseModel):
    """With what it is signed."""

    fingerprint: str


class Making:
    """The report that is being made, or the last one."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._task: asyncio.Task[None] | None = None
        self._why: str | None = None
        self._key: str | None = None
        self._asking = asyncio.Lock()
        self.files: ReportFiles | None = None

    @property
    def now(self) -> ReportNow:
        """As it is now."""
        if self._task is not None and not self._task.done():
            return ReportNow(state="busy", sentence=None, name=None)
        if self.files is not None:
            return ReportNow(state="done", sentence=None, name=self.files.pdf.stem)
        return ReportNow(state="none" if self._why is None else "failed", sentence=self._why, name=None)

    def begin(self, wanted: WantedReport) -> None:
        """Another one; the last one's files go. Raises RefusedError."""
        if self.now.state == "busy":
            raise RefusedError(409, "busy", "wanted a report, met one that is being made: wait for it", 5.0)
        self.files = self._why = None
        self._task = asyncio.create_task(self._make(wanted))

    async def key(self) -> str:
        """Fingerprint of the signing key. Raises SetupError, RefusedError."""
        if self._key is not None:
            return self._key
        if self._asking.locked():  # each question is a process of its own
            raise RefusedError(503, "busy", "wanted the key's fingerprint, met others who ask for it", 2.0)
        async with self._asking:
            self._key = await self._reports.key()
        return self._key

    async def _make(self, wanted: WantedReport) -> None:
        try:
            self.files = await self._reports.made(wanted.language, wanted.installer, wanted.note)
        except SetupError as why:
            self._why = str(why)


def router(parts: Parts) -> APIRouter:
    """Of the report."""
    found = APIRouter(
        prefix="/api/v1/report", tags=["report"], responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}}
    )
    making = Making(parts.system.reports)

    @found.get("")
    async def look(_reader: Reader) -> ReportNow:
        """How far it is."""
        return making.now

    @found.post("", status_code=202)
    async def make(_who: Controller, wanted: WantedReport) -> ReportNow:
        """Have it made; it takes some seconds, and is there until the next one is made."""
        making.begin(wanted)
        return making.now

    @found.get("/key")
    async def key(_reader: Reader) -> ReportKey:
        """Fingerprint of the key that signs reports: to be compared with what `ampguard report verify` says."""
        return ReportKey(fingerprint=await making.key())

    @found.get(
        "/file/{kind}", response_class=FileResponse, responses={200: {"content": {one: {} for one in _MEDIA.values()}}}
    )
    async def file(_reader: Reader, kind: Literal["pdf", "json"]) -> FileResponse:
        """The last one."""
        files = making.files
        path = None if files is None else files.pdf if kind == "pdf" else files.json
        if path is None or not path.is_file():
            raise RefusedError(404, "not-there", "wanted a report, met none: have it made first")
        return FileResponse(path, media_type=_MEDIA[kind], filename=path.name)

    return found

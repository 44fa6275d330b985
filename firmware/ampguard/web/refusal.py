"""What the API says when it does not do what was asked: one shape, with an id that programs can rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from ampguard.errors import JournalFault, SetupError, UplinkFault
from ampguard.phrase import Phrase
from ampguard.web.words import words_of

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

RefusalId: TypeAlias = Literal[
    "malformed",
    "sign-in-wanted",
    "wrong-pin",
    "wait",
    "not-allowed",
    "by-hand",
    "not-there",
    "no-such-method",
    "changed-meanwhile",
    "too-large",
    "unfit",
    "too-many",
    "no-meter",
    "no-journal",
    "no-network-manager",
    "not-restarted",
    "no-log",
    "no-slots",
    "no-room",
    "no-medium",
    "busy",
    "wrong-address",
    "no-authority",
    "mistrusted",
    "not-reached",
    "pin-refused",
    "too-many-tries",
    "other-key",
    "defect",
]
_IDS: dict[int, RefusalId] = {
    400: "malformed",
    401: "sign-in-wanted",
    403: "not-allowed",
    404: "not-there",
    405: "no-such-method",
    413: "too-large",
}
_MOST_SHOWN = 3


class Refusal(BaseModel):
    """The body of every answer that is no success."""

    id: RefusalId
    sentence: str
    """What was wanted and what was met, in English."""
    told: str | None = None
    """The same in the language of the request; null where nobody has translated it."""
    retry_after_s: float | None = None
    """When to ask again, where that helps."""


class RefusedError(Exception):
    """Raised wherever a request cannot be met."""

    def __init__(self, status: int, why: RefusalId, sentence: str, retry_after_s: float | None = None) -> None:
        """`sentence`: a phrase is told in the reader's language, too."""
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.refusal = Refusal(id=why, sentence=str(sentence), retry_after_s=retry_after_s)


def bare(why: SetupError) -> str:
    """Its sentence without the name of a file; a phrase stays one."""
    return without_file(why.said)


def without_file(said: str) -> str:
    """A sentence without a path before it, which says nothing to whoever is far from the file."""
    place, _, rest = said.partition(": ")
    return rest if place.startswith("/") and rest else said


def told(request: Request, sentence: str) -> str | None:
    """A phrase in the language of the request; None where it is none."""
    return words_of(request).tell(sentence) if isinstance(sentence, Phrase) else None


def answer(status: int, refusal: Refusal) -> JSONResponse:
    """As it is sent."""
    headers = {} if refusal.retry_after_s is None else {"Retry-After": f"{refusal.retry_after_s:.0f}"}
    return JSONResponse(refusal.model_dump(), status, headers)


def add_refusals(application: FastAPI) -> None:
    """Each error that can be foreseen becomes a refusal."""

    @application.exception_handler(RefusedError)
    async def refused(request: Request, why: RefusedError) -> JSONResponse:
        return answer(why.status, why.refusal.model_copy(update={"told": told(request, why.sentence)}))

    @application.exception_handler(SetupError)
    async def unfit(request: Request, why: SetupError) -> JSONResponse:
        return answer(422, Refusal(id="unfit", sentence=str(why), told=told(request, why.said)))

    @application.exception_handler(JournalFault)
    async def no_journal(_request: Request, why: JournalFault) -> JSONResponse:
        return answer(503, Refusal(id="no-journal", sentence=str(why), retry_after_s=5.0))

    @application.exception_handler(UplinkFault)
    async def no_network_manager(_request: Request, why: UplinkFault) -> JSONResponse:
        return answer(503, Refusal(id="no-network-manager", sentence=str(why), retry_after_s=5.0))

    @application.exception_handler(RequestValidationError)
    async def malformed(_request: Request, why: RequestValidationError) -> JSONResponse:
        said = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in why.errors()[:_MOST_SHOWN]]
        return answer(422, Refusal(id="malformed", sentence="; ".join(said)))

    @application.exception_handler(Exception)
    async def defect(_request: Request, _why: Exception) -> JSONResponse:  # the log has it, whoever asked does not
        return answer(500, Refusal(id="defect", sentence="wanted an answer, met a defect of the unit: see its log"))

    @application.exception_handler(HTTPException)
    async def other(_request: Request, why: HTTPException) -> JSONResponse:
        return answer(why.status_code, Refusal(id=_IDS.get(why.status_code, "malformed"), sentence=str(why.detail)))

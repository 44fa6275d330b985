"""The settings: seen, changed, undone, carried to a file and back, and who changed what. No secret ever leaves."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ampguard.errors import SetupError
from ampguard.settings.described import SETTINGS, Kind, Setting
from ampguard.settings.history import Change, Means
from ampguard.settings.kept import Outdated
from ampguard.settings.values import Value, values
from ampguard.web.access.guard import Controller, Reader
from ampguard.web.by import by
from ampguard.web.destinations import refuse_elsewhere, refuse_files
from ampguard.web.downloads import download, safe
from ampguard.web.refusal import Refusal, RefusedError, bare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.settings.store import SettingsStore, Shown
    from ampguard.settings.values import Edit
    from ampguard.web.parts import Parts

T = TypeVar("T")
LARGEST_FILE = 1 << 16
"""Bytes of a settings file that is brought; one with all settings has about 4000."""
MARK = Field(None, max_length=64, description="The mark of what you have seen; without it, whatever there is.")


def _unicode(text: str) -> str:
    """Half a character, which JSON can carry, cannot be kept."""
    if any("\ud800" <= one <= "\udfff" for one in text):
        raise ValueError("wanted Unicode, met half a character")
    return text


Text: TypeAlias = Annotated[str, AfterValidator(_unicode)]
Told: TypeAlias = bool | int | float | Text | list[Text]
"""A value; several words are a list."""


class SettingNow(BaseModel):
    """One setting, with all that a form needs."""

    key: str
    kind: Kind
    sentence: str
    least: float | None
    most: float | None
    unit: str | None
    choices: list[str]
    may_be_empty: bool
    longest: int | None
    """Of a text: so many characters at most."""
    secret: bool
    """It can be set, and is never given back."""
    is_set: bool
    value: Told | None


class SettingsNow(BaseModel):
    """All of them."""

    mark: str
    """To be given back with a change, so that nobody overwrites what he has not seen."""
    settings: list[SettingNow]


class Wanted(BaseModel):
    """What is to be set."""

    model_config = ConfigDict(extra="forbid", strict=True)

    mark: str | None = MARK
    changes: dict[Text, Told | None] = Field(min_length=1, max_length=len(SETTINGS))
    """By key; null: not set any more. What is not named stays."""


class WantedUndo(BaseModel):
    """Of the last change."""

    model_config = ConfigDict(extra="forbid")

    mark: str | None = MARK


class WantedFile(BaseModel):
    """A settings file."""

    model_config = ConfigDict(extra="forbid")

    mark: str | None = MARK
    text: Text = Field(max_length=LARGEST_FILE)
    """As `export` gives it. Secrets that it does not name stay as they are."""


class Edited(BaseModel):
    """One setting of a change, as people write it; null: it was not there. Of a secret only whether it was."""

    before: str | None
    after: str | None


class Preview(BaseModel):
    """What a file would change."""

    mark: str
    """Of the settings that it was held against: to be given back when the file is taken."""
    edits: dict[str, Edited]


class ChangeTold(BaseModel):
    """One change."""

    number: int
    means: Means
    """The page, a token, a command line on the unit, a command from the cloud, or by hand."""
    name: str | None
    """Of the token, or where the session came from."""
    utc: str | None
    clock_quality: str
    edits: dict[str, Edited]
    undoes: int | None
    """The number of the change that this one takes back; 0: what somebody left broken by hand."""
    is_undone: bool


class History(BaseModel):
    """Who changed what when."""

    changes: list[ChangeTold]
    """The newest first; as many as are kept."""
    can_undo: int | None
    """The number of the change that `undo` would take back."""


def router(parts: Parts) -> APIRouter:
    """Of the settings."""
    found = APIRouter(
        prefix="/api/v1/settings",
        tags=["settings"],
        responses={"4XX": {"model": Refusal}, 503: {"model": Refusal}},
    )
    store = parts.settings

    def now() -> SettingsNow:
        return _told_now(store)

    @found.get("")
    async def look(_reader: Reader) -> SettingsNow:
        """As they are now."""
        return await asyncio.to_thread(now)

    @found.patch("")
    async def change(who: Controller, wanted: Wanted) -> SettingsNow:
        """Set some of them: all, or none of them where one is refused. The unit's processes follow within seconds.

        The path of a file can be cleared, and is refused (`by-hand`) where it is another one: files are named on the
        unit itself. A secret that is kept must be given anew together with another place that it would be sent to.
        """
        changes = {key: _value(key, value) for key, value in wanted.changes.items()}

        def work() -> None:
            seen = store.seen()
            refuse_files(seen, changes)
            refuse_elsewhere(seen, changes)
            store.change(changes, by(who), seen=wanted.mark or seen.mark)

        await done(work)
        return await asyncio.to_thread(now)

    @found.post("/undo")
    async def undo(who: Controller, wanted: WantedUndo) -> SettingsNow:
        """Take back the last change that is not taken back."""
        await done(lambda: store.undo(by(who), seen=wanted.mark))
        return await asyncio.to_thread(now)

    @found.get("/history")
    async def history(_reader: Reader) -> History:
        """Who changed what when."""
        return told_history(await asyncio.to_thread(store.history))

    @found.get("/export", response_class=Response, responses={200: {"content": {"application/toml": {}}}})
    async def export(_reader: Reader) -> Response:
        """A settings file that says the same, without passwords and tokens."""
        text = await asyncio.to_thread(store.exported)
        return download(text.encode(), "application/toml", f"ampguard-settings-{safe(parts.serial)}.toml")

    @found.post("/import")
    async def import_(who: Controller, brought: WantedFile) -> SettingsNow:
        """Have the settings say what a file says. What it does not name is not set any more, but for secrets.

        Paths of files and secrets: as with a change.
        """
        await done(lambda: store.import_(brought.text, by(who), seen=_fitting(parts, brought)))
        return await asyncio.to_thread(now)

    @found.post("/import/preview")
    async def preview(_who: Controller, brought: WantedFile) -> Preview:
        """What `import` would change. It changes nothing, and refuses what that would refuse."""
        return await done(lambda: _previewed(parts, brought))

    return found


async def done(work: Callable[[], T]) -> T:
    """Blocking work on settings. Raises RefusedError."""
    try:
        return await asyncio.to_thread(work)
    except Outdated as why:
        raise RefusedError(409, "changed-meanwhile", bare(why)) from why
    except SetupError as why:
        raise RefusedError(422, "unfit", bare(why)) from why


def _fitting(parts: Parts, brought: WantedFile) -> str:
    """The mark of what a file may be taken for. Raises SetupError, RefusedError."""
    seen = parts.settings.seen()
    named = values(parts.places.settings, brought.text.encode())
    refuse_files(seen, named)
    cleared = dict.fromkeys(one.setting.key for one in seen.settings if not one.setting.secret)
    refuse_elsewhere(seen, cleared | named)
    return brought.mark or seen.mark


def _previewed(parts: Parts, brought: WantedFile) -> Preview:
    """Raises SetupError, RefusedError."""
    mark = _fitting(parts, brought)
    return Preview(mark=mark, edits=_edited(parts.settings.would_import(brought.text, seen=mark)))


def _value(key: str, told: Told | None) -> Value | None:
    """As the store takes it: numbers without a fraction are numbers all the same. Raises RefusedError."""
    if isinstance(told, list):
        return tuple(told)
    setting = SETTINGS.get(key)
    try:
        return float(told) if setting is not None and setting.kind is Kind.NUMBER and type(told) is int else told
    except OverflowError as why:
        raise RefusedError(422, "unfit", f"{key}: wanted a number, met one of hundreds of digits") from why


def _told_now(store: SettingsStore) -> SettingsNow:
    seen = store.seen()
    return SettingsNow(mark=seen.mark, settings=[_told(one) for one in seen.settings])


def _told(shown: Shown) -> SettingNow:
    setting: Setting = shown.setting
    return SettingNow(
        key=setting.key,
        kind=setting.kind,
        sentence=setting.sentence,
        least=setting.least,
        most=setting.most,
        unit=setting.unit,
        choices=list(setting.choices),
        may_be_empty=setting.may_be_empty,
        longest=setting.longest or None,
        secret=setting.secret,
        is_set=shown.is_set,
        value=list(shown.value) if isinstance(shown.value, tuple) else shown.value,
    )


def _edited(edits: Mapping[str, Edit]) -> dict[str, Edited]:
    return {key: Edited(before=before, after=after) for key, (before, after) in edits.items()}


def told_history(changes: tuple[Change, ...]) -> History:
    """For people and programs."""
    undone = {one.undoes for one in changes}
    told = [
        ChangeTold(
            number=one.number,
            means=one.by.means,
            name=one.by.name,
            utc=one.utc,
            clock_quality=one.clock_quality,
            edits=_edited(one.edits),
            undoes=one.undoes,
            is_undone=one.number in undone,
        )
        for one in reversed(changes)
    ]
    last = next((one.number for one in told if one.undoes is None and not one.is_undone), None)
    return History(changes=told, can_undo=last)

"""What programs send to the REST API, in the registry's types: what is not known is refused, not passed over."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass

from ampguard_hil.cloud.registry_mounted import ChargerSettings, DeviceSettings
from ampguard_hil.cloud.registry_organisations import OrganisationSettings
from ampguard_hil.cloud.registry_parameters import GroupSettings
from ampguard_hil.cloud.registry_rights import Role

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
Line = Annotated[str, Field(max_length=256)]


class Refusal(BaseModel):
    """Why something was not done."""

    id: str
    """One of a fixed set, for programs."""
    refused: str
    """A sentence for people."""


class _Body(BaseModel):
    model_config = _STRICT


@dataclass(config=_STRICT, frozen=True)
class OrganisationBody(OrganisationSettings):
    """All that an organisation says of itself."""


@dataclass(config=_STRICT, frozen=True)
class DeviceBody(DeviceSettings):
    """All that people say about a measurement device."""


@dataclass(config=_STRICT, frozen=True)
class ChargerBody(ChargerSettings):
    """All that people say about a charger."""


@dataclass(config=_STRICT, frozen=True)
class GroupBody(GroupSettings):
    """Every parameter of a load-balancing group."""


class SignInBody(_Body):
    """An account."""

    email: Line
    password: Line


class NewOrganisation(_Body):
    """An organisation to be."""

    kind: Literal["owner", "partner"]
    settings: OrganisationBody


class NewPerson(_Body):
    """Somebody who is to sign in."""

    email: Line
    name: Line = ""
    role: Role
    organisation_id: Line | None = None
    password: Line


class NewPassword(_Body):
    """One's own password."""

    present: Line
    new: Line


class NewDevice(_Body):
    """A measurement device as it leaves the factory."""

    serial: Line
    pin: Line
    model: Line


class DeviceClaim(_Body):
    """What stands on a measurement device's label, and whose it is to be."""

    serial: Line
    pin: Line
    organisation_id: Line
    settings: DeviceBody


class NewCharger(_Body):
    """A charger as it leaves the factory."""

    serial: Line
    password: Line


class ChargerClaim(_Body):
    """What stands on a charger's label, and whose it is to be."""

    serial: Line
    password: Line
    organisation_id: Line
    settings: ChargerBody


class NewGroup(_Body):
    """A group to be: a draft until it is activated."""

    organisation_id: Line
    settings: GroupBody


class Chosen(_Body):
    """The chargers of a group, by serial: these and no others."""

    charger_serials: Annotated[list[Line], Field(max_length=500)]


class Session(BaseModel):
    """What to bring as `Authorization: Bearer <token>`."""

    token: str
    ends_utc: str


class Me(BaseModel):
    """Who asks."""

    person_id: str
    email: str
    name: str
    role: Role
    organisation_id: str | None

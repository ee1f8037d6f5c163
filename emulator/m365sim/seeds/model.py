"""What a tenant file may say of the organisation itself; every class is one mapping of it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from m365sim.seeds.site_model import OneDriveEntry, SiteEntry
from m365sim.seeds.types import Guid, Moment, Names, domain_name, host_label, is_on, value_of
from m365sim.sign_in_rules import Control, Outage
from m365sim.yaml_file import Entry


class TenantEntry(Entry):
    """The organisation itself."""

    name: Annotated[str, AfterValidator(host_label)]
    domain: Annotated[str, AfterValidator(domain_name)] | None = None  # {name}.onmicrosoft.com
    display_name: str | None = None
    id: Guid | None = None
    outage: Outage | None = None
    request_budget: Annotated[int, Field(gt=0)] | None = None  # token requests in a minute
    loop_limit: Annotated[int, Field(gt=0)] | None = None  # equal ones in five minutes


class UserEntry(Entry):
    """A person of the tenant, or a guest."""

    upn: str | None = None  # the part before the @ is enough
    guest: str | None = None  # the address of somebody from elsewhere
    name: str | None = None
    id: Guid | None = None
    password: str | None = None
    email: str | None = None
    admin: bool = False
    may_consent: bool = True
    enabled: bool = True
    onedrive: Annotated[OneDriveEntry | None, BeforeValidator(is_on)] = OneDriveEntry()

    @model_validator(mode="after")
    def _is_one_of_us_or_a_guest(self) -> Self:
        if (self.upn is None) == (self.guest is None):
            raise ValueError("a user has either a upn or is a guest with an address elsewhere")
        if self.guest is not None and "@" not in self.guest:
            raise ValueError("a guest has an e-mail address")
        return self


class GroupEntry(Entry):
    """A group of the directory that belongs to no site."""

    name: str
    kind: Literal["security", "microsoft365"] = "security"
    mail: str | None = None
    members: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


class SecretEntry(Entry):
    """A client secret."""

    value: str
    expires: Moment | None = None  # in two years


class ResourcesEntry(Entry):
    """Permissions by the API they are for."""

    graph: Names = frozenset()
    sharepoint: Names = frozenset()


class AppEntry(Entry):
    """An app registration."""

    id: Guid
    name: str
    redirect_uris: tuple[str, ...] = ()
    multi_tenant: bool = False
    public: bool = False
    secrets: tuple[Annotated[SecretEntry, BeforeValidator(value_of)], ...] = ()
    certificates: tuple[str, ...] = ()  # files, PEM or DER
    application: ResourcesEntry = ResourcesEntry()
    delegated: ResourcesEntry = ResourcesEntry()
    admin_consent: bool = False  # to all of these, in this tenant


class ConsentEntry(Entry):
    """What was consented to an app in this tenant, wherever it is registered."""

    app: Guid
    user: str | None = None  # who consented to the delegated permissions; else an admin, for all
    application: ResourcesEntry = ResourcesEntry()
    delegated: ResourcesEntry = ResourcesEntry()

    @model_validator(mode="after")
    def _is_of_somebody(self) -> Self:
        if self.user is not None and (self.application.graph or self.application.sharepoint):
            raise ValueError("only an admin consents to application permissions")
        return self


class PolicyEntry(Entry):
    """A Conditional Access policy; who and what is not named is everybody and everything."""

    name: str
    id: Guid | None = None
    control: Control | None = None
    sign_in_frequency: Annotated[int, Field(gt=0)] | None = None  # seconds
    mfa_lifetime: Annotated[int, Field(gt=0)] | None = None  # seconds
    users: tuple[str, ...] = ()
    excluded_users: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()  # graph, sharepoint, client ids
    contexts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.control is None and self.sign_in_frequency is None:
            raise ValueError("a policy has a control or a sign_in_frequency")
        return self


class TenantFile(Entry):
    """A whole tenant."""

    tenant: TenantEntry
    users: tuple[UserEntry, ...] = ()
    groups: tuple[GroupEntry, ...] = ()
    apps: tuple[AppEntry, ...] = ()
    consents: tuple[ConsentEntry, ...] = ()
    policies: tuple[PolicyEntry, ...] = ()
    sites: tuple[SiteEntry, ...] = ()

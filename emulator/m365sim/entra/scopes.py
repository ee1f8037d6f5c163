"""The `scope` parameter: which API, which of its permissions, which parts of OpenID Connect.

Follows https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from m365sim.entra.errors import Refusal, missing
from m365sim.entra.permissions import OIDC_SCOPES, canonical
from m365sim.entra.resources import GRAPH, TITLES, Resource, find_resource, serves
from m365sim.tenant import Tenant

if TYPE_CHECKING:
    from m365sim.world import World

_NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class AskedResource:
    """What is asked of one API."""

    resource: Resource
    prefix: str  # what the client wrote before the names, kept for the answer's `scope`
    names: frozenset[str] = frozenset()
    is_default: bool = False  # `.default`: whatever the registration lists


@dataclass(frozen=True, slots=True)
class AskedScopes:
    """A scope parameter, understood."""

    oidc: frozenset[str]
    resources: tuple[AskedResource, ...]  # in the order they were first named

    @property
    def wants_refresh_token(self) -> bool:
        """Tell whether `offline_access` was asked."""
        return "offline_access" in self.oidc


#: Only OpenID Connect scopes were asked: the access token is for Graph, good for /oidc/userinfo.
USERINFO_ONLY = AskedResource(GRAPH, "")


def parse_scopes(world: World, text: str) -> AskedScopes:
    """Understand a scope parameter, or raise the `Refusal` that it earns."""
    items = text.split()
    if not items:
        raise missing("scope")
    oidc: set[str] = set()
    asked: dict[str, AskedResource] = {}
    for item in items:
        prefix, name = _split(item)
        if name.lower() in OIDC_SCOPES and prefix in ("", f"{world.graph_audience}/"):
            oidc.add(name.lower())
            continue
        if not _NAME.fullmatch(name):
            raise _invalid(text, "The scope format is invalid.")
        resource = _resource(world, prefix)
        known = asked.get(resource.audience, AskedResource(resource, prefix))
        if name == ".default":
            asked[resource.audience] = AskedResource(resource, prefix, known.names, True)
        else:
            names = known.names | {canonical(resource.kind, name) or name}
            asked[resource.audience] = AskedResource(resource, prefix, names, known.is_default)
    _check_default(text, list(asked.values()))
    return AskedScopes(frozenset(oidc), tuple(asked.values()) or (USERINFO_ONLY,))


def unknown_name(asked: AskedScopes) -> tuple[str, Resource] | None:
    """Return a permission that its API does not have, if one was asked."""
    for one in asked.resources:
        for name in sorted(one.names):
            if canonical(one.resource.kind, name) is None:
                return name, one.resource
    return None


def application_resource(world: World, text: str) -> AskedResource:
    """Understand the scope of a client-credentials request: one API, and only `.default`."""
    items = text.split()
    if not items:
        raise missing("scope")
    if len({_split(item)[0] for item in items}) > 1 and OIDC_SCOPES.isdisjoint(items):
        raise several_resources(text)
    if len(items) > 1:
        raise _invalid(text)
    prefix, name = _split(items[0])
    if name != ".default":
        raise Refusal(
            1002012,
            f"The provided value for scope {text} is not valid. Client credential flows must have "
            "a scope value with /.default suffixed to the resource identifier (application ID "
            "URI).",
        )
    return AskedResource(_resource(world, prefix), prefix, is_default=True)


def answered_scope(asked: AskedResource, granted: frozenset[str], oidc: frozenset[str]) -> str:
    """Return the `scope` of a token response: granted names, spelled as the client spelled them."""
    prefix = asked.prefix
    if asked.resource.kind == "sharepoint" and not prefix:
        prefix = f"{asked.resource.audience}/"
    names = [f"{prefix}{name}" for name in sorted(granted - OIDC_SCOPES)]
    if asked.is_default:
        names.append(f"{prefix}.default")
    return " ".join([*names, *sorted(oidc - {"offline_access"})])


def several_resources(text: str) -> Refusal:
    """Return the refusal of a scope that names two APIs where one is meant."""
    return Refusal(
        700022,
        "The provided value for the input parameter scope is not valid because it contains more "
        f"than one resource. The scope {text} is not valid.",
    )


def _split(item: str) -> tuple[str, str]:
    head, slash, name = item.rpartition("/")
    return head + slash, name


def _resource(world: World, prefix: str) -> Resource:
    if not prefix:
        return GRAPH
    resource = find_resource(world, prefix.removesuffix("/"))
    if resource is None:
        raise no_such_resource(prefix.removesuffix("/"))
    return resource


def check_available(
    world: World, resource: Resource, tenant: Tenant, *, is_sign_in: bool = False
) -> None:
    """Refuse an API that a tenant does not have: of another tenant, or not subscribed to."""
    if not serves(resource, tenant):
        raise no_such_resource(resource.audience, tenant)
    if resource.kind == "sharepoint" and not world.directory.rules(tenant.id).has_sharepoint:
        if not is_sign_in:
            raise no_such_resource(resource.audience, tenant)
        raise Refusal(
            650052,
            f"The app needs access to a service ('{TITLES[resource.kind]}') that your organization "
            f"'{tenant.display_name}' has not subscribed to or enabled. Contact your IT Admin to "
            "review the configuration of your service subscriptions.",
        )


def no_such_resource(name: str, tenant: Tenant | None = None) -> Refusal:
    """Return the refusal for an API that the tenant, or the whole cloud, does not have."""
    where = f"the tenant named {tenant.display_name}" if tenant else "the tenant"
    return Refusal(
        500011,
        f"The resource principal named {name} was not found in {where}. This can happen if the "
        "application has not been installed by the administrator of the tenant or consented to by "
        "any user in the tenant. You might have sent your authentication request to the wrong "
        "tenant.",
    )


def _check_default(text: str, asked: list[AskedResource]) -> None:
    if not any(one.is_default for one in asked):
        return
    if any(one.names for one in asked):
        raise _invalid(text, ".default scope can't be combined with resource-specific scopes.")
    if len(asked) > 1:
        raise _invalid(text)


def _invalid(text: str, why: str = "") -> Refusal:
    message = (
        "The provided request must include a 'scope' input parameter. The provided value for the "
        f"input parameter 'scope' is not valid. The scope {text} is not valid."
    )
    return Refusal(70011, f"{message} {why}".strip())

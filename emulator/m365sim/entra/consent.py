"""What a person or an administrator must still agree to, and the record of it.

Follows https://learn.microsoft.com/entra/identity-platform/scopes-oidc and
https://learn.microsoft.com/entra/identity-platform/application-consent-experience
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from m365sim.entra.errors import Refusal
from m365sim.entra.permissions import OIDC_SCOPES, Wording, application_wording, wording
from m365sim.entra.resources import TITLES
from m365sim.entra.scopes import AskedResource, AskedScopes
from m365sim.history import acting_as
from m365sim.tenant import AppRegistration, Permissions, ResourceKind, User

if TYPE_CHECKING:
    from m365sim.world import World

#: Given with every consent, asked or not.
ALWAYS_GIVEN = frozenset({"openid", "profile", "offline_access"})


@dataclass(frozen=True, slots=True)
class Question:
    """The permissions that are asked for."""

    delegated: Permissions
    application: Permissions

    @property
    def needs_admin(self) -> bool:
        """Tell whether only an administrator may say yes."""
        if any(self.application.values()):
            return True
        return any(
            wording(kind, name).needs_admin
            for kind, names in self.delegated.items()
            for name in names
        )

    def words(self) -> list[tuple[str, list[Wording]]]:
        """Return the API titles, each with the words for its permissions, sign-in ones last."""
        groups: list[tuple[str, list[Wording]]] = []
        for kind in ("graph", "sharepoint"):
            names = self.delegated.get(kind, frozenset())
            lines = [wording(kind, name) for name in sorted(names - OIDC_SCOPES)]
            lines += [
                application_wording(name)
                for name in sorted(self.application.get(kind, frozenset()))
            ]
            if kind == "graph":
                lines += [wording(kind, name) for name in sorted(names & OIDC_SCOPES)]
            if lines:
                groups.append((TITLES[kind], lines))
        return groups


def open_question(
    world: World, app: AppRegistration, user: User, asked: AskedScopes, *, is_forced: bool
) -> Question | None:
    """Return what a person must still agree to, or None.

    Named permissions are asked for until they are granted. `.default` asks only while the app
    holds nothing at all for that API; then, and when consent is forced, it asks for everything the
    registration lists.
    """
    delegated: dict[ResourceKind, frozenset[str]] = {}
    for one in asked.resources:
        kind = one.resource.kind
        granted = world.directory.granted(user.tenant_id, app.app_id, kind, user.id)
        if one.is_default:
            if is_forced or not granted:
                _add_all(delegated, _registered(app, one))
        elif one.names - granted or is_forced:
            missing = one.names if is_forced else one.names - granted
            _add_all(delegated, {kind: missing})
    graph = world.directory.granted(user.tenant_id, app.app_id, "graph", user.id)
    if not delegated and (graph or _holds_anything(world, app, user)) and not is_forced:
        return None
    _add_all(delegated, {"graph": (asked.oidc - graph) | ALWAYS_GIVEN})
    return Question(delegated, {})


def admin_question(app: AppRegistration, asked: AskedScopes | None) -> Question:
    """Return what an administrator is asked for the whole tenant; without scopes, everything."""
    delegated: dict[ResourceKind, frozenset[str]] = {"graph": ALWAYS_GIVEN}
    if asked is None:
        _add_all(delegated, app.delegated_permissions)
        return Question(delegated, app.application_permissions)
    application: Permissions = {}
    for one in asked.resources:
        if one.is_default:
            _add_all(delegated, app.delegated_permissions)
            application = app.application_permissions
        else:
            _add_all(delegated, {one.resource.kind: one.names})
    _add_all(delegated, {"graph": asked.oidc})
    return Question(delegated, application)


def record(
    world: World, app: AppRegistration, user: User, question: Question, *, for_everyone: bool
) -> None:
    """Write down that a person, or the administrator for everyone, agreed."""
    acting_as(user)
    whom = None if for_everyone else user.id
    for kind, names in question.delegated.items():
        world.directory.grant(user.tenant_id, app.app_id, kind, names, whom)
    for kind, names in question.application.items():
        world.directory.assign_roles(user.tenant_id, app.app_id, kind, names)


def may_agree(user: User, question: Question) -> bool:
    """Tell whether a person may say yes, or must send for an administrator."""
    return user.is_admin or (user.may_consent and not question.needs_admin)


def admin_required(app: AppRegistration) -> Refusal:
    """Return the refusal of an app that waits for an administrator."""
    return Refusal(
        90094,
        f"{app.display_name} needs permission to access resources in your organization that only "
        "an admin can grant. Please ask an admin to grant permission to this app before you can "
        "use it.",
    )


def request_needed(app: AppRegistration) -> Refusal:
    """Return the refusal where administrators take requests: nobody has agreed to one yet."""
    return Refusal(
        90095,
        f"Admin consent is required for {app.display_name}. The user may ask an administrator for "
        "it in the admin consent workflow.",
    )


def _registered(app: AppRegistration, one: AskedResource) -> Permissions:
    if not app.delegated_permissions.get(one.resource.kind):
        raise Refusal(
            650057,
            "Invalid resource. The client has requested access to a resource which is not listed "
            "in the requested permissions in the client's application registration. Client app "
            f"ID: {app.app_id}({app.display_name}). Resource value from request: "
            f"{one.resource.audience}. Resource app ID: {one.resource.app_id}.",
        )
    return app.delegated_permissions


def _holds_anything(world: World, app: AppRegistration, user: User) -> bool:
    return bool(world.directory.granted(user.tenant_id, app.app_id, "sharepoint", user.id))


def _add_all(into: Permissions, more: Permissions) -> None:
    for kind, names in more.items():
        into[kind] = into.get(kind, frozenset()) | names

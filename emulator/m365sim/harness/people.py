"""Users and apps as a test sees them: facts that do not change under its hands."""

from __future__ import annotations

from dataclasses import dataclass

from m365sim.tenant import AppRegistration, User


@dataclass(frozen=True, slots=True)
class SimUser:
    """A person of the tenant."""

    name: str  # the part of the upn before the @: "megan"
    upn: str
    password: str
    id: str
    display_name: str
    enabled: bool
    is_admin: bool


@dataclass(frozen=True, slots=True)
class SimApp:
    """An app registration, with the latest of its secrets."""

    name: str
    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    acts_alone: bool  # has application permissions


def user_of(user: User) -> SimUser:
    """Return what a test is told of a user."""
    return SimUser(
        user.upn.partition("@")[0],
        user.upn,
        user.password,
        user.id,
        user.display_name,
        user.enabled,
        user.is_admin,
    )


def app_of(app: AppRegistration) -> SimApp:
    """Return what a test is told of an app."""
    return SimApp(
        app.display_name,
        app.app_id,
        app.secrets[-1].value if app.secrets else "",
        tuple(app.redirect_uris),
        bool(app.application_permissions),
    )

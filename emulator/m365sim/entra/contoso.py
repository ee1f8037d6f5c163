"""The people and apps of the default tenant; their ids are fixed, so that scripts can keep them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from m365sim.tenant import AppRegistration, AppSecret, Directory, Tenant, User

DEFAULT_REDIRECT_URIS = (
    "http://127.0.0.1:3003/oauth/callback",
    "http://localhost:3003/oauth/callback",
)

TENANT_ID = "7d1c9f5e-6b7a-4c1e-9a53-0c8f3c2e4b10"
WEB_APP_ID = "2f1d6c3a-8e0b-4d52-9b6f-5a7c1e9d0f21"
EXPIRED_APP_ID = "3a2e7d4b-9f1c-4e63-8c70-6b8d2fae1032"
PUBLIC_APP_ID = "5c408f6d-b13e-4085-8e92-8dad41c03254"
DAEMON_APP_ID = "4b3f8e5c-a02d-4f74-9d81-7c9e30bf2143"

#: What a connector may ask for on behalf of a person, beyond signing in.
_GRAPH_DELEGATED = frozenset(
    {
        "User.Read",
        "Sites.Read.All",
        "Sites.ReadWrite.All",
        "Sites.Manage.All",
        "Sites.Selected",
        "Files.Read",
        "Files.ReadWrite",
        "Files.Read.All",
        "Files.ReadWrite.All",
    }
)
_SHAREPOINT_DELEGATED = frozenset({"AllSites.Read", "AllSites.Write", "MyFiles.Read"})
_APPLICATION = frozenset({"Sites.Read.All", "Sites.ReadWrite.All", "Files.Read.All"})
#: Who is in which group decides who may see a file.
_DIRECTORY = frozenset({"User.Read.All", "GroupMember.Read.All"})


def contoso(
    now: datetime, redirect_uris: Iterable[str], sharepoint_domain: str = "sharepoint.com"
) -> tuple[Directory, Tenant]:
    """Return a directory that holds the tenant contoso, its four users and four apps."""
    directory = Directory()
    tenant = directory.add_tenant(
        Tenant(TENANT_ID, "contoso", "contoso.onmicrosoft.com", "Contoso Ltd", sharepoint_domain)
    )
    _add_people(directory, tenant)
    _add_apps(directory, tenant, now, list(redirect_uris))
    return directory, tenant


def _add_people(directory: Directory, tenant: Tenant) -> None:
    def person(last: int, first_name: str, name: str) -> User:
        upn = f"{first_name.lower()}@{tenant.domain}"
        user_id = f"9b0e4d1c-52aa-4f3d-8e77-1f6a2c3d4e{last:02d}"
        return directory.add_user(User(user_id, tenant.id, upn, name, f"{first_name}-pass-1", upn))

    person(1, "Alex", "Alex Wilber").is_admin = True
    person(2, "Megan", "Megan Bowen")
    person(3, "Adele", "Adele Vance").may_consent = False
    person(4, "Diego", "Diego Siciliani").enabled = False


def _add_apps(
    directory: Directory, tenant: Tenant, now: datetime, redirect_uris: list[str]
) -> None:
    two_years = now + timedelta(days=730)
    directory.add_app(
        AppRegistration(
            app_id=WEB_APP_ID,
            tenant_id=tenant.id,
            display_name="fairlead",
            redirect_uris=redirect_uris,
            secrets=[AppSecret("fairlead-secret~for-tests-only", two_years)],
            delegated_permissions={
                "graph": _GRAPH_DELEGATED,
                "sharepoint": _SHAREPOINT_DELEGATED,
            },
            multi_tenant=True,
        )
    )
    directory.add_app(
        AppRegistration(
            app_id=EXPIRED_APP_ID,
            tenant_id=tenant.id,
            display_name="forgotten-connector",
            redirect_uris=redirect_uris,
            secrets=[AppSecret("expired-secret~for-tests-only", now - timedelta(days=1))],
            delegated_permissions={"graph": _GRAPH_DELEGATED},
            multi_tenant=True,
        )
    )
    directory.add_app(
        AppRegistration(
            app_id=DAEMON_APP_ID,
            tenant_id=tenant.id,
            display_name="nightly-indexer",
            secrets=[AppSecret("daemon-secret~for-tests-only", two_years)],
            application_permissions={
                "graph": _APPLICATION | _DIRECTORY,
                "sharepoint": _APPLICATION,
            },
        )
    )
    directory.add_app(
        AppRegistration(
            app_id=PUBLIC_APP_ID,
            tenant_id=tenant.id,
            display_name="fairlead on a terminal",
            redirect_uris=["http://localhost"],
            delegated_permissions={
                "graph": _GRAPH_DELEGATED,
                "sharepoint": _SHAREPOINT_DELEGATED,
            },
            multi_tenant=True,
            is_public=True,
        )
    )
    for resource in ("graph", "sharepoint"):
        directory.assign_roles(
            tenant.id,
            DAEMON_APP_ID,
            resource,
            frozenset(directory.apps[DAEMON_APP_ID].application_permissions[resource]),
        )

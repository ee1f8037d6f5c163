"""What a cloud that has just started says of itself: to people as a summary, to scripts as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from m365sim.server import Running
from m365sim.switches import tenant_report
from m365sim.tenant import AppRegistration, User
from m365sim.world import World


def report(cloud: Running, cloud_file: Path | None) -> dict[str, Any]:
    """Return what a script must know, ready for JSON."""
    world = cloud.world
    return {
        "urls": {
            "login": cloud.urls.login,
            "graph": cloud.urls.graph,
            "sharepoint": cloud.urls.sharepoint,
            "control": cloud.control_url,
        },
        "cloud_file": str(cloud_file) if cloud_file else None,
        "tenant": tenant_report(world),
        "tenants": [tenant_report(one) for one in world.tenants.values()],
        "users": [_user_report(user) for user in world.directory.users.values()],
        "apps": [_app_report(one) for one in world.directory.apps.values()],
        "drives": [
            {"id": drive.id, "name": drive.name, "site": drive.site.web_url}
            for one in world.tenants.values()
            for drive in one.content.drives()
        ],
    }


def _user_report(user: User) -> dict[str, Any]:
    return {
        "upn": user.upn,
        "tenant_id": user.tenant_id,
        "password": user.password,
        "display_name": user.display_name,
        "id": user.id,
        "enabled": user.enabled,
        "may_consent": user.may_consent,
        "is_admin": user.is_admin,
    }


def _app_report(one: AppRegistration) -> dict[str, Any]:
    secret = one.secrets[-1] if one.secrets else None
    return {
        "app_id": one.app_id,
        "tenant_id": one.tenant_id,
        "display_name": one.display_name,
        "secret": secret.value if secret else None,
        "secret_expires_at": secret.expires_at.isoformat() if secret else None,
        "redirect_uris": one.redirect_uris,
        "multi_tenant": one.multi_tenant,
        "is_public": one.is_public,
        "application_permissions": {
            resource: sorted(names) for resource, names in one.application_permissions.items()
        },
    }


def print_summary(cloud: Running, cloud_file: Path | None) -> None:
    """Print what a person must know."""
    console = Console(highlight=False, soft_wrap=True)  # ids and URLs stay whole, to be copied
    world = cloud.world
    for neighbour in world.tenants.values():
        tenant = neighbour.tenant
        console.print(f"\n[bold]{tenant.display_name}[/bold]  {tenant.domain}  {tenant.id}")
    _section(console, "Addresses", _addresses(cloud))
    _section(console, "Users", _users(world))
    for one in world.directory.apps.values():
        _section(console, f"App {one.display_name}", _app_rows(one, world))
    console.print()
    if world.auto_sign_in:
        console.print(f"Every sign-in is answered at once as {world.auto_sign_in}.")
    if cloud_file is not None:
        console.print(f"Cloud file: {cloud_file}")
    console.print("Press Ctrl+C to stop.")


def _section(console: Console, title: str, rows: list[tuple[str, ...]]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*row)
    console.print(f"\n[bold]{title}[/bold]")
    console.print(table)


def _addresses(cloud: Running) -> list[tuple[str, ...]]:
    return [
        ("sign-in", cloud.urls.login),
        ("Graph", f"{cloud.urls.graph}/v1.0"),
        *(
            ("SharePoint", cloud.urls.sharepoint_of(one.tenant.name))
            for one in cloud.world.tenants.values()
        ),
        ("control", f"{cloud.control_url}/_m365sim/truth"),
    ]


def _users(world: World) -> list[tuple[str, ...]]:
    return [(u.display_name, u.upn, u.password, _remark(u)) for u in world.directory.users.values()]


def _remark(user: User) -> str:
    if not user.enabled:
        return "disabled"
    if user.is_admin:
        return "administrator"
    return "" if user.may_consent else "may not consent"


def _app_rows(one: AppRegistration, world: World) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("client id", one.app_id)]
    if one.is_public:
        rows.append(("secret", "none: a public client, for device codes and terminals"))
    for secret in one.secrets:
        remark = "  (expired)" if secret.expires_at <= world.clock.now() else ""
        rows.append(("secret", f"{secret.value}{remark}"))
    rows += [("redirect URI", uri) for uri in one.redirect_uris]
    if one.application_permissions:
        names = {name for kind in one.application_permissions.values() for name in kind}
        rows.append(("acts alone with", ", ".join(sorted(names))))
    return rows

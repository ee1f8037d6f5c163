"""Makes the tenants, users, apps and consents that tenant files describe."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from m365sim.files.ids import guid_of, mint_uid
from m365sim.seeds.model import AppEntry, ConsentEntry, ResourcesEntry, TenantEntry, UserEntry
from m365sim.tenant import (
    AppRegistration,
    AppSecret,
    Directory,
    Permissions,
    ResourceKind,
    Tenant,
    User,
)
from m365sim.yaml_file import Place, Source

SECRETS_LAST = timedelta(days=730)
KINDS: tuple[ResourceKind, ...] = ("graph", "sharepoint")


def make_tenant(
    source: Source, entry: TenantEntry, directory: Directory, sharepoint_domain: str
) -> Tenant:
    """Add a tenant to a directory that has none of its id, name or domain."""
    domain = entry.domain or f"{entry.name}.onmicrosoft.com"
    made = Tenant(
        entry.id or guid_of(mint_uid("tenant", entry.name)),
        entry.name,
        domain,
        entry.display_name or entry.name.capitalize(),
        sharepoint_domain,
    )
    for other in directory.tenants.values():
        if made.name == other.name:
            raise source.bad((*entry.place, "name"), f"another tenant is called {made.name}")
        if made.domain == other.domain:
            raise source.bad((*entry.place, "domain"), f"another tenant has {made.domain}")
        if made.id == other.id:
            raise source.bad((*entry.place, "id"), "another tenant has that id")
    rules = directory.rules(made.id)
    rules.outage, rules.request_budget = entry.outage, entry.request_budget
    rules.loop_limit = entry.loop_limit
    return directory.add_tenant(made)


def make_user(source: Source, entry: UserEntry, directory: Directory, tenant: Tenant) -> User:
    """Add a user, or a guest, whose sign-in name nobody has."""
    key = "upn" if entry.upn is not None else "guest"
    if entry.guest is not None:
        upn = f"{entry.guest.replace('@', '_')}#EXT#@{tenant.domain}"
    else:
        upn = entry.upn or ""
        upn = upn if "@" in upn else f"{upn}@{tenant.domain}"
        if not upn.lower().endswith(f"@{tenant.domain}"):
            reason = f"{upn} is not of {tenant.domain}; somebody from elsewhere is a guest"
            raise source.bad((*entry.place, key), reason)
    if directory.user_by_upn(upn) is not None:
        raise source.bad((*entry.place, key), f"{upn} is there twice")
    first = (entry.guest or upn).partition("@")[0]
    made = User(
        entry.id or guid_of(mint_uid("user", tenant.id, upn.lower())),
        tenant.id,
        upn,
        entry.name or first.replace(".", " ").title(),
        entry.password or f"{first.capitalize()}-pass-1",
        entry.email or entry.guest or upn,
        enabled=entry.enabled,
        may_consent=entry.may_consent,
        is_admin=entry.admin,
    )
    if made.id in directory.users:
        raise source.bad((*entry.place, "id"), "another user has that id")
    return directory.add_user(made)


def make_app(
    source: Source, entry: AppEntry, directory: Directory, tenant: Tenant, now: datetime
) -> AppRegistration:
    """Add an app registration, consented to by an admin if the file says so."""
    if entry.id in directory.apps:
        raise source.bad((*entry.place, "id"), "another app has that id")
    made = AppRegistration(
        app_id=entry.id,
        tenant_id=tenant.id,
        display_name=entry.name,
        redirect_uris=list(entry.redirect_uris),
        secrets=[AppSecret(one.value, one.expires or now + SECRETS_LAST) for one in entry.secrets],
        certificates=[
            _certificate(source, name, (*entry.place, "certificates", number))
            for number, name in enumerate(entry.certificates)
        ],
        delegated_permissions=_permissions(entry.delegated),
        application_permissions=_permissions(entry.application),
        multi_tenant=entry.multi_tenant,
        is_public=entry.public,
    )
    if entry.admin_consent:
        _consent(directory, tenant.id, entry.id, entry)
    return directory.add_app(made)


def make_consent(
    source: Source, entry: ConsentEntry, directory: Directory, tenant: Tenant, user: User | None
) -> None:
    """Record what was consented to an app, which may be another tenant's."""
    app = directory.apps.get(entry.app)
    if app is None:
        raise source.bad((*entry.place, "app"), f"there is no app {entry.app}")
    if app.tenant_id != tenant.id and not app.multi_tenant:
        reason = f"{app.display_name} is another tenant's and not multi_tenant"
        raise source.bad((*entry.place, "app"), reason)
    _consent(directory, tenant.id, app.app_id, entry, user.id if user else None)


def _consent(
    directory: Directory,
    tenant_id: str,
    app_id: str,
    entry: AppEntry | ConsentEntry,
    user_id: str | None = None,
) -> None:
    for kind in KINDS:
        if roles := getattr(entry.application, kind):
            directory.assign_roles(tenant_id, app_id, kind, roles)
        if scopes := getattr(entry.delegated, kind):
            directory.grant(tenant_id, app_id, kind, scopes, user_id)


def _permissions(entry: ResourcesEntry) -> Permissions:
    return {kind: names for kind in KINDS if (names := getattr(entry, kind))}


def _certificate(source: Source, name: str, place: Place) -> bytes:
    path = source.path.parent / name
    try:
        raw = path.read_bytes()
    except OSError as unreadable:
        raise source.bad(place, f"{name}: {unreadable.strerror}") from unreadable
    try:
        return _parsed(raw).public_bytes(Encoding.DER)
    except ValueError as broken:
        raise source.bad(place, f"{Path(name).name} is no certificate") from broken


def _parsed(raw: bytes) -> x509.Certificate:
    if b"-----BEGIN" in raw:
        return x509.load_pem_x509_certificate(raw)
    return x509.load_der_x509_certificate(raw)

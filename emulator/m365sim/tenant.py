"""Who is in the emulated cloud: tenants, their users, app registrations, and what was consented.

Follows https://learn.microsoft.com/entra/identity-platform/app-objects-and-service-principals
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from m365sim.history.directory import note_app, note_consent, note_policy, note_user

if TYPE_CHECKING:
    from m365sim.history import History

from m365sim.sign_in_rules import ConsentRequest, Device, Policy, Proof, TenantRules

ResourceKind = Literal["graph", "sharepoint"]
Permissions = dict[ResourceKind, frozenset[str]]  # short names, such as "Sites.Read.All"


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation: its directory and its SharePoint hosts."""

    id: str
    name: str  # the first label of its SharePoint host: "contoso"
    domain: str  # "contoso.onmicrosoft.com"
    display_name: str
    sharepoint_domain: str = "sharepoint.com"

    @property
    def sharepoint_host(self) -> str:
        """The host its sites live on in the real service."""
        return f"{self.name}.{self.sharepoint_domain}"

    @property
    def personal_host(self) -> str:
        """The host that its people's OneDrives live on."""
        return f"{self.name}-my.{self.sharepoint_domain}"


@dataclass(slots=True)
class User:
    """A person with a work account."""

    id: str
    tenant_id: str
    upn: str
    display_name: str
    password: str
    email: str
    enabled: bool = True
    may_consent: bool = True
    is_admin: bool = False
    sessions_revoked_at: datetime | None = None  # refresh tokens issued earlier are dead
    password_changed_at: datetime | None = None  # of public apps, those earlier are dead
    tokens_valid_from: datetime | None = None  # whole seconds; for continuous access evaluation
    mfa_registered: bool = True
    mfa_required: bool = False  # for this person, whatever the policies say
    password_expired: bool = False
    failed_attempts: int = 0
    locked_until: datetime | None = None
    device: Device = "unmanaged"  # what this person signs in from


@dataclass(frozen=True, slots=True)
class AppSecret:
    """A client secret of an app registration."""

    value: str
    expires_at: datetime


@dataclass(slots=True)
class AppRegistration:
    """An application as registered in its home tenant."""

    app_id: str
    tenant_id: str
    display_name: str
    redirect_uris: list[str] = field(default_factory=list)
    secrets: list[AppSecret] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)  # DER
    delegated_permissions: Permissions = field(default_factory=dict)
    application_permissions: Permissions = field(default_factory=dict)
    multi_tenant: bool = False
    is_public: bool = False
    publisher: str = "unverified"
    enabled: bool = True
    gives_id_tokens: bool = False  # at the authorize endpoint: the implicit grant of id tokens
    spa_redirect_uris: list[str] = field(default_factory=list)
    assigned: dict[str, set[str]] = field(default_factory=dict)  # tenant id → user ids, if required
    disabled_in: set[str] = field(default_factory=set)  # ids of tenants that switched it off


@dataclass(slots=True)
class BrowserSession:
    """A browser's single sign-on session: the accounts that are signed in there."""

    id: str
    proofs: dict[str, Proof] = field(default_factory=dict)  # user id → how they signed in


class Directory:
    """Every tenant, user, app registration, consent and browser session of a world."""

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.users: dict[str, User] = {}
        self.apps: dict[str, AppRegistration] = {}
        self.sessions: dict[str, BrowserSession] = {}
        self.consent_requests: dict[str, ConsentRequest] = {}
        self._rules: dict[str, TenantRules] = {}
        self.history: History | None = None  # where changes are written down, if anywhere
        self._delegated: dict[tuple[str, str, str | None, ResourceKind], frozenset[str]] = {}
        self._roles: dict[tuple[str, str, ResourceKind], frozenset[str]] = {}

    def add_tenant(self, tenant: Tenant) -> Tenant:
        """Add a tenant, or replace the one of that id."""
        self.tenants[tenant.id] = tenant
        return tenant

    def add_user(self, user: User) -> User:
        """Add a user, or replace the one of that id."""
        self.users[user.id] = user
        return user

    def add_app(self, app: AppRegistration) -> AppRegistration:
        """Add an app registration, or replace the one of that id."""
        self.apps[app.app_id] = app
        return app

    def tenant(self, key: str) -> Tenant | None:
        """Find a tenant by id or domain, in any case."""
        wanted = key.lower()
        return next((t for t in self.tenants.values() if wanted in (t.id, t.domain.lower())), None)

    def tenant_of_host(self, host: str) -> Tenant | None:
        """Find a tenant by one of its SharePoint hosts, such as `contoso-my.sharepoint.com`."""
        label = host.lower().split(":")[0].split(".")[0]
        name = label.removesuffix("-my").removesuffix("-admin")
        return next((t for t in self.tenants.values() if t.name == name), None)

    def user_by_upn(self, upn: str) -> User | None:
        """Find a user by sign-in name, in any case."""
        wanted = upn.strip().lower()
        return next((u for u in self.users.values() if u.upn.lower() == wanted), None)

    def guest(self, user: User, tenant_id: str) -> User | None:
        """Find the account by which somebody of another tenant is a guest in a tenant."""
        home = {user.upn.lower(), user.email.lower()}
        people = (u for u in self.users_of(tenant_id) if "#ext#" in u.upn.lower())
        return next((guest for guest in people if guest.email.lower() in home), None)

    def users_of(self, tenant_id: str) -> list[User]:
        """List a tenant's users in the order they were added."""
        return [user for user in self.users.values() if user.tenant_id == tenant_id]

    def grant(
        self,
        tenant_id: str,
        app_id: str,
        resource: ResourceKind,
        permissions: frozenset[str],
        user_id: str | None = None,
    ) -> None:
        """Record consent to delegated permissions: of one user, or tenant-wide without one."""
        key = (tenant_id, app_id, user_id, resource)
        self._delegated[key] = self._delegated.get(key, frozenset()) | permissions
        if self.history is not None:
            app = self.apps[app_id]
            note_consent(
                self.history,
                tenant_id,
                app,
                "granted",
                permissions,
                resource=resource,
                user_id=user_id,
            )

    def granted(
        self, tenant_id: str, app_id: str, resource: ResourceKind, user_id: str
    ) -> frozenset[str]:
        """Return the delegated permissions an app holds for a user, tenant-wide ones included."""
        own = self._delegated.get((tenant_id, app_id, user_id, resource), frozenset())
        return own | self._delegated.get((tenant_id, app_id, None, resource), frozenset())

    def assign_roles(
        self, tenant_id: str, app_id: str, resource: ResourceKind, roles: frozenset[str]
    ) -> None:
        """Record an admin's consent to application permissions."""
        key = (tenant_id, app_id, resource)
        self._roles[key] = self._roles.get(key, frozenset()) | roles
        if self.history is not None:
            app = self.apps[app_id]
            note_consent(self.history, tenant_id, app, "assigned", roles, resource=resource)

    def roles(self, tenant_id: str, app_id: str, resource: ResourceKind) -> frozenset[str]:
        """Return the application permissions an app holds in a tenant."""
        return self._roles.get((tenant_id, app_id, resource), frozenset())

    def knows_app(self, tenant_id: str, app_id: str) -> bool:
        """Tell whether an app is in a tenant: registered there, or consented to."""
        app = self.apps.get(app_id)
        if app is not None and app.tenant_id == tenant_id:
            return True
        return any(key[:2] == (tenant_id, app_id) for key in (*self._delegated, *self._roles))

    def withdraw_consent(self, tenant_id: str, app_id: str) -> None:
        """Forget everything that was consented to an app in a tenant, by users and admins."""
        self._delegated = {k: v for k, v in self._delegated.items() if k[:2] != (tenant_id, app_id)}
        self._roles = {k: v for k, v in self._roles.items() if k[:2] != (tenant_id, app_id)}
        if self.history is not None:
            note_consent(self.history, tenant_id, self.apps[app_id], "withdrawn")

    def rules(self, tenant_id: str) -> TenantRules:
        """Return a tenant's rules for signing in, to be read and changed."""
        return self._rules.setdefault(tenant_id, TenantRules())

    def add_policy(self, policy: Policy) -> Policy:
        """Put a Conditional Access policy in force, or replace the one of that id."""
        in_force = self.rules(policy.tenant_id).policies
        self._note_policy(policy, "updated" if policy.id in in_force else "created")
        in_force[policy.id] = policy
        return policy

    def remove_policy(self, policy: Policy) -> None:
        """Take a Conditional Access policy out of force."""
        del self.rules(policy.tenant_id).policies[policy.id]
        self._note_policy(policy, "deleted")

    def revoke_sessions(self, user: User, at: datetime) -> None:
        """Sign a user out everywhere: earlier refresh tokens and browser sessions are dead."""
        user.sessions_revoked_at = at
        self.critical_event(user, at)
        self._note_user(user, "sessionsRevoked")

    def disable_user(self, user: User, at: datetime) -> None:
        """Disable an account; APIs that watch for it learn so at once."""
        user.enabled = False
        self.critical_event(user, at)
        self._note_user(user, "disabled")

    def remove_user(self, user: User, at: datetime) -> None:
        """Delete an account."""
        self.critical_event(user, at)
        del self.users[user.id]
        self._note_user(user, "deleted")

    def require_mfa(self, user: User, at: datetime) -> None:
        """Ask a person for a second factor from now on, whatever the policies say."""
        user.mfa_required = True
        self.critical_event(user, at)
        self._note_user(user, "mfaRequired")

    def change_password(
        self, user: User, password: str, at: datetime, *, by_admin: bool = False
    ) -> None:
        """Give a person another password.

        It ends what public apps and browsers hold; when an administrator did it, all else too
        (https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-revocation).
        """
        user.password = password
        user.password_expired = False
        user.password_changed_at = at
        if by_admin:
            user.sessions_revoked_at = at
        self.critical_event(user, at)
        self._note_user(user, "passwordReset" if by_admin else "passwordChanged")

    def _note_policy(self, policy: Policy, action: str) -> None:
        if self.history is not None:
            note_policy(self.history, policy, action)

    def _note_user(self, user: User, action: str) -> None:
        if self.history is not None:
            note_user(self.history, user, action)

    def critical_event(self, user: User, at: datetime) -> None:
        """End a user's browser sessions, and the access tokens of apps that can be challenged."""
        # Tokens say when they were issued in whole seconds: those of this second are dead too, and
        # those given since an earlier event of the same second, which are dated after it.
        second = timedelta(seconds=1)
        before = user.tokens_valid_from
        user.tokens_valid_from = at.replace(microsecond=0) + second
        if before is not None and user.tokens_valid_from <= before:
            user.tokens_valid_from = before + second
        for session in self.sessions.values():
            session.proofs.pop(user.id, None)

    def expire_secrets(self, app: AppRegistration, at: datetime) -> None:
        """Let every secret of an app end at a moment, unless it ended before."""
        app.secrets = [AppSecret(s.value, min(s.expires_at, at)) for s in app.secrets]
        if self.history is not None:
            note_app(self.history, app, "secretsExpired")

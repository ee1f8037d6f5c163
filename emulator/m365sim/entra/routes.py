"""Where the login host answers, what of each address is modelled, and by what document."""

from __future__ import annotations

from dataclasses import dataclass

_DOCS = "https://learn.microsoft.com/entra/identity-platform"
_OPENID = "https://openid.net/specs/openid-connect-discovery-1_0.html"
_MSAL = "https://learn.microsoft.com/entra/msal/javascript/browser/initialization"


@dataclass(frozen=True, slots=True)
class EntraRoute:
    """An address of the login host; `{tenant}` is an id, a domain, `common` or the like."""

    methods: tuple[str, ...]
    path: str
    handler: str  # the method of the app that answers
    modelled: str
    source: str


_BOTH = ("GET", "POST")
_TOKEN = ("GET", "POST", "OPTIONS")
_GRANTS = (
    "authorization_code (PKCE), refresh_token, client_credentials, password, device_code; secret "
    "in the body or Basic, certificate (RS256, PS256); claims, Conditional Access; not "
    "on-behalf-of, federated credentials, SAML"
)
_AUTHORIZE = (
    "code, id_token (where the registration allows it), query, fragment, form_post; PKCE; prompt, "
    "login_hint, domain_hint, claims; account picker, password, lockout, second factor, "
    "Conditional Access, consent, admin approval; not `token`, personal accounts, "
    "federation; guests are people of the tenant's seed"
)

ROUTES: tuple[EntraRoute, ...] = (
    EntraRoute(
        _BOTH,
        "/{tenant}/oauth2/v2.0/authorize",
        "authorize_v2",
        _AUTHORIZE,
        f"{_DOCS}/v2-oauth2-auth-code-flow",
    ),
    EntraRoute(
        _BOTH,
        "/{tenant}/oauth2/authorize",
        "authorize_v1",
        "as above, with `resource` for `scope`",
        "https://learn.microsoft.com/previous-versions/azure/active-directory/azuread-dev/v1-protocols-oauth-code",
    ),
    EntraRoute(
        _TOKEN,
        "/{tenant}/oauth2/v2.0/token",
        "token_v2",
        _GRANTS,
        f"{_DOCS}/v2-oauth2-auth-code-flow",
    ),
    EntraRoute(
        _TOKEN,
        "/{tenant}/oauth2/token",
        "token_v1",
        "as above, with `resource` for `scope`; numbers are strings",
        "https://learn.microsoft.com/previous-versions/azure/active-directory/azuread-dev/v1-oauth2-client-creds-grant-flow",
    ),
    EntraRoute(
        ("POST",),
        "/{tenant}/oauth2/v2.0/devicecode",
        "device_code_v2",
        "all; codes live 15 minutes, are polled for every 5 seconds",
        f"{_DOCS}/v2-oauth2-device-code",
    ),
    EntraRoute(
        ("POST",),
        "/{tenant}/oauth2/devicecode",
        "device_code_v1",
        "as above, with `resource`; `verification_url`",
        f"{_DOCS}/v2-oauth2-device-code",
    ),
    EntraRoute(
        _BOTH,
        "/{tenant}/oauth2/deviceauth",
        "device_page",
        "the page for the code; also login.microsoft.com/device",
        f"{_DOCS}/v2-oauth2-device-code#authenticating-the-user",
    ),
    EntraRoute(
        ("GET",),
        "/{tenant}/v2.0/adminconsent",
        "admin_consent_v2",
        "named permissions, or everything registered with `.default`; refusals at the callback",
        f"{_DOCS}/v2-admin-consent",
    ),
    EntraRoute(
        ("GET",),
        "/{tenant}/adminconsent",
        "admin_consent_v1",
        "everything registered, no `scope`",
        f"{_DOCS}/v2-oauth2-client-creds-grant-flow",
    ),
    EntraRoute(
        ("GET",),
        "/{tenant}/oauth2/v2.0/logout",
        "logout",
        "every account of the browser; post_logout_redirect_uri if registered, state",
        f"{_DOCS}/v2-protocols-oidc#send-a-sign-out-request",
    ),
    EntraRoute(
        ("GET",),
        "/{tenant}/oauth2/logout",
        "logout",
        "as above",
        f"{_DOCS}/v2-protocols-oidc#send-a-sign-out-request",
    ),
    EntraRoute(
        ("GET",),
        "/{tenant}/v2.0/.well-known/openid-configuration",
        "openid_v2",
        "all",
        f"{_DOCS}/v2-protocols-oidc",
    ),
    EntraRoute(
        ("GET",),
        "/{tenant}/.well-known/openid-configuration",
        "openid_v1",
        "all",
        f"{_DOCS}/v2-protocols-oidc",
    ),
    EntraRoute(
        ("GET",),
        "/{tenant}/discovery/v2.0/keys",
        "keys",
        "one key, which does not roll",
        f"{_DOCS}/access-tokens#validate-tokens",
    ),
    EntraRoute(("GET",), "/{tenant}/discovery/keys", "keys", "as above", _OPENID),
    EntraRoute(
        ("GET",),
        "/{tenant}/discovery/instance",
        "instance",
        "this cloud's hosts and aliases; `invalid_instance` for others",
        _MSAL,
    ),
    EntraRoute(
        ("GET",), "/error", "explain", "the target of `error_uri`", f"{_DOCS}/reference-error-codes"
    ),
)

#: Addresses of our own pages, which the real ones do not show: verb, path, handler.
PAGES: tuple[tuple[str, str, str], ...] = (
    ("POST", "/{tenant}/login", "picked"),
    ("POST", "/{tenant}/verify", "verified"),
    ("POST", "/{tenant}/consent", "decided"),
    ("POST", "/{tenant}/request", "requested"),
    ("GET", "/devicelogin", "device_login"),
    ("GET", "/device", "device_login"),
)

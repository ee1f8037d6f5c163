"""Provider: how one vendor's API is reached and authenticated: data, plus up to eight hooks.

A provider is a typed literal in a pack. The platform calls the eight hooks below and nothing else
of a pack while it authenticates; each has a default, so a simple provider is ten lines of data.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from fairlead.errors import FairleadError
from fairlead.model.budget import Allowance
from fairlead.model.diagnosis import Chart
from fairlead.model.guide import Guide
from fairlead.model.limits import Pagination, RateLimit
from fairlead.model.subscription import Subscriptions


class AuthMode(StrEnum):
    """How credentials are obtained; names of the HTTP contract."""

    OAUTH2 = "OAUTH2"
    OAUTH2_CC = "OAUTH2_CC"
    TWO_STEP = "TWO_STEP"
    API_KEY = "API_KEY"
    BASIC = "BASIC"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class ConfigField:
    """One value that the person who connects must give (a tenant id, a host name)."""

    title: str
    description: str = ""
    #: full-match regular expression
    pattern: str | None = None
    example: str | None = None
    required: bool = True
    secret: bool = False
    #: anchor of the guide's section that helps with it
    section: str = ""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request to a token endpoint."""

    url: str
    form: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    #: the origin that the token is for, "" = the provider's main API
    audience: str = ""
    #: how `form` is sent: `form` (encoded) or `json`
    encoding: str = "form"


@dataclass(frozen=True, slots=True)
class TokenReply:
    """Where a token reply of a vendor's own shape holds what: paths of names, joined by dots."""

    token: str = "access_token"
    refresh_token: str | None = None
    expiration: str | None = "expires_in"
    #: what `expiration` is: `expireIn` (seconds from now) or `expireAt` (a moment)
    strategy: str = "expireIn"


@dataclass(frozen=True, slots=True)
class Audience:
    """Addresses that want a token of their own, one for each origin."""

    #: `scheme://host[:port]`, the host may begin with `*.`
    origins: tuple[str, ...]
    #: full-match regular expression of path and query, whatever the case; None = all of the origin
    paths: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's response as hooks see it: never more than the first 64 KiB of body."""

    status: int
    #: lower-case names
    headers: Mapping[str, str]
    body: bytes = b""
    #: the URL asked, without query
    url: str = ""
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Account:
    """Who connected, as `on_connected` found out; merged into the connection's config."""

    connection_config: Mapping[str, Any] = field(default_factory=dict)


class SendFn(Protocol):
    """Send one GET, authenticated unless said otherwise, for hooks that must ask the vendor."""

    async def __call__(self, url: str) -> Reply: ...


#: shape the token request before it is sent (default: as built; one for an audience names it as
#: `resource`, RFC 8707)
TokenRequestHook = Callable[[TokenRequest, Mapping[str, Any]], TokenRequest]
#: (token reply, connection config, send) -> who this is
OnConnectedHook = Callable[[Mapping[str, Any], Mapping[str, Any], SendFn], Awaitable[Account]]
#: response -> seconds to wait before any further call, None = not throttled
ThrottleHook = Callable[[Reply], float | None]
#: response (API or token endpoint) with status >= 400 -> the error of ours that it means
ClassifyHook = Callable[[Reply], FairleadError]
#: (headers, query, body, secret) of an inbound webhook -> answer to send at once, or None = go on;
#: raises Unauthorized for a forged one
VerifyNoticeHook = Callable[
    [Mapping[str, str], Mapping[str, str], bytes, str | None], tuple[int, str, bytes] | None
]
#: (the vendor's last token reply, scopes) -> those of them that the grant certainly lacks
LacksHook = Callable[[Mapping[str, Any], Sequence[str]], list[str]]
#: body of a verified webhook -> values of connection_config that name the connections concerned
RouteNoticeHook = Callable[[bytes], list[Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A connection as the hook `diagnose` sees it."""

    auth_mode: AuthMode
    client_id: str
    connection_config: Mapping[str, Any]
    metadata: Mapping[str, Any]
    #: the vendor's last token reply
    tokens: Mapping[str, Any]
    #: does the app prove itself by a certificate?
    has_certificate: bool
    #: scopes that are asked for
    scopes: tuple[str, ...]
    #: function that runs by itself -> scopes it needs
    needs: Mapping[str, tuple[str, ...]]
    #: where a browser would be sent to connect again without being asked anything, None = nowhere
    authorize_url: str | None
    redirect_uri: str
    #: addresses or paths that the caller wants reached
    wanted: tuple[str, ...]
    #: why the credentials could not be renewed, None = they could
    error: FairleadError | None
    #: a GET as the connection; relative URLs lie below the provider's base URL
    call: SendFn
    #: a GET without credentials, redirects not followed
    look: SendFn


#: looks for what only the vendor's people know can be wrong, and writes it on the chart
DiagnoseHook = Callable[[Patient, Chart], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How one vendor's API is reached and authenticated.

    URLs and parameters may hold `${connectionConfig.name}`; a value missing there is an error that
    names the field. `authorization_url` etc. are absolute. Of TWO_STEP, token parameters and
    headers may hold `${credentials.name}`, too; a parameter whose optional credential was not
    filled in is left out.
    """

    #: name on the wire, `^[a-zA-Z0-9_-]+$`
    name: str
    display_name: str
    auth_mode: AuthMode
    categories: tuple[str, ...] = ()
    docs: str = ""
    docs_connect: str = ""
    #: served as a page of our own, which then is `docs_connect` on the wire
    guide: Guide | None = None
    #: where proxy calls without an override go
    base_url: str = ""
    #: more origins that may receive this provider's credentials: `scheme://host[:port]`, the host
    #: may begin with `*.`
    credential_origins: tuple[str, ...] = ()
    #: origins that may be *called* beyond these, never with credentials (downloads); same form
    open_origins: tuple[str, ...] = ()
    #: full-match regular expression, whatever the case, of path and query of addresses that carry a
    #: permit of their own: they are called without credentials
    permit_paths: str | None = None
    #: further APIs that the same grant reaches, each with a token of its own
    audiences: tuple[Audience, ...] = ()
    authorization_url: str = ""
    token_url: str = ""
    #: where an administrator approves the app for a whole organisation; "" = there is no such page
    admin_consent_url: str = ""
    admin_consent_params: Mapping[str, str] = field(default_factory=dict)
    default_scopes: tuple[str, ...] = ()
    #: always asked for, whatever the integration says
    required_scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    #: of scopes that include others, weakest first: each covers those before it
    scope_ladders: tuple[tuple[str, ...], ...] = ()
    authorization_params: Mapping[str, str] = field(default_factory=dict)
    token_params: Mapping[str, str] = field(default_factory=dict)
    pkce: bool = True
    #: client id and secret: `body` or `basic`
    token_auth: str = "body"
    #: how an app signs that proves itself by a certificate: `PS256` (names the certificate by
    #: `x5t#S256`) or `RS256` (by `x5t`)
    assertion_algorithm: str = "PS256"
    #: TWO_STEP: what is filled in, by name
    credential_fields: Mapping[str, ConfigField] = field(default_factory=dict)
    #: TWO_STEP: the credential that is an app's signed statement (RFC 7523), "" = there is none.
    #: Who has a certificate leaves it out: it is then signed anew for every request
    assertion_field: str = ""
    #: TWO_STEP: the credential that names the app which signs
    client_id_field: str = "client_id"
    token_headers: Mapping[str, str] = field(default_factory=dict)
    #: how TWO_STEP parameters are sent: `form` or `json`
    token_encoding: str = "form"
    token_reply: TokenReply = TokenReply()
    #: TWO_STEP: how long a token lives whose reply does not say; None = for ever
    token_lifetime: timedelta | None = None
    connection_config: Mapping[str, ConfigField] = field(default_factory=dict)
    #: defaults for connection_config fields the caller left out
    connection_defaults: Mapping[str, str] = field(default_factory=dict)
    #: sent with every API call
    headers: Mapping[str, str] = field(default_factory=dict)
    #: when a call that was refused may be sent again
    rate_limit: RateLimit = field(default_factory=RateLimit)
    #: how much one app may ask of one customer's account; None = nobody counts
    allowance: Allowance | None = None
    #: told to callers who read lists; None = nothing is known
    pagination: Pagination | None = None
    #: do the pack's syncs start by themselves on a new connection?
    starts_syncs: bool = True

    token_request: TokenRequestHook | None = None
    on_connected: OnConnectedHook | None = None
    throttle: ThrottleHook | None = None
    classify: ClassifyHook | None = None
    verify_notice: VerifyNoticeHook | None = None
    route_notice: RouteNoticeHook | None = None
    #: how the vendor is asked to tell of changes; None = it does not, or nobody taught us
    subscriptions: Subscriptions | None = None
    diagnose: DiagnoseHook | None = None
    lacks: LacksHook | None = None

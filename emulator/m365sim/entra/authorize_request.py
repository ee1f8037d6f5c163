"""What an authorize request asks, checked: whom to answer, and what is wanted.

Follows https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow. Some faults
are shown to the person, because there is nobody safe to send them to; the rest go to the app.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from m365sim.entra.apps import find_app
from m365sim.entra.claims_request import ClaimsRequest, read_claims
from m365sim.entra.errors import Refusal, missing
from m365sim.entra.scopes import AskedScopes, parse_scopes, unknown_name
from m365sim.tenant import AppRegistration

if TYPE_CHECKING:
    from m365sim.world import World

PROMPTS = ("login", "none", "consent", "select_account")
RESPONSE_MODES = ("query", "fragment", "form_post")
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who gets the answer, and how."""

    app: AppRegistration
    redirect_uri: str
    state: str | None
    response_mode: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the person."""

    asked: AskedScopes
    scope: str
    prompt: str | None
    login_hint: str | None
    nonce: str | None
    challenge: str | None
    challenge_method: str
    wants_client_info: bool
    response_types: frozenset[str]
    claims: ClaimsRequest
    resource: str | None = None


def read_addressee(world: World, tenant_path: str, params: dict[str, str]) -> Addressee:
    """Return who gets the answer; a `Refusal` here is for the page, never for a redirect."""
    app = find_app(world, tenant_path, params.get("client_id"))
    has_id_token = "id_token" in params.get("response_type", "").split()
    default = "fragment" if has_id_token else "query"
    mode = params.get("response_mode", default)
    return Addressee(
        app=app,
        redirect_uri=_redirect_uri(app, params.get("redirect_uri")),
        state=params.get("state"),
        response_mode=mode if mode in RESPONSE_MODES else default,
    )


def read_wanted(
    world: World, app: AppRegistration, params: dict[str, str], *, is_v1: bool = False
) -> Wanted:
    """Return what is asked of the person; a `Refusal` here goes back to the app."""
    response_types = _response_types(app, params)
    resource = params.get("resource") if is_v1 else None
    if "resource" in params and not is_v1:
        raise Refusal(901002, "The 'resource' request parameter is not supported.")
    if is_v1:
        base = (resource or world.graph_audience).rstrip("/")
        scope = f"{base}/.default openid profile offline_access"
    else:
        scope = params.get("scope", "")
    asked = parse_scopes(world, scope)
    check_names(app, asked)
    if "id_token" in response_types:
        _check_id_token(params, asked)
    challenge, method = _challenge(params)
    return Wanted(
        asked=asked,
        scope=scope,
        prompt=_prompt(params),
        login_hint=params.get("login_hint") or None,
        nonce=params.get("nonce"),
        challenge=challenge,
        challenge_method=method,
        wants_client_info=params.get("client_info") == "1",
        response_types=response_types,
        claims=read_claims(params.get("claims")),
        resource=resource,
    )


def _redirect_uri(app: AppRegistration, named: str | None) -> str:
    registered = [*app.redirect_uris, *app.spa_redirect_uris]
    if not registered:
        raise Refusal(500113, "No reply address is registered for the application.")
    if not named:
        return registered[0]
    if named in registered:
        return named
    if app.is_public and _port_blind(named) in map(_port_blind, app.redirect_uris):
        return named
    raise Refusal(
        50011,
        f"The redirect URI '{named}' specified in the request does not match the redirect URIs "
        f"configured for the application '{app.app_id}'. Make sure the redirect URI sent in the "
        "request matches one added to your application in the Azure portal.",
    )


def _port_blind(uri: str) -> tuple[str, str, str] | str:
    """Return a loopback URI without its port: native apps listen wherever they can (RFC 8252)."""
    parts = urlsplit(uri)
    host = parts.netloc.rsplit(":", 1)[0] if parts.port else parts.netloc
    if parts.scheme == "http" and host in LOOPBACK_HOSTS:
        return host, parts.path, parts.query
    return uri


def _response_types(app: AppRegistration, params: dict[str, str]) -> frozenset[str]:
    response_type = params.get("response_type")
    if not response_type:
        raise missing("response_type")
    kinds = frozenset(response_type.split())
    if not kinds or not kinds <= {"code", "id_token"}:
        raise Refusal(70005, f"The app returned an unsupported response type '{response_type}'.")
    if "id_token" in kinds and not app.gives_id_tokens:
        raise Refusal(700054, "response_type 'id_token' is not enabled for the application.")
    mode = params.get("response_mode", "fragment")
    if mode not in RESPONSE_MODES or (mode == "query" and "id_token" in kinds):
        raise Refusal(
            70007, f"The response mode '{mode}' is not supported when requesting a token."
        )
    return kinds


def _check_id_token(params: dict[str, str], asked: AskedScopes) -> None:
    if "openid" not in asked.oidc:
        raise Refusal(
            70005,
            "The app returned an unsupported response type: 'id_token' requires the 'OpenID' "
            "scope.",
        )
    if not params.get("nonce"):
        raise missing("nonce")


def check_names(app: AppRegistration, asked: AskedScopes) -> None:
    """Refuse a permission that its API does not have."""
    unknown = unknown_name(asked)
    if unknown is not None:
        name, resource = unknown
        raise Refusal(
            650053,
            f"The application '{app.display_name}' asked for scope '{name}' that doesn't exist on "
            f"the resource '{resource.app_id}'. Contact the app vendor.",
        )


def _prompt(params: dict[str, str]) -> str | None:
    prompt = params.get("prompt", "").strip()
    if not prompt:  # sent blank counts as not sent
        return None
    if prompt not in PROMPTS:
        raise Refusal(
            90023,
            f"The value '{prompt}' of the 'prompt' parameter is not supported. Use one of "
            f"{', '.join(PROMPTS)}.",
        )
    return prompt


def _challenge(params: dict[str, str]) -> tuple[str | None, str]:
    challenge = params.get("code_challenge") or None
    method = params.get("code_challenge_method") or "plain"
    if challenge is None:
        return None, method
    if method not in ("S256", "plain"):
        raise Refusal(90023, f"The code_challenge_method '{method}' is not supported.")
    if not 43 <= len(challenge) <= 128:
        raise Refusal(501491, "Invalid size of Code_Challenge parameter.")
    return challenge, method

"""Requests to the token endpoint: code exchange, refresh, client credentials.

[RFC 6749](https://www.rfc-editor.org/rfc/rfc6749): 4.1.3, 6 and 4.4; client authentication 2.3.1,
or by certificate ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523), 2.2). A token for another API
of the same grant is asked for by its address ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)).
What an API wants a token to say goes along as `claims`
([OpenID Connect Core, 5.5](https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter)).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from pydantic import SecretStr

from fairlead.errors import OperatorError, ReconnectRequired
from fairlead.http import Transport
from fairlead.model.clock import Clock
from fairlead.model.credentials import ClientCredentials, OAuth2Credentials
from fairlead.model.provider import Provider, TokenRequest
from fairlead.oauth.assertion import TYPE, algorithm_of, sign_assertion
from fairlead.oauth.certificate import Certificate
from fairlead.oauth.endpoint import ask
from fairlead.oauth.interpolate import interpolate
from fairlead.oauth.replies import Tokens, parse_tokens

#: key of connection_config: what a connection adds to an app's token requests (contract 3.4)
EXTRA_PARAMS = "authorization_params"
#: what says who asks, and for what kind of grant
_OURS = frozenset(
    {"client_assertion", "client_assertion_type", "client_id", "client_secret", "grant_type"}
)


def extra_params(connection_config: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters that a connection adds; `scope` is settled elsewhere, blank is none."""
    given = connection_config.get(EXTRA_PARAMS)
    if not isinstance(given, Mapping):
        return {}
    return {
        name: value
        for name, value in given.items()
        if isinstance(value, str) and value and name.lower() not in _OURS | {"scope"}
    }


@dataclass(frozen=True, slots=True)
class _App:
    """Who asks: an app, and how it proves that it is the one."""

    client_id: str
    secret: SecretStr | None = None
    certificate: str | None = None
    private_key: SecretStr | None = field(default=None, repr=False)

    @classmethod
    def of(cls, client_id: str, client_secret: str | None, proof: Certificate | None) -> "_App":
        if proof is not None:
            return cls(client_id, None, proof.certificate, proof.private_key)
        return cls(client_id, None if client_secret is None else SecretStr(client_secret))


async def exchange_code(
    transport: Transport,
    provider: Provider,
    *,
    client_id: str,
    client_secret: str | None,
    code: str,
    code_verifier: str,
    redirect_uri: str,
    connection_config: Mapping[str, Any],
    clock: Clock,
    proof: Certificate | None = None,
) -> OAuth2Credentials:
    """Exchange an authorization code for credentials; raises what `classify` says of a refusal.

    With `proof` the app proves itself by that certificate instead of its secret.
    """
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if provider.pkce:
        form["code_verifier"] = code_verifier
    app = _App.of(client_id, client_secret, proof)
    tokens = await _ask(transport, provider, form, app, connection_config, clock)
    return _delegated(tokens)


async def refresh(
    transport: Transport,
    provider: Provider,
    *,
    client_id: str,
    client_secret: str | None,
    credentials: OAuth2Credentials,
    connection_config: Mapping[str, Any],
    scopes: Sequence[str],
    clock: Clock,
    audience: str = "",
    claims: str = "",
    proof: Certificate | None = None,
) -> OAuth2Credentials:
    """Renew credentials; a reply without a refresh token keeps the old one.

    `scopes` may be empty: then what was granted is renewed as it is. With `audience`, an origin,
    the access token is for the API there. `claims` is what an API asked for when it refused a
    token, JSON of the form of OpenID Connect Core, 5.5. `proof` as in `exchange_code`.
    """
    if credentials.refresh_token is None:
        raise ReconnectRequired(
            "The connection has no refresh token; the end user must connect again"
        )
    old = credentials.refresh_token
    form = {"grant_type": "refresh_token", "refresh_token": old.get_secret_value()}
    if scopes:
        form["scope"] = provider.scope_separator.join(scopes)
    if claims:
        form["claims"] = claims
    app = _App.of(client_id, client_secret, proof)
    tokens = await _ask(transport, provider, form, app, connection_config, clock, audience)
    renewed = _delegated(tokens, old)
    return renewed.model_copy(update={"own_app": credentials.own_app})


async def client_credentials(
    transport: Transport,
    provider: Provider,
    *,
    credentials: ClientCredentials,
    connection_config: Mapping[str, Any],
    scopes: Sequence[str],
    clock: Clock,
    audience: str = "",
    claims: str = "",
) -> ClientCredentials:
    """Obtain a token for the app itself, with the certificate or secret that `credentials` hold.

    With `audience`, an origin, the token is for the API there; `claims` as in `refresh`.
    """
    app = _App(
        credentials.client_id,
        credentials.client_secret,
        credentials.client_certificate,
        credentials.client_private_key,
    )
    if app.secret is None and (app.certificate is None or app.private_key is None):
        raise OperatorError(
            "The connection has neither a client secret nor a certificate with its key; whoever "
            "runs the app must connect it again with one"
        )
    form = {**extra_params(connection_config), "grant_type": "client_credentials"}
    if scopes and not audience:
        form["scope"] = provider.scope_separator.join(scopes)
    if claims:
        form["claims"] = claims
    tokens = await _ask(transport, provider, form, app, connection_config, clock, audience)
    return credentials.model_copy(
        update={
            "token": SecretStr(tokens.access_token),
            "expires_at": tokens.expires_at,
            "raw": tokens.raw,
        }
    )


async def _ask(  # noqa: PLR0917  # the parts of one token request, passed on as they are
    transport: Transport,
    provider: Provider,
    form: Mapping[str, str],
    app: _App,
    connection_config: Mapping[str, Any],
    clock: Clock,
    audience: str = "",
) -> Tokens:
    request = _token_request(provider, form, app, connection_config, audience, clock.now())
    if provider.token_request is not None:
        request = provider.token_request(request, connection_config)
    elif audience:
        request = replace(request, form={**request.form, "resource": audience})
    reply = await ask(transport, provider, request)
    return parse_tokens(provider, reply, clock.now())


def _token_request(  # noqa: PLR0917  # the parts of one token request, passed on as they are
    provider: Provider,
    form: Mapping[str, str],
    app: _App,
    connection_config: Mapping[str, Any],
    audience: str,
    now: datetime,
) -> TokenRequest:
    if not provider.token_url:
        raise OperatorError(f"The provider {provider.name} has no token endpoint")
    url = interpolate(provider.token_url, connection_config, quote=True)
    fields = {
        name: interpolate(template, connection_config, quote=False)
        for name, template in provider.token_params.items()
    }
    fields |= form
    headers = {}
    if app.certificate is not None and app.private_key is not None:
        fields["client_id"] = app.client_id
        fields["client_assertion_type"] = TYPE
        fields["client_assertion"] = sign_assertion(
            client_id=app.client_id,
            audience=url,
            certificate=app.certificate,
            private_key=app.private_key,
            algorithm=algorithm_of(provider, connection_config),
            now=now,
        )
    elif provider.token_auth == "basic" and app.secret is not None:
        secret = app.secret.get_secret_value()
        pair = f"{quote_plus(app.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        fields["client_id"] = app.client_id
        if app.secret is not None:
            fields["client_secret"] = app.secret.get_secret_value()
    return TokenRequest(url=url, form=fields, headers=headers, audience=audience)


def _delegated(tokens: Tokens, old: SecretStr | None = None) -> OAuth2Credentials:
    newest = SecretStr(tokens.refresh_token) if tokens.refresh_token else old
    return OAuth2Credentials(
        access_token=SecretStr(tokens.access_token),
        refresh_token=newest,
        expires_at=tokens.expires_at,
        raw=tokens.raw,
    )

"""Requests to the token endpoint: code exchange, refresh, client credentials.

[RFC 6749](https://www.rfc-editor.org/rfc/rfc6749): 4.1.3, 6 and 4.4; client authentication 2.3.1.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from pydantic import SecretStr

from fairlead.errors import OperatorError, ProviderError, ReconnectRequired
from fairlead.http import Transport, parse_url
from fairlead.model.clock import Clock
from fairlead.model.credentials import ClientCredentials, OAuth2Credentials
from fairlead.model.exchange import Request, Response
from fairlead.model.provider import Provider, Reply, TokenRequest
from fairlead.oauth.interpolate import interpolate
from fairlead.oauth.replies import Tokens, parse_tokens

#: longer than any healthy token endpoint takes
_LIMIT = timedelta(seconds=30)
_LARGEST_REPLY_BYTES = 1024 * 1024


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
) -> OAuth2Credentials:
    """Exchange an authorization code for credentials; raises what `classify` says of a refusal."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if provider.pkce:
        form["code_verifier"] = code_verifier
    tokens = await _ask(
        transport, provider, form, client_id, client_secret, connection_config, clock
    )
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
) -> OAuth2Credentials:
    """Renew credentials; a reply without a refresh token keeps the old one.

    `scopes` may be empty: then what was granted is renewed as it is.
    """
    if credentials.refresh_token is None:
        raise ReconnectRequired(
            "The connection has no refresh token; the end user must connect again"
        )
    old = credentials.refresh_token
    form = {"grant_type": "refresh_token", "refresh_token": old.get_secret_value()}
    if scopes:
        form["scope"] = provider.scope_separator.join(scopes)
    tokens = await _ask(
        transport, provider, form, client_id, client_secret, connection_config, clock
    )
    return _delegated(tokens, old)


async def client_credentials(
    transport: Transport,
    provider: Provider,
    *,
    credentials: ClientCredentials,
    connection_config: Mapping[str, Any],
    scopes: Sequence[str],
    clock: Clock,
) -> ClientCredentials:
    """Obtain a token for the app itself, with the id and secret that `credentials` hold."""
    if credentials.client_secret is None:
        raise OperatorError(
            "The connection has no client secret; whoever runs the app must connect it again with "
            "one"
        )
    form = {"grant_type": "client_credentials"}
    if scopes:
        form["scope"] = provider.scope_separator.join(scopes)
    tokens = await _ask(
        transport,
        provider,
        form,
        credentials.client_id,
        credentials.client_secret.get_secret_value(),
        connection_config,
        clock,
    )
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
    client_id: str,
    client_secret: str | None,
    connection_config: Mapping[str, Any],
    clock: Clock,
) -> Tokens:
    request = _token_request(provider, form, client_id, client_secret, connection_config)
    if provider.token_request is not None:
        request = provider.token_request(request, connection_config)
    origin, url = parse_url(request.url)
    if origin.scheme != "https" and not origin.is_loopback:
        raise OperatorError(
            f"The token endpoint {origin} is not https; correct the provider's token URL"
        )
    answer = await transport.send(
        Request(
            method="POST",
            url=url,
            headers={
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
                **request.headers,
            },
            body=urlencode(request.form).encode(),
        ),
        # never followed: the request holds secrets
        redirects=0,
        total_timeout=_LIMIT,
    )
    async with answer:
        reply = Reply(
            status=answer.status,
            headers=dict(answer.headers),
            body=await _bounded(answer, provider),
            url=url.partition("?")[0],
            method="POST",
        )
    return parse_tokens(provider, reply, clock.now())


def _token_request(
    provider: Provider,
    form: Mapping[str, str],
    client_id: str,
    client_secret: str | None,
    connection_config: Mapping[str, Any],
) -> TokenRequest:
    if not provider.token_url:
        raise OperatorError(f"The provider {provider.name} has no token endpoint")
    fields = {
        name: interpolate(template, connection_config, quote=False)
        for name, template in provider.token_params.items()
    }
    fields |= form
    headers = {}
    if provider.token_auth == "basic" and client_secret is not None:
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        fields["client_id"] = client_id
        if client_secret is not None:
            fields["client_secret"] = client_secret
    url = interpolate(provider.token_url, connection_config, quote=True)
    return TokenRequest(url=url, form=fields, headers=headers)


async def _bounded(answer: Response, provider: Provider) -> bytes:
    body = b""
    async for chunk in answer.stream():
        body += chunk
        if len(body) > _LARGEST_REPLY_BYTES:
            raise ProviderError(
                f"The token reply of {provider.display_name} is too large; see that the provider's "
                "token URL is right",
                code="token_reply_invalid",
                provider_status=answer.status,
            )
    return body


def _delegated(tokens: Tokens, old: SecretStr | None = None) -> OAuth2Credentials:
    newest = SecretStr(tokens.refresh_token) if tokens.refresh_token else old
    return OAuth2Credentials(
        access_token=SecretStr(tokens.access_token),
        refresh_token=newest,
        expires_at=tokens.expires_at,
        raw=tokens.raw,
    )

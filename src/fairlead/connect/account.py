"""Ask the vendor who has just connected: the provider's hook, and what it sends its calls with."""

from collections.abc import Mapping
from typing import Any

from fairlead.errors import EgressRefused
from fairlead.http import Transport
from fairlead.model.credentials import (
    ClientCredentials,
    Credentials,
    OAuth2Credentials,
    TwoStepCredentials,
)
from fairlead.model.exchange import Request
from fairlead.model.provider import Provider, Reply, SendFn
from fairlead.oauth import audience_of, credential_headers, interpolate

_LARGEST_REPLY_BYTES = 65_536


async def with_account(
    transport: Transport,
    provider: Provider,
    credentials: Credentials,
    config: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the connection's config with what the provider's hook found out about the account."""
    if provider.on_connected is None or not isinstance(
        credentials, OAuth2Credentials | ClientCredentials | TwoStepCredentials
    ):
        return dict(config)
    send = _send_as(transport, provider, credentials, config)
    account = await provider.on_connected(credentials.raw, config, send)
    # the vendor's own word on who this is: it wins over what anybody claimed before the trip
    return {**config, **account.connection_config}


def _send_as(
    transport: Transport,
    provider: Provider,
    credentials: Credentials,
    config: Mapping[str, Any],
) -> SendFn:
    async def send(url: str) -> Reply:
        if url.startswith("/"):
            url = interpolate(provider.base_url, config, quote=True).rstrip("/") + url
        if audience_of(provider, url, config) != "":
            raise EgressRefused(
                "The hook that asks who connected called an address that is not the "
                "provider's; its author must correct it"
            )
        request = Request(url=url, headers=credential_headers(provider, credentials, config))
        async with await transport.send(request) as answer:
            body = b""
            async for chunk in answer.stream():
                body += chunk
                if len(body) >= _LARGEST_REPLY_BYTES:
                    break
            return Reply(
                status=answer.status,
                headers=dict(answer.headers),
                body=body[:_LARGEST_REPLY_BYTES],
                url=url.partition("?")[0],
            )

    return send

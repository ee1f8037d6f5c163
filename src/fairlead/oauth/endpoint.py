"""One request to a token endpoint and its reply, read whole.

[RFC 6749, 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2): TLS, POST.
"""

from datetime import timedelta
from urllib.parse import urlencode

import orjson

from fairlead.errors import OperatorError, ProviderError
from fairlead.http import Transport, parse_url
from fairlead.model.exchange import Request, Response
from fairlead.model.provider import Provider, Reply, TokenRequest

#: longer than any healthy token endpoint takes
_LIMIT = timedelta(seconds=30)
_LARGEST_REPLY_BYTES = 1024 * 1024
_TYPES = {"form": "application/x-www-form-urlencoded", "json": "application/json"}


async def ask(transport: Transport, provider: Provider, request: TokenRequest) -> Reply:
    """Send a token request and return the reply, whatever its status."""
    origin, url = parse_url(request.url)
    if origin.scheme != "https" and not origin.is_loopback:
        raise OperatorError(
            f"The token endpoint {origin} is not https; correct the provider's token URL"
        )
    is_json = request.encoding == "json"
    answer = await transport.send(
        Request(
            method="POST",
            url=url,
            headers={
                "Accept": "application/json",
                "Content-Type": _TYPES[request.encoding],
                **request.headers,
            },
            body=orjson.dumps(dict(request.form)) if is_json else urlencode(request.form).encode(),
        ),
        # never followed: the request holds secrets
        redirects=0,
        total_timeout=_LIMIT,
    )
    async with answer:
        return Reply(
            status=answer.status,
            headers=dict(answer.headers),
            body=await _bounded(answer, provider),
            url=url.partition("?")[0],
            method="POST",
        )


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

"""A token for what was filled in: a request of the vendor's own shape (TWO_STEP of the contract).

Where the vendor wants an app's signed statement ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523),
2.2) it is signed for each request with the connection's certificate, or sent as it was pasted.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from fairlead.errors import OperatorError, ReconnectRequired
from fairlead.http import Transport
from fairlead.model.clock import Clock
from fairlead.model.credentials import TwoStepCredentials
from fairlead.model.provider import Provider, TokenRequest
from fairlead.oauth.assertion import algorithm_of, expiry_of, sign_assertion
from fairlead.oauth.endpoint import ask
from fairlead.oauth.interpolate import interpolate, places
from fairlead.oauth.replies import parse_reply


async def two_step(
    transport: Transport,
    provider: Provider,
    *,
    credentials: TwoStepCredentials,
    connection_config: Mapping[str, Any],
    clock: Clock,
    audience: str = "",
    claims: str = "",
) -> TwoStepCredentials:
    """Obtain a token with what was filled in; raises what `classify` says of a refusal.

    With `audience`, an origin, the token is for the API there; with `claims` it is to hold those
    that an API asked for. A pasted statement that is over is
    ReconnectRequired `assertion_expired`, and the vendor is not asked.
    """
    if not provider.token_url:
        raise OperatorError(f"The provider {provider.name} has no token endpoint")
    url = interpolate(provider.token_url, connection_config, quote=True)
    given = {name: value.get_secret_value() for name, value in credentials.fields.items()}
    if provider.assertion_field:
        given |= _assertion(provider, credentials, given, url, connection_config, clock)

    def filled(templates: Mapping[str, str]) -> dict[str, str]:
        return {
            name: interpolate(template, connection_config, quote=False, credentials=given)
            for name, template in templates.items()
            if not _is_left_out(provider, template, given)
        }

    request = TokenRequest(
        url=url,
        form=filled(provider.token_params) | ({"claims": claims} if claims else {}),
        headers=filled(provider.token_headers),
        audience=audience,
        encoding=provider.token_encoding,
    )
    if provider.token_request is not None:
        request = provider.token_request(request, connection_config)
    elif audience:
        request = replace(request, form={**request.form, "resource": audience})
    tokens = parse_reply(provider, await ask(transport, provider, request), clock.now())
    return credentials.model_copy(
        update={
            "token": SecretStr(tokens.access_token),
            "refresh_token": SecretStr(tokens.refresh_token) if tokens.refresh_token else None,
            "expires_at": tokens.expires_at,
            "raw": tokens.raw,
        }
    )


def _assertion(  # noqa: PLR0917  # the parts of one token request, passed on as they are
    provider: Provider,
    credentials: TwoStepCredentials,
    given: Mapping[str, str],
    url: str,
    connection_config: Mapping[str, Any],
    clock: Clock,
) -> dict[str, str]:
    name = provider.assertion_field
    if credentials.client_certificate is not None and credentials.client_private_key is not None:
        signed = sign_assertion(
            client_id=given.get(provider.client_id_field, ""),
            audience=url,
            certificate=credentials.client_certificate,
            private_key=credentials.client_private_key,
            algorithm=algorithm_of(provider, connection_config),
            now=clock.now(),
        )
        return {name: signed}
    pasted = given.get(name)
    if not pasted:
        raise OperatorError(
            "The connection has neither a certificate with its key nor a signed assertion; whoever "
            "runs the app must connect it again with one",
            code="missing_client_key",
        )
    ends_at = expiry_of(pasted)
    if ends_at is not None and ends_at <= clock.now():
        raise ReconnectRequired(
            f"The assertion that was pasted ended on {ends_at:%Y-%m-%d at %H:%M} UTC, and nobody "
            "here has the key to sign another; connect again, best with a certificate and its key",
            code="assertion_expired",
        )
    return {name: pasted}


def _is_left_out(provider: Provider, template: str, given: Mapping[str, str]) -> bool:
    """Say whether the template needs an optional credential that was not filled in."""
    for place in places(template):
        name = place.removeprefix("credentials.")
        field = provider.credential_fields.get(name)
        if place != name and field is not None and not field.required and not given.get(name):
            return True
    return False

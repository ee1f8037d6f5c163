"""The URL that sends a browser to the vendor to ask for consent.

[RFC 6749, 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1), with
[RFC 7636](https://www.rfc-editor.org/rfc/rfc7636) (PKCE).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fairlead.errors import InvalidInput, OperatorError
from fairlead.http import parse_url
from fairlead.model.provider import Provider
from fairlead.oauth.interpolate import interpolate
from fairlead.oauth.pkce import challenge_of
from fairlead.oauth.scopes import scope_text, with_required

# each of them decides where the answer goes, or binds it to this trip; `request` and `request_uri`
# would carry all the others in disguise (RFC 9101)
_OURS = frozenset(
    {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "request",
        "request_uri",
        "response_type",
        "state",
    }
)


def check_overrides(overrides: Iterable[str]) -> None:
    """Refuse the name of a parameter that binds the answer to its trip."""
    for name in overrides:
        if name.strip().lower() in _OURS:
            raise InvalidInput(
                f"authorization_params.{name} cannot be changed; remove it",
                code="authorization_param_not_allowed",
                issues=[
                    {
                        "code": "custom",
                        "message": "cannot be changed",
                        "path": ["authorization_params", name],
                    }
                ],
            )


def authorization_url(
    provider: Provider,
    *,
    client_id: str,
    redirect_uri: str,
    scopes: Sequence[str],
    state: str,
    code_verifier: str,
    connection_config: Mapping[str, Any],
    overrides: Mapping[str, str],
) -> str:
    """Return the URL; `overrides` replace the provider's parameters, a blank one removes its own.

    An override of `scope` replaces `scopes`; required scopes that it lacks are added. InvalidInput
    (`authorization_param_not_allowed`) for a parameter that binds the answer to this trip.
    """
    check_overrides(overrides)
    if not provider.authorization_url:
        raise OperatorError(f"The provider {provider.name} has no authorization page")
    _, url = parse_url(interpolate(provider.authorization_url, connection_config, quote=True))
    endpoint, _, fixed = url.partition("?")
    params = dict(parse_qsl(fixed, keep_blank_values=True))
    scope = provider.scope_separator.join(with_required(provider, scopes))
    if scope:
        params["scope"] = scope
    for name, template in provider.authorization_params.items():
        params[name] = interpolate(template, connection_config, quote=False)
    for name, value in overrides.items():
        if not value.strip():
            params.pop(name, None)
        elif name == "scope":
            params[name] = scope_text(provider, value)
        else:
            params[name] = value
    ours = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    if provider.pkce:
        ours |= {"code_challenge": challenge_of(code_verifier), "code_challenge_method": "S256"}
    return f"{endpoint}?{urlencode({**ours, **params, **ours})}"

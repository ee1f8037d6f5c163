"""The URL by which an administrator approves an app for a whole organisation.

No RFC has it; vendors that do take the parameters of an authorization request
([RFC 6749, 4.1.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1)) and answer without a code.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fairlead.errors import OperatorError
from fairlead.http import parse_url
from fairlead.model.provider import Provider
from fairlead.oauth.interpolate import interpolate


def admin_consent_url(
    provider: Provider,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    connection_config: Mapping[str, Any],
) -> str:
    """Return the URL to forward to an administrator."""
    if not provider.admin_consent_url:
        raise OperatorError(f"{provider.display_name} has no page on which admins approve apps")
    _, url = parse_url(interpolate(provider.admin_consent_url, connection_config, quote=True))
    params = {
        name: interpolate(template, connection_config, quote=False)
        for name, template in provider.admin_consent_params.items()
    }
    ours = {"client_id": client_id, "redirect_uri": redirect_uri, "state": state}
    return f"{url}?{urlencode({**params, **ours})}"

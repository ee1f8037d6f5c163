"""fairlead-generic: APIs that no pack knows, by their base URL and a credential."""

from collections.abc import Mapping
from typing import Any

from fairlead.model.exchange import Send
from fairlead.sdk import Pack
from fairlead_generic.providers import PROVIDERS


def _send_alone(send: Send, connection_config: Mapping[str, Any]) -> Send:
    """Return what functions see as `ctx.api`: nothing is known of the API but how to call it."""
    del connection_config  # the address is in it, and `send` knows it already
    return send


pack: Pack[Send] = Pack("generic", api=_send_alone, providers=PROVIDERS)

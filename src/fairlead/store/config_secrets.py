"""Seal and open what is secret in a connection's config, beside the row that it belongs to."""

from collections.abc import Mapping
from typing import Any

import orjson

from fairlead.errors import InternalError
from fairlead.store.columns import Unstorable
from fairlead.vault.vault import Vault


def seal(vault: Vault | None, values: Mapping[str, Any], *, row: str) -> bytes | None:
    """Return an envelope of JSON values that opens only under `row`, None for no values."""
    if not values:
        return None
    if vault is None:
        raise InternalError("Secret values were to be kept in a database opened without its vault")
    try:
        return vault.seal(orjson.dumps(dict(values)), row=row)
    except orjson.JSONEncodeError:
        # `from None`: the cause could quote the value
        raise Unstorable("A secret value cannot be written as JSON; send something else") from None


def opened(vault: Vault | None, envelope: bytes | None, *, row: str) -> dict[str, Any]:
    """Return the sealed values; none without the vault."""
    if envelope is None or vault is None:
        return {}
    values: dict[str, Any] = orjson.loads(vault.open(envelope, row=row))
    return values

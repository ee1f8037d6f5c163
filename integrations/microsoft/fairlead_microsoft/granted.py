"""What a grant certainly lacks, as its token tells.

Claims: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference;
permissions: https://learn.microsoft.com/graph/permissions-reference.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fairlead_microsoft.diagnosis.permissions import covers, opens_selected
from fairlead_microsoft.diagnosis.token import Badge

#: what opens a person's own files may be enough, though not for everything
_OWN = {"Files.Read.All": "Files.Read", "Files.ReadWrite.All": "Files.ReadWrite"}


def lacking(tokens: Mapping[str, Any], scopes: Sequence[str]) -> list[str]:
    """Return which of these permissions of Graph the token lacks without any doubt.

    Nothing is certain of a token that cannot be read, or that opens chosen sites, lists or files:
    what was granted there, the token does not say.
    """
    badge = Badge.of(tokens)
    held = badge.held
    if not badge.claims or opens_selected(held):
        return []
    return [
        scope
        for scope in scopes
        if not covers(held, scope)
        and (badge.is_app or scope not in _OWN or not covers(held, _OWN[scope]))
    ]

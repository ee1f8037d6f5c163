"""Notice: an inbound webhook after verification."""

from collections.abc import Mapping

from fairlead.model.frozen import Frozen


class Notice(Frozen):
    """A vendor's webhook, verified, with what names the connections concerned."""

    provider: str
    integration_key: str
    body: bytes
    matches: tuple[Mapping[str, str], ...] = ()

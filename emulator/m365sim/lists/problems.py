"""Why a list refuses something, beyond what the content store says already."""

from __future__ import annotations

from m365sim.files.problems import Refused


class Unacceptable(Refused):
    """The request says something of a list, a column or a value that cannot be."""


class Throttled(Refused):
    """The query would look at more items than the list view threshold allows."""


class Forbidden(Refused):
    """The thing belongs to the service and is not for clients to change."""


class Locked(Refused):
    """Someone else has it checked out."""

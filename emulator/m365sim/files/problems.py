"""Why the content store refuses something; each surface words it in its own way."""

from __future__ import annotations


class Refused(Exception):
    """The content store does not do that."""


class Missing(Refused):
    """There is no such item, or it was deleted."""


class NameTaken(Refused):
    """Another item of the folder has that name, in some case."""


class BadName(Refused):
    """SharePoint does not allow that name."""


class PathTooLong(Refused):
    """The decoded path from the site's root would exceed 400 characters."""


class NotAllowed(Refused):
    """The operation makes no sense there, such as moving a folder into itself."""


class BadToken(Refused):
    """That is no delta token of this drive."""


class TokenExpired(Refused):
    """The delta token is older than the change log reaches."""


class CheckedOut(Refused):
    """Somebody else has the file for themselves."""


class TooLarge(Refused):
    """More bytes than may come at once."""


class OutOfRange(Refused):
    """A fragment is not the one that was waited for; `code` says in which way."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

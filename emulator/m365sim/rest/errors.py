"""What `_api` says when it refuses: an HRESULT, the exception's class, and a sentence.

https://learn.microsoft.com/sharepoint/dev/sp-add-ins/complete-basic-operations-using-sharepoint-rest-endpoints
"""

from __future__ import annotations

from m365sim.files import problems
from m365sim.lists.problems import Forbidden, Locked, Throttled, Unacceptable

_SP = "Microsoft.SharePoint.SPException"
_QUERY = "Microsoft.SharePoint.Client.InvalidClientQueryException"


#: Refusal → status, code, and a sentence if the service has one of its own.
_WORDS: tuple[tuple[type[problems.Refused], int, str, str], ...] = (
    (problems.NameTaken, 400, f"-2130575257, {_SP}", ""),
    (problems.BadName, 400, f"-2130575245, {_SP}", ""),
    (problems.PathTooLong, 400, f"-2130575245, {_SP}", ""),
    (problems.TooLarge, 413, f"-2130575152, {_SP}", ""),
    (
        Throttled,
        500,
        "-2147024860, Microsoft.SharePoint.SPQueryThrottledException",
        "The attempted operation is prohibited because it exceeds the list view threshold.",
    ),
    (problems.CheckedOut, 423, "-2147018894, Microsoft.SharePoint.SPFileLockException", ""),
    (Locked, 423, "-2147018894, Microsoft.SharePoint.SPFileLockException", ""),
    (Unacceptable, 400, f"-1, {_QUERY}", ""),
)


class RestError(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or []


def denied() -> RestError:
    """Make the error for what the caller may not do."""
    return RestError(
        403,
        "-2147024891, System.UnauthorizedAccessException",
        "Access denied. You do not have permission to perform this action or access this resource.",
    )


def bad_digest() -> RestError:
    """Make the error for a form digest that is none, or too old."""
    return RestError(
        403,
        f"-2130575251, {_SP}",
        "The security validation for this page is invalid and might be corrupted. Please use your "
        "web browser's Back button to try your operation again.",
    )


def bad_query(message: str) -> RestError:
    """Make the error for a request that cannot be meant."""
    return RestError(400, f"-1, {_QUERY}", message)


def no_resource(request: str) -> RestError:
    """Make the error for an address that leads nowhere."""
    return RestError(
        404,
        "-1, Microsoft.SharePoint.Client.ResourceNotFoundException",
        f"Cannot find resource for the request {request}.",
    )


def no_file(place: str) -> RestError:
    """Make the error for a file that is not there."""
    return RestError(404, f"-2130575338, {_SP}", f"The file {place} does not exist.")


def no_folder() -> RestError:
    """Make the error for a folder, or an old address of a file, that is not there."""
    return RestError(404, "-2147024894, System.IO.FileNotFoundException", "File Not Found.")


def no_list(what: str) -> RestError:
    """Make the error for a list that is not there."""
    return RestError(
        404,
        "-1, System.ArgumentException",
        f"List '{what}' does not exist at site with URL of this request.",
    )


def no_item() -> RestError:
    """Make the error for an item that is not there."""
    return RestError(
        404,
        "-2147024809, System.ArgumentException",
        "Item does not exist. It may have been deleted by another user.",
    )


def no_group() -> RestError:
    """Make the error for a group that is not there."""
    return RestError(404, f"-2146232832, {_SP}", "Group cannot be found.")


def no_user() -> RestError:
    """Make the error for a user that is not there."""
    return RestError(404, f"-2146232832, {_SP}", "The specified user could not be found.")


def changed_since(wanted: str, found: str) -> RestError:
    """Make the error for an If-Match that does not fit."""
    return RestError(
        412,
        "-1, Microsoft.SharePoint.Client.ClientServiceException",
        f"The request ETag value '{wanted}' does not match the object's ETag value '{found}'.",
    )


def worded(refused: problems.Refused) -> RestError:
    """Word a refusal of the content store or of a list as `_api` does."""
    if isinstance(refused, problems.Missing):
        return no_folder()
    if isinstance(refused, Forbidden):
        return denied()
    for kind, status, code, text in _WORDS:
        if isinstance(refused, kind):
            return RestError(status, code, text or str(refused))
    return RestError(400, f"-2130575155, {_SP}", str(refused))

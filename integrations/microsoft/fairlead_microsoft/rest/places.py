"""Addresses of `_api`: a web, and what lies in it by id, title or path.

Names go as `...(decodedurl='...')`, the only form in which `#` and `%` may be part of one:
https://learn.microsoft.com/sharepoint/dev/solution-guidance/supporting-and-in-file-and-folder-with-the-resourcepath-api.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from uuid import UUID

from fairlead.errors import InvalidInput
from fairlead_microsoft.graph import urls

#: legal in a query and easier on the eye than their codes
_PLAIN_IN_QUERY = f"{urls.PLAIN_IN_QUERY}'"


def quoted(text: str) -> str:
    """Return a text as a literal in an address: quotes doubled, then everything encoded.

    https://www.odata.org/documentation/odata-version-3-0/url-conventions/
    """
    doubled = text.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


def guid(text: str) -> UUID | None:
    """Read a GUID, with or without braces; None for anything else."""
    try:
        return UUID(text.strip("{}"))
    except ValueError:
        return None


def number(text: str | int, what: str = "row") -> int:
    """Read the number that a row, user or group has; InvalidInput for anything else."""
    digits = str(text)
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidInput(f"'{text}' is not the id of a {what}: SharePoint numbers them.")
    return int(digits)


def with_query(url: str, params: dict[str, str | int | None]) -> str:
    """Append parameters, `$` before those of OData; None leaves one out."""
    return urls.with_query(url, params, unquoted=_PLAIN_IN_QUERY)


@dataclass(frozen=True, slots=True)
class Web:
    """A site as `_api` addresses it; every method returns an absolute URL."""

    #: where it is, without a slash at the end
    url: str

    @property
    def root(self) -> str:
        """Path of the site, `/` for the one at the top: what server-relative paths begin with."""
        return urlsplit(self.url).path or "/"

    @property
    def api(self) -> str:
        """Where its API begins."""
        return f"{self.url}/_api"

    def path(self, *steps: str) -> str:
        """Return an address below the web; steps are addresses already: `path("siteusers")`."""
        return "/".join([f"{self.api}/web", *steps])

    def list(self, list_id: str, *steps: str) -> str:
        """Return the address of a list, by its id or else by its title, or of what is below it."""
        if list_id.strip() in ("", ".", ".."):
            raise InvalidInput(f"'{list_id}' is not the id or title of a list.")
        known = guid(list_id)
        what = f"lists(guid'{known}')" if known else f"lists/getbytitle({quoted(list_id)})"
        return self.path(what, *steps)

    def item(self, list_id: str, item_id: str | int, *steps: str) -> str:
        """Return the address of a row of a list, by its number."""
        return self.list(list_id, f"items({number(item_id)})", *steps)

    def file(self, place: str, *steps: str) -> str:
        """Return the address of a file, by its server-relative path (`/sites/x/Lib/a#1.txt`)."""
        return self._placed("getfilebyserverrelativepath", place, steps)

    def folder(self, place: str, *steps: str) -> str:
        """Return the address of a folder, by its server-relative path."""
        return self._placed("getfolderbyserverrelativepath", place, steps)

    def file_by_id(self, unique_id: UUID, *steps: str) -> str:
        """Return the address of a file by its unique id, which stays when it is moved."""
        return self.path(f"getfilebyid('{unique_id}')", *steps)

    def folder_by_id(self, unique_id: UUID, *steps: str) -> str:
        """Return the address of a folder by its unique id."""
        return self.path(f"getfolderbyid('{unique_id}')", *steps)

    def within(self, path: str) -> str:
        """Return the server-relative path of what lies in this site: `Lib/a` -> `/sites/x/Lib/a`.

        A path that begins with a slash is server-relative already.
        """
        return path if path.startswith("/") else f"{self.root.rstrip('/')}/{path}"

    def _placed(self, function: str, place: str, steps: tuple[str, ...]) -> str:
        names = place.split("/")
        if not place.startswith("/") or any(name in (".", "..") for name in names):
            raise InvalidInput(f"'{place}' is not a server-relative path; it begins with a slash.")
        return self.path(f"{function}(decodedurl={quoted(place)})", *steps)

"""Read the addresses that people copy out of SharePoint, without asking anybody.

Known forms: a library's own address; `/:w:/r/...`, the address of a document as its button copies
it; `AllItems.aspx?id=` and `?RootFolder=`, a view of a folder; `Doc.aspx?sourcedoc=`, a document in
its editor; `download.aspx?UniqueId=`; and sharing links (`/:w:/s/...`), which say nothing by
themselves (https://learn.microsoft.com/graph/api/shares-get).
"""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from fairlead.errors import InvalidInput

_TYPED = re.compile(r":[a-z]:")
#: first names of an address that are followed by the name of a site
_MANAGED = frozenset({"sites", "teams", "personal", "portals"})
_LAYOUTS = "_layouts"
#: an id of a drive item: a mark, then base32 of the drive's four bytes and the item's sixteen
_MARK = "01"
_DRIVE_BYTES = 4


@dataclass(frozen=True, slots=True)
class Pasted:
    """What an address says."""

    host: str
    #: names on the way from the host to the item, decoded; of a document by its id, to its site
    names: list[str]
    #: of a document that is named by its id alone
    unique_id: UUID | None = None
    #: a sharing link: only the service knows what it leads to
    is_link: bool = False

    @property
    def sites(self) -> list[list[str]]:
        """The places that may be the item's site, the topmost first."""
        first = 2 if self.names and self.names[0].lower() in _MANAGED else 0
        return [self.names[:end] for end in range(first, len(self.names) + 1)]


def read_address(url: str) -> Pasted:
    """Read an address; InvalidInput if it is none of a web page."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidInput("The url is not a web address; copy it from SharePoint, whole.")
    names = [unquote(name) for name in parts.path.split("/") if name]
    query = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
    if len(names) > 1 and _TYPED.fullmatch(names[0]):
        if names[1] != "r":
            return Pasted(host, names, is_link=True)
        names = names[2:]
    lower = [name.lower() for name in names]
    if (folder := query.get("id") or query.get("rootfolder")) and lower[-1:] != [_LAYOUTS]:
        return Pasted(host, [name for name in folder.split("/") if name])
    if _LAYOUTS in lower:
        site = names[: lower.index(_LAYOUTS)]
        if lower[-1] == "guestaccess.aspx":
            return Pasted(host, names, is_link=True)
        unique_id = _guid(query.get("sourcedoc") or query.get("uniqueid") or "")
        return Pasted(host, site, unique_id)
    if "forms" in lower and lower[-1].endswith(".aspx"):
        names = names[: lower.index("forms")]
    return Pasted(host, names)


def sharing_token(url: str) -> str:
    """Return the token that stands for an address in `/shares/{token}`."""
    return f"u!{base64.urlsafe_b64encode(url.strip().encode()).decode().rstrip('=')}"


def names_of(web_url: str) -> list[str]:
    """Return the names on the way to an address, decoded."""
    return [unquote(name) for name in urlsplit(web_url).path.split("/") if name]


def item_id_in(root_id: str, unique_id: UUID) -> str | None:
    """Return the id of an item in the drive whose root has this id; None if it is no such id.

    All ids of a drive share four bytes; the others are the item's own, as in its eTag.
    """
    try:
        whole = base64.b32decode(root_id.removeprefix(_MARK))
    except binascii.Error:
        return None
    return _MARK + base64.b32encode(whole[:_DRIVE_BYTES] + unique_id.bytes_le).decode()


def _guid(text: str) -> UUID | None:
    try:
        return UUID(text.strip("{}"))
    except ValueError:
        return None

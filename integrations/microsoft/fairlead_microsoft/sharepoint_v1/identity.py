"""The identity map: the same site, drive and item under the names that both APIs give them.

SharePoint's own API knows GUIDs (site collection, web, list, unique id) and addresses; Graph knows
ids that are made of these GUIDs, byte for byte (decoded from recorded answers):

- a site: `{host},{siteId},{webId}` (https://learn.microsoft.com/graph/api/resources/site);
- a drive: `b!` and base64 of the site's, the web's and the list's GUID;
- an item of a drive: `01` and base32 of four bytes that all items of the drive share, and the
  item's unique id. Those four bytes are told by Graph's form only, so a drive's root is asked for
  once (`_api/v2.0/drives/{id}/root`, the same host, the same token:
  https://learn.microsoft.com/sharepoint/dev/apis/sharepoint-rest-graph).

GUIDs are in the byte order that Windows keeps them in. Web and list GUIDs repeat across site
collections made from one template, so none of them counts alone.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

_DRIVE = "b!"
_ITEM = "01"
_GUID_BYTES = 16
_PREFIX_BYTES = 4
_GUIDS_OF_A_DRIVE = 3
#: unique id that the root of every drive has in its id; its own is another
ROOT = "ea8cc6be-ffdb-43d7-976f-bc7da445c639"
#: what opens in a viewer, so that its address is no path
_VIEWED = frozenset({"docx", "pptx", "xlsx"})


@dataclass(frozen=True, slots=True)
class SiteRef:
    """A site (a web, as SharePoint's own API says) by its three parts."""

    host: str
    #: GUID of the site collection
    site_id: str
    #: GUID of the web
    web_id: str

    @property
    def id(self) -> str:
        """Its id at Graph."""
        return f"{self.host},{self.site_id},{self.web_id}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read an id of Graph; None if it is no triple."""
        parts = text.split(",")
        try:
            host, site, web = parts[0], str(UUID(parts[1])), str(UUID(parts[2]))
        except (IndexError, ValueError):
            return None
        return cls(host, site, web) if len(parts) == 3 and host else None


@dataclass(frozen=True, slots=True)
class DriveRef:
    """A drive (a document library) by the GUIDs of the site collection, the web and the list."""

    site_id: str
    web_id: str
    list_id: str

    @property
    def id(self) -> str:
        """Its id at Graph."""
        whole = b"".join(UUID(one).bytes_le for one in (self.site_id, self.web_id, self.list_id))
        return _DRIVE + base64.urlsafe_b64encode(whole).decode()

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read an id of Graph; None if it is none of SharePoint's."""
        try:
            whole = base64.urlsafe_b64decode(text.removeprefix(_DRIVE))
        except (binascii.Error, ValueError):
            return None
        if not text.startswith(_DRIVE) or len(whole) != _GUIDS_OF_A_DRIVE * _GUID_BYTES:
            return None
        return cls(*(_guid(whole[at : at + _GUID_BYTES]) for at in range(0, 48, _GUID_BYTES)))


@dataclass(frozen=True, slots=True)
class ItemRef:
    """An item of a drive: the bytes that the drive's items share, and its unique id."""

    #: hexadecimal
    prefix: str
    unique_id: str

    @property
    def id(self) -> str:
        """Its id at Graph."""
        whole = bytes.fromhex(self.prefix) + UUID(self.unique_id).bytes_le
        return _ITEM + base64.b32encode(whole).decode()

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read an id of Graph; None if it is none of SharePoint's."""
        try:
            whole = base64.b32decode(text.removeprefix(_ITEM))
        except (binascii.Error, ValueError):
            return None
        if not text.startswith(_ITEM) or len(whole) != _PREFIX_BYTES + _GUID_BYTES:
            return None
        return cls(whole[:_PREFIX_BYTES].hex(), _guid(whole[_PREFIX_BYTES:]))


@dataclass(frozen=True, slots=True)
class ItemIds:
    """The ids of one drive's items in both forms."""

    drive_id: str
    #: hexadecimal: what the ids of all its items begin with
    prefix: str
    #: unique id of the folder at the top of the library
    root_unique_id: str | None = None

    @classmethod
    def of_root(cls, drive_id: str, root_id: str, root_unique_id: str | None = None) -> Self | None:
        """Learn the ids of a drive from that of its root; None if it is none of SharePoint's."""
        root = ItemRef.read(root_id)
        return cls(drive_id, root.prefix, root_unique_id) if root is not None else None

    @property
    def root_id(self) -> str:
        """The id of the drive's root at Graph."""
        return ItemRef(self.prefix, ROOT).id

    def item_id(self, unique_id: str) -> str:
        """Return the id at Graph of what SharePoint's own API calls by a unique id."""
        if self.root_unique_id is not None and unique_id.lower() == self.root_unique_id.lower():
            return self.root_id
        return ItemRef(self.prefix, unique_id).id

    def unique_id(self, item_id: str) -> str | None:
        """Return the unique id of an item by its id at Graph; None if it is of another drive."""
        found = ItemRef.read(item_id)
        if found is None or found.prefix != self.prefix:
            return None
        return self.root_unique_id or ROOT if found.unique_id == ROOT else found.unique_id


@dataclass(slots=True)
class SiteMap:
    """Which site has which address: `{host},{siteId},{webId}` <-> `https://host/sites/x`."""

    _addresses: dict[str, str] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)

    def learn(self, site_id: str, web_url: str) -> None:
        """Take in a site; what had its id or its address before is forgotten."""
        address = address_of(web_url)
        self._ids.pop(self._addresses.pop(site_id, ""), None)
        self._addresses.pop(self._ids.pop(address, ""), None)
        self._addresses[site_id] = address
        self._ids[address] = site_id

    def url(self, site_id: str) -> str | None:
        """Return the address of a site."""
        return self._addresses.get(site_id)

    def site_id(self, web_url: str) -> str | None:
        """Return the id of the site at an address, however that is spelled."""
        return self._ids.get(address_of(web_url))


def address_of(web_url: str) -> str:
    """Return the one spelling of a site's address: no case, no slash at its end, decoded once."""
    parts = urlsplit(web_url)
    path = quote(unquote(parts.path).rstrip("/").lower())
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}{path}"


def item_url(web_url: str, place: str, unique_id: str, *, is_folder: bool) -> str:
    """Return the address of a file or folder as Graph gives it; `place` is server-relative.

    Office files open in the viewer of their web.
    """
    name = place.rpartition("/")[2]
    if not is_folder and name.rpartition(".")[2].lower() in _VIEWED:
        return (
            f"{web_url.rstrip('/')}/_layouts/15/Doc.aspx?sourcedoc=%7B{unique_id.upper()}%7D"
            f"&file={quote(name, safe='')}&action=default&mobileredirect=true"
        )
    parts = urlsplit(web_url)
    return f"{parts.scheme}://{parts.netloc}{quote(place)}"


def _guid(raw: bytes) -> str:
    return str(UUID(bytes_le=raw))

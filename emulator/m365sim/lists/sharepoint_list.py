"""What a generic list and a document library have in common.

https://learn.microsoft.com/graph/api/resources/list
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from m365sim.files import Actor, Site
from m365sim.files.changes import DeltaToken
from m365sim.files.ids import guid_of, mint_uid
from m365sim.files.problems import Missing
from m365sim.history import Scribe
from m365sim.lists.column import Column
from m365sim.lists.content_type import ContentType
from m365sim.lists.row import Row
from m365sim.lists.schema import Schema
from m365sim.lists.view import Views

#: More items than this may not be looked at by one query.
VIEW_THRESHOLD = 5000


@dataclass(frozen=True, slots=True)
class RowsPage:
    """Some entries of a delta round. The second value of each tells whether the item is gone."""

    entries: list[tuple[Row, bool]]
    token: DeltaToken
    is_last: bool


class SharePointList(ABC):
    """A list: its name, its schema, its items, and what happened to them."""

    template = "genericList"
    hidden = False
    is_system = False
    content_types_enabled = False

    def __init__(self, site: Site, uid: bytes, schema: Schema) -> None:
        self.site = site
        self.uid = uid
        self.schema = schema
        self.version = 0  # the n of the eTag: any change of the list itself
        self.scribe: Scribe | None = None  # where changes are written down, if anywhere
        self._views: Views | None = None

    @property
    def id(self) -> str:
        """The id as Graph writes it."""
        return guid_of(self.uid)

    @property
    def root_uid(self) -> bytes:
        """The unique id of its root folder, which is none of its items."""
        return mint_uid("root folder", self.site.collection, self.uid)

    @property
    def views(self) -> Views:
        """Its views, made when they are first looked at."""
        if self._views is None:
            self._views = Views(self, is_library=not self.folder.startswith(("Lists/", "_catal")))
        return self._views

    @property
    def web_url(self) -> str:
        """The address in the real service."""
        return f"{self.site.web_url}/{quote(self.folder)}"

    # -- the list itself

    @property
    @abstractmethod
    def folder(self) -> str:
        """Its place below the site: `Lists/Books`, `Shared Documents`."""

    @property
    @abstractmethod
    def display_name(self) -> str:
        """Its title."""

    @property
    @abstractmethod
    def description(self) -> str:
        """What it is for."""

    @property
    @abstractmethod
    def created_at(self) -> int:
        """When it was made (seconds since 1970)."""

    @property
    @abstractmethod
    def modified_at(self) -> int:
        """When it or anything in it last changed (seconds since 1970)."""

    @property
    @abstractmethod
    def created_by(self) -> Actor:
        """Who made it."""

    @abstractmethod
    def describe(self, *, display_name: str | None, description: str | None) -> None:
        """Give it another title or description."""

    # -- its items

    @property
    @abstractmethod
    def head(self) -> int:
        """The number of the latest change of its items."""

    @property
    @abstractmethod
    def floor(self) -> int:
        """The number before which tokens are expired."""

    @property
    @abstractmethod
    def last(self) -> int:
        """The highest number that an item has, or had."""

    @abstractmethod
    def row(self, number: int) -> Row:
        """Return a live item; Missing when there is none of that number."""

    def find(self, number: int) -> Row | None:
        """Return a live item; None when there is none of that number."""
        try:
            return self.row(number)
        except Missing:
            return None

    @abstractmethod
    def rows_after(self, number: int) -> Iterator[Row]:
        """Yield the live items with a higher number, in order."""

    @abstractmethod
    def is_large(self) -> bool:
        """Tell whether there are more items than the list view threshold."""

    @abstractmethod
    def add(self, values: Mapping[str, Any], by: Actor, content_type: str | None = None) -> Row:
        """Make an item."""

    @abstractmethod
    def update(
        self, row: Row, values: Mapping[str, Any], by: Actor, content_type: str | None = None
    ) -> Row:
        """Set some values of an item; None takes one away."""

    @abstractmethod
    def delete(self, row: Row) -> None:
        """Put an item into the recycle bin."""

    @abstractmethod
    def versions(self, row: Row) -> list[Row]:
        """List the states an item was in, the latest first."""

    # -- its changes

    @abstractmethod
    def open_delta(self, text: str | None, now: datetime) -> DeltaToken:
        """Return the page of a round that a token of a request stands for.

        Without one a full enumeration begins. Raises BadToken or TokenExpired.
        """

    @abstractmethod
    def delta_page(self, token: DeltaToken, limit: int) -> RowsPage:
        """Return the entries at a token, and the token that goes on from there."""

    @abstractmethod
    def forget_column(self, column: Column) -> None:
        """Take a column's values from all items."""

    @abstractmethod
    def uses(self, content_type: ContentType) -> bool:
        """Tell whether an item is of a content type."""

    def default_type(self) -> ContentType:
        """Return the content type of items that name none."""
        return next(iter(self.schema.content_types.values()))

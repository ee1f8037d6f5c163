"""All lists of a tenant's sites: the face of this room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from m365sim.files import Actor, Content, Drive, Site
from m365sim.files.ids import mint_uid, uid_of
from m365sim.files.item import SYSTEM
from m365sim.files.problems import Missing, NameTaken, Refused
from m365sim.history.lists import note_list
from m365sim.lists import builtin_columns
from m365sim.lists.column import Column
from m365sim.lists.content_type import (
    DOCUMENT,
    FOLDER,
    ITEM,
    PERSON,
    SITE_PAGE,
    ContentType,
    built_in,
)
from m365sim.lists.generic import GenericList
from m365sim.lists.library import Library
from m365sim.lists.people import People
from m365sim.lists.problems import Forbidden, Unacceptable
from m365sim.lists.schema import Schema
from m365sim.lists.sharepoint_list import SharePointList
from m365sim.lists.site_steps import RecycledList, SchemaScribe, Step
from m365sim.lists.templates import LIBRARY, TEMPLATES, free_name
from m365sim.tenant import Directory

PAGES = "SitePages"


@dataclass(frozen=True, slots=True)
class Minter:
    """Mints the uids of the parts of one site's lists."""

    lists: Lists
    key: tuple[bytes, bytes]

    def __call__(self) -> bytes:
        """Return another uid."""
        return self.lists.mint(self.key)


class Lists:
    """The lists of every site; a library is there because its drive is."""

    def __init__(
        self, content: Content, directory: Directory, user_number: Callable[[Site, str], int]
    ) -> None:
        self._content = content
        self._directory = directory
        self._user_number = user_number  # by which a site knows a login name
        self._generic: dict[Site, list[GenericList]] = {}
        self._libraries: WeakKeyDictionary[Drive, Library] = WeakKeyDictionary()
        self._schemas: dict[Site, Schema] = {}
        self._people: dict[bytes, People] = {}
        self._minted: dict[tuple[bytes, bytes], int] = {}
        self.history: list[Step] = []  # of what is no item, oldest first
        self.recycled: list[RecycledList] = []  # whole lists in the recycle bin

    # -- finding

    def of(self, site: Site) -> list[SharePointList]:
        """List the libraries and lists of a site, system ones included."""
        lists: list[SharePointList] = [self.library(drive) for drive in site.drives]
        lists.extend(self._generic.get(site, ()))
        if site.parent is None and not site.is_personal:
            lists.append(self.people(site).list)
        return lists

    def find(self, site: Site, key: str) -> SharePointList:
        """Find a list by its id or its title; Missing when there is none."""
        uid = uid_of(key)
        for known in self.of(site):
            if known.uid == uid if uid else known.display_name.lower() == key.lower():
                return known
        raise Missing("There is no such list.")

    def library(self, drive: Drive) -> Library:
        """Return the list behind a drive."""
        known = self._libraries.get(drive)
        if known is None:
            is_pages = drive.is_system and drive.url_name == PAGES
            columns = builtin_columns.page_columns if is_pages else builtin_columns.library_columns
            types = (SITE_PAGE, FOLDER) if is_pages else (DOCUMENT, FOLDER)
            schema = self._list_schema(drive.site, columns(), types)
            known = Library(drive, schema, self._content.clock, self._content.rounds)
            if is_pages:
                known.template = "webPageLibrary"
            self._libraries[drive] = known
            self._write_down(known)
        return known

    def looked_up(self, site: Site, column: Column) -> SharePointList | None:
        """Return the list that a lookup or person column looks into."""
        if column.kind == "personOrGroup":
            return self.people(site).list
        uid = uid_of(str(column.settings.get("listId", "")))
        return next((known for known in self.of(site) if known.uid == uid), None)

    def all(self) -> Iterator[SharePointList]:
        """Yield every list of every site."""
        for site in self._content.all_sites():
            yield from self.of(site)

    # -- making and removing

    def create(
        self,
        site: Site,
        display_name: str,
        by: Actor,
        *,
        description: str = "",
        template: str = "genericList",
        columns: list[dict[str, Any]] | None = None,
        hidden: bool = False,
        content_types_enabled: bool = False,
    ) -> SharePointList:
        """Make a list, or a document library with its drive."""
        if template not in TEMPLATES:
            raise Unacceptable("One of the provided arguments is not acceptable.")
        title = display_name.strip()
        if not title:
            raise Unacceptable("A list needs a displayName.")
        if any(known.display_name.lower() == title.lower() for known in self.of(site)):
            raise NameTaken("A list of that title is there already.")
        made: SharePointList
        if template == LIBRARY:
            name = free_name(title, {drive.url_name.lower() for drive in site.drives})
            uid = self._mint(site)()  # another one than a library of that name had before
            drive = self._content.add_drive(site, title, name, owner=by, library_uid=uid)
            made = self.library(drive)
            made.scribe = made.schema.told = None  # how it is made is no change of it
        else:
            known = self._generic.setdefault(site, [])
            made = GenericList(
                site,
                self._mint(site)(),
                self._list_schema(site, builtin_columns.generic_columns(), (ITEM, FOLDER)),
                self._content.clock,
                self._content.rounds,
                name=free_name(title, {other.name.lower() for other in known}),
                display_name=title,
                description=description,
                created_by=by,
                template=template,
                hidden=hidden,
            )
        made.content_types_enabled = content_types_enabled
        made.describe(display_name=None, description=description)
        offered = builtin_columns.site_columns()
        made.schema.columns.update({name: offered[name] for name in TEMPLATES[template]})
        try:
            for column in columns or ():
                self.add_column(made, column)
        except Refused:
            if isinstance(made, Library):  # a bad column leaves nothing behind
                self._content.remove_drive(made.drive)
            raise
        self._write_down(made)
        if isinstance(made, GenericList):
            self._generic.setdefault(site, []).append(made)
            self._content.site_log.record(site)
            note_list(self._content.history, "created", made)
        made.version = 0
        self.note(site, "List", "add", made)
        return made

    def add_column(self, target: SharePointList, body: dict[str, Any]) -> Column:
        """Add the column that a request asks for to a list."""
        lookup = body.get("lookup")
        if isinstance(lookup, dict):
            uid = uid_of(str(lookup.get("listId", "")))
            if all(known.uid != uid for known in self.of(target.site)):
                raise Unacceptable("The lookup's list is not in this site.")
        column = target.schema.add_column(body)
        target.version += 1
        self.note(target.site, "Field", "add", target, column.id)
        return column

    def note(
        self, site: Site, what: str, how: str, target: SharePointList | None = None, key: str = ""
    ) -> None:
        """Take note of a change of something that is no item."""
        at = int(self._content.clock.now().timestamp())
        self.history.append(Step(at, site, what, how, target, key))

    def remove(self, target: SharePointList) -> None:
        """Delete a list with all its items."""
        if target.is_system:
            raise Forbidden("That list belongs to the service.")
        self.note(target.site, "List", "delete", target)
        if isinstance(target, Library):
            self._content.remove_drive(target.drive)
            return
        self._content.site_log.record(target.site)
        self._generic[target.site] = [k for k in self._generic[target.site] if k is not target]
        note_list(self._content.history, "deleted", target)

    def recycle(self, target: SharePointList, by: Actor) -> RecycledList:
        """Put a list with all its items into the recycle bin."""
        self.remove(target)
        at = int(self._content.clock.now().timestamp())
        uid = mint_uid("recycled list", target.uid, self._mint(target.site)())
        made = RecycledList(uid, target, by, at)
        self.recycled.append(made)
        return made

    def bring_back(self, entry: RecycledList) -> None:
        """Take a list out of the recycle bin, with its old ids."""
        target = entry.target
        if any(o.display_name.lower() == target.display_name.lower() for o in self.of(target.site)):
            raise NameTaken("A list of that title is there already.")
        self.recycled.remove(entry)
        self.note(target.site, "List", "restore", target)
        if isinstance(target, Library):
            self._content.put_back_drive(target.drive)
            self._libraries[target.drive] = target
        elif isinstance(target, GenericList):
            self._generic.setdefault(target.site, []).append(target)
            note_list(self._content.history, "restored", target)
        self._content.site_log.record(target.site)

    def expire_delta_tokens(self) -> None:
        """Let every delta token of a generic list given out so far answer 410."""
        for known in self.all():
            if isinstance(known, GenericList):
                known.expire_delta_tokens()

    # -- what a site offers

    def site_schema(self, site: Site) -> Schema:
        """Return the columns and content types of a site."""
        known = self._schemas.get(site)
        if known is None:
            known = Schema(builtin_columns.site_columns(), built_in(), self._mint(site))
            self._schemas[site] = known
            known.told = SchemaScribe(self._content, site)
        return known

    def is_in_use(self, site: Site, content_type: ContentType) -> bool:
        """Tell whether a site's content type was copied to a list or derived from."""
        schemas = [self.site_schema(site), *(known.schema for known in self.of(site))]
        return any(
            other.parent == content_type.id and other.id != content_type.id
            for schema in schemas
            for other in schema.content_types.values()
        )

    def people(self, site: Site) -> People:
        """Return the people a site collection knows: everyone of the tenant, then guests."""
        known = self._people.get(site.collection)
        if known is None:
            root = next(s for s in self._content.sites if s.collection == site.collection)
            inner = GenericList(
                root,
                mint_uid("user information", root.collection),
                self._list_schema(root, builtin_columns.people_columns(), (PERSON,)),
                self._content.clock,
                self._content.rounds,
                name="users",
                display_name="User Information List",
                description="All people.",
                created_by=SYSTEM,
                template="userInformation",
                hidden=True,
                is_system=True,
                in_catalogs=True,
            )
            known = self._people[site.collection] = People(inner, self._user_number)
        for user in self._directory.users_of(self._content.tenant.id):
            known.number(Actor(user.id, user.display_name, user.email))
        return known

    def pages(self, site: Site) -> Library:
        """Return the library of a site's pages, made when it is first asked for."""
        for drive in site.drives:
            if drive.is_system and drive.url_name == PAGES:
                return self.library(drive)
        return self.library(self._content.add_drive(site, "Site Pages", PAGES, is_system=True))

    def _write_down(self, target: SharePointList) -> None:
        """Let the changes of a list be written down from now on."""
        target.scribe = self._content.history
        target.schema.told = SchemaScribe(self._content, target)

    def _list_schema(
        self, site: Site, columns: dict[str, Column], types: tuple[str, ...]
    ) -> Schema:
        schema = Schema(columns, {}, self._mint(site))
        offered = built_in()
        for type_id in types:
            schema.copy_content_type(offered[type_id])
        return schema

    def _mint(self, site: Site) -> Minter:
        return Minter(self, (site.collection, site.web))

    def mint(self, key: tuple[bytes, bytes]) -> bytes:
        """Mint the uid of a part of a list; `key` names the site's collection and web."""
        self._minted[key] = self._minted.get(key, 0) + 1
        return mint_uid("list part", *key, self._minted[key])

"""Makes the sites, lists and pages that a tenant file describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from m365sim.files import Site
from m365sim.lists.generic import GenericList
from m365sim.lists.site_pages import TYPE, SitePages
from m365sim.seeds.grants import Grants
from m365sim.seeds.libraries import Libraries
from m365sim.seeds.names import Names
from m365sim.seeds.site_model import LibraryEntry, ListEntry, PageEntry, SiteEntry
from m365sim.seeds.values import Values
from m365sim.yaml_file import Place, Source

if TYPE_CHECKING:
    from m365sim.world import World


class Sites:
    """The sites of one tenant file."""

    def __init__(self, world: World, source: Source) -> None:
        self._world = world
        self._source = source
        self._names = Names(world, source)
        self._grants = Grants(world, source, self._names)
        self._values = Values(world, source, self._names)
        self.libraries = Libraries(world, source, self._names, self._grants, self._values)

    def add(self, entry: SiteEntry, above: Site | None = None) -> None:
        """Make a site with everything in it, its subsites included."""
        site = self._site(entry, above)
        lists = [self._list(site, one) for one in entry.lists]
        libraries = [LibraryEntry()] if entry.libraries is None else entry.libraries
        for library in libraries:
            self.libraries.add(site, library)
        self._team(site, entry)
        self._grants.site(site, entry)
        self._values.add_site_columns(site, entry.columns, (*entry.place, "columns"))
        for made, one in zip(lists, entry.lists, strict=True):
            self._fill(made, one)
        for library in libraries:
            self.libraries.fill(site, library)
        for page in entry.pages:
            self._page(site, page)
        for below in entry.subsites:
            self.add(below, site)

    def _site(self, entry: SiteEntry, above: Site | None) -> Site:
        path = "/" + entry.path.strip("/") if entry.path.strip("/") else ""
        place: Place = (*entry.place, "path")
        if above is not None:
            if not path:
                raise self._source.bad(place, "a subsite has a path below its parent's")
            path = above.path + path
        elif path and path.split("/")[1] not in ("sites", "teams"):
            raise self._source.bad(place, "a site is at /sites/NAME or /teams/NAME, or the root")
        content = self._world.content
        if content.site_at(content.host, path) is not None:
            raise self._source.bad(place, f"there is a site at {path or '/'} already")
        return content.add_site(
            path,
            entry.title,
            description=entry.title if entry.description is None else entry.description,
            created_at=entry.created,
            in_group=entry.team is not None,
            parent=above,
        )

    def _team(self, site: Site, entry: SiteEntry) -> None:
        if entry.team is None:
            return
        if site.parent is not None:
            raise self._source.bad((*entry.place, "team"), "a subsite belongs to no group")
        group = self._world.sharing.group_of(site)
        group.mail = entry.team.mail or group.mail
        for key, kept in (("members", group.members), ("owners", group.owners)):
            named: Sequence[str] | None = getattr(entry.team, key)
            if named is not None:
                place = (*entry.team.place, key)
                kept[:] = [
                    self._names.member(name, (*place, number)) for number, name in enumerate(named)
                ]

    def _list(self, site: Site, entry: ListEntry) -> GenericList:
        author = self._names.actor(None, entry.place)
        if entry.template == "documentLibrary":
            place = (*entry.place, "template")
            raise self._source.bad(place, "a library stands under libraries")
        with self._source.blaming((*entry.place, "title")):
            made = self._world.lists.create(
                site,
                entry.title,
                author,
                description=entry.description,
                template=entry.template,
                hidden=entry.hidden,
            )
        assert isinstance(made, GenericList)
        return made

    def _fill(self, made: GenericList, entry: ListEntry) -> None:
        self._values.add_columns(made, entry.columns, (*entry.place, "columns"))
        author = self._names.actor(None, entry.place)
        for number, given in enumerate(entry.items):
            place = (*entry.place, "items", number)
            made.add(self._values.read(made, given, place, defaults=True), author)
        if entry.permissions is not None:
            self._grants.of_list(made, entry.permissions)

    def _page(self, site: Site, entry: PageEntry) -> None:
        part = {"id": "6f9230af-2a98-4952-b205-9ede4f9ef540", "innerHtml": entry.html}
        section = {
            "layout": "oneColumn",
            "id": "1",
            "emphasis": "none",
            "columns": [{"id": "1", "width": 12, "webparts": [part]}],
        }
        body: dict[str, Any] = {
            "@odata.type": TYPE,
            "name": entry.name,
            "title": entry.title,
            "pageLayout": entry.layout,
            "description": entry.description,
            "canvasLayout": {"horizontalSections": [section]},
        }
        pages = SitePages(self._world.lists.pages(site))
        by = self._names.actor(entry.by, (*entry.place, "by"))
        with self._source.blaming((*entry.place, "name")):
            page = pages.create(body, by)
            if entry.published:
                pages.publish(page, by)

"""What people do in sites besides filing: lists, rows, columns, types, pages, permissions, sites."""

from dataclasses import dataclass, field
from typing import Any

from tenant_life import NAMES, TenantLife

from m365sim.entra.contoso import DAEMON_APP_ID
from m365sim.files import Site
from m365sim.files.item import SYSTEM
from m365sim.files.versions import forget_version, versions
from m365sim.lists.generic import GenericList
from m365sim.lists.site_pages import SitePages
from m365sim.sharing.acl import Permission
from m365sim.sharing.grantees import user_grantee

PAGE = {"@odata.type": "#microsoft.graph.sitePage"}


@dataclass
class SiteLife(TenantLife):
    """The sites where things happen."""

    sites: list[Site] = field(default_factory=list)
    _made: int = 0

    def _site(self, number: int) -> Site:
        return self.sites[number % len(self.sites)]

    def _new(self, what: str) -> str:
        self._made += 1
        return f"{what} {self._made}"

    def _list(self, a: int) -> GenericList | None:
        found = [
            one
            for one in self.world.lists.of(self._site(a))
            if isinstance(one, GenericList) and not one.is_system
        ]
        return found[a // len(self.sites) % len(found)] if found else None

    # -- lists and rows

    def _new_list(self, a: int, b: int) -> None:
        template = "documentLibrary" if b % 4 == 0 else "genericList"
        self.world.lists.create(self._site(a), self._new("List"), SYSTEM, template=template)

    def _remove_list(self, a: int, b: int) -> None:
        if (found := self._list(a)) is not None:
            self.world.lists.remove(found)

    def _rename_list(self, a: int, b: int) -> None:
        if (found := self._list(a)) is not None:
            found.describe(display_name=self._new("List"), description=None)

    def _row(self, a: int, b: int) -> None:
        if (found := self._list(a)) is not None:
            found.add({"Title": NAMES[b % len(NAMES)]}, SYSTEM)

    def _edit_row(self, a: int, b: int) -> None:
        found = self._list(a)
        rows = list(found.rows_after(0)) if found is not None else []
        if found is not None and rows:
            found.update(rows[b % len(rows)], {"Title": self._new("Row")}, SYSTEM)

    def _delete_row(self, a: int, b: int) -> None:
        found = self._list(a)
        rows = list(found.rows_after(0)) if found is not None else []
        if found is not None and rows:
            found.delete(rows[b % len(rows)])

    def _restore_row(self, a: int, b: int) -> None:
        found = self._list(a)
        binned = found.bin() if found is not None else []
        if found is not None and binned:
            found.restore(binned[b % len(binned)][0])

    # -- columns and content types

    def _column(self, a: int, b: int) -> None:
        if (found := self._list(a)) is not None:
            self.world.lists.add_column(found, {"name": self._new("C"), "text": {}})

    def _change_column(self, a: int, b: int) -> None:
        if (found := self._list(a)) is not None:
            self._change_one(found.schema)

    def _remove_column(self, a: int, b: int) -> None:
        if (found := self._list(a)) is not None:
            self._remove_one(found.schema)

    def _site_column(self, a: int, b: int) -> None:
        schema = self.world.lists.site_schema(self._site(a))
        schema.add_column({"name": self._new("S"), "number": {}})

    def _change_site_column(self, a: int, b: int) -> None:
        self._change_one(self.world.lists.site_schema(self._site(a)))

    def _remove_site_column(self, a: int, b: int) -> None:
        self._remove_one(self.world.lists.site_schema(self._site(a)))

    def _change_one(self, schema: Any) -> None:
        made = [one for one in schema.columns.values() if not one.built_in]
        if made:
            schema.change_column(made[0], {"description": self._new("Says")})

    @staticmethod
    def _remove_one(schema: Any) -> None:
        made = [one for one in schema.columns.values() if not one.built_in]
        if made:
            schema.remove_column(made[-1])

    def _content_type(self, a: int, b: int) -> None:
        schema = self.world.lists.site_schema(self._site(a))
        parent = next(iter(schema.content_types.values()))
        schema.add_content_type(parent, {"name": self._new("Type")})

    def _remove_content_type(self, a: int, b: int) -> None:
        schema = self.world.lists.site_schema(self._site(a))
        made = [one for one in schema.content_types.values() if one.name.startswith("Type ")]
        if made:
            schema.remove_content_type(made[b % len(made)])

    # -- pages

    def _pages(self, a: int) -> SitePages:
        return SitePages(self.world.lists.pages(self._site(a)))

    def _page(self, a: int, b: int) -> None:
        self._pages(a).create({**PAGE, "title": self._new("News")}, SYSTEM)

    def _edit_page(self, a: int, b: int) -> None:
        pages = self._pages(a)
        if found := pages.all():
            page = found[b % len(found)]
            pages.update(page, {**PAGE, "title": self._new("Old news")}, SYSTEM)

    def _publish_page(self, a: int, b: int) -> None:
        pages = self._pages(a)
        if found := pages.all():
            pages.publish(found[b % len(found)], SYSTEM)

    def _delete_page(self, a: int, b: int) -> None:
        pages = self._pages(a)
        if found := pages.all():
            pages.delete(found[b % len(found)])

    # -- permissions and versions

    def _grant(self, a: int, b: int) -> None:
        drive = self._drive(a)
        item = self._item(drive, a) or drive.root
        users = self.world.directory.users_of(self.world.tenant.id)
        grantee = user_grantee(users[b % len(users)])
        acl = self.world.sharing.own_acl(drive, item)
        acl.add(Permission(grantee.permission_id, ("read", "write")[b % 2 :][:1], grantee))
        self.world.sharing.note(drive, item)

    def _break(self, a: int, b: int) -> None:
        drive = self._drive(a)
        item = self._item(drive, a)
        if item is not None:
            self.world.sharing.break_inheritance(drive, item, copy=True)

    def _inherit(self, a: int, b: int) -> None:
        drive = self._drive(a)
        shared = self.world.sharing.shared_items(drive)
        if shared:
            self.world.sharing.restore_inheritance(drive, shared[b % len(shared)])

    def _forget_version(self, a: int, b: int) -> None:
        drive = self._drive(a)
        item = self._item(drive, a)
        if item is not None and not item.is_folder and len(old := versions(drive, item)) > 1:
            forget_version(drive, item, old[-1].content_version)

    # -- sites

    def _new_site(self, a: int, b: int) -> None:
        name = self._new("Site").replace(" ", "")
        self.world.content.add_drive(self.world.content.add_site(f"/sites/{name}", name))

    def _new_subsite(self, a: int, b: int) -> None:
        parent = self._site(a)
        name = self._new("Sub").replace(" ", "")
        made = self.world.content.add_site(f"{parent.path}/{name}", name, parent=parent)
        self.world.content.add_drive(made)

    def _describe_site(self, a: int, b: int) -> None:
        self.world.content.describe_site(self._site(a), display_name=self._new("Called"))

    def _remove_site(self, a: int, b: int) -> None:
        """Remove one of those that were made here."""
        made = [
            site
            for site in self.world.content.all_sites()
            if site.path.rpartition("/")[2].startswith(("Site", "Sub")) and site not in self.sites
        ]
        if made:
            self.world.content.remove_site(made[b % len(made)])

    def _follow(self, a: int, b: int) -> None:
        alex = self.world.directory.user_by_upn(f"alex@{self.world.tenant.domain}")
        assert alex is not None
        self.world.sharing.followed.set_site(alex.id, self._site(a), followed=b % 2 == 0)

    def grant_app(self) -> None:
        """Let the app that holds Sites.Selected read these sites."""
        for site in self.sites:
            self.world.content.grant_site(DAEMON_APP_ID, site, frozenset({"read"}))

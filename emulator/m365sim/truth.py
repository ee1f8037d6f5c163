"""The full present state of a tenant, so that a test can hold any copy against it.

It is told piece by piece: a library of a million files is never in memory as text. Nothing of the
kind is in the real service; names follow those of its resources where there are such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from m365sim.files import Actor, Drive, Item, Site
from m365sim.files.checkout import holder
from m365sim.files.ids import guid_of
from m365sim.files.versions import versions
from m365sim.history.permissions import acl_report
from m365sim.lists import Library, Row, SharePointList

if TYPE_CHECKING:
    from m365sim.world import World

PIECE = 256 * 1024  # bytes that are told at a time, about


def truth(world: World, drive_id: str | None = None) -> dict[str, Any]:
    """Return everything there is right now: sites, lists, drives, and every live item of them.

    With the id of a drive only that drive is told.
    """
    whole: dict[str, Any] = orjson.loads(b"".join(truth_pieces(world, drive_id)))
    return whole


def truth_pieces(world: World, drive_id: str | None = None) -> Iterator[bytes]:
    """Yield the JSON of `truth` in pieces."""
    piece = bytearray()
    for part in _Teller(world, drive_id).parts():
        piece += part
        if len(piece) > PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


class _Teller:
    """Writes the JSON of one tenant, from the top down."""

    def __init__(self, world: World, drive_id: str | None) -> None:
        self._world = world
        self._drive_id = drive_id

    def parts(self) -> Iterator[bytes]:
        world = self._world
        head: dict[str, Any] = {"now": world.clock.now().isoformat()}
        if self._drive_id is None:
            head["tenant"] = {"id": world.tenant.id, "domain": world.tenant.domain}
            head["users"] = [
                {"id": user.id, "userPrincipalName": user.upn, "enabled": user.enabled}
                for user in world.directory.users_of(world.tenant.id)
            ]
            head["groups"] = [
                {"id": g.id, "displayName": g.name, "members": g.members, "owners": g.owners}
                for g in world.sharing.groups()
            ]
        yield from _object(head, "sites", map(self._site, world.content.all_sites()))

    def _site(self, site: Site) -> Iterator[bytes]:
        head = {
            "id": site.id,
            "webUrl": site.web_url,
            "displayName": site.display_name,
            "parentId": site.parent.id if site.parent is not None else None,
        }
        drives = [drive for drive in site.drives if self._drive_id in (None, drive.id)]
        if self._drive_id is not None:
            yield from _object(head, "drives", map(self._drive, drives))
            return
        sharing, content = self._world.sharing, self._world.content
        schema = self._world.lists.site_schema(site)
        whole: dict[str, Any] = {
            **head,
            **acl_report(sharing.site_acl(site)),
            "siteGroups": [
                {"id": g.number, "title": g.name, "members": [m.name for m in g.members]}
                for g in sharing.site_groups(site)
            ],
            "appGrants": {
                app: sorted(roles)
                for (app, collection), roles in content.site_grants.items()
                if collection == site.collection
            },
            "contentTypes": [{"id": t.id, "name": t.name} for t in schema.content_types.values()],
        }
        lists = map(self._list, self._world.lists.of(site))
        yield from _object(whole, "drives", map(self._drive, drives), "lists", lists)

    def _drive(self, drive: Drive) -> Iterator[bytes]:
        head = {
            "id": drive.id,
            "name": drive.name,
            "driveType": drive.drive_type,
            "listId": guid_of(drive.library),
            **acl_report(self._world.sharing.drive_acl(drive)),
        }
        library = self._world.lists.library(drive)
        items = ([orjson.dumps(item)] for item in self._items(drive, library))
        binned = ([orjson.dumps(_binned(drive, item))] for item in drive.bin())
        yield from _object(head, "items", items, "recycleBin", binned)

    def _items(self, drive: Drive, library: Library) -> Iterator[dict[str, Any]]:
        yield self._item(drive, drive.root, "", 0)
        pending: list[tuple[Item, str]] = [(drive.root, "")]
        while pending:
            folder, above = pending.pop()
            for child in drive.children(folder.uid):
                path = f"{above}/{child.name}"
                yield self._item(drive, child, path, library.number_of(child.uid))
                if child.is_folder:
                    pending.append((child, path))

    def _item(self, drive: Drive, item: Item, path: str, number: int) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": drive.item_id(item.uid),
            "listItemId": number,
            "parentId": drive.item_id(item.parent) if item.parent else None,
            "path": path,
            "name": item.name,
            "isFolder": item.is_folder,
            "size": item.size,
            "quickXorHash": item.blob.quick_xor_hash() if item.blob else None,
            "eTag": item.version,  # the numbers within them, which are what changes
            "cTag": item.content_version,
            "created": _moment(item.created_at),
            "modified": _moment(item.modified_at),
            "createdBy": _person(item.created_by),
            "modifiedBy": _person(item.modified_by),
        }
        # What few items have is told of those alone.
        if item.fields:
            fields = {k: v for k, v in item.fields.items() if not isinstance(v, Actor)}
            if fields:
                shown["fields"] = fields
        if item.content_version > 1:
            shown["versions"] = [_version(state) for state in versions(drive, item)]
        acl = self._world.sharing.item_acl(drive, item)
        if acl is not None:
            shown |= acl_report(acl)
        by = holder(drive, item)
        if by is not None:
            shown["checkedOutBy"] = _person(by)
            held = drive.checked_out.get(item.uid)
            if held is not None and held.before.content_version != item.content_version:
                shown["checkedIn"] = _version(held.before)  # what all others see
        return shown

    def _list(self, known: SharePointList) -> Iterator[bytes]:
        """Show a list; the items of a library are those of its drive and are not told twice."""
        schema = known.schema
        head: dict[str, Any] = {
            "id": known.id,
            "displayName": known.display_name,
            "webUrl": known.web_url,
            "template": known.template,
            "hidden": known.hidden,
            "columns": [column.name for column in schema.columns.values()],
            "columnDefinitions": {
                column.name: {
                    "id": column.id,
                    "displayName": column.display_name,
                    "type": column.kind,
                    "required": column.required,
                    "indexed": column.indexed,
                    **column.settings,
                }
                for column in schema.columns.values()
                if not column.built_in
            },
            "contentTypes": [{"id": t.id, "name": t.name} for t in schema.content_types.values()],
            "views": [{"id": view.id, "title": view.title} for view in known.views.all],
        }
        if isinstance(known, Library):
            yield orjson.dumps(head | {"driveId": known.drive.id})
            return
        rows = ([orjson.dumps(_row(known, row), default=_plain)] for row in known.rows_after(0))
        yield from _object(head, "items", rows)


def _object(head: dict[str, Any], *lists: Any) -> Iterator[bytes]:
    """Write an object that ends with lists: name, entries, name, entries, ..."""
    yield orjson.dumps(head)[:-1]
    for name, entries in zip(lists[::2], lists[1::2], strict=True):
        yield b',"%s":[' % name.encode()
        yield from _listed(entries)
        yield b"]"
    yield b"}"


def _listed(entries: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    for number, entry in enumerate(entries):
        if number:
            yield b","
        yield from entry


def _row(known: SharePointList, row: Row) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": row.id,
        "version": row.version,
        "contentTypeId": row.content_type,
        "created": _moment(row.created_at),
        "modified": _moment(row.modified_at),
        "createdBy": _person(row.created_by),
        "modifiedBy": _person(row.modified_by),
        "fields": dict(row.values),
    }
    if row.version > 1:
        shown["versions"] = [state.version for state in known.versions(row)]
    if row.leaf:
        shown["folder"] = row.leaf
    if row.parent:
        shown["parentId"] = row.parent
    if row.attachments:
        shown["attachments"] = [{"name": a.name, "size": a.blob.size} for a in row.attachments]
    return shown


def _binned(drive: Drive, item: Item) -> dict[str, Any]:
    parent = drive.item_id(item.parent) if item.parent else None
    return {"id": drive.item_id(item.uid), "name": item.name, "parentId": parent}


def _version(state: Item) -> dict[str, Any]:
    return {
        "id": state.content_version,
        "size": state.size,
        "quickXorHash": state.blob.quick_xor_hash() if state.blob else None,
        "modified": _moment(state.modified_at),
    }


def _person(actor: Actor) -> str | None:
    return actor.user_name or actor.app_name


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(value: object) -> Any:
    if isinstance(value, Actor):
        return _person(value)
    raise TypeError(f"{value!r} has no form in JSON")

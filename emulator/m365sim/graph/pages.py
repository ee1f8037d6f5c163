"""Site pages.

https://learn.microsoft.com/graph/api/sitepage-list, .../sitepage-get, .../sitepage-create,
.../sitepage-update, .../sitepage-publish, .../basesitepage-delete
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from m365sim.files.ids import guid_of, uid_of, upper_guid_of
from m365sim.graph.call import Call
from m365sim.graph.expand import expanded, option, selected
from m365sim.graph.list_access import Need, open_site
from m365sim.graph.paging import collection, cut
from m365sim.graph.reply import Reply, invalid, json_reply, not_found
from m365sim.graph.shapes import CONTEXT, actor_shape, iso_seconds, narrowed
from m365sim.lists.content_type import SITE_PAGE
from m365sim.lists.query import Filter, read_order, sort_key
from m365sim.lists.site_pages import TYPE, SitePage, SitePages

_SORTABLE = ("createdDateTime", "lastModifiedDateTime", "name", "title", "pageLayout", "id")


async def list_pages(call: Call) -> Reply:
    """List the pages of a site, by name if not asked for otherwise."""
    pages = _pages(call, "read")
    shapes = [_Shape(call, pages).page(page) for page in pages.all()]
    if (text := option(call, "filter")) is not None:
        condition = Filter(text)
        _check_paths(condition.paths)
        shapes = [shape for shape in shapes if condition(shape.get)]
    for path, downwards in reversed(read_order(option(call, "orderby") or "")):
        _check_paths([path])
        shapes = _sorted(shapes, path, downwards=downwards)
    page, link = cut(call, shapes)
    context = f"{_context(call)}/pages"
    if "cast" in call.address.ids:
        context += "/microsoft.graph.sitePage"
    wanted = selected(call)
    shown = [narrowed(s, [*wanted, "@odata.etag"] if wanted else None) for s in page]
    return collection(context, shown, link)


async def get_page(call: Call) -> Reply:
    """Return one page; without the cast it looks the same, as the reference shows."""
    pages = _pages(call, "read")
    return _shown(call, pages, _addressed(call, pages))


async def create_page(call: Call) -> Reply:
    """Make a page."""
    pages = _pages(call, "write")
    made = pages.create(await call.json(), call.actor())
    return _shown(call, pages, made, 201)


async def update_page(call: Call) -> Reply:
    """Change a page."""
    pages = _pages(call, "write")
    changed = pages.update(_addressed(call, pages), await call.json(), call.actor())
    return _shown(call, pages, changed)


async def publish_page(call: Call) -> Reply:
    """Show the latest version of a page to everyone."""
    pages = _pages(call, "write")
    pages.publish(_addressed(call, pages), call.actor())
    return Reply(204)


async def delete_page(call: Call) -> Reply:
    """Put a page into the recycle bin."""
    pages = _pages(call, "write")
    pages.delete(_addressed(call, pages))
    return Reply(204)


def _pages(call: Call, need: Need) -> SitePages:
    return SitePages(call.world.lists.pages(open_site(call, need)))


def _addressed(call: Call, pages: SitePages) -> SitePage:
    uid = uid_of(call.address.ids["page"])
    if uid is None:
        raise not_found()
    return pages.find(uid)


def _shown(call: Call, pages: SitePages, page: SitePage, status: int = 200) -> Reply:
    shape = _narrowed(call, _Shape(call, pages).page(page))
    if "canvasLayout" in expanded(call, "canvasLayout", "webParts") and page.canvas is not None:
        shape["canvasLayout"] = page.canvas
    cast = "/microsoft.graph.sitePage" if "cast" in call.address.ids else ""
    return json_reply({"@odata.context": f"{_context(call)}/pages{cast}/$entity", **shape}, status)


def _narrowed(call: Call, shape: dict[str, Any]) -> dict[str, Any]:
    wanted = selected(call)
    if wanted is not None:
        return narrowed(shape, [*wanted, "@odata.etag"])
    return shape


def _context(call: Call) -> str:
    return f"{CONTEXT}#sites('{quote(call.site().id, safe='')}')"


def _sorted(shapes: list[dict[str, Any]], path: str, *, downwards: bool) -> list[dict[str, Any]]:
    return sorted(shapes, key=lambda shape: sort_key(shape.get(path)), reverse=downwards)


def _check_paths(paths: list[str]) -> None:
    for path in paths:
        if path not in _SORTABLE:
            raise invalid(f"Pages cannot be filtered or sorted by '{path}'.")


class _Shape:
    def __init__(self, call: Call, pages: SitePages) -> None:
        self._library = pages.library
        self._types = pages.library.schema.content_types
        self._base = call.world.lists.site_schema(pages.library.site).content_types[SITE_PAGE]

    def page(self, page: SitePage) -> dict[str, Any]:
        """Show a page, its canvas aside."""
        item, library = page.item, self._library
        etag = f'"{{{upper_guid_of(item.uid)}}},{item.version}"'
        kind = next((t for t in self._types.values() if t.parent == SITE_PAGE), self._base)
        shape: dict[str, Any] = {
            "@odata.type": TYPE,
            "@odata.etag": etag,
            "createdDateTime": iso_seconds(item.created_at),
            "eTag": etag,
            "id": guid_of(item.uid),
            "lastModifiedDateTime": iso_seconds(item.modified_at),
            "name": item.name,
            "webUrl": f"{library.site.web_url}/{library.folder}{library.drive.path(item)}",
            "title": page.title,
            "pageLayout": page.layout,
            "promotionKind": page.promotion,
            "showComments": page.show_comments,
            "showRecommendedPages": page.show_recommended,
            "contentType": {"id": kind.id, "name": kind.name},
            "createdBy": {"user": actor_shape(item.created_by)["user"]},
            "lastModifiedBy": {"user": actor_shape(item.modified_by)["user"]},
            "parentReference": {
                "listId": library.id,
                "siteId": guid_of(library.site.collection),
            },
            "publishingState": {"level": page.level, "versionId": page.version},
            "reactions": {},
        }
        if page.checked_out_by is not None:
            holder = actor_shape(page.checked_out_by)["user"]
            shape["publishingState"]["checkedOutBy"] = {"user": holder}
        if page.description is not None:
            shape["description"] = page.description
        if page.thumbnail is not None:
            shape["thumbnailWebUrl"] = page.thumbnail
        if page.title_area is not None:
            shape["titleArea"] = page.title_area
        return shape

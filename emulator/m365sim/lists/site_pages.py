"""Site pages: files of the library SitePages whose columns hold what the page shows.

https://learn.microsoft.com/graph/api/resources/sitepage. A page is no more than its file: title,
layout and canvas are column values of it, so the drive, the list and the page cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import orjson

from m365sim.files import Actor, Item
from m365sim.files.blob import MemoryBlob
from m365sim.files.checkout import OF_A_PAGE
from m365sim.files.names import check_name
from m365sim.files.problems import Missing, NameTaken
from m365sim.lists.library import Library
from m365sim.lists.problems import Locked, Unacceptable

TYPE = "#microsoft.graph.sitePage"

_LAYOUTS = {"article": "Article", "home": "Home"}
_ORDINARY, _NEWS_DRAFT, _NEWS = 0, 1, 2  # PromotedState
_PUBLISHED, _DRAFT, _CHECKED_OUT = 1, 2, 255  # _Level
_LEVELS = {_PUBLISHED: "published", _DRAFT: "draft", _CHECKED_OUT: "checkout"}
_SHOW_COMMENTS, _SHOW_RECOMMENDED = "~showComments", "~showRecommendedPages"
_CHECKED_OUT_BY = OF_A_PAGE

#: What may be on a page beside text: https://learn.microsoft.com/graph/api/sitepage-create
_WEB_PARTS = frozenset(
    {
        "e377ea37-9047-43b9-8cdb-a761be2f8e09",  # map
        "0f087d7f-520e-42b7-89c0-496aaf979d58",  # button
        "df8e44e7-edd5-46d5-90da-aca1539313b8",  # call to action
        "2161a1c6-db61-4731-b97c-3cdb303f7cbb",  # divider
        "b7dd04e1-19ce-4b24-9132-b60a1c2b910d",  # document
        "d1d91016-032f-456d-98a4-721247c305e8",  # image
        "af8be689-990e-492a-81f7-ba3e4cd3ed9c",  # gallery
        "6410b3b6-d440-4663-8744-378976dc041e",  # link
        "e84a8ca2-f63c-4fb9-bc0b-d8eef5ccb22b",  # chart of the organisation
        "7f718435-ee4d-431c-bdbf-9c4ff326f46e",  # people
        "c70391ea-0b10-4ee9-b2b4-006d3fcad0cd",  # quick links
        "8654b779-4886-46d4-8ffb-b5ed960ee986",  # spacer
        "544dd15b-cf3c-441b-96da-004d5a8cea1d",  # video
        "cbe7b0a9-3504-44dd-a3a3-0e5cacd07788",  # title area
    }
)
_TEXTS = {"title": "Title", "description": "Description", "thumbnailWebUrl": "BannerImageUrl"}
_FLAGS = {"showComments": _SHOW_COMMENTS, "showRecommendedPages": _SHOW_RECOMMENDED}
_OBJECTS = {"titleArea": "LayoutWebpartsContent", "canvasLayout": "CanvasContent1"}
_IGNORED = {"name", "id", "eTag", "webUrl", "contentType", "publishingState", "reactions"}


@dataclass(frozen=True, slots=True)
class SitePage:
    """A page as its file's columns tell it."""

    item: Item
    title: str
    layout: str
    level: str
    version: str
    promotion: str
    show_comments: bool
    show_recommended: bool
    description: str | None
    thumbnail: str | None
    title_area: dict[str, Any] | None
    canvas: dict[str, Any] | None
    checked_out_by: Actor | None


def page_of(item: Item) -> SitePage:
    """Read a page from its file."""
    fields = item.fields or {}
    layouts = {written: name for name, written in _LAYOUTS.items()}
    promoted = fields.get("PromotedState", _ORDINARY)
    return SitePage(
        item,
        fields.get("Title", item.name.removesuffix(".aspx")),
        layouts.get(fields.get("PageLayoutType", ""), "article"),
        _LEVELS[fields.get("_Level", _PUBLISHED)],
        fields.get("_UIVersionString", f"{item.version}.0"),
        "page" if promoted == _ORDINARY else "newsPost",
        fields.get(_SHOW_COMMENTS, True),
        fields.get(_SHOW_RECOMMENDED, False),
        fields.get("Description"),
        fields.get("BannerImageUrl", {}).get("Url"),
        _loaded(fields.get("LayoutWebpartsContent")),
        _loaded(fields.get("CanvasContent1")),
        fields.get(_CHECKED_OUT_BY),
    )


class SitePages:
    """The pages of one site."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._drive = library.drive

    def all(self) -> list[SitePage]:
        """List the pages by name."""
        items = [i for i in self._drive.walk(self._drive.root) if i.name.lower().endswith(".aspx")]
        return [page_of(item) for item in sorted(items, key=lambda item: item.name.lower())]

    def find(self, uid: bytes | None) -> SitePage:
        """Return the page of a file; Missing when there is none."""
        item = self._drive.live(uid or b"")
        if item.is_folder or not item.name.lower().endswith(".aspx"):
            raise Missing("There is no such page.")
        return page_of(item)

    def create(self, body: Mapping[str, Any], by: Actor, *, at: int | None = None) -> SitePage:
        """Make a page; it stays checked out to its maker until it is published."""
        _check_type(body)
        title, layout = body.get("title"), body.get("pageLayout", "article")
        if not isinstance(title, str) or not title.strip():
            raise Unacceptable("A page needs a title.")
        if layout not in _LAYOUTS:
            raise Unacceptable(f"'{layout}' is no layout that a page can be made with.")
        name = body.get("name") or f"{title.strip().replace(' ', '-')}.aspx"
        if not isinstance(name, str) or not name.lower().endswith(".aspx"):
            raise Unacceptable("The name of a page must end in .aspx.")
        fields = _fields(body) | {"PageLayoutType": _LAYOUTS[layout]}
        fields |= {"_Level": _CHECKED_OUT, "_UIVersionString": "0.1", _CHECKED_OUT_BY: by}
        if body.get("promotionKind", "page") != "page":
            fields["PromotedState"] = _NEWS_DRAFT
        drive = self._drive
        check_name(name, at_root=True)
        if drive.child(drive.root.uid, name):
            raise NameTaken("A page of that name is there already.")
        now = int(self.library.now().timestamp()) if at is None else at
        made = Item(
            drive.new_uid(),
            drive.root.uid,
            name,
            False,
            now,
            now,
            by,
            by,
            _content(fields),
            fields=fields,
        )
        return page_of(drive.commit(None, made, int(self.library.now().timestamp())))

    def update(self, page: SitePage, body: Mapping[str, Any], by: Actor) -> SitePage:
        """Change a page; what was published is checked out for the next version."""
        _check_type(body)
        _check_lock(page, by)
        before = page.item.fields or {}
        fields = {**before, **_fields(body)}
        promotion = body.get("promotionKind")
        if promotion not in (None, "page", "newsPost"):
            raise Unacceptable(f"'{promotion}' is no kind of promotion.")
        if promotion == "page" and page.promotion == "newsPost":
            raise Unacceptable("A news post cannot be demoted.")
        if promotion == "newsPost" and page.promotion == "page":
            fields["PromotedState"] = _NEWS_DRAFT
        if before.get("_Level", _PUBLISHED) != _CHECKED_OUT:
            major, _, minor = page.version.partition(".")
            fields["_UIVersionString"] = f"{major}.{int(minor or 0) + 1}"
        fields |= {"_Level": _CHECKED_OUT, _CHECKED_OUT_BY: by}
        return self._store(page.item, fields, by)

    def publish(self, page: SitePage, by: Actor) -> SitePage:
        """Show the latest version to everyone, checking it in if need be."""
        _check_lock(page, by)
        if page.level == "published":
            return page
        fields = {k: v for k, v in (page.item.fields or {}).items() if k != _CHECKED_OUT_BY}
        fields |= {
            "_Level": _PUBLISHED,
            "_UIVersionString": f"{int(page.version.partition('.')[0]) + 1}.0",
        }
        if fields.get("PromotedState") == _NEWS_DRAFT:
            fields["PromotedState"] = _NEWS
        return self._store(page.item, fields, by)

    def delete(self, page: SitePage) -> None:
        """Put a page into the recycle bin."""
        self._drive.delete(page.item)

    def _store(self, item: Item, fields: dict[str, Any], by: Actor) -> SitePage:
        now = int(self.library.now().timestamp())
        after = replace(
            item,
            fields=fields,
            blob=_content(fields),
            version=item.version + 1,
            content_version=item.content_version + 1,
            modified_at=now,
            modified_by=by,
        )
        return page_of(self._drive.commit(item, after, now))


def _fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a request says of a page into column values."""
    fields: dict[str, Any] = {}
    for key, value in body.items():
        if key in _TEXTS:
            fields[_TEXTS[key]] = _of(key, value, str)
            if key == "thumbnailWebUrl":
                fields[_TEXTS[key]] = {"Description": value, "Url": value}
        elif key in _FLAGS:
            fields[_FLAGS[key]] = _of(key, value, bool)
        elif key in _OBJECTS:
            if key == "canvasLayout":
                _check_canvas(value)
            fields[_OBJECTS[key]] = orjson.dumps(_of(key, value, dict)).decode()
        elif key not in {"pageLayout", "promotionKind", *_IGNORED} and "@odata." not in key:
            raise Unacceptable(
                f"The property '{key}' does not exist on type 'microsoft.graph.sitePage'."
            )
    return fields


def _check_canvas(canvas: Any) -> None:
    """Refuse a canvas with a part that the service would refuse."""
    if not isinstance(canvas, dict):
        raise Unacceptable("A canvasLayout must be an object.")
    sections = [*canvas.get("horizontalSections", ()), canvas.get("verticalSection") or {}]
    for section in sections:
        for column in (section, *section.get("columns", ())):
            for part in column.get("webparts", ()):
                kind = part.get("webPartType")
                if kind is not None and kind not in _WEB_PARTS:
                    raise Unacceptable(f"The web part {kind} is not supported.")
                if kind is None and "innerHtml" not in part:
                    raise Unacceptable("A web part needs an innerHtml or a webPartType.")


def _check_type(body: Mapping[str, Any]) -> None:
    if str(body.get("@odata.type", "")).lstrip("#") != TYPE.lstrip("#"):
        raise Unacceptable(f"The request must carry '@odata.type': '{TYPE}'.")


def _check_lock(page: SitePage, by: Actor) -> None:
    holder = page.checked_out_by
    if holder is not None and holder.user_id and holder.user_id != by.user_id:
        raise Locked(f"The page is checked out to {holder.user_name}.")


def _of(key: str, value: Any, wanted: type) -> Any:
    if not isinstance(value, wanted):
        raise Unacceptable(f"The value of '{key}' has the wrong type.")
    return value


def _loaded(text: str | None) -> dict[str, Any] | None:
    return dict(orjson.loads(text)) if text else None


def _content(fields: Mapping[str, Any]) -> MemoryBlob:
    """Write the file behind a page: a form whose properties are the columns."""
    shown = ("Title", "PageLayoutType", "PromotedState", "CanvasContent1", "LayoutWebpartsContent")
    lines = [
        f'<mso:{name} msdt:dt="string">{escape(str(fields[name]))}</mso:{name}>'
        for name in shown
        if name in fields
    ]
    text = "\n".join(
        (
            '<%@ Page Language="C#" Inherits="Microsoft.SharePoint.WebPartPages.WebPartPage" %>',
            "<html><head><xml><mso:CustomDocumentProperties>",
            *lines,
            "</mso:CustomDocumentProperties></xml></head></html>",
        )
    )
    return MemoryBlob(text.encode())

"""Site pages as Graph describes them, and as actions give them.

https://learn.microsoft.com/graph/api/resources/sitepage, .../titlearea, .../canvaslayout
"""

from typing import Any, Self

from fairlead.sdk import Record, Shape
from fairlead_microsoft.sharepoint.wire import Author, Open, Reference


class TitleArea(Open):
    """The head of a page."""

    title: str | None = None
    layout: str | None = None
    text_above_title: str | None = None
    show_text_block_above_title: bool | None = None
    text_alignment: str | None = None
    image_web_url: str | None = None
    image_source_type: int | None = None
    enable_gradient_effect: bool | None = None
    show_author: bool | None = None
    show_published_date: bool | None = None


class WebPart(Open):
    """One thing on a page: HTML, or a part of a kind of its own."""

    id: str | None = None
    inner_html: str | None = None
    web_part_type: str | None = None


class SectionColumn(Open):
    """A column of a section."""

    id: str | None = None
    width: int | float | None = None
    webparts: list[WebPart] | None = None


class Section(Open):
    """A part of a page from the left to the right."""

    id: str | None = None
    layout: str | None = None
    emphasis: str | None = None
    columns: list[SectionColumn] | None = None


class CanvasLayout(Open):
    """What is on a page."""

    horizontal_sections: list[Section] | None = None


class PublishingState(Shape):
    """Who sees which version of a page."""

    #: `checkout`, `draft` or `published`
    level: str | None = None
    version_id: str | None = None
    checked_out_by: Author | None = None


class Reactions(Shape):
    """What readers did."""

    comment_count: int | None = None
    like_count: int | None = None


class PageParent(Shape):
    """The library a page lies in."""

    list_id: str | None = None
    site_id: str | None = None


class _Page(Shape):
    """What everybody tells of a page."""

    id: str
    #: of its file
    name: str | None = None
    title: str | None = None
    description: str | None = None
    web_url: str | None = None
    e_tag: str | None = None
    page_layout: str | None = None
    #: `page` or `newsPost`
    promotion_kind: str | None = None
    show_comments: bool | None = None
    show_recommended_pages: bool | None = None
    thumbnail_web_url: str | None = None
    created_date_time: str | None = None
    last_modified_date_time: str | None = None
    publishing_state: PublishingState | None = None


class GraphPage(_Page):
    """A page as Graph gives it."""

    created_by: Author | None = None
    last_modified_by: Author | None = None
    title_area: TitleArea | None = None


class PageEntry(Record, GraphPage):
    """A page among others."""

    reactions: Reactions | None = None


class PageDetails(PageEntry):
    """A page with what is on it."""

    content_type: Reference | None = None
    parent_reference: PageParent | None = None
    #: sections, columns, web parts
    canvas_layout: Any = None


class Pages(Record):
    """Some pages of a site."""

    items: list[PageEntry]
    #: where the next ones begin; left out on the last ones
    next_cursor: str | None = None


class Editor(Shape):
    """Who made or changed a page."""

    display_name: str | None = None
    email: str | None = None

    @classmethod
    def of(cls, author: Author | None) -> Self | None:
        """Flatten: the person, or else the app."""
        found = (author.user or author.application) if author else None
        return cls(display_name=found.display_name, email=found.email) if found else None


class PageChanged(Record, _Page):
    """A page after a change."""

    created_by: Editor | None = None
    last_modified_by: Editor | None = None
    title_area: TitleArea | None = None

    @classmethod
    def of(cls, page: GraphPage) -> Self:
        """Flatten who made and changed it."""
        return cls(
            **{name: getattr(page, name) for name in _Page.model_fields},
            title_area=page.title_area,
            created_by=Editor.of(page.created_by),
            last_modified_by=Editor.of(page.last_modified_by),
        )


class PagePublished(Record):
    """Which page is shown now."""

    success: bool = True
    site_id: str
    page_id: str


class PageDeleted(Record):
    """Which page is gone."""

    success: bool = True
    site_id: str
    page_id: str

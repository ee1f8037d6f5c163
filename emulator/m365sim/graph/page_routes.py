"""The routes about site pages."""

from __future__ import annotations

from m365sim.graph import pages
from m365sim.graph.route import Route

_PAGES = "/sites/{site-id}/pages"
_CAST = "microsoft.graph.sitePage"


PAGE_ROUTES = (
    Route(
        "pages",
        "",
        "GET",
        pages.list_pages,
        f"{_PAGES}/{_CAST}",
        "sitepage-list",
        "also without the cast; $select, $top, $skiptoken, $orderBy and $filter over times, name,"
        " title; not $expand",
    ),
    Route(
        "pages",
        "",
        "POST",
        pages.create_page,
        _PAGES,
        "sitepage-create",
        "checked out to its maker; unsupported web parts refused; a file of SitePages",
    ),
    Route(
        "page",
        "",
        "GET",
        pages.get_page,
        f"{_PAGES}/{{page-id}}/{_CAST}",
        "sitepage-get",
        "also without the cast; $select, $expand=canvasLayout",
    ),
    Route(
        "page",
        "",
        "PATCH",
        pages.update_page,
        f"{_PAGES}/{{page-id}}/{_CAST}",
        "sitepage-update",
        "checks out the next version; 423 when someone else has",
    ),
    Route(
        "page",
        "publish",
        "POST",
        pages.publish_page,
        f"{_PAGES}/{{page-id}}/{_CAST}/publish",
        "sitepage-publish",
        "checks in, next major version; no approval",
    ),
    Route(
        "page",
        "",
        "DELETE",
        pages.delete_page,
        f"{_PAGES}/{{page-id}}",
        "basesitepage-delete",
        "into the recycle bin",
    ),
)  # fmt: skip

"""Every route of Graph that is modelled, with what of it is."""

from __future__ import annotations

from m365sim.graph import delta, items, search_query, site_grants, sites, sites_delta, writes
from m365sim.graph.directory_routes import DIRECTORY_ROUTES
from m365sim.graph.list_routes import LIST_ROUTES
from m365sim.graph.page_routes import PAGE_ROUTES
from m365sim.graph.personal_routes import PERSONAL_ROUTES
from m365sim.graph.route import Route
from m365sim.graph.schema_routes import SCHEMA_ROUTES
from m365sim.graph.sharing_routes import SHARING_ROUTES

ROUTES = (
    Route("me", "", "GET", sites.get_me, "/me", "user-get", "default properties, $select"),
    Route(
        "me", "drives", "GET", sites.list_own_drives, "/me/drives", "drive-list", "also /users/{id}"
    ),
    Route(
        "user", "drives", "GET", sites.list_own_drives, "/users/{id}/drives", "drive-list", "all"
    ),
    Route(
        "sites",
        "",
        "GET",
        sites.list_sites,
        "/sites",
        "site-search",
        "search=, $top, $skiptoken, $select, $orderby createdDateTime, $filter siteCollection/root"
        " ne null; without search: nothing for users, all for apps;"
        " a lag of the index as a quirk",
    ),
    Route(
        "sites",
        "getAllSites",
        "GET",
        sites.list_all_sites,
        "/sites/getAllSites",
        "site-getallsites",
        "application permissions only; $top, $skiptoken",
    ),
    Route(
        "sites",
        "delta",
        "GET",
        sites_delta.sites_delta,
        "/sites/delta",
        "site-delta",
        "application permissions only; new and deleted sites, new and deleted lists; token (opaque,"
        " latest), $top, $select; 410",
    ),
    Route(
        "site",
        "",
        "GET",
        sites.get_site,
        "/sites/{site-id}",
        "site-get",
        "by id, root, host, bare site collection GUID, {host}:/{path}",
    ),
    Route(
        "site",
        "sites",
        "GET",
        sites.list_subsites,
        "/sites/{site-id}/sites",
        "site-list-subsites",
        "direct subsites only",
    ),
    Route(
        "site",
        "drives",
        "GET",
        sites.list_drives,
        "/sites/{site-id}/drives",
        "drive-list",
        "system libraries only with $select=system",
    ),
    Route(
        "site",
        "permissions",
        "GET",
        site_grants.list_site_grants,
        "/sites/{site-id}/permissions",
        "site-list-permissions",
        "what apps with Sites.Selected were granted",
    ),
    Route(
        "site",
        "permissions",
        "POST",
        site_grants.grant_site,
        "/sites/{site-id}/permissions",
        "site-post-permissions",
        "grants for apps with Sites.Selected, by a token with Sites.FullControl.All",
    ),
    Route(
        "drive",
        "",
        "GET",
        sites.get_drive,
        "/drives/{drive-id}",
        "drive-get",
        "also /me/drive, /users/{id}/drive, /sites/{id}/drive, /sites/{id}/drives/{id}",
    ),
    Route(
        "item",
        "",
        "GET",
        items.get_item,
        "/drives/{drive-id}/items/{item-id}",
        "driveitem-get",
        "by id, by path from the root or an item, trailing colon; $select,"
        " $expand=children,listItem,permissions,thumbnails,versions; If-None-Match",
    ),
    Route(
        "item",
        "children",
        "GET",
        items.list_children,
        "/drives/{drive-id}/items/{item-id}/children",
        "driveitem-list-children",
        "$top, $skiptoken, $select, $expand as of one item, $count; $orderby name, size,"
        " lastModifiedDateTime",
    ),
    Route(
        "item",
        "content",
        "GET",
        items.redirect_to_content,
        "/drives/{drive-id}/items/{item-id}/content",
        "driveitem-get-content",
        "302 to the tenant host, If-None-Match; not format=",
    ),
    Route(
        "item",
        "delta",
        "GET",
        delta.drive_delta,
        "/drives/{drive-id}/root/delta",
        "driveitem-delta",
        "token (opaque, latest, time), $top, $select, $expand but for permissions,"
        " deltaExcludeParent, 410; Prefer: deltashowremovedasdeleted, deltatraversepermissiongaps,"
        " deltashowsharingchanges, hierarchicalsharing",
    ),
    Route(
        "item",
        "content",
        "PUT",
        writes.put_content,
        "/drives/{drive-id}/items/{parent-id}:/{name}:/content",
        "driveitem-put-content",
        "new and existing, conflictBehavior, If-Match, up to 250 MB",
    ),
    Route(
        "item",
        "children",
        "POST",
        writes.create_folder,
        "/drives/{drive-id}/items/{item-id}/children",
        "driveitem-post-children",
        "folders; conflictBehavior",
    ),
    Route(
        "item",
        "",
        "PATCH",
        writes.update_item,
        "/drives/{drive-id}/items/{item-id}",
        "driveitem-update",
        "rename, move within the drive, fileSystemInfo, If-Match",
    ),
    Route(
        "item",
        "",
        "DELETE",
        writes.delete_item,
        "/drives/{drive-id}/items/{item-id}",
        "driveitem-delete",
        "into the recycle bin; If-Match",
    ),
    Route(
        "item",
        "createUploadSession",
        "POST",
        writes.create_upload_session,
        "/drives/{drive-id}/items/{parent-id}:/{name}:/createUploadSession",
        "driveitem-createuploadsession",
        "new and existing, conflictBehavior, fileSize, If-Match, If-None-Match, fragments, resume,"
        " cancel, deferCommit",
    ),
    Route(
        "item",
        "",
        "PUT",
        writes.commit_upload,
        "/drives/{drive-id}/root:/{path-to-parent}",
        "driveitem-createuploadsession",
        "stores what an upload session took in under another name: @microsoft.graph.sourceUrl",
    ),
    Route(
        "search",
        "query",
        "POST",
        search_query.search,
        "/search/query",
        "search-query",
        "driveItem, listItem, list, drive, site; words, phrases, restrictions, AND, OR, NOT; from,"
        " size, fields, sortProperties, queryTemplate, region, privateContent; the lag of the index"
        " as a quirk; no aggregations, no collapsing, no other entities",
    ),
    *PERSONAL_ROUTES,
    *SHARING_ROUTES,
    *DIRECTORY_ROUTES,
    *LIST_ROUTES,
    *SCHEMA_ROUTES,
    *PAGE_ROUTES,
)

HANDLERS = {(route.kind, route.op, route.method): route.handler for route in ROUTES}
METHODS = {
    (route.kind, route.op): [r.method for r in ROUTES if (r.kind, r.op) == (route.kind, route.op)]
    for route in ROUTES
}

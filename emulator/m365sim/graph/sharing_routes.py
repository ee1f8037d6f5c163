"""Routes about who may see what, and of versions, copies, searches and batches."""

from __future__ import annotations

from m365sim.graph import batch, copying, permissions, search, site_grants, versions
from m365sim.graph.route import Route

SHARING_ROUTES = (
    Route(
        "$batch",
        "",
        "POST",
        batch.run_batch,
        "/$batch",
        "https://learn.microsoft.com/graph/json-batching",
        "up to 20, dependsOn, base64 bodies, redirects as they are; each request is throttled"
        " and hit by faults alone; a batch is refused whole when it is malformed",
    ),
    Route(
        "item",
        "permissions",
        "GET",
        permissions.list_permissions,
        "/drives/{drive-id}/items/{item-id}/permissions",
        "driveitem-list-permissions",
        "direct and inherited (`inheritedFrom: {}`), of users, groups, site groups, apps and links;"
        " non-owners see their own; no secrets for readers; $select, $top, $skiptoken",
    ),
    Route(
        "item",
        "permissions/{permission-id}",
        "GET",
        permissions.get_permission,
        "/drives/{drive-id}/items/{item-id}/permissions/{permission-id}",
        "permission-get",
        "as listed",
    ),
    Route(
        "item",
        "permissions/{permission-id}",
        "PATCH",
        permissions.update_permission,
        "/drives/{drive-id}/items/{item-id}/permissions/{permission-id}",
        "permission-update",
        "roles of grants, expiration of links; inherited ones are refused",
    ),
    Route(
        "item",
        "permissions/{permission-id}",
        "DELETE",
        permissions.delete_permission,
        "/drives/{drive-id}/items/{item-id}/permissions/{permission-id}",
        "permission-delete",
        "inherited ones are refused",
    ),
    Route(
        "item",
        "invite",
        "POST",
        permissions.invite_to_item,
        "/drives/{drive-id}/items/{item-id}/invite",
        "driveitem-invite",
        "users and groups by email, alias or objectId, addresses outside;"
        " retainInheritedPermissions; mails are kept for the control API; no password",
    ),
    Route(
        "item",
        "createLink",
        "POST",
        permissions.create_sharing_link,
        "/drives/{drive-id}/items/{item-id}/createLink",
        "driveitem-createlink",
        "view, edit; anonymous, organization, users; expiration; the app's equal link is found"
        " again; no password, no embed",
    ),
    Route(
        "share",
        "",
        "GET",
        permissions.get_share,
        "/shares/{share-id}",
        "shares-get",
        "links and item addresses; Prefer redeemSharingLink, redeemSharingLinkIfNecessary;"
        " below `/driveItem` (or `/root`) everything that items have",
    ),
    Route(
        "share",
        "permission",
        "GET",
        permissions.get_share_permission,
        "/shares/{share-id}/permission",
        "resources/shareddriveitem",
        "of links",
    ),
    Route(
        "share",
        "permission/grant",
        "POST",
        permissions.grant_by_link,
        "/shares/{share-id}/permission/grant",
        "permission-grant",
        "users and groups of the tenant; the link's own role counts",
    ),
    *(
        Route(
            "site",
            "permissions/{permission-id}",
            method,
            handler,
            "/sites/{site-id}/permissions/{permission-id}",
            page,
            "what an app with Sites.Selected was granted, by a token with Sites.FullControl.All",
        )
        for method, handler, page in (
            ("GET", site_grants.get_site_grant, "site-get-permission"),
            ("PATCH", site_grants.update_site_grant, "site-update-permission"),
            ("DELETE", site_grants.delete_site_grant, "site-delete-permission"),
        )
    ),
    *(
        Route(
            "item", op, method, handler, f"/drives/{{drive-id}}/items/{{item-id}}/{op}", page, how
        )
        for op, method, handler, page, how in (
            (
                "versions",
                "GET",
                versions.list_versions,
                "driveitem-list-versions",
                (
                    "one per content, the newest first; $top, $skiptoken, $select; of files that"
                    " mirror a folder only the present bytes are there"
                ),
            ),
            (
                "versions/{version-id}",
                "GET",
                versions.get_version,
                "driveitemversion-get",
                "as listed",
            ),
            (
                "versions/{version-id}/content",
                "GET",
                versions.redirect_to_version,
                "driveitemversion-get-contents",
                "302 to the tenant host; refusing the current version is a quirk",
            ),
            (
                "versions/{version-id}/restoreVersion",
                "POST",
                versions.restore_version,
                "driveitemversion-restore",
                "all",
            ),
            (
                "thumbnails",
                "GET",
                versions.list_thumbnails,
                "driveitem-list-thumbnails",
                "for images, at the image's own address; empty for all else; custom sizes",
            ),
            (
                "thumbnails/{set-id}/{size}",
                "GET",
                versions.get_thumbnail,
                "driveitem-list-thumbnails",
                "as listed",
            ),
            (
                "thumbnails/{set-id}/{size}/content",
                "GET",
                versions.get_thumbnail,
                "driveitem-list-thumbnails",
                "302 to the image itself, not scaled",
            ),
            (
                "copy",
                "POST",
                copying.copy_item,
                "driveitem-copy",
                (
                    "also to other drives; conflictBehavior, childrenOnly,"
                    " includeAllVersionHistory; 202 and a monitor, which tells of conflicts too"
                ),
            ),
            (
                "permanentDelete",
                "POST",
                copying.delete_for_good,
                "driveitem-permanentdelete",
                "all",
            ),
            (
                "restore",
                "POST",
                copying.restore_item,
                "driveitem-restore",
                "documented for OneDrive personal only, here on every drive; parent, name",
            ),
            (
                "search",
                "GET",
                search.search_drive,
                "driveitem-search",
                (
                    "names, and text files up to 64 KB; $top, $skiptoken, $select; the lag of the"
                    " index as a quirk; not $orderby"
                ),
            ),
        )
    ),
    Route(
        "drive",
        "search",
        "GET",
        search.search_drive,
        "/drives/{drive-id}/search(q='{text}')",
        "driveitem-search",
        "the drive alone, not what others share",
    ),
)

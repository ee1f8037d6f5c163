"""Routes of users, groups and subscriptions."""

from __future__ import annotations

from m365sim.graph import directory, subscriptions
from m365sim.graph.route import Route

#: What may follow a collection of directory objects, as an Address has it → as it is written.
_CASTS = {
    "": "",
    "/$count": "/$count",
    "/user": "/microsoft.graph.user",
    "/group": "/microsoft.graph.group",
    "/microsoft.graph.user/$count": "/microsoft.graph.user/$count",
    "/microsoft.graph.group/$count": "/microsoft.graph.group/$count",
}

DIRECTORY_ROUTES = (
    *(
        Route(
            kind,
            op,
            "GET",
            handler,
            f"/{kind}{op and '/' + op}",
            page,
            f"{what}$filter, $search, $orderby, $count and /$count with ConsistencyLevel; $select,"
            " $top, $skiptoken",
        )
        for kind, handler, page, what in (
            ("users", directory.list_users, "user-list", ""),
            (
                "groups",
                directory.list_groups,
                "group-list",
                "those of team sites, and those added; ",
            ),
        )
        for op in ("", "$count")
    ),
    Route(
        "user",
        "",
        "GET",
        directory.get_user,
        "/users/{user-id}",
        "user-get",
        "by id or sign-in name; $select",
    ),
    *(
        Route(
            kind,
            f"{op}{cast}",
            "GET",
            directory.list_memberships,
            f"{shown}/{op}{_CASTS[cast]}",
            page,
            "groups only; as for users",
        )
        for kind, shown in (("me", "/me"), ("user", "/users/{user-id}"))
        for op, page in (
            ("memberOf", "user-list-memberof"),
            ("transitiveMemberOf", "user-list-transitivememberof"),
        )
        for cast in _CASTS
        if "user" not in cast
    ),
    Route("group", "", "GET", directory.get_group, "/groups/{group-id}", "group-get", "$select"),
    *(
        Route(
            "group",
            f"{op}{cast}",
            "GET",
            directory.list_members,
            f"/groups/{{group-id}}/{op}{_CASTS[cast]}",
            page,
            "users and groups; as for users",
        )
        for op, page in (
            ("members", "group-list-members"),
            ("transitiveMembers", "group-list-transitivemembers"),
            ("owners", "group-list-owners"),
        )
        for cast in _CASTS
    ),
    Route(
        "group",
        "sites/root",
        "GET",
        directory.get_group_site,
        "/groups/{group-id}/sites/root",
        "site-get",
        "the team site; its files are below `/groups/{group-id}/drive`",
    ),
    Route(
        "group",
        "drives",
        "GET",
        directory.list_group_drives,
        "/groups/{group-id}/drives",
        "drive-list",
        "all",
    ),
    *(
        Route(kind, op, method, handler, shown, page, how)
        for kind, op, method, handler, shown, page, how in (
            (
                "subscriptions",
                "",
                "POST",
                subscriptions.create_subscription,
                "/subscriptions",
                "subscription-post-subscriptions",
                (
                    "roots of drives, and lists; receivers on the loopback only, http too;"
                    " validation, clientState, lifecycleNotificationUrl, 42,300 minutes,"
                    " includesecuritywebhooks; no encrypted content"
                ),
            ),
            (
                "subscriptions",
                "",
                "GET",
                subscriptions.list_subscriptions,
                "/subscriptions",
                "subscription-list",
                "those of the calling app, and user",
            ),
            (
                "subscription",
                "",
                "GET",
                subscriptions.get_subscription,
                "/subscriptions/{id}",
                "subscription-get",
                "of the calling app",
            ),
            (
                "subscription",
                "",
                "PATCH",
                subscriptions.renew_subscription,
                "/subscriptions/{id}",
                "subscription-update",
                "expirationDateTime; authorizes it anew",
            ),
            (
                "subscription",
                "",
                "DELETE",
                subscriptions.delete_subscription,
                "/subscriptions/{id}",
                "subscription-delete",
                "all",
            ),
            (
                "subscription",
                "reauthorize",
                "POST",
                subscriptions.reauthorize_subscription,
                "/subscriptions/{id}/reauthorize",
                "subscription-reauthorize",
                "all; asked for before the end, and when the control API says so",
            ),
        )
    ),
)

"""Routes of what people follow, were given and have checked out."""

from __future__ import annotations

from m365sim.graph import checkout, personal, sites, special
from m365sim.graph.route import Route

PERSONAL_ROUTES = (
    *(
        Route(
            "drive",
            op,
            "GET",
            handler,
            f"/drives/{{drive-id}}/{op}",
            page,
            f"also /me/drive; {how}; $top, $skiptoken, $select",
        )
        for op, handler, page, how in (
            (
                "sharedWithMe",
                personal.list_shared,
                "drive-sharedwithme",
                "the tenant's items of other drives, shared by name, group or a link followed",
            ),
            (
                "recent",
                personal.list_recent,
                "drive-recent",
                "what the owner changed; opening a file leaves no trace",
            ),
            ("following", personal.list_following, "drive-list-following", "all"),
        )
    ),
    *(
        Route(
            "item", op, "POST", handler, f"/drives/{{drive-id}}/items/{{item-id}}/{op}", page, how
        )
        for op, handler, page, how in (
            (
                "preview",
                special.preview,
                "driveitem-preview",
                "an address that leads nowhere; no page, no zoom",
            ),
            ("follow", personal.follow_item, "driveitem-follow", "for the signed-in user"),
            ("unfollow", personal.unfollow_item, "driveitem-unfollow", "for the signed-in user"),
            (
                "checkout",
                checkout.check_out,
                "driveitem-checkout",
                "others get 423; $select=publication; what is changed meanwhile is seen at once",
            ),
            ("checkin", checkout.check_in, "driveitem-checkin", "also _CheckinComment"),
            (
                "discardCheckout",
                checkout.discard,
                "driveitem-discardcheckout",
                "back to the content of before",
            ),
        )
    ),
    *(
        Route(kind, op, method, handler, f"{shown}/{op}", page, how)
        for kind, shown in (("me", "/me"), ("user", "/users/{user-id}"))
        for op, method, handler, page, how in (
            (
                "followedSites",
                "GET",
                sites.list_followed_sites,
                "sites-list-followed",
                "at first the sites of groups",
            ),
            ("followedSites/add", "POST", personal.follow_sites, "site-follow", "207 on errors"),
            (
                "followedSites/remove",
                "POST",
                personal.unfollow_sites,
                "site-unfollow",
                "207 on errors",
            ),
        )
    ),
)

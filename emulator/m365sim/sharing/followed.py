"""The sites and items that people follow.

https://learn.microsoft.com/graph/api/site-follow, https://learn.microsoft.com/graph/api/driveitem-follow
"""

from __future__ import annotations

from m365sim.files import Drive, Item, Site


class Followed:
    """Who follows what. At first everybody follows the sites of groups, as members of one do."""

    def __init__(self) -> None:
        self._sites: dict[str, dict[str, bool]] = {}  # user id → site id → whether or not
        self._items: dict[str, dict[tuple[str, bytes], None]] = {}  # user id → drive id, item uid

    def follows_site(self, user_id: str, site: Site) -> bool:
        """Tell whether somebody follows a site."""
        return self._sites.get(user_id, {}).get(site.id, site.in_group)

    def set_site(self, user_id: str, site: Site, *, followed: bool) -> None:
        """Let somebody follow a site, or no longer."""
        self._sites.setdefault(user_id, {})[site.id] = followed

    def items(self, user_id: str) -> list[tuple[str, bytes]]:
        """List the items that somebody follows, by drive id and uid, the first followed first."""
        return list(self._items.get(user_id, ()))

    def set_item(self, user_id: str, drive: Drive, item: Item, *, followed: bool) -> None:
        """Let somebody follow an item, or no longer."""
        kept = self._items.setdefault(user_id, {})
        if followed:
            kept[drive.id, item.uid] = None
        else:
            kept.pop((drive.id, item.uid), None)

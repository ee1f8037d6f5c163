"""Follow a delta feed: what is there, what changed since, and how to go on after anything.

https://learn.microsoft.com/graph/api/driveitem-delta and
https://learn.microsoft.com/onedrive/developer/rest-api/concepts/scan-guidance. Rules kept here, so
that a recipe need not know them:

- only a deltaLink ends a round; empty pages are legal before it;
- an entry counts by its id alone, of one that comes twice the last appearance;
- gone is what has the `deleted` facet (or `@removed`, in other feeds), never what lacks a name;
- a drive's root is the feed itself, not one of its items;
- 410 may come at any time: then everything is read afresh;
- a folder's end is reported without its contents: whoever `cascades` deletes these himself, for
  others the feed is read afresh, and what is not seen again is swept;
- a folder's new name or place is reported without its contents too, and these are listed (`below`),
  because their paths have changed; not those of a folder that whoever reads knows and moves with
  what is in it (`knows`). One he does not know may have come back with all that was in it.

A position is a link of the vendor's, as it came; while everything is being read it carries the
fragment `#afresh`, which tells a resumed run so and never leaves the house.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, Protocol

from fairlead.errors import Gone, Rejected, Unavailable
from fairlead_microsoft.graph.ahead import Ahead
from fairlead_microsoft.graph.paging import (
    DELTA_LINK,
    NEXT_LINK,
    LoopGuard,
    M,
    entries_of,
    link_of,
)

#: full reads that one run begins because of 410 before it gives up
MOST_RESYNCS = 5
_AFRESH = "#afresh"

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Removed:
    """An entry that is gone; nothing but its id is sure to be known."""

    id: str


@dataclass(frozen=True, slots=True)
class DeltaPage(Generic[M]):
    """One step of a feed."""

    live: list[M]
    gone: list[Removed]
    #: where a killed run goes on after this page; None = from the start
    link: str | None
    #: first page of a full read
    restarted: bool = False
    #: last page: everything up to now was seen
    settled: bool = False
    #: everything is being read, not what changed
    afresh: bool = False


@dataclass(frozen=True, slots=True)
class RawPage:
    """A DeltaPage before its entries are read as models."""

    live: list[Entry]
    gone: list[Removed]
    link: str | None
    restarted: bool = False
    settled: bool = False
    afresh: bool = False


#: ids of folders -> those that the reader knows
Knows = Callable[[list[str]], Awaitable[set[str]]]


class Fetch(Protocol):
    """Fetch one page by its URL; raises Gone for 410."""

    async def __call__(self, url: str) -> Entry: ...


#: (changed folder, ids of folders listed in this run) -> pages of everything below it
Below = Callable[[Entry, set[str]], AsyncIterator[list[Entry]]]


async def follow(
    fetch: Fetch,
    feed: str,
    since: str | None,
    *,
    is_ours: Callable[[str], bool],
    below: Below | None = None,
    cascades: bool = False,
    has_root: bool = True,
    knows: Knows | None = None,
) -> AsyncGenerator[RawPage, None]:
    """Yield the pages of a feed from a position to its end, resynchronising as needed.

    The next page is fetched while whoever reads deals with this one. A position that is not ours
    (`is_ours`: stored under another cloud) counts as none. `cascades`: whoever reads deletes what
    lies below what is gone, once the feed is settled. Without `has_root` what says to be a root is
    an entry like any other: a site, say.
    """
    walk = _Walk(feed, since if since and is_ours(since) else None, is_ours)
    async with (
        Ahead(fetch) as pages,
        aclosing(
            _followed(pages, walk, feed, below, cascades=cascades, has_root=has_root, knows=knows)
        ) as read,
    ):
        async for page in read:
            yield page


async def _followed(
    pages: Ahead[Entry],
    walk: "_Walk",
    feed: str,
    below: Below | None,
    *,
    cascades: bool,
    has_root: bool,
    knows: Knows | None,
) -> AsyncGenerator[RawPage, None]:
    listed: set[str] = set()
    while True:
        try:
            reply = await pages.get(walk.url)
        except (Gone, Rejected) as error:
            walk.resync(error)
            continue
        live, gone, lost_folder = _sorted_out(entries_of(reply), has_root=has_root)
        if lost_folder and not cascades and not walk.is_afresh:
            yield RawPage(live, gone, link=None)
            walk.restart(feed)
            continue
        if below and not walk.is_afresh:
            folders = [one for one in live if may_hold_others(one)]
            known = await knows([one["id"] for one in folders]) if knows and folders else set()
            for folder in folders:
                if folder["id"] not in listed | known:
                    async for entries in below(folder, listed):
                        yield RawPage(entries, [], link=walk.position(walk.url))
        link, settled = _onward(reply)
        if not settled:
            pages.begin(link)
        yield RawPage(
            live,
            gone,
            link=link if settled else walk.position(link),
            restarted=walk.is_first_of_full_read,
            settled=settled,
            afresh=walk.is_afresh,
        )
        if settled:
            return
        walk.advance(link)


class _Walk:
    """Where a run stands in its feed."""

    def __init__(self, feed: str, since: str | None, is_ours: Callable[[str], bool]) -> None:
        self._feed = feed
        self._is_ours = is_ours
        self._resyncs = 0
        self._is_vendors_restart = False
        if since is None:
            self.restart(feed)
        else:
            self.url = since.removesuffix(_AFRESH)
            self.is_afresh = since.endswith(_AFRESH)
            self.is_first_of_full_read = False
            self._guard = LoopGuard()

    def position(self, link: str) -> str:
        """Return a link as a position of this walk."""
        return f"{link}{_AFRESH}" if self.is_afresh else link

    def restart(self, url: str) -> None:
        """Begin a full read."""
        self.url = url
        self.is_afresh = True
        self.is_first_of_full_read = True
        self._guard = LoopGuard()

    def advance(self, link: str) -> None:
        """Go on to the next page."""
        self._guard.check(link)
        self.url = link
        self.is_first_of_full_read = False
        self._is_vendors_restart = False

    def resync(self, error: Gone | Rejected) -> None:
        """Begin a full read after a 410: where the vendor says, or at the feed's own start.

        The link that comes with a 410 is optional and has been unusable before
        (OneDrive/onedrive-api-docs#249), so a refusal of that link leads to the start as well.
        Any other refusal, and one 410 too many, is raised as it came.
        """
        if self._is_vendors_restart:
            self._is_vendors_restart = False
            self.restart(self._feed)
            return
        self._resyncs += 1
        if not isinstance(error, Gone) or self._resyncs > MOST_RESYNCS:
            raise error
        link = error.restart_at or ""
        self._is_vendors_restart = self._is_ours(link)
        self.restart(link if self._is_vendors_restart else self._feed)


def _onward(reply: Entry) -> tuple[str, bool]:
    """Return where to go on, and whether that is the end of the round."""
    if (link := link_of(reply, NEXT_LINK)) is not None:
        return link, False
    if (link := link_of(reply, DELTA_LINK)) is not None:
        return link, True
    raise Unavailable(
        "Microsoft Graph ended a feed without a link to go on from; try again later.",
        code="malformed_page",
    )


def _sorted_out(entries: list[Entry], *, has_root: bool) -> tuple[list[Entry], list[Removed], bool]:
    """Split a page into what lives and what is gone; was a folder among the latter?"""
    last: dict[str, Entry] = {}
    for entry in entries:
        entry_id = entry.get("id")
        if not isinstance(entry_id, str) or not entry_id:
            raise Unavailable(
                "Microsoft Graph gave an entry without an id; try again later.",
                code="malformed_page",
            )
        if has_root and entry.get("root") is not None:
            continue
        # popped first, so that the order is that of last appearances
        last.pop(entry_id, None)
        last[entry_id] = entry
    live = [entry for entry in last.values() if not _is_gone(entry)]
    gone = [entry for entry in last.values() if _is_gone(entry)]
    lost_folder = any(entry.get("folder") is not None for entry in gone)
    return live, [Removed(entry["id"]) for entry in gone], lost_folder


def _is_gone(entry: Entry) -> bool:
    return entry.get("deleted") is not None or entry.get("@removed") is not None


def may_hold_others(entry: Entry) -> bool:
    """Say whether an entry is a folder that is not known to be empty."""
    folder = entry.get("folder")
    return isinstance(folder, dict) and folder.get("childCount") != 0

"""Which webs a sync of SharePoint's own API goes to, and what lists are in them.

A site collection is read with all its webs
(https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)).
A web that is listed no more is asked for by itself: it leaves only if it is not there. What could
not be listed stays known, with all below it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from pydantic import Field

from fairlead.errors import Rejected, Unavailable
from fairlead.sdk import Checkpoint, Metadata, SyncCtx
from fairlead_microsoft.rest import Rest, Web
from fairlead_microsoft.sharepoint.tour import Tour, is_not_there
from fairlead_microsoft.sharepoint_v1.identity import DriveRef, SiteRef, address_of
from fairlead_microsoft.sharepoint_v1.shapes.entities import Collection, ListEntity, WebEntity

_OF_WEBS = "Id,Title,Description,Url,ServerRelativeUrl,Created,LastItemModifiedDate"
_OF_LISTS = (
    "Id,Title,Description,BaseTemplate,BaseType,Hidden,IsSystemList,ContentTypesEnabled,Created,"
    "LastItemModifiedDate,CurrentChangeToken,RootFolder/UniqueId,RootFolder/ServerRelativeUrl"
)
_OF_FIELDS = ",".join(
    f"Fields/{name}"
    for name in (
        *("InternalName", "EntityPropertyName", "Title", "TypeAsString", "Hidden"),
        *("ReadOnlyField", "FromBaseType", "LookupList", "LookupField"),
    )
)


class Sites(Metadata):
    """Of which site collections."""

    #: addresses, paths or ids; empty: the tenant's root site. Their subsites belong to them.
    sites: list[str] = Field(default_factory=list)


class Positions(Checkpoint):
    """Which webs are known, and how far what is in them was read."""

    #: id of a web -> its address
    webs: dict[str, str] = Field(default_factory=dict)
    #: site collection as the product names it -> its GUID
    collections: dict[str, str] = Field(default_factory=dict)
    #: partition -> where to go on
    links: dict[str, str | None] = Field(default_factory=dict)
    #: partition -> hash of what was asked of its rows, and where it was
    questions: dict[str, str] = Field(default_factory=dict)

    def ask(self, partition: str, *question: str) -> None:
        """Note what is asked of a partition's rows; if it was another thing, begin afresh."""
        digest = blake2b("\n".join(question).encode(), digest_size=12).hexdigest()
        if self.questions.get(partition) != digest:
            self.links[partition] = None
            self.questions[partition] = digest

    def of_web(self, site_id: str) -> list[str]:
        """Return the partitions of a web that are known: its lists, its drives, or itself."""
        ref = SiteRef.read(site_id)
        if ref is None:
            return []
        return [name for name in self.links if _is_of(name, ref)]

    def keep_only(self, partitions: Iterable[str]) -> None:
        """Forget what is not there any more, in every dict of positions by partition."""
        kept = set(partitions)
        for name, positions in self:
            if isinstance(positions, dict) and name not in ("webs", "collections"):
                for partition in positions.keys() - kept:
                    del positions[partition]


@dataclass(frozen=True, slots=True)
class FoundWeb:
    """A web that is there."""

    web: Web
    ref: SiteRef
    entity: WebEntity
    is_top: bool

    @property
    def id(self) -> str:
        """Its id at Graph."""
        return self.ref.id


@dataclass(slots=True)
class FoundWebs:
    """What webs there are, and the ids of those of which that is not known now."""

    webs: list[FoundWeb]
    in_doubt: list[str]


def found_web(web: Web, collection: str, entity: WebEntity, *, is_top: bool) -> FoundWeb:
    """Put together what is known of a web."""
    host = entity.url.partition("://")[2].partition("/")[0]
    return FoundWeb(web, SiteRef(host, collection, entity.id), entity, is_top)


async def chosen_webs(ctx: SyncCtx[Rest, Any, Any], tour: Tour, named: Sequence[str]) -> FoundWebs:
    """Return the webs of the site collections that are named, each once."""
    checkpoint: Positions = ctx.checkpoint
    names = list(dict.fromkeys(named)) or ["root"]
    survey = _Survey(ctx.api, tour, checkpoint.collections)
    for name in names:
        await survey.visit(name)
    in_doubt = await survey.not_listed(checkpoint.webs)
    checkpoint.webs = {
        **{one.id: one.entity.url for one in survey.found.values()},
        **{one: checkpoint.webs[one] for one in in_doubt},
    }
    for name in checkpoint.collections.keys() - set(names):
        del checkpoint.collections[name]
    return FoundWebs(list(survey.found.values()), in_doubt)


@dataclass(slots=True)
class _Survey:
    """What webs there are, as far as they tell."""

    api: Rest
    tour: Tour
    #: site collection as the product names it -> its GUID
    collections: dict[str, str]
    found: dict[str, FoundWeb] = field(default_factory=dict)
    #: addresses of webs that did not tell what is below them; "" stands for all
    shut: list[str] = field(default_factory=list)

    async def visit(self, name: str) -> None:
        """Take in a site collection with all its webs."""
        web: Web | None = None
        try:
            web = await self.api.web(name)
            if name not in self.collections:
                told = await self.api.get(Collection, f"{web.api}/site", select="Id")
                self.collections[name] = told.id
            top = await self.api.get(WebEntity, web.path(), select=_OF_WEBS)
        except (Rejected, Unavailable) as error:
            self.tour.leave_out(name, error)
            self.shut.append(address_of(web.url) if web is not None else "")
            return
        waiting = [found_web(web, self.collections[name], top, is_top=True)]
        while waiting:
            one = waiting.pop()
            self.found[one.id] = one
            waiting += await self._below(one)

    async def _below(self, one: FoundWeb) -> list[FoundWeb]:
        told = self.api.items(WebEntity, one.web.path("webs"), select=_OF_WEBS)
        try:
            entities = [entity async for entity in told]
        except (Rejected, Unavailable) as error:
            self.tour.leave_out(one.id, error)
            self.shut.append(address_of(one.web.url))
            return []
        collection = one.ref.site_id
        return [
            found_web(await self.api.web(entity.url), collection, entity, is_top=False)
            for entity in entities
        ]

    async def not_listed(self, known: Mapping[str, str]) -> list[str]:
        """Return the known webs that were not listed and yet are not gone for certain."""
        in_doubt: list[str] = []
        chosen = {one.ref.site_id for one in self.found.values()}
        for site_id, url in known.items():
            ref = SiteRef.read(site_id)
            if site_id in self.found or ref is None:
                continue
            web = await self.api.web(url)  # its address as requests have it
            if self._is_shut(address_of(web.url)):
                in_doubt.append(site_id)
                continue
            if ref.site_id not in chosen:
                continue  # of a site collection that is chosen no more
            try:
                entity = await self.api.get(WebEntity, web.path(), select=_OF_WEBS)
            except (Rejected, Unavailable) as error:
                if not is_not_there(error):
                    self.tour.leave_out(site_id, error)
                    in_doubt.append(site_id)
                continue
            if entity.id == ref.web_id:
                self.found[site_id] = FoundWeb(web, ref, entity, is_top=False)
        return in_doubt

    def _is_shut(self, address: str) -> bool:
        return any(
            not shut or address == shut or address.startswith(f"{shut}/") for shut in self.shut
        )


def _is_of(partition: str, ref: SiteRef) -> bool:
    """Say whether a partition is that of a web, of one of its lists, or of one of its drives."""
    drive = DriveRef.read(partition)
    if drive is not None:
        return (drive.site_id, drive.web_id) == (ref.site_id, ref.web_id)
    return partition.partition("/")[0] == ref.id


@dataclass(frozen=True, slots=True)
class FoundList:
    """A list of a web."""

    web: FoundWeb
    entity: ListEntity

    @property
    def partition(self) -> str:
        """What the positions and the records of its rows are kept under."""
        return f"{self.web.id}/{self.entity.id}"

    @property
    def drive_id(self) -> str:
        """Of a library: the id of its drive at Graph."""
        return DriveRef(self.web.ref.site_id, self.web.ref.web_id, self.entity.id).id

    @property
    def root(self) -> str:
        """Server-relative path of its topmost folder."""
        return (self.entity.root_folder and self.entity.root_folder.server_relative_url) or ""


async def lists_of(
    ctx: SyncCtx[Rest, Any, Any],
    tour: Tour,
    webs: FoundWebs,
    *,
    with_fields: bool = False,
) -> tuple[list[FoundList], list[str]]:
    """Return the lists of webs, but the system's own; of closed webs, the partitions known before.

    The same lists as Graph gives: https://learn.microsoft.com/graph/api/list-list.
    """
    found: list[FoundList] = []
    in_doubt = [name for one in webs.in_doubt for name in ctx.checkpoint.of_web(one)]
    select = f"{_OF_LISTS},{_OF_FIELDS}" if with_fields else _OF_LISTS
    expand = "RootFolder,Fields" if with_fields else "RootFolder"
    for one in webs.webs:
        url = one.web.path("lists")
        try:
            told = ctx.api.items(ListEntity, url, select=select, expand=expand)
            some = [FoundList(one, entity) async for entity in told if not entity.is_system_list]
        except (Rejected, Unavailable) as error:
            tour.leave_out(one.id, error)
            in_doubt += ctx.checkpoint.of_web(one.id)
            continue
        tour.note_read()
        found += some
    return found, in_doubt

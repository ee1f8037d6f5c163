"""The plots of mirrors by SharePoint's own API: what happens, and what must be there."""

from collections.abc import Mapping
from typing import Any

from hypothesis.strategies import SearchStrategy
from mirror_stage import Plot
from pack_plots import CLOSED, FILING, ROWS, two_sites
from site_life import SiteLife
from tales import FAULTS_V1, Tale, tales_of
from tenant_life import TenantLife

from m365sim.world import World

#: the site collections of the sites where things happen
WHERE = ("/sites/people", "/sites/engineering")
READ = ("Sites.Read.All", "AllSites.Read")


def _sites(world: World) -> list[Any]:
    """Return the webs of those site collections."""
    tops = {one.collection for one in world.content.all_sites() if one.path in WHERE}
    return [one for one in world.content.all_sites() if one.collection in tops]


def _all_webs(world: World) -> SiteLife:
    """Let things happen in two webs, of which one is a subsite."""
    return two_sites(world)


def _files(world: World, life: TenantLife) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for site in _sites(world):
        for drive in site.drives:
            for item in () if drive.is_system else drive.walk(drive.root):
                size = None if item.is_folder else item.size
                found[f"{drive.id}/{drive.item_id(item.uid)}"] = (
                    *(item.name, drive.item_id(item.parent), drive.path(item), size),
                )
    return found


def _rows(world: World, life: TenantLife) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for site in _sites(world):
        for one in world.lists.of(site):
            for row in () if one.is_system else one.rows_after(0):
                found[f"{one.site.id}_{one.id}_{row.id}"] = (
                    row.values.get("Title"),
                    str(row.parent) if row.parent else None,
                )
    return found


def _chosen(world: World, life: TenantLife) -> dict[str, Any]:
    return {"sites": list(WHERE)}


FILES = Plot(
    sync="files",
    model="DriveItem",
    life=_all_webs,
    metadata=_chosen,
    truth=_files,
    told=lambda one: tuple(map(one.get, ("name", "parentId", "path", "size"))),
    scopes=READ,
    is_v1=True,
)
LIST_ITEMS = Plot(
    sync="list-items",
    model="ListItem",
    life=_all_webs,
    metadata=_chosen,
    truth=_rows,
    told=lambda one: (one["fields"].get("Title"), one.get("parentItemId")),
    scopes=READ,
    is_v1=True,
)
_FILING = (*FILING, "new_list", "remove_list", *CLOSED)

#: name -> a plot, and how its histories are made up
REST_PLOTS: dict[str, tuple[Plot, SearchStrategy[Tale]]] = {
    "files": (FILES, tales_of(_FILING, FAULTS_V1)),
    "list-items": (LIST_ITEMS, tales_of((*ROWS, *FILING, "column", *CLOSED), FAULTS_V1)),
}

"""A plot for every sync of the pack besides `drive-items`: what happens, and what must be there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hypothesis.strategies import SearchStrategy
from mirror_stage import Plot
from site_life import SiteLife
from tales import FAULTS_V2, Tale, tales_of
from tenant_life import TenantLife

from m365sim.files import Drive, Item, Site
from m365sim.files.blob import MemoryBlob
from m365sim.files.ids import guid_of
from m365sim.files.item import SYSTEM
from m365sim.files.versions import versions
from m365sim.lists.site_pages import SitePages
from m365sim.world import World

PATHS = ("/sites/people", "/sites/engineering/lab")
FILING = (
    *("file", "new_folder", "edit", "rename", "rename_folder", "move", "move_folder"),
    *("delete", "delete_folder", "restore", "across", "expire"),
)
CLOSED = ("lose_drive", "lose_site", "regain", "regain")

Truth = Callable[[World, SiteLife], Iterator[str]]


def _site(world: World, path: str) -> Site:
    found = world.content.site_at(world.content.host, path)
    assert found is not None
    return found


def _fill(drive: Drive) -> None:
    top = drive.create_folder(drive.root, "Top", SYSTEM)
    middle = drive.create_folder(top, "Middle", SYSTEM)
    for folder in (top, middle):
        drive.put_file(folder, "leaf.txt", MemoryBlob(b"leaf"), SYSTEM)


def two_sites(world: World) -> SiteLife:
    """Let things happen in two sites with a library each, and a list in one."""
    sites = [_site(world, path) for path in PATHS]
    life = SiteLife(world, [site.drives[0] for site in sites], sites=sites)
    _fill(life.drives[0])
    world.lists.create(sites[0], "Parts", SYSTEM)
    return life


def granted_sites(world: World) -> SiteLife:
    """As `two_sites`, which were granted to an app that may see nothing else."""
    life = two_sites(world)
    life.grant_app()
    return life


def own_drive(world: World) -> SiteLife:
    """Let things happen in alex' own OneDrive."""
    alex = world.directory.user_by_upn(f"alex@{world.tenant.domain}")
    assert alex is not None
    site = world.content.personal_site(alex.id)
    assert site is not None
    life = SiteLife(world, [site.drives[0]], sites=[site])
    _fill(life.drives[0])
    return life


# -- what must be there


def _live(drive: Drive) -> Iterator[tuple[str, Item]]:
    for item in drive.walk(drive.root):
        yield drive.item_id(item.uid), item


def _lists(world: World, life: SiteLife) -> Iterator[Any]:
    for site in life.sites:
        yield from (one for one in world.lists.of(site) if not one.is_system)


def _versions(world: World, life: SiteLife) -> Iterator[str]:
    for drive in life.drives:
        for key, item in _live(drive):
            if not item.is_folder:
                for state in versions(drive, item):
                    yield f"{drive.id}/{key}:{state.content_version}.0"


def _rows(world: World, life: SiteLife) -> Iterator[str]:
    for one in _lists(world, life):
        yield from (f"{one.site.id}_{one.id}_{row.id}" for row in one.rows_after(0))


def _columns(world: World, life: SiteLife) -> Iterator[str]:
    for one in _lists(world, life):
        yield from (f"{one.site.id}/{one.id}/{c.id}" for c in one.schema.columns.values())


def _of_schema(part: str) -> Truth:
    def truth(world: World, life: SiteLife) -> Iterator[str]:
        for site in life.sites:
            found = getattr(world.lists.site_schema(site), part)
            yield from (f"{site.id}|{one.id}" for one in found.values())

    return truth


def _pages(world: World, life: SiteLife) -> Iterator[str]:
    for site in life.sites:
        library = world.lists.pages(site)
        for page in SitePages(library).all():
            yield f"{site.id}/{guid_of(page.item.uid)}"


def _permissions(world: World, life: SiteLife) -> Iterator[str]:
    for drive in life.drives:
        yield from (
            f"{drive.id}/{drive.item_id(item.uid)}"
            for item in (drive.root, *drive.walk(drive.root))
            if item.parent is None or world.sharing.item_acl(drive, item) is not None
        )


def _files_of(world: World, life: SiteLife) -> Iterator[str]:
    for site in life.sites:
        for drive in site.drives:
            if not drive.is_system:
                for key, item in _live(drive):
                    if not item.is_folder:
                        yield f"{site.id}:{drive.id}:{key}"


def _every_item(world: World, life: SiteLife) -> Iterator[str]:
    for drive in life.drives:
        yield from (f"{drive.id}/{key}" for key, _ in _live(drive))


def _picked(world: World, life: SiteLife) -> Iterator[str]:
    chosen = {(one["driveId"], one["id"]) for one in _picks(world, life)["pickedFiles"]}
    for drive in life.drives:
        yield from (f"{drive.id}/{key}" for key, _ in _live(drive) if (drive.id, key) in chosen)


def _lists_of(world: World, life: SiteLife) -> Iterator[str]:
    yield from (f"{one.site.id}|{one.id}" for one in _lists(world, life))


def _drives_of(world: World, life: SiteLife) -> Iterator[str]:
    for site in life.sites:
        yield from (drive.id for drive in site.drives if not drive.is_system)


def _subsites(world: World, life: SiteLife) -> Iterator[str]:
    def below(site: Site) -> Iterator[str]:
        for one in site.subsites:
            yield one.id
            yield from below(one)

    for site in life.sites:
        yield from below(site)


def _named_sites(world: World, life: SiteLife) -> Iterator[str]:
    yield from (site.id for site in life.sites)


def _all_sites(world: World, life: SiteLife) -> Iterator[str]:
    yield from (site.id for site in world.content.all_sites() if not site.is_personal)


# -- what the product says


def _chosen(world: World, life: SiteLife) -> dict[str, Any]:
    ids = [site.id for site in life.sites]
    return {"sites": ids, "siteIds": ids, "selectedSites": ids, "sharedSites": ids}


def _chosen_drives(world: World, life: SiteLife) -> dict[str, Any]:
    return {"drives": [{"siteId": one.site.id, "driveId": one.id} for one in life.drives]}


_PICKS: dict[int, dict[str, Any]] = {}


def _picks(world: World, life: SiteLife) -> dict[str, Any]:
    # as it was picked at the beginning, whatever became of it
    if id(world) not in _PICKS:
        _PICKS.clear()
        files = [
            {"driveId": drive.id, "id": key}
            for drive in life.drives
            for key, item in _live(drive)
            if not item.is_folder
        ]
        _PICKS[id(world)] = {"pickedFiles": files}
    return _PICKS[id(world)]


def _nothing(world: World, life: SiteLife) -> dict[str, Any]:
    return {}


def _plot(
    sync: str,
    model: str,
    truth: Truth,
    metadata: Callable[[World, SiteLife], dict[str, Any]] = _chosen,
    *,
    life: Callable[[World], SiteLife] = two_sites,
    scopes: tuple[str, ...] = ("Sites.Read.All", "Files.Read.All"),
    key: Callable[[dict[str, Any]], str] = lambda one: str(one["id"]),
) -> Plot:
    """Return a plot whose truth is a set of ids; the rest is compared with a fresh read."""

    def there(world: World, people: TenantLife) -> Mapping[str, Any]:
        assert isinstance(people, SiteLife)
        return dict.fromkeys(truth(world, people), True)

    def said(world: World, people: TenantLife) -> dict[str, Any]:
        assert isinstance(people, SiteLife)
        return metadata(world, people)

    return Plot(sync, model, life, said, there, lambda one: True, scopes, key, _whole)


def _whole(record: dict[str, Any]) -> dict[str, Any]:
    return record


_Entry = tuple[Plot, SearchStrategy[Tale]]


def _entry(plot: Plot, kinds: Sequence[str], who: str = "both") -> _Entry:
    faults = (
        [kind for kind in FAULTS_V2 if kind != "down"] if plot.sync == "sites" else list(FAULTS_V2)
    )
    return plot, tales_of(kinds, faults, who=who)


LISTS = (*("new_list", "remove_list", "rename_list"), *CLOSED)
ROWS = (*("row", "row", "edit_row", "delete_row", "restore_row", "new_list", "remove_list"),)
SCHEMA = ("column", "change_column", "remove_column", "new_list", "remove_list")
TYPES = ("content_type", "content_type", "remove_content_type", *CLOSED)
SHARING = ("grant", "grant", "break", "inherit")
SELECTED = ("Sites.Selected",)

#: name -> a plot, and how its histories are made up
PLOTS: dict[str, _Entry] = {
    "sites of an app": _entry(
        _plot("sites", "Site", _all_sites, _nothing),
        ("new_site", "new_subsite", "describe_site", "remove_site", "expire"),
        "app",
    ),
    "sites by id": _entry(
        _plot("sites", "Site", _named_sites),
        ("new_site", "describe_site", "remove_site", *CLOSED),
    ),
    "subsites": _entry(
        _plot("subsites", "Subsite", _subsites),
        ("new_subsite", "new_subsite", "describe_site", "remove_site", *CLOSED),
    ),
    "drives": _entry(_plot("drives", "Drive", _drives_of), LISTS),
    "lists": _entry(_plot("lists", "List", _lists_of), LISTS),
    "list-items": _entry(
        _plot("list-items", "ListItem", _rows), (*ROWS, *FILING, "column", *CLOSED)
    ),
    "list-columns": _entry(_plot("list-columns", "ListColumn", _columns), (*SCHEMA, *CLOSED)),
    "site-columns": _entry(
        _plot("site-columns", "SiteColumn", _of_schema("columns")),
        ("site_column", "site_column", "change_site_column", "remove_site_column", *CLOSED),
    ),
    "content-types": _entry(
        _plot("content-types", "ContentType", _of_schema("content_types")), TYPES
    ),
    "site-pages": _entry(
        _plot("site-pages", "SitePage", _pages),
        ("page", "page", "edit_page", "publish_page", "delete_page", *CLOSED),
    ),
    "drive-item-versions": _entry(
        _plot("drive-item-versions", "DriveItemVersion", _versions, _chosen_drives),
        (*FILING, "edit", "edit", *CLOSED),
    ),
    "permissions": _entry(
        _plot(
            "permissions",
            "Permission",
            _permissions,
            _chosen_drives,
            scopes=("Sites.FullControl.All", "Files.Read.All"),
            key=lambda one: f"{one['driveId']}/{one['itemId']}",
        ),
        (*FILING, *SHARING),
        "app",
    ),
    "user-files": _entry(
        _plot("user-files", "UserFile", _every_item, _nothing, life=own_drive),
        FILING,
        "user",
    ),
    "user-files-selection": _entry(
        _plot("user-files-selection", "UserFileSelection", _picked, _picks),
        (*FILING, *CLOSED),
    ),
    "shared-sites-selection": _entry(
        _plot("shared-sites-selection", "SharedSiteFile", _files_of),
        (*FILING, "new_list", *CLOSED),
    ),
    "lists of granted sites": _entry(
        _plot("lists", "List", _lists_of, life=granted_sites, scopes=SELECTED), LISTS, "app"
    ),
    "rows of granted sites": _entry(
        _plot("list-items", "ListItem", _rows, life=granted_sites, scopes=SELECTED),
        (*ROWS, *FILING),
        "app",
    ),
    "files of granted sites": _entry(
        _plot(
            "shared-sites-selection",
            "SharedSiteFile",
            _files_of,
            life=granted_sites,
            scopes=SELECTED,
        ),
        (*FILING, "new_list"),
        "app",
    ),
}

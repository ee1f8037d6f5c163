"""The plot of a mirror of files: three libraries with folders in folders, and what happens there."""

from typing import Any

from mirror_stage import Plot
from tales import tales_of
from tenant_life import TenantLife, truth_of

from m365sim.files.blob import MemoryBlob
from m365sim.files.item import SYSTEM
from m365sim.world import World

KINDS = (
    *("file", "file", "new_folder", "edit", "rename", "rename_folder", "move", "move_folder"),
    *("delete", "delete_folder", "restore", "restore", "purge", "across", "across", "copy"),
    *("lose_drive", "lose_site", "regain", "drive_gone", "drive_back", "expire"),
)


def people(world: World) -> TenantLife:
    sites = {site.path: site for site in world.content.all_sites()}
    life = TenantLife(
        world,
        [
            sites["/sites/people"].drives[0],
            sites["/sites/engineering"].drives[1],
            sites["/sites/engineering/lab"].drives[0],
        ],
    )
    for drive in life.drives[1:]:
        top = drive.create_folder(drive.root, "Top", SYSTEM)
        middle = drive.create_folder(top, "Middle", SYSTEM)
        for folder in (top, middle, drive.create_folder(middle, "Below", SYSTEM)):
            drive.put_file(folder, "leaf.txt", MemoryBlob(b"leaf"), SYSTEM)
    return life


def everything(world: World, life: TenantLife) -> dict[str, Any]:
    return {key: one for drive in life.drives for key, one in truth_of(drive).items()}


FILES = Plot(
    sync="drive-items",
    model="DriveItem",
    life=people,
    metadata=lambda world, life: {"driveIds": [drive.id for drive in life.drives]},
    truth=everything,
    told=lambda one: tuple(map(one.get, ("name", "parentId", "path", "size", "quickXorHash"))),
)

FILE_TALES = tales_of(KINDS)

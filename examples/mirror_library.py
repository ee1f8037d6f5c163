"""Mirror a library into a folder: `python mirror_library.py CONNECTION_ID FOLDER`.

A second run downloads only what changed. What lies in the folder is remembered in `.mirror.json`,
so that moved files are moved, deleted ones go, and files of your own stay.
"""

import json
import os
import sys
from pathlib import Path

from fairlead.client import Fairlead
from fairlead.client.shapes import Record

INTEGRATION = os.environ.get("INTEGRATION", "sp")
STATE = ".mirror.json"


def place_of(folder: Path, path: str) -> Path:
    """Return where a path of the library lies; names are the vendor's, so none may lead out."""
    place = folder.joinpath(*[part for part in path.split("/") if part not in {"", ".", ".."}])
    if not place.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{path} would lie outside of {folder}")
    return place


def download(fairlead: Fairlead, record: Record, place: Path, connection_id: str) -> None:
    """Download a file of any size; a half one never stands under its name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    path = f"/v1.0/drives/{record['driveId']}/items/{record['itemId']}/content"
    with (
        fairlead.proxy.get(
            path, provider_config_key=INTEGRATION, connection_id=connection_id, retries=3
        ) as reply,
        part.open("wb") as file,
    ):
        for piece in reply.iter_bytes():
            file.write(piece)
    part.replace(place)


def mirror(fairlead: Fairlead, connection_id: str, folder: Path) -> dict[str, int]:
    """Bring the folder up to date; return how many files were downloaded, moved and removed."""
    folder.mkdir(parents=True, exist_ok=True)
    state_file = folder / STATE
    state = {"cursor": None, "files": {}}
    if state_file.exists():
        state = json.loads(state_file.read_text())
    files: dict[str, dict[str, str]] = state["files"]
    done = {"downloaded": 0, "moved": 0, "removed": 0}
    for record in fairlead.records.list(
        "DriveItem",
        provider_config_key=INTEGRATION,
        connection_id=connection_id,
        cursor=state["cursor"],
    ):
        known = files.get(record["id"])
        if record["_nango_metadata"]["last_action"] == "DELETED":
            if known is not None:
                place_of(folder, known["path"]).unlink(missing_ok=True)
                del files[record["id"]]
                done["removed"] += 1
        elif record["file"]:
            now = {"path": record["path"], "tag": record["cTag"]}
            place = place_of(folder, now["path"])
            if known is not None and known["tag"] == now["tag"]:
                if known["path"] != now["path"]:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place_of(folder, known["path"]).replace(place)
                    done["moved"] += 1
            else:
                download(fairlead, record, place, connection_id)
                if known is not None and known["path"] != now["path"]:
                    place_of(folder, known["path"]).unlink(missing_ok=True)
                done["downloaded"] += 1
            files[record["id"]] = now
        state["cursor"] = record["_nango_metadata"]["cursor"]
        state_file.write_text(json.dumps(state))
    return done


if __name__ == "__main__":
    with Fairlead() as client:
        print(mirror(client, sys.argv[1], Path(sys.argv[2])))

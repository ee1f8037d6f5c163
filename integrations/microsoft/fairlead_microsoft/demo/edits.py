"""Four changes in the tenant, through the platform's proxy; the folder on disk is not touched."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from rich.markup import escape

from fairlead_microsoft.demo.api import Api
from fairlead_microsoft.demo.show import Screen, is_folder, path_of

NEW_FOLDER = "Field notes"
NEW_FILE = "First light.md"
NEW_TEXT = "# First light\n\nWritten through the proxy.\n"
ADDED_LINE = b"\nOne more line, written through the proxy.\n"


class Edits:
    """Changes one drive as one connection."""

    def __init__(self, screen: Screen, api: Api, headers: Mapping[str, str], drive: str) -> None:
        self._screen = screen
        self._api = api
        self._headers = headers
        self._drive = f"/proxy/v1.0/drives/{quote(drive, safe='!')}"

    async def make(self, records: list[dict[str, Any]]) -> int:
        """Add, edit, rename and delete, as far as there is something to change; return how many."""
        files = [record for record in records if not is_folder(record)]
        folders = [record for record in records if is_folder(record)]
        files.sort(key=lambda record: (not path_of(record).endswith(".md"), path_of(record)))
        await self._add()
        made = 2
        renamed = next((one for one in folders if _holds_something(one, records)), None)
        outside = [one for one in files if renamed is None or not _is_below(one, renamed)]
        if outside:
            await self._edit(outside[0])
            made += 1
        if renamed is not None:
            await self._rename(renamed)
            made += 1
        if len(outside) > 1:
            await self._delete(outside[-1])
            made += 1
        return made

    async def _add(self) -> None:
        body = {
            "name": NEW_FOLDER,
            "folder": {},
            "@microsoft.graph.conflictBehavior": "rename",
        }
        made = await self._call("POST", f"{self._drive}/root/children", body=body)
        folder = escape(str(made["name"]))
        self._screen.done(f"added    folder  [green]{folder}/[/]")
        path = f"{self._drive}/items/{made['id']}:/{quote(NEW_FILE)}:/content"
        await self._api.raw(
            "PUT",
            path,
            headers={**self._headers, "Content-Type": "text/markdown"},
            data=NEW_TEXT.encode(),
        )
        self._screen.done(f"added    file    [green]{folder}/{NEW_FILE}[/]")

    async def _edit(self, record: dict[str, Any]) -> None:
        path = f"{self._item(record)}/content"
        before = await self._api.raw("GET", path, headers=self._headers)
        await self._api.raw(
            "PUT",
            path,
            headers={**self._headers, "Content-Type": "application/octet-stream"},
            data=before + ADDED_LINE,
        )
        self._screen.done(f"edited   file    [yellow]{escape(path_of(record))}[/]")

    async def _rename(self, record: dict[str, Any]) -> None:
        body = {"name": f"{record['name']} (renamed)"}
        await self._call("PATCH", self._item(record), body=body)
        before, after = escape(path_of(record)), escape(body["name"])
        self._screen.done(f"renamed  folder  [yellow]{before}[/] to {after}/, children and all")
        self._screen.curl(
            self._api.curl("PATCH", self._item(record), headers=self._headers, body=body)
        )

    async def _delete(self, record: dict[str, Any]) -> None:
        await self._call("DELETE", self._item(record))
        self._screen.done(f"deleted  file    [red]{escape(path_of(record))}[/]")

    async def _call(self, method: str, path: str, *, body: object = None) -> Any:
        return await self._api.call(method, path, headers=self._headers, body=body)

    def _item(self, record: dict[str, Any]) -> str:
        return f"{self._drive}/items/{item_id(record)}"


def item_id(record: dict[str, Any]) -> str:
    """Return the vendor's id of an item."""
    return str(record["itemId"])


def _holds_something(folder: dict[str, Any], records: list[dict[str, Any]]) -> bool:
    return any(_is_below(record, folder) for record in records)


def _is_below(record: dict[str, Any], folder: dict[str, Any]) -> bool:
    return path_of(record) != path_of(folder) and path_of(record).startswith(path_of(folder))

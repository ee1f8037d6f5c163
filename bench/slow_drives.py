"""A vendor with drives of so many pages: `slow_drives PORT PAGES SIZE`.

It answers from memory what a drive's delta feed answers, after the latency that a vendor far away
has, and looks at no token.
"""

import asyncio
import sys
from typing import Any

import orjson
from aiohttp import web

LATENCY_SECONDS = 0.05


def _item(drive: str, number: int) -> dict[str, Any]:
    return {
        "id": f"01{drive}{number:08}",
        "name": f"{number:08}.txt",
        "size": 11,
        "webUrl": f"https://contoso.sharepoint.com/Shared%20Documents/{number:08}.txt",
        "createdDateTime": "2026-06-03T15:00:12Z",
        "lastModifiedDateTime": "2026-06-03T15:02:40Z",
        "eTag": f'"{{{number:08}}},1"',
        "cTag": f'"c:{{{number:08}}},1"',
        "parentReference": {"driveId": drive, "id": "root", "path": f"/drives/{drive}/root:"},
        "file": {"mimeType": "text/plain", "hashes": {"quickXorHash": "aCgDG9jwBgAAAAAABQAAAAAA"}},
    }


def main(port: int, pages: int, size: int) -> None:
    """Serve until killed."""
    made: dict[tuple[str, int], bytes] = {}

    def page(origin: str, drive: str, number: int) -> bytes:
        key = drive, number
        if key not in made:
            feed = f"{origin}/v1.0/drives/{drive}/root/delta?token="
            is_last = number == pages - 1
            link = "@odata.deltaLink" if is_last else "@odata.nextLink"
            entries = [_item(drive, number * size + n) for n in range(size)]
            made[key] = orjson.dumps({"value": entries, link: f"{feed}{number + 1}"})
        return made[key]

    async def delta(request: web.Request) -> web.Response:
        number = int(request.query.get("token", "0"))
        origin = f"http://127.0.0.1:{port}"
        body = page(origin, request.match_info["drive"], number)
        await asyncio.sleep(LATENCY_SECONDS)
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/v1.0/drives/{drive}/root/delta", delta)
    web.run_app(app, host="127.0.0.1", port=port, print=lambda _: None)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""Running the sync and reading its records, through the platform's HTTP API."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fairlead_microsoft.demo.api import Api
from fairlead_microsoft.demo.children import Children
from fairlead_microsoft.demo.failure import StepFailed
from fairlead_microsoft.demo.show import Screen, counted

SYNC = "drive-items"
MODEL = "DriveItem"
#: seconds between two looks at a running sync, and until we give up on it
LOOK_SECONDS = 0.1
GIVE_UP_SECONDS = 900.0
_OVER = ("succeeded", "failed", "cancelled")
#: records of one page of the records API
PAGE = "1000"


class SyncRunner:
    """Runs one sync of one connection and follows its records."""

    def __init__(
        self, screen: Screen, api: Api, children: Children, integration: str, connection: str
    ) -> None:
        self._screen = screen
        self._api = api
        self._children = children
        self._names = {"provider_config_key": integration, "connection_id": connection}
        self.headers: Mapping[str, str] = {
            "Provider-Config-Key": integration,
            "Connection-Id": connection,
        }
        #: position in the records, behind which everything is new to us
        self.cursor: str | None = None

    @property
    def trigger_body(self) -> dict[str, object]:
        """Body of the call that starts a run."""
        return {"syncs": [SYNC], **self._names}

    async def run(self, *, quiet: bool = False) -> dict[str, Any]:
        """Start a run, show how it goes, and return its final status; StepFailed if it failed."""
        # A run that is under way already would be joined, and may have read what has changed since.
        before = await self.settle()
        await self._api.call("POST", "/sync/trigger", body=self.trigger_body)
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        with self._screen.progress() as progress:
            task = progress.add_task("" if quiet else f"{SYNC} is running", facts="", total=None)
            while True:
                self._children.require_alive()
                status = await self.status()
                progress.update(task, facts=facts(status, loop.time() - began_at))
                run = _execution(status)
                if run.get("id") != before and run.get("state") in _OVER:
                    break
                if loop.time() - began_at > GIVE_UP_SECONDS:
                    raise StepFailed(f"{SYNC} was not over after {GIVE_UP_SECONDS:.0f} s")
                await asyncio.sleep(LOOK_SECONDS)
        if run["state"] != "succeeded":
            reason = (run.get("failure") or {}).get("message", "for no given reason")
            raise StepFailed(f"{SYNC} {run['state']}: {reason}")
        return status

    async def settle(self) -> str:
        """Wait until no sync of the connection runs and return the id of this one's last run.

        Connecting starts several, and their requests would be counted among this one's.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + GIVE_UP_SECONDS
        while True:
            last = _execution(await self.status())
            runs = [_execution(one) for one in await self._statuses()]
            if last and all(run.get("state") in _OVER for run in runs if run):
                return str(last["id"])
            self._children.require_alive()
            if loop.time() > give_up_at:
                raise StepFailed("the runs that connecting started did not end")
            await asyncio.sleep(LOOK_SECONDS)

    async def status(self) -> dict[str, Any]:
        """Return what the platform says of the sync."""
        found = await self._statuses(syncs=SYNC)
        if not found:
            raise StepFailed(f"the platform knows no sync '{SYNC}' of this connection")
        return found[0]

    async def _statuses(self, syncs: str = "*") -> list[dict[str, Any]]:
        query = {"syncs": syncs, **self._names}
        answer = await self._api.call("GET", "/sync/status", query=query)
        return [dict(one) for one in answer["syncs"]]

    async def new_records(self) -> list[dict[str, Any]]:
        """Return every record that changed since the last call, and move on behind them."""
        found: list[dict[str, Any]] = []
        while True:
            query = {"model": MODEL, "limit": PAGE}
            if self.cursor is not None:
                query["cursor"] = self.cursor
            page = await self._api.call("GET", "/records", query=query, headers=self.headers)
            found += page["records"]
            if page["records"]:
                self.cursor = page["records"][-1]["_nango_metadata"]["cursor"]
            if page["next_cursor"] is None:
                return found


def facts(status: dict[str, Any], seconds: float) -> str:
    """Return items, pages and items/s of the newest run."""
    items = sum(dict(status["recordCount"]).values())
    pages = int(_execution(status).get("batches", 0))
    parts = [counted(items, "item"), counted(pages, "page")]
    if seconds > 0:
        parts.append(f"{items / seconds:,.0f} items/s")
    return " · ".join(parts)


def _execution(status: dict[str, Any]) -> dict[str, Any]:
    """Return the newest run, also while it is under way; empty if there was none."""
    return dict(status.get("latestExecution") or {})

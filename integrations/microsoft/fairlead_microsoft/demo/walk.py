"""The demo's steps, in order."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from rich.markup import escape

from fairlead_microsoft.demo.api import Api
from fairlead_microsoft.demo.children import Children
from fairlead_microsoft.demo.connect import connect
from fairlead_microsoft.demo.edits import Edits, item_id
from fairlead_microsoft.demo.failure import StepFailed
from fairlead_microsoft.demo.platform import HOST, Platform, choose_port, start_platform
from fairlead_microsoft.demo.show import Screen, counted, is_deleted, is_folder, path_of, summary
from fairlead_microsoft.demo.sync import MODEL, SYNC, SyncRunner, facts
from fairlead_microsoft.demo.tenant import Tenant, start_tenant
from fairlead_microsoft.graph.hashing import quick_xor_hash

DEFAULT_PORT = 3003
INTEGRATION = "sharepoint"
PROVIDER = "sharepoint-online"
SCOPES = "offline_access,User.Read,Sites.Read.All,Files.ReadWrite.All"
END_USER = {"id": "u-1", "display_name": "Megan Bowen", "email": "megan@example.com"}
ACTION = "list-shared-sites"
#: the site that the emulator makes for the mirrored folder
MIRROR = "Mirror"
#: seconds between two runs while the demo stays up
WATCH_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands on the stage once somebody has connected."""

    session: aiohttp.ClientSession
    platform: Platform
    tenant: Tenant
    api: Api
    runner: SyncRunner

    async def timed_run(self, *, quiet: bool = False) -> tuple[int, float, dict[str, Any]]:
        """Run the sync; return requests the tenant counted, seconds, and the final status."""
        loop = asyncio.get_running_loop()
        before = await self.tenant.requests(self.session)
        began_at = loop.time()
        status = await self.runner.run(quiet=quiet)
        seconds = loop.time() - began_at
        return await self.tenant.requests(self.session) - before, seconds, status


class Walk:
    """One walk from an empty folder to a library that stays current."""

    def __init__(
        self, screen: Screen, *, library: Path, folder: Path, port: int | None, once: bool
    ) -> None:
        self._screen = screen
        self._library = library
        self._folder = folder
        self._port = port
        self._once = once
        #: has every step been walked?
        self.is_complete = False

    async def run(self) -> None:
        """Walk; StepFailed says which step did not work and why."""
        async with aiohttp.ClientSession() as session, Children(self._folder) as children:
            port = choose_port(self._port, DEFAULT_PORT)
            tenant = await self._start_tenant(children, port)
            platform = await self._start_platform(children, session, port, tenant)
            api = Api(session, platform.origin, platform.key)
            api.shell[tenant.client_secret] = "CLIENT_SECRET"
            connection = await self._connect(api, tenant)
            runner = SyncRunner(self._screen, api, children, INTEGRATION, connection)
            scene = Scene(session, platform, tenant, api, runner)
            drive = await self._choose_drive(scene)
            records = await self._first_run(scene)
            changed = await self._second_run(scene, drive, records)
            await self._read_back(scene, drive, records, changed)
            self.is_complete = True
            self._end(scene)
            while not self._once:
                await self._watch(scene)

    async def _start_tenant(self, children: Children, port: int) -> Tenant:
        self._screen.step("An emulated tenant whose document library mirrors a folder")
        redirect_uri = f"http://{HOST}:{port}/oauth/callback"
        tenant = await start_tenant(children, self._library, redirect_uri)
        self._screen.done(
            f"{tenant.name} ({tenant.domain}) mirrors [cyan]{escape(str(self._library))}[/]"
        )
        self._screen.curl(f"m365sim serve --library {self._library} --cloud-file cloud.json")
        return tenant

    async def _start_platform(
        self, children: Children, session: aiohttp.ClientSession, port: int, tenant: Tenant
    ) -> Platform:
        self._screen.step("fairlead, on a fresh SQLite file")
        platform = await start_platform(children, session, port, tenant.cloud_file)
        self._screen.done(f"answers on [cyan]{platform.origin}[/]")
        self._screen.curl("FAIRLEAD_MICROSOFT_CLOUD=cloud.json fairlead serve")
        self._screen.curl(f"FAIRLEAD={platform.origin}")
        self._screen.curl('AUTH="Authorization: Bearer $FAIRLEAD_SECRET_KEY"')
        return platform

    async def _connect(self, api: Api, tenant: Tenant) -> str:
        self._screen.step(f"{tenant.person} connects her account (OAuth 2, code flow with PKCE)")
        integration = {
            "provider": PROVIDER,
            "unique_key": INTEGRATION,
            "display_name": "SharePoint",
            "credentials": {
                "type": "OAUTH2",
                "client_id": tenant.client_id,
                "client_secret": tenant.client_secret,
                "scopes": SCOPES,
            },
        }
        await api.call("POST", "/integrations", body=integration)
        self._screen.curl(api.curl("POST", "/integrations", body=integration))
        wanted = {"end_user": END_USER, "allowed_integrations": [INTEGRATION]}
        opened = (await api.call("POST", "/connect/sessions", body=wanted))["data"]
        self._screen.curl(api.curl("POST", "/connect/sessions", body=wanted))
        await connect(self._screen, tenant, opened["connect_link"], INTEGRATION, opened["token"])
        found = (await api.call("GET", "/connections"))["connections"]
        if len(found) != 1:
            raise StepFailed(f"expected one connection, the platform lists {len(found)}")
        connection = str(found[0]["connection_id"])
        self._screen.done(f"connection [cyan]{connection}[/]; its tokens lie sealed in the vault")
        self._screen.curl(api.curl("GET", "/connections"))
        self._screen.curl(f"CONNECTION={connection}")
        api.shell[connection] = "CONNECTION"
        return connection

    async def _choose_drive(self, scene: Scene) -> str:
        api, runner = scene.api, scene.runner
        # Connecting starts the sync, on the root site's (empty) library as long as none is chosen.
        await runner.settle()
        asked = {"action_name": ACTION, "input": {}}
        sites = await api.call("POST", "/action/trigger", headers=runner.headers, body=asked)
        names = ", ".join(str(site["displayName"]) for site in sites["sites"])
        self._screen.done(f"action {ACTION}: she sees {names}")
        self._screen.curl(api.curl("POST", "/action/trigger", headers=runner.headers, body=asked))
        mirror = next((one for one in sites["sites"] if one["displayName"] == MIRROR), None)
        if mirror is None:
            raise StepFailed(f"{ACTION} does not list the site '{MIRROR}'")
        path = f"/proxy/v1.0/sites/{mirror['id']}/drives"
        drive = (await api.call("GET", path, headers=runner.headers))["value"][0]
        metadata = {
            "connection_id": runner.headers["Connection-Id"],
            "provider_config_key": INTEGRATION,
            "metadata": {"driveIds": [drive["id"]]},
        }
        await api.call("POST", "/connections/metadata", body=metadata)
        self._screen.done(f"she chooses the library [cyan]{drive['name']}[/] to be synced")
        self._screen.curl(f"DRIVE='{drive['id']}'")
        api.shell[str(drive["id"])] = "DRIVE"
        self._screen.curl(api.curl("POST", "/connections/metadata", body=metadata))
        return str(drive["id"])

    async def _first_run(self, scene: Scene) -> list[dict[str, Any]]:
        self._screen.step(f"A run of {SYNC}: everything in the chosen library")
        api, runner = scene.api, scene.runner
        requests, seconds, status = await scene.timed_run()
        records = await runner.new_records()
        asked = counted(requests, "request")
        self._screen.done(f"{facts(status, seconds)} · {asked} to the tenant")
        self._screen.curl(api.curl("POST", "/sync/trigger", body=runner.trigger_body))
        query = {"model": MODEL, "limit": "100"}
        self._screen.curl(api.curl("GET", "/records", query=query, headers=runner.headers))
        self._screen.records(records, with_action=False)
        if not records:
            raise StepFailed("the sync stored no record; is the folder empty?")
        return records

    async def _second_run(
        self, scene: Scene, drive: str, records: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        self._screen.step("Changes in the tenant, and a second run: only what changed")
        api, runner = scene.api, scene.runner
        made = await Edits(self._screen, api, runner.headers, drive).make(records)
        cursor = runner.cursor or ""
        requests, seconds, _ = await scene.timed_run()
        changed = await runner.new_records()
        self._screen.done(
            f"second run: {counted(requests, 'request')} to the tenant, "
            f"{counted(len(changed), 'record')} ({summary(changed)}) in {seconds:.1f} s"
        )
        query = {"model": MODEL, "cursor": cursor}
        self._screen.curl(api.curl("GET", "/records", query=query, headers=runner.headers))
        self._screen.records(changed, with_action=True)
        if len(changed) < made:
            raise StepFailed(f"{made} things changed, and only {len(changed)} records tell of it")
        return changed

    async def _read_back(
        self, scene: Scene, drive: str, before: list[dict[str, Any]], changed: list[dict[str, Any]]
    ) -> None:
        self._screen.step("One file's bytes, through the proxy")
        api, headers = scene.api, scene.runner.headers
        was = {record["id"]: record for record in before}
        now = {**was, **{record["id"]: record for record in changed}}
        files = [one for one in now.values() if not is_folder(one) and not is_deleted(one)]
        if not files:
            raise StepFailed("the library holds no file that could be read back")
        # Best one that nobody edited since it came from the disk.
        files.sort(key=lambda one: (_hash(one) != _hash(was.get(one["id"])), path_of(one)))
        record = files[0]
        path = f"/proxy/v1.0/drives/{quote(drive, safe='!')}/items/{item_id(record)}/content"
        content = await api.raw("GET", path, headers=headers)
        if quick_xor_hash(content) != _hash(record):
            raise StepFailed(f"the bytes of {path_of(record)} have not the hash of its record")
        self._screen.done(f"{escape(path_of(record))}: {len(content):,} bytes")
        self._screen.done(f"quickXorHash {_hash(record)}, as its record says")
        on_disk = self._library / path_of(was.get(record["id"], record))
        if on_disk.is_file() and on_disk.read_bytes() == content:
            self._screen.done(f"the same bytes as {escape(str(on_disk))}")
        self._screen.curl(api.curl("GET", path, headers=headers, options="-sL"))

    def _end(self, scene: Scene) -> None:
        if self._once:
            self._screen.console.print("\n   [green]all steps done[/]", highlight=False)
            return
        origin = scene.platform.origin
        self._screen.step("It stays up (Ctrl-C ends it)")
        self._screen.say(f"fairlead    [cyan]{origin}/[/]")
        self._screen.say(f"its API     [cyan]{origin}/openapi.json[/]")
        self._screen.say(f"the tenant  [cyan]{scene.tenant.urls['control']}/_m365sim/truth[/]")
        self._screen.say(f"data, logs  {self._folder}")
        self._screen.say("the variables of the curl lines above, with this demo's throwaway keys:")
        variables = {
            **scene.api.shell,
            scene.platform.key: "FAIRLEAD_SECRET_KEY",
            origin: "FAIRLEAD",
        }
        given = " ".join(f"{name}='{value}'" for value, name in reversed(variables.items()))
        self._screen.curl(given)
        self._screen.curl('AUTH="Authorization: Bearer $FAIRLEAD_SECRET_KEY"')
        self._screen.say(
            f"now change a file in [cyan]{escape(str(self._library))}[/]: it appears below "
            f"(the demo runs {SYNC} every {WATCH_SECONDS:.0f} s)"
        )

    async def _watch(self, scene: Scene) -> None:
        await asyncio.sleep(WATCH_SECONDS)
        requests, _, _ = await scene.timed_run(quiet=True)
        if changed := await scene.runner.new_records():
            found = f"{counted(len(changed), 'record')} ({summary(changed)})"
            self._screen.done(f"{found} with {counted(requests, 'request')}")
            self._screen.records(changed, with_action=True)


def _hash(record: dict[str, Any] | None) -> str | None:
    return record["quickXorHash"] if record else None

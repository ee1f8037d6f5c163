"""One good call of each action on SharePoint's own API, and the emulated tenant it goes to."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp
from plain_http import Http

from fairlead.model.exchange import Request
from fairlead.sdk.testing import run_action
from fairlead_microsoft import rest_pack
from fairlead_microsoft.clouds import Cloud
from m365sim.entra.resources import Resource
from m365sim.harness import Sim
from m365sim.testing import app_token, delegated_token

SITE = "/sites/marketing"
FULL = ("Sites.FullControl.All",)
CONFIG = {"tenantName": "contoso"}
_number = count(1)


class V1Lab:
    """Calls actions in an emulated tenant, as an app with a certificate."""

    def __init__(self, sim: Sim, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.tenant = sim.tenant
        self._session = session
        self.pack = rest_pack(Cloud("custom", **sim.tenant.cloud))
        self.requests: list[Request] = []

    def sender(
        self, scopes: Iterable[str] = FULL, who: str | None = None, *, appidacr: str = "2"
    ) -> Http:
        """Return a Send of somebody who has just these permissions; None: of an app alone."""
        held = list(scopes)

        def issue(world: Any) -> str:
            resource = Resource(
                "sharepoint", f"https://{world.tenant.sharepoint_host}", world.tenant.name
            )
            if who is None:
                return app_token(world, held, resource=resource, appidacr=appidacr)
            return delegated_token(world, who, held, resource=resource)

        token = self.tenant.call(issue)
        http = Http(self._session, self.tenant.graph_url, token, token)
        http.requests = self.requests
        return http

    async def run(
        self,
        name: str,
        given: Any = None,
        *,
        scopes: Iterable[str] = FULL,
        who: str | None = None,
    ) -> Any:
        """Call an action as somebody who has just these permissions; None: as an app alone."""
        send = self.sender(scopes, who)
        return await run_action(self.pack, name, given, send, connection_config=CONFIG)

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask SharePoint itself."""
        send = self.sender([*FULL, "TermStore.ReadWrite.All"])
        url = f"{self.tenant.sharepoint_url}{SITE}/_api/{path}"
        headers = {"Accept": "application/json;odata=nometadata"}
        async with await send(Request(method=method, url=url, headers=headers, body=body)) as told:
            return await told.json()


@asynccontextmanager
async def open_v1_lab(sim: Sim) -> AsyncIterator[V1Lab]:
    """Give a lab while the block lasts."""
    async with aiohttp.ClientSession() as session:
        yield V1Lab(sim, session)


def unique(name: str) -> str:
    """Return a name that nothing has yet."""
    return f"{name} {next(_number)}"


Case = Callable[[V1Lab], Awaitable[dict[str, Any]]]
CASES: dict[str, Case] = {}


def case(body: Case) -> Case:
    """Register how an action is called well."""
    CASES[body.__name__.strip("_").replace("_", "-")] = body
    return body


# -- sites


@case
async def _get_site(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE}


@case
async def _list_subsites(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE}


# -- lists


@case
async def _create_list(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE, "displayName": unique("Books")}


@case
async def _get_list(lab: V1Lab) -> dict[str, Any]:
    made = await lab.run("create-list", await _create_list(lab))
    return {"siteId": SITE, "listId": made["id"]}


@case
async def _list_lists(_lab: V1Lab) -> dict[str, Any]:
    return {"siteId": SITE}


@case
async def _update_list(lab: V1Lab) -> dict[str, Any]:
    return {**(await _get_list(lab)), "description": "Read."}


@case
async def _delete_list(lab: V1Lab) -> dict[str, Any]:
    return await _get_list(lab)


# -- rows


@case
async def _create_list_item(lab: V1Lab) -> dict[str, Any]:
    return {**(await _get_list(lab)), "fields": {"Title": "Ulysses"}}


@case
async def _get_list_item(lab: V1Lab) -> dict[str, Any]:
    given = await _create_list_item(lab)
    made = await lab.run("create-list-item", given)
    return {"siteId": SITE, "listId": given["listId"], "itemId": made["id"]}


@case
async def _list_list_items(lab: V1Lab) -> dict[str, Any]:
    return await _get_list(lab)


@case
async def _update_list_item(lab: V1Lab) -> dict[str, Any]:
    return {**(await _get_list_item(lab)), "fields": {"Title": "Dubliners"}}


@case
async def _delete_list_item(lab: V1Lab) -> dict[str, Any]:
    return await _get_list_item(lab)


@case
async def _query_list_items(lab: V1Lab) -> dict[str, Any]:
    return {**(await _get_list(lab)), "viewXml": "<View><RowLimit>5</RowLimit></View>"}


@case
async def _render_list_data_as_stream(lab: V1Lab) -> dict[str, Any]:
    return await _get_list(lab)


# -- columns


@case
async def _create_list_column(lab: V1Lab) -> dict[str, Any]:
    return {**(await _get_list(lab)), "name": "PageCount", "number": {}}


@case
async def _list_list_columns(lab: V1Lab) -> dict[str, Any]:
    return await _get_list(lab)


@case
async def _get_list_column(lab: V1Lab) -> dict[str, Any]:
    given = await _create_list_column(lab)
    made = await lab.run("create-list-column", given)
    return {"siteId": SITE, "listId": given["listId"], "columnId": made["id"]}


@case
async def _delete_list_column(lab: V1Lab) -> dict[str, Any]:
    return await _get_list_column(lab)

"""One good call of each action of the pack for SharePoint, and the emulated tenant it goes to."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp
from plain_http import Http

from fairlead.model.exchange import Request
from fairlead.sdk.testing import run_action
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import Cloud
from m365sim.harness import Sim

#: what lets a person do everything
ALL = ("Sites.Manage.All", "Files.ReadWrite.All")
_number = count(1)
#: id of nothing, by the input it stands for
_NOWHERE = {
    "siteId": (
        "contoso.sharepoint.com,00000000-0000-4000-8000-000000000001,"
        "00000000-0000-4000-8000-000000000002"
    ),
    "itemId": "987654",
    "contentTypeId": "0x0100AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
}


class ActionLab:
    """Calls actions in an emulated tenant."""

    def __init__(self, sim: Sim, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.tenant = sim.tenant
        self._session = session
        self.pack = pack(Cloud("custom", **sim.tenant.cloud))
        self.requests: list[Request] = []

    async def run(
        self,
        name: str,
        given: Any = None,
        *,
        scopes: Iterable[str] = ALL,
        who: str | None = "alex",
    ) -> Any:
        """Call an action as somebody who has just these permissions; None: as an app alone."""
        return await run_action(self.pack, name, given, self.sender(scopes=scopes, who=who))

    def sender(self, *, scopes: Iterable[str], who: str | None = "alex") -> Http:
        """Return what sends as somebody who has just these permissions."""
        token = self.tenant.token(who, scopes=scopes)
        http = Http(self._session, self.tenant.graph_url, token)
        http.requests = self.requests
        return http

    def site(self, path: str = "/sites/marketing") -> str:
        """Return the id of a site."""

        def found(world: Any) -> str:
            site = world.content.site_at(world.content.host, path)
            return str(site.id)

        return self.tenant.call(found)

    def truth(self, site_id: str, kind: str = "lists") -> list[dict[str, Any]]:
        """Return what there really is in a site: its lists, drives or content types."""
        (site,) = [one for one in self.tenant.truth()["sites"] if one["id"] == site_id]
        return list(site[kind])

    def true_list(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return what there really is in the list that an input names."""
        lists = self.truth(given["siteId"])
        return next(one for one in lists if one["id"] == given["listId"])

    def nowhere(self, field: str) -> str:
        """Return an id of nothing."""
        return _NOWHERE.get(field, "00000000-0000-4000-8000-00000000000f")

    async def list_id(self, **more: Any) -> str:
        """Make a list."""
        made = await self.run("create-list", {**(await _create_list(self)), **more})
        return str(made["id"])


@asynccontextmanager
async def open_lab(sim: Sim) -> AsyncIterator[ActionLab]:
    """Give a lab while the block lasts."""
    async with aiohttp.ClientSession() as session:
        yield ActionLab(sim, session)


def unique(name: str) -> str:
    """Return a name that nothing has yet."""
    return f"{name} {next(_number)}"


Case = Callable[[ActionLab], Awaitable[dict[str, Any]]]
CASES: dict[str, Case] = {}


def case(body: Case) -> Case:
    """Register how an action is called well."""
    CASES[body.__name__.strip("_").replace("_", "-")] = body
    return body


# -- sites


@case
async def _get_site(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site()}


@case
async def _list_shared_sites(_lab: ActionLab) -> dict[str, Any]:
    return {}


@case
async def _search_sites(_lab: ActionLab) -> dict[str, Any]:
    return {"query": "market"}


# -- lists


@case
async def _create_list(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site(), "displayName": unique("Books")}


@case
async def _get_list(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site(), "listId": await lab.list_id()}


@case
async def _list_lists(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site()}


@case
async def _update_list(lab: ActionLab) -> dict[str, Any]:
    return {**(await _get_list(lab)), "description": "Read."}


@case
async def _delete_list(lab: ActionLab) -> dict[str, Any]:
    return await _get_list(lab)


# -- list items


@case
async def _create_list_item(lab: ActionLab) -> dict[str, Any]:
    return {**(await _get_list(lab)), "fields": {"Title": "Ulysses"}}


@case
async def _get_list_item(lab: ActionLab) -> dict[str, Any]:
    given = await _create_list_item(lab)
    made = await lab.run("create-list-item", given)
    return {"siteId": given["siteId"], "listId": given["listId"], "itemId": made["id"]}


@case
async def _list_list_items(lab: ActionLab) -> dict[str, Any]:
    return await _get_list(lab)


@case
async def _update_list_item(lab: ActionLab) -> dict[str, Any]:
    return {**(await _get_list_item(lab)), "fields": {"Title": "Dubliners"}}


@case
async def _delete_list_item(lab: ActionLab) -> dict[str, Any]:
    return await _get_list_item(lab)


# -- columns


@case
async def _create_list_column(lab: ActionLab) -> dict[str, Any]:
    return {**(await _get_list(lab)), "name": "PageCount", "number": {}}


async def _list_column(lab: ActionLab) -> dict[str, Any]:
    given = await _create_list_column(lab)
    made = await lab.run("create-list-column", given)
    return {"siteId": given["siteId"], "listId": given["listId"], "columnId": made["id"]}


@case
async def _list_list_columns(lab: ActionLab) -> dict[str, Any]:
    return await _get_list(lab)


@case
async def _update_list_column(lab: ActionLab) -> dict[str, Any]:
    return {**(await _list_column(lab)), "columnDefinition": {"description": "How long."}}


@case
async def _delete_list_column(lab: ActionLab) -> dict[str, Any]:
    return await _list_column(lab)


@case
async def _create_site_column(lab: ActionLab) -> dict[str, Any]:
    name = unique("Shelf").replace(" ", "")
    return {"siteId": lab.site(), "name": name, "text": {"maxLength": 40}}


async def _site_column(lab: ActionLab) -> dict[str, Any]:
    given = await _create_site_column(lab)
    made = await lab.run("create-site-column", given)
    return {"siteId": given["siteId"], "columnId": made["id"]}


@case
async def _list_site_columns(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site()}


@case
async def _update_site_column(lab: ActionLab) -> dict[str, Any]:
    return {**(await _site_column(lab)), "description": "Where it stands."}


@case
async def _delete_site_column(lab: ActionLab) -> dict[str, Any]:
    return await _site_column(lab)


# -- content types


@case
async def _create_content_type(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site(), "name": unique("Novel")}


@case
async def _get_content_type(lab: ActionLab) -> dict[str, Any]:
    made = await lab.run("create-content-type", await _create_content_type(lab))
    return {"siteId": lab.site(), "contentTypeId": made["id"]}


@case
async def _list_content_types(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site()}


@case
async def _list_list_content_types(lab: ActionLab) -> dict[str, Any]:
    return await _get_list(lab)


@case
async def _add_content_type_to_list(lab: ActionLab) -> dict[str, Any]:
    return {**(await _get_content_type(lab)), **(await _get_list(lab))}


@case
async def _delete_content_type(lab: ActionLab) -> dict[str, Any]:
    return await _get_content_type(lab)


# -- pages


@case
async def _create_site_page(lab: ActionLab) -> dict[str, Any]:
    title = unique("News")
    name = f"{title.replace(' ', '-')}.aspx"
    return {"siteId": lab.site(), "name": name, "title": title, "pageLayout": "article"}


@case
async def _get_site_page(lab: ActionLab) -> dict[str, Any]:
    # an app's own draft and a person's are both open to the app; the seeded pages to all
    made = await lab.run("create-site-page", await _create_site_page(lab))
    await lab.run("publish-site-page", {"siteId": lab.site(), "pageId": made["id"]})
    return {"siteId": lab.site(), "pageId": made["id"]}


@case
async def _list_site_pages(lab: ActionLab) -> dict[str, Any]:
    return {"siteId": lab.site()}


@case
async def _update_site_page(lab: ActionLab) -> dict[str, Any]:
    return {**(await _get_site_page(lab)), "title": "Old news"}


@case
async def _publish_site_page(lab: ActionLab) -> dict[str, Any]:
    return await _get_site_page(lab)


@case
async def _delete_site_page(lab: ActionLab) -> dict[str, Any]:
    return await _get_site_page(lab)

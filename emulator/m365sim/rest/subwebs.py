"""Making, changing and deleting webs, and what is known of subsites at a glance.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15)#bk_WebCollection
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from m365sim.files import Site
from m365sim.files.ids import guid_of
from m365sim.files.problems import NameTaken
from m365sim.graph.reply import Reply
from m365sim.rest.access import FULL, MANAGE, check_site
from m365sim.rest.address import Segment
from m365sim.rest.call import Call, pairs
from m365sim.rest.errors import RestError, bad_query
from m365sim.rest.lists import list_node
from m365sim.rest.tables import WEBS, Action, Kind, Node, Step
from m365sim.rest.values import Guid, Moment
from m365sim.rest.webs import subwebs_of, template_of, web_node

_NAME = re.compile(r'[^\\/:*?"<>|#%&{}~]+')


async def _add(call: Call, node: Node, _: Segment) -> Node:
    parent: Site = node.of
    check_site(call.world, call.principal, parent, FULL)
    body = await call.json()
    body = dict(pairs(body.get("parameters") or body))
    name, title = body.get("Url"), body.get("Title")
    if not isinstance(name, str) or not _NAME.fullmatch(name.strip("/")):
        raise bad_query("A web needs a Url: a name without slashes.")
    path = f"{parent.path}/{name.strip('/')}"
    if call.world.content.site_at(parent.host, path) is not None:
        raise NameTaken(f"The Web site address '{path}' is already in use.")
    made = call.world.content.add_site(
        path,
        title if isinstance(title, str) and title else name,
        description=str(body.get("Description") or ""),
        parent=parent,
    )
    call.world.content.add_drive(made)
    if body.get("UseSamePermissionsAsParentSite") is False:
        call.world.sharing.site_acl(made).inherits = False
    call.world.lists.note(made, "Web", "add")
    return web_node(call, made)


async def _update(call: Call, node: Node, _: Segment) -> Reply:
    site: Site = node.of
    check_site(call.world, call.principal, site, MANAGE)
    body = dict(pairs(await call.json()))
    title, description = body.get("Title"), body.get("Description")
    call.world.content.describe_site(
        site,
        display_name=title if isinstance(title, str) else None,
        description=description if isinstance(description, str) else None,
    )
    call.world.lists.note(site, "Web", "update")
    return Reply(204)


async def _delete(call: Call, node: Node, _: Segment) -> Reply:
    site: Site = node.of
    check_site(call.world, call.principal, site, FULL)
    if site.parent is None or site.subsites:
        raise RestError(
            400,
            "-2147024891, System.InvalidOperationException",
            "There was a problem deleting the web. Sites that have subsites or are the top of a "
            "site collection cannot be deleted.",
        )
    call.world.lists.note(site, "Web", "delete")
    call.world.content.remove_site(site)
    return Reply(200)


# -- what is known of subsites at a glance


def _infos(call: Call, node: Node) -> Iterator[Node]:
    for one in subwebs_of(call, node.of):
        yield Node("webinfo", f"Web/WebInfos(guid'{guid_of(one.web)}')", one)


def _info_values(call: Call, node: Node) -> dict[str, Any]:
    site: Site = node.of
    made = site.created_at.timestamp()
    changed = max([made, *(known.modified_at for known in call.world.lists.of(site))])
    return {
        "Configuration": 0,
        "Created": Moment.of(made),
        "Description": site.description,
        "Id": Guid(guid_of(site.web)),
        "Language": 1033,
        "LastItemModifiedDate": Moment.of(changed),
        "LastItemUserModifiedDate": Moment.of(changed),
        "ServerRelativeUrl": site.path or "/",
        "Title": site.display_name,
        "WebTemplate": template_of(site),
        "WebTemplateId": 0,
    }


def _parent(_: Call, node: Node, __: Segment) -> Node:
    parent: Site | None = node.of.parent
    return Node("webinfo", f"{node.uri}/ParentWeb", parent)


def _to_infos(_: Call, node: Node, at: Segment) -> Node:
    return Node("webinfos", f"{node.uri}/{at.written}", node.of)


def _default_library(call: Call, node: Node, _: Segment) -> Node:
    site: Site = node.of
    return list_node(call.world.lists.library(site.drives[0]))


def _people(call: Call, node: Node, _: Segment) -> Node:
    return list_node(call.world.lists.people(node.of).list)


KINDS = (
    Kind("webinfos", members=_infos),
    Kind("webinfo", "SP.WebInformation", values=_info_values),
)
_SEEN = "subsites that the caller sees"
STEPS = (
    Step("web", "WebInfos", _to_infos, "webinfos", _SEEN, source=WEBS),
    Step(
        "web",
        "GetSubwebsFilteredForCurrentUser",
        _to_infos,
        "webinfos",
        f"{_SEEN}; the filters are taken and do nothing",
        is_function=True,
        source=WEBS,
    ),
    Step("web", "ParentWeb", _parent, "webinfo", source=WEBS),
    Step("web", "DefaultDocumentLibrary", _default_library, "list", is_function=True, source=WEBS),
    Step("web", "SiteUserInfoList", _people, "list", source=WEBS),
)
ACTIONS = (
    Action("webs", "Add", "POST", _add, "parameters: Url, Title, Description", WEBS),
    Action("webs", "", "POST", _add, "Url, Title, Description", WEBS),
    Action("webinfos", "Add", "POST", _add, "parameters: Url, Title, Description", WEBS),
    Action("web", "", "MERGE", _update, "Title, Description", WEBS),
    Action("web", "", "DELETE", _delete, "not the top one, not with subsites", WEBS),
)

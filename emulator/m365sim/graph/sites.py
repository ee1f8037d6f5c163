"""Sites, their drives, and the signed-in user.

https://learn.microsoft.com/graph/api/resources/site
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any
from uuid import UUID

from m365sim.files import Site
from m365sim.graph.access import check_profile, check_sites
from m365sim.graph.call import Call
from m365sim.graph.known_properties import check_selected
from m365sim.graph.reply import GraphError, Reply, denied, invalid, json_reply
from m365sim.graph.shapes import (
    CONTEXT,
    drive_shape,
    followed_site_shape,
    narrowed,
    site_shape,
    user_shape,
)


async def get_site(call: Call) -> Reply:
    """Return one site."""
    check_selected("site", call.selected())
    site = call.site()
    shape = {"@odata.context": f"{CONTEXT}#sites/$entity", **site_shape(site)}
    return json_reply(narrowed(shape, call.selected()))


async def list_subsites(call: Call) -> Reply:
    """List the sites right below a site."""
    check_sites(call.principal)
    below = call.site().subsites
    return _sites(call, [one for one in below if call.sees_site(one)], _offset_token)


async def list_sites(call: Call) -> Reply:
    """Search sites; without a search an app enumerates them, and a user is shown none."""
    check_sites(call.principal)
    search = call.query.get("search", call.query.get("$search"))
    if search is not None:
        return _sites(call, _found(call, search), _search_token)
    if call.principal.user is not None:
        return _sites(call, [], _offset_token)
    return _sites(call, call.world.content.sites, _offset_token)


async def list_all_sites(call: Call) -> Reply:
    """List every site collection of the tenant, OneDrives included, for an app alone."""
    check_sites(call.principal)
    if call.principal.user is not None:
        raise GraphError(
            403, "accessDenied", "This operation is only supported with application permissions."
        )
    return _sites(call, call.world.content.sites, _offset_token)


async def list_drives(call: Call) -> Reply:
    """List the document libraries of a site, system ones only when `system` is selected."""
    site = call.site()
    selected = call.selected()
    check_selected("drive", selected)
    wants_system = selected is not None and "system" in selected
    drives = [d for d in site.drives if call.viewer(d).reaches()]
    shapes = [drive_shape(d) for d in drives if wants_system or not d.is_system]
    return _collection(f"{CONTEXT}#drives", shapes, selected)


async def list_own_drives(call: Call) -> Reply:
    """List the drives of a user."""
    site = call.world.content.personal_site(call.user().id)
    drives = [d for d in site.drives if call.viewer(d).reaches()] if site else []
    shapes = [drive_shape(d) for d in drives if not d.is_system]
    return _collection(f"{CONTEXT}#drives", shapes, call.selected())


async def list_followed_sites(call: Call) -> Reply:
    """List the sites that a user follows."""
    check_sites(call.principal)
    user, followed = call.user(), call.world.sharing.followed
    if call.principal.user not in (None, user):
        raise denied()
    known = call.world.content.all_sites()
    sites = [one for one in known if followed.follows_site(user.id, one) and call.sees_site(one)]
    shapes = [followed_site_shape(site) for site in sites]
    return _collection(f"{CONTEXT}#sites", shapes, call.selected())


async def get_drive(call: Call) -> Reply:
    """Return one drive."""
    check_selected("drive", call.selected())
    shape = {"@odata.context": f"{CONTEXT}#drives/$entity", **drive_shape(call.drive())}
    return json_reply(narrowed(shape, call.selected()))


async def get_me(call: Call) -> Reply:
    """Return the signed-in user."""
    user = call.user()
    check_profile(call.principal)
    shape = {"@odata.context": f"{CONTEXT}#users/$entity", **user_shape(user)}
    return json_reply(narrowed(shape, call.selected()))


def _found(call: Call, search: str) -> list[Site]:
    wanted = search.strip().strip('"').lower()
    newest = call.world.clock.now() - call.world.quirks.search_lag
    found = []
    for site in call.world.content.sites:
        if not call.sees_site(site, limited=False) or site.created_at > newest:
            continue
        text = f"{site.display_name} {site.name} {site.description}".lower()
        if wanted in ("", "*") or wanted.rstrip("*") in text:
            found.append(site)
    return found


def _sites(call: Call, sites: list[Site], token: Callable[[int], str]) -> Reply:
    check_selected("site", call.selected())
    sites = _ordered(_filtered(sites, call.query.get("$filter")), call.query.get("$orderby"))
    start = _read_offset(call.query.get("$skiptoken"))
    stop = start + call.top()
    shapes = [site_shape(site) for site in sites[start:stop]]
    context = f"{CONTEXT}#sites"
    link = call.link("$skiptoken", token(stop)) if stop < len(sites) else None
    return _collection(context, shapes, call.selected(), link)


def _filtered(sites: list[Site], text: str | None) -> list[Site]:
    """Keep the top sites of site collections, if that is asked for, as in multi-geo tenants.

    https://learn.microsoft.com/graph/api/site-list
    """
    if text is None:
        return sites
    wanted = " ".join(text.split()).lower()
    if wanted in ("sitecollection/root ne null", "root ne null"):
        return [site for site in sites if site.parent is None]
    raise invalid(f"The filter '{text}' is not supported.")


def _ordered(sites: list[Site], text: str | None) -> list[Site]:
    """Sort sites by the one property that they can be sorted by: `createdDateTime`."""
    if text is None:
        return sites
    name, _, direction = text.strip().partition(" ")
    if name != "createdDateTime" or direction.strip().lower() not in ("", "asc", "desc"):
        raise invalid(f"The orderby clause '{text}' is not supported.")
    is_downwards = direction.strip().lower() == "desc"
    return sorted(sites, key=lambda site: site.created_at, reverse=is_downwards)


def _collection(
    context: str,
    shapes: list[dict[str, Any]],
    selected: list[str] | None,
    next_link: str | None = None,
) -> Reply:
    value: dict[str, Any] = {"@odata.context": context}
    if next_link:
        value["@odata.nextLink"] = next_link
    value["value"] = [narrowed(shape, selected) for shape in shapes]
    return json_reply(value)


def _search_token(offset: int) -> str:
    # Seen in recordings: "s!" and base64 of "offset;search session".
    session = UUID(int=offset, version=4)
    return "s!" + base64.urlsafe_b64encode(f"{offset};{session}".encode()).decode().rstrip("=")


def _offset_token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"{offset};".encode()).decode().rstrip("=")


def _read_offset(token: str | None) -> int:
    if token is None:
        return 0
    text = token.removeprefix("s!")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(raw.partition(";")[0])
    except (binascii.Error, ValueError) as broken:
        raise invalid("The $skiptoken is not valid.") from broken

"""How sites, drives and users look in Graph's JSON.

https://learn.microsoft.com/graph/api/resources/site, .../drive, .../user; where recordings of real
tenants differ from the documents, the recording wins.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from m365sim.files import Actor, Drive, Site
from m365sim.files.ids import guid_of

if TYPE_CHECKING:
    from m365sim.tenant import User

CONTEXT = "https://graph.microsoft.com/v1.0/$metadata"

QUOTA = 27_487_790_694_400  # bytes: the 25 TB of a site collection


def iso(moment: datetime) -> str:
    """Write a moment to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_seconds(moment: int) -> str:
    """Write seconds since 1970 to the second."""
    return datetime.fromtimestamp(moment, UTC).isoformat()[:19] + "Z"


def site_shape(site: Site) -> dict[str, Any]:
    """Show a site."""
    shape: dict[str, Any] = {
        "createdDateTime": iso(site.created_at),
        "description": site.description,
        "id": site.id,
        "lastModifiedDateTime": iso(site.created_at),
        "name": site.name,
        "webUrl": site.web_url,
        "displayName": site.display_name,
    }
    if site.parent is None:
        shape |= {"root": {}, "siteCollection": {"hostname": site.host}}
    else:
        shape["parentReference"] = {"siteId": site.parent.id}
    if site.is_personal:
        shape["isPersonalSite"] = True
    return shape


def followed_site_shape(site: Site) -> dict[str, Any]:
    """Show a site as the list of followed sites does: with less, and with SharePoint's ids."""
    return {
        "id": site.id,
        "webUrl": site.web_url,
        "displayName": site.display_name,
        "sharepointIds": {
            "siteId": guid_of(site.collection),
            "siteUrl": site.web_url,
            "webId": guid_of(site.web),
        },
    }


def drive_shape(drive: Drive) -> dict[str, Any]:
    """Show a drive."""
    site = drive.site
    used = drive.folder_bytes(drive.root.uid)
    owner: dict[str, Any]
    if site.in_group:
        owner = {
            "group": {
                "displayName": f"{site.display_name} Owners",
                "email": f"{site.name}@{site.host}",
            }
        }
    else:
        owner = {"user": actor_shape(drive.owner)["user"]}
    shape: dict[str, Any] = {
        "createdDateTime": iso_seconds(drive.created_at),
        "description": drive.description,
        "id": drive.id,
        "lastModifiedDateTime": iso_seconds(drive.modified_at),
        "name": drive.name,
        "webUrl": f"{site.web_url}/{quote(drive.url_name)}",
        "driveType": drive.drive_type,
        "createdBy": {"user": {"displayName": "System Account"}},
        "lastModifiedBy": {"user": actor_shape(drive.owner)["user"]},
        "owner": owner,
        "quota": {
            "deleted": 0,
            "remaining": QUOTA - used,
            "state": "normal",
            "total": QUOTA,
            "used": used,
        },
    }
    if drive.is_system:
        shape["system"] = {}
    return shape


def actor_shape(actor: Actor) -> dict[str, Any]:
    """Show who did something."""
    user: dict[str, str] = {}
    if actor.user_email:
        user["email"] = actor.user_email
    if actor.user_id:
        user["id"] = actor.user_id
    user["displayName"] = actor.user_name or "System Account"
    shape: dict[str, Any] = {"user": user}
    if actor.app_name:
        application = {"id": actor.app_id} if actor.app_id else {}
        shape["application"] = {**application, "displayName": actor.app_name}
    return shape


def user_shape(user: User) -> dict[str, Any]:
    """Show a user, with the properties given by default."""
    given, _, family = user.display_name.partition(" ")
    return {
        "businessPhones": [],
        "displayName": user.display_name,
        "givenName": given or None,
        "jobTitle": None,
        "mail": user.email,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": "en-US",
        "surname": family or None,
        "userPrincipalName": user.upn,
        "id": user.id,
    }


def narrowed(shape: dict[str, Any], selected: list[str] | None) -> dict[str, Any]:
    """Keep the selected properties of a shape; annotations about the type stay."""
    if selected is None:
        return shape
    # Graph leaves out everything else, the `deleted` facet and even the id included.
    wanted = {*selected, "@odata.type", "@odata.context"}
    if "content.downloadUrl" in wanted:
        wanted.add("@microsoft.graph.downloadUrl")
    return {name: value for name, value in shape.items() if name in wanted}

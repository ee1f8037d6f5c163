"""Sites, drives and the signed-in user."""

from datetime import timedelta

import pytest

from m365sim.testing import app_token


async def test_a_user_without_search_is_shown_no_site(graph):
    assert (await graph.json("/sites"))["value"] == []


async def test_an_app_enumerates_sites(graph, world):
    graph.token = app_token(world)
    listed = (await graph.json("/sites"))["value"]
    assert [site["id"] for site in listed] == [site.id for site in world.content.sites]


async def test_search_pages_and_shows_only_the_callers_own_onedrive(graph, world):
    first = await graph.json("/sites?search=*&$top=2")
    assert len(first["value"]) == 2
    link = first["@odata.nextLink"]
    assert link.startswith("https://graph.microsoft.com/v1.0/sites?search=*&$top=2&$skiptoken=s!")
    found = first["value"]
    while link:
        page = await graph.json(link)
        found += page["value"]
        link = page.get("@odata.nextLink")
    names = [site["displayName"] for site in found]
    assert "Marketing" in names
    assert "Alex Wilber" in names
    assert "Megan Bowen" not in names
    assert "Lab" not in names  # a subsite


async def test_search_by_name_and_a_lagging_index(graph, world):
    found = (await graph.json("/sites?search=research"))["value"]
    assert [site["displayName"] for site in found] == ["Engineering & Research"]
    world.quirks.change(search_lag=3600)
    world.content.add_site("/sites/fresh", "Fresh research")
    assert len((await graph.json("/sites?search=research"))["value"]) == 1


async def test_broken_skiptoken(graph):
    assert (await graph.get("/sites?search=*&$skiptoken=s!%%")).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "contoso.sharepoint.com:/sites/marketing",
        "contoso.sharepoint.com:/sites/MARKETING/",
        "contoso.sharepoint.com:/sites/marketing:",
        "contoso.sharepoint.com:/sites/marketing:/",
    ],
)
async def test_site_by_path(graph, drive, address):
    site = await graph.json(f"/sites/{address}")
    assert site["id"] == drive.site.id
    assert site["root"] == {}
    assert site["siteCollection"] == {"hostname": "contoso.sharepoint.com"}


async def test_site_by_id_in_every_spelling(graph, drive):
    site_id = drive.site.id
    for spelling in (site_id, site_id.replace(",", "%2C"), site_id.split(",")[1]):
        assert (await graph.json(f"/sites/{spelling}"))["id"] == site_id
    root = await graph.json("/sites/root")
    assert root["name"] == ""
    assert (await graph.json("/sites/contoso.sharepoint.com"))["id"] == root["id"]
    assert (await graph.get("/sites/contoso.sharepoint.com:/sites/none")).status_code == 404


async def test_subsites_are_direct_ones_without_a_root_facet(graph):
    place = "/sites/contoso.sharepoint.com:/sites/engineering:/sites"
    (lab,) = (await graph.json(place))["value"]
    assert lab["displayName"] == "Lab"
    assert "root" not in lab
    assert (await graph.json(f"/sites/{lab['id']}/sites"))["value"] == []
    assert (await graph.json(f"/sites/{lab['id']}/drive"))["name"] == "Documents"


async def test_drives_of_a_site_without_system_ones(graph, drive):
    place = "/sites/contoso.sharepoint.com:/sites/marketing:/drives"
    (only,) = (await graph.json(place))["value"]
    assert only["id"] == drive.id
    assert only["driveType"] == "documentLibrary"
    assert only["webUrl"].endswith("/sites/marketing/Shared%20Documents")
    both = (await graph.json(f"{place}?$select=id,name,system"))["value"]
    assert [set(d) for d in both] == [{"id", "name"}, {"id", "name", "system"}]


async def test_drive_in_every_spelling(graph, drive):
    for place in (
        f"/drives/{drive.id}",
        f"/drives/{drive.id.replace('!', '%21')}",
        f"//drives/{drive.id}",
        f"/sites/{drive.site.id}/drive",
        f"/sites/{drive.site.id}/drives/{drive.id}",
    ):
        assert (await graph.json(place))["id"] == drive.id
    assert (await graph.get("/drives/nonsense")).status_code == 400
    assert (await graph.get(f"/drives/{drive.id[:-1]}A")).status_code in {200, 404}
    assert (await graph.get(f"/sites/root/drives/{drive.id}")).status_code == 404


async def test_all_sites_is_for_apps(graph, world):
    refused = await graph.get("/sites/getAllSites")
    assert refused.status_code == 403
    graph.token = app_token(world)
    listed = (await graph.json("/sites/getAllSites?$top=3"))["value"]
    assert len(listed) == 3
    everything = (await graph.json("/sites/microsoft.graph.getAllSites()"))["value"]
    assert any(site.get("isPersonalSite") for site in everything)


async def test_me_and_my_drive(graph, world):
    me = await graph.json("/me")
    assert me["userPrincipalName"] == "alex@contoso.onmicrosoft.com"
    assert me["givenName"] == "Alex"
    drive = await graph.json("/me/drive")
    assert drive["driveType"] == "business"
    assert [d["id"] for d in (await graph.json("/me/drives"))["value"]] == [drive["id"]]
    assert (await graph.json(f"/users/{me['id']}/drive"))["id"] == drive["id"]
    assert await graph.json("/me?$select=id") == {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
        "id": me["id"],
    }
    assert (await graph.get("/users/nobody@x/drive")).status_code == 404


async def test_followed_sites_are_shown_with_less(graph, world):
    listed = (await graph.json("/me/followedSites"))["value"]
    assert [site["displayName"] for site in listed] == ["Marketing", "Engineering & Research"]
    assert set(listed[0]) == {"id", "webUrl", "displayName", "sharepointIds"}
    graph.token = app_token(world)
    assert (await graph.get("/me/followedSites")).status_code == 400


async def test_drive_tells_when_something_in_it_changed(graph, drive, world):
    before = (await graph.json(f"/drives/{drive.id}"))["lastModifiedDateTime"]
    world.clock.advance(timedelta(hours=1))
    drive.create_folder(drive.root, "New", drive.owner)
    assert (await graph.json(f"/drives/{drive.id}"))["lastModifiedDateTime"] > before


async def test_sites_are_filtered_and_sorted_as_far_as_documented(graph, world):
    graph.token = app_token(world)
    world.content.add_site("/sites/newest", "Newest")
    top = {"$filter": "siteCollection/root ne null", "$select": "siteCollection,webUrl"}
    found = (await graph.json("/sites", params=top))["value"]
    assert len(found) == len(world.content.sites)
    assert all(set(one) == {"siteCollection", "webUrl"} for one in found)
    order = {"search": "*", "$orderby": "createdDateTime desc"}
    found = (await graph.json("/sites", params=order))["value"]
    assert found[0]["name"] == "newest"
    for wrong in ({"$filter": "name eq 'x'"}, {"$orderby": "name"}):
        refused = await graph.get("/sites", params={"search": "*", **wrong})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")


async def test_properties_that_types_do_not_have(graph, drive):
    site = f"/sites/{drive.site.id}"
    for place in (site, "/sites?search=*", f"{site}/drives", f"{site}/drive", f"{site}/lists",
                  f"{site}/lists/Documents", f"{site}/lists/Documents/items"):  # fmt: skip
        joint = "&" if "?" in place else "?"
        refused = await graph.get(f"{place}{joint}$select=id,nonsense")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "BadRequest"), place

"""The delta of sites."""

from datetime import timedelta

import pytest

from m365sim.testing import app_token, delegated_token


@pytest.fixture
def app(graph, world):
    graph.token = app_token(world, lifetime=timedelta(days=400))
    return graph


async def test_all_sites_at_first_and_then_what_changed(app, world):
    every, link, pages = await app.round("/sites/delta?$top=4")
    assert len(pages) > 1
    assert {one["id"] for one in every} == {site.id for site in world.content.all_sites()}
    assert (await app.round(link))[0] == []
    made = world.content.add_site("/sites/new", "New")
    marketing = world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    body = {"displayName": "Fresh", "list": {"template": "genericList"}}
    assert (await app.call("POST", f"/sites/{marketing.id}/lists", json=body)).status_code == 201
    people = world.content.site_at("contoso.sharepoint.com", "/sites/people")
    world.content.remove_site(people)
    changed, link, _ = await app.round(link)
    assert [(one["id"], one.get("deleted")) for one in changed] == [
        (made.id, None),
        (marketing.id, None),
        (people.id, {"state": "deleted"}),
    ]
    again, _, _ = await app.round("/sites/delta")
    assert people.id not in {one["id"] for one in again}
    assert (await app.get(f"/sites/{people.id}")).status_code == 404


async def test_a_deleted_site_takes_its_subsites_along(app, world):
    _, link, _ = await app.round("/sites/delta?token=latest")
    engineering = world.content.site_at("contoso.sharepoint.com", "/sites/engineering")
    lab = engineering.subsites[0]
    world.content.remove_site(engineering)
    changed, _, _ = await app.round(link)
    assert {one["id"] for one in changed if "deleted" in one} == {engineering.id, lab.id}


async def test_only_changes_from_now_on(app):
    page = await app.json("/sites/delta?token=latest&$select=id")
    assert page["value"] == []
    assert "%24select=id" in page["@odata.deltaLink"] or "$select=id" in page["@odata.deltaLink"]


async def test_tokens_that_are_too_old_or_none(app, world):
    _, link, _ = await app.round("/sites/delta")
    world.clock.advance(timedelta(days=61))
    for _ in range(2):
        gone = await app.get(link)
        assert (gone.status_code, gone.json()["error"]["code"]) == (410, "resyncRequired")
        assert gone.json()["error"]["innerError"]["code"] == "resyncChangesApplyDifferences"
        entries, link, _ = await app.round(gone.headers["location"])
        assert entries
        world.content.expire_delta_tokens()
    for wrong in ("nonsense", "c2l0ZXM7MTsx", "eDsxOzE7OzA7MQ"):
        refused = await app.get(f"/sites/delta?token={wrong}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalidRequest")
    assert (await app.get("/sites/delta?$select=nonsense")).status_code == 400


async def test_who_may_ask(graph, world):
    graph.token = delegated_token(world, scopes=["Sites.FullControl.All"])
    assert (await graph.get("/sites/delta")).status_code == 403
    graph.token = app_token(world, roles=["Sites.Selected"])
    assert (await graph.get("/sites/delta")).status_code == 403


async def test_a_site_that_is_called_otherwise(app, world):
    _, link, _ = await app.round("/sites/delta?token=latest")
    marketing = world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    world.content.describe_site(marketing, display_name="Markets")
    (changed,) = (await app.round(link))[0]
    assert (changed["id"], changed["displayName"]) == (marketing.id, "Markets")
    assert changed["description"] == marketing.description


async def test_how_old_a_token_may_be_is_a_quirk(app, world):
    _, link, _ = await app.round("/sites/delta")
    world.quirks.change(delta_retention=60)
    world.clock.advance(timedelta(seconds=61))
    assert (await app.get(link)).status_code == 410

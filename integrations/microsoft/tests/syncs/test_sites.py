"""The syncs of sites, subsites and drives against the emulator's truth."""

import pytest

from fairlead.errors import OperatorError, Rejected, Unavailable
from m365sim.faults import Fault

APP = pytest.mark.parametrize("is_app", [False, True], ids=["user", "app"])


def act(syncs, is_app: bool) -> None:
    if is_app:
        syncs.be_app()


@APP
async def test_all_sites_come_and_go(syncs, is_app):
    act(syncs, is_app)
    await syncs.run("sites")
    held = syncs.live("sites")
    tops = {site.id for site in syncs.sites()}
    if is_app:
        assert tops < set(held)  # the feed knows the subsites, too
        assert syncs.requests == ["/sites/delta"]
    else:
        assert set(held) <= tops
        assert held
    marketing = syncs.site()
    record = held[marketing.id]
    assert record["displayName"] == "Marketing"
    assert record["webUrl"] == marketing.web_url
    assert record["siteCollectionHostname"] == marketing.host
    syncs.world.content.remove_site(marketing)
    ran = await syncs.run("sites")
    assert set(held) - set(syncs.live("sites")) == {marketing.id}
    assert ran.counts.deleted == 1
    assert not ran.skipped


async def test_sites_by_id_path_and_term(syncs):
    root, people = syncs.site(""), syncs.site("/sites/people")
    named = {
        "siteIds": [root.id],
        "sitePaths": [f"{people.host}:/sites/people", people.web_url],
        "searchTerms": ["market", "marketing"],
    }
    await syncs.run("sites", named)
    assert set(syncs.live("sites")) == {root.id, people.id, syncs.site().id}
    await syncs.run("sites", {"siteIds": [root.id]})
    assert set(syncs.live("sites")) == {root.id}


async def test_a_site_that_a_search_forgets_stays(syncs):
    await syncs.run("sites")
    held = syncs.live("sites")
    fault = Fault(
        host="graph", path="/v1.0/sites?search=*", count=1, status=200, body='{"value":[]}'
    )
    syncs.world.faults.add(fault)
    await syncs.run("sites")
    assert syncs.live("sites") == held


async def test_a_closed_site_is_kept_and_named(syncs):
    people, marketing = syncs.site("/sites/people"), syncs.site()
    named = {"siteIds": [marketing.id, people.id]}
    await syncs.run("sites", named)
    syncs.world.faults.add(
        Fault(host="graph", path=f"/v1.0/sites/{people.host}*{people.id[-12:]}*", status=423)
    )
    ran = await syncs.run("sites", named)
    assert [skip.place for skip in ran.skipped] == [people.id]
    assert set(syncs.live("sites")) == {marketing.id, people.id}


@APP
async def test_subsites_at_any_depth(syncs, is_app):
    act(syncs, is_app)
    lab = syncs.site("/sites/engineering/lab")
    cellar = syncs.world.content.add_site("/sites/engineering/lab/cellar", "Cellar", parent=lab)
    await syncs.run("subsites")
    parents = {key: record["parentSiteId"] for key, record in syncs.live("subsites").items()}
    assert parents == {lab.id: lab.parent.id, cellar.id: lab.id}
    syncs.world.content.remove_site(cellar)
    ran = await syncs.run("subsites")
    assert set(syncs.live("subsites")) == {lab.id}
    assert not ran.skipped
    syncs.world.content.remove_site(syncs.site("/sites/engineering"))
    await syncs.run("subsites")
    assert syncs.live("subsites") == {}


async def test_drives_of_followed_sites(syncs):
    alex = syncs.world.directory.user_by_upn(f"alex@{syncs.world.tenant.domain}")
    for path in ("/sites/marketing", "/sites/people"):
        syncs.world.sharing.followed.set_site(alex.id, syncs.site(path), followed=True)
    await syncs.run("drives")
    marketing, people = syncs.drive(), syncs.drive("/sites/people")
    held = syncs.live("drives")
    assert {marketing.id, people.id} <= set(held)
    assert held[people.id]["name"] == "Dokumente"
    assert held[people.id]["siteId"] == people.site.id
    for path in ("/sites/marketing", "/sites/people"):
        syncs.world.sharing.followed.set_site(alex.id, syncs.site(path), followed=False)
    await syncs.run("drives")
    assert not {marketing.id, people.id} & set(syncs.live("drives"))


async def test_drives_of_an_app_are_those_of_all_sites(syncs):
    syncs.be_app()
    await syncs.run("drives")
    libraries = {d.id for site in syncs.sites() for d in site.drives if not d.is_system}
    assert set(syncs.live("drives")) == libraries
    gone = syncs.site("/sites/engineering").drives[1]
    syncs.world.content.remove_drive(gone)
    closed = syncs.site("/sites/people")
    fault = Fault(host="graph", path=f"/v1.0/sites/*{closed.id[-12:]}/drives*", status=403)
    syncs.world.faults.add(fault)
    ran = await syncs.run("drives")
    assert [skip.place for skip in ran.skipped] == [closed.id]
    assert set(syncs.live("drives")) == libraries - {gone.id}


@pytest.mark.parametrize("name", ["drives", "lists", "site-columns", "content-types"])
async def test_if_no_site_can_be_read_the_run_fails(syncs, name):
    chosen = [syncs.site().id, syncs.site("/sites/people").id]
    named = {"siteIds": chosen, "site_ids": chosen, "sites": chosen}
    await syncs.run(name, named)
    held = syncs.live(name)
    assert held
    syncs.world.faults.add(Fault(host="graph", path="/v1.0/sites/*", status=404, count=None))
    with pytest.raises(Rejected) as told:
        await syncs.run(name, named)
    assert told.value.provider_status == 404
    assert syncs.live(name) == held


async def test_a_failed_discovery_deletes_nothing(syncs):
    await syncs.run("lists")
    held = syncs.live("lists")
    assert held
    syncs.world.faults.add(Fault(host="graph", path="/v1.0/sites?search*", status=503, count=None))
    with pytest.raises(Unavailable):
        await syncs.run("lists")
    assert syncs.live("lists") == held


async def test_selected_sites_are_those_that_are_named(syncs):
    from m365sim.entra.contoso import DAEMON_APP_ID

    granted, other = syncs.site(), syncs.site("/sites/people")
    syncs.world.content.grant_site(DAEMON_APP_ID, granted, frozenset({"read"}))
    syncs.be_app(["Sites.Selected"])
    with pytest.raises(OperatorError) as told:
        await syncs.run("list-columns")
    assert told.value.code == "sites_not_named"
    ran = await syncs.run("list-columns", {"siteIds": [granted.id, other.id]})
    assert [skip.place for skip in ran.skipped] == [other.id]
    assert {record["siteId"] for record in syncs.live("list-columns").values()} == {granted.id}

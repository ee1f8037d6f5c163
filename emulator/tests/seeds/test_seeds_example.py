"""Everything that the example tenant says is there, as clients of both APIs see it."""

from datetime import timedelta

from m365sim.entra.apps import authenticate
from m365sim.files.quickxor import quick_xor_hash

DOCK = "fabrikam.sharepoint.com:/sites/dock:"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


async def test_the_organisation_and_its_people(tenant):
    world = tenant.world
    assert world.tenant.id == "5f1c1c5e-3c1e-4a8b-9a56-1d6f3f6f7a01"
    assert world.tenant.display_name == "Fabrikam Shipyard"
    people = {one["userPrincipalName"]: one for one in (await tenant.graph("/users"))["value"]}
    assert list(people) == [
        "fred@fabrikam.onmicrosoft.com",
        "greta@fabrikam.onmicrosoft.com",
        "hugo@fabrikam.onmicrosoft.com",
        "nora_northwind.example#EXT#@fabrikam.onmicrosoft.com",
    ]
    fred = people["fred@fabrikam.onmicrosoft.com"]
    assert (fred["id"], fred["displayName"]) == ("5f1c1c5e-0000-4000-8000-000000000001", "Fred Fox")
    known = {user.upn.split("@")[0]: user for user in world.directory.users.values()}
    assert known["fred"].is_admin
    assert known["fred"].password == "Fred-pass-1"
    assert (known["greta"].password, known["greta"].may_consent) == ("s3cret of Greta", False)
    assert not known["hugo"].enabled
    groups = {one["displayName"]: one for one in (await tenant.graph("/groups"))["value"]}
    assert {"Crew", "Everybody on board", "Harbour office", "Dock"} <= set(groups)
    harbour = groups["Harbour office"]
    assert (harbour["mail"], harbour["groupTypes"]) == (
        "harbour@fabrikam.onmicrosoft.com",
        ["Unified"],
    )
    board = groups["Everybody on board"]["id"]
    right = (await tenant.graph(f"/groups/{board}/members"))["value"]
    assert {one["displayName"] for one in right} == {"Crew", "Fred Fox"}
    nested = (await tenant.graph(f"/groups/{board}/transitiveMembers"))["value"]
    assert "Greta Green" in {one["displayName"] for one in nested}
    owners = (await tenant.graph(f"/groups/{harbour['id']}/owners"))["value"]
    assert [one["displayName"] for one in owners] == ["Fred Fox"]
    team = groups["Dock"]
    assert team["mail"] == "dock@fabrikam.onmicrosoft.com"
    members = (await tenant.graph(f"/groups/{team['id']}/members"))["value"]
    assert {one["displayName"] for one in members} == {"Greta Green", "Crew"}


async def test_onedrives(tenant):
    plan = await tenant.graph("/me/drive/root:/Drafts/Plan.md", "greta")
    assert plan["size"] == 7
    assert (await tenant.graph("/users/fred@fabrikam.onmicrosoft.com/drive"))[
        "driveType"
    ] == "business"
    await tenant.graph("/users/hugo@fabrikam.onmicrosoft.com/drive", status=404)


async def test_apps_prove_themselves_and_have_what_was_consented(tenant, keys):
    graph, there = (
        "https://graph.microsoft.com/.default",
        "https://fabrikam.sharepoint.com/.default",
    )
    web, robot = (f"6a000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
    expired = await tenant.sign_in(web, graph, client_secret="an-old-secret")
    assert expired["error_codes"] == [7000222]
    assert "access_token" in await tenant.sign_in(robot, graph, client_secret="robot-secret")
    proof = {
        "client_assertion_type": ASSERTION,
        "client_assertion": keys.assertion(tenant.world.clock.now()),
    }
    token = (await tenant.sign_in(robot, there, **proof))["access_token"]
    answer = await tenant.ask("https://fabrikam.sharepoint.com/sites/dock/_api/web", token)
    assert answer.json()["Title"] == "Dock"
    app = tenant.world.directory.apps[web]
    assert app.multi_tenant
    assert app.redirect_uris == ["http://127.0.0.1:3003/oauth/callback"]
    assert authenticate(tenant.world, "common", app, {"client_secret": "shipyard-secret"}) == "1"
    directory, ours = tenant.world.directory, tenant.world.tenant.id
    greta = directory.user_by_upn("greta@fabrikam.onmicrosoft.com")
    granted = directory.granted(ours, web, "graph", greta.id)
    assert granted == {"User.Read", "Sites.ReadWrite.All"}
    fred = directory.user_by_upn("fred@fabrikam.onmicrosoft.com")
    assert not directory.granted(ours, web, "graph", fred.id)


async def test_an_app_may_use_the_site_that_was_selected_for_it(tenant):
    scope = "https://graph.microsoft.com/.default"
    robot = "6a000000-0000-4000-8000-000000000002"
    token = (await tenant.sign_in(robot, scope, client_secret="robot-secret"))["access_token"]
    root = "https://graph.microsoft.com/v1.0/sites/fabrikam.sharepoint.com:/sites"
    assert (await tenant.ask(f"{root}/dock", token)).status_code == 200
    assert (await tenant.ask(f"{root}/office", token)).status_code == 403


async def test_sites_subsites_and_pages(tenant):
    root = await tenant.graph("/sites/root")
    assert root["displayName"] == "Fabrikam"
    pages = (await tenant.graph(f"/sites/{root['id']}/pages"))["value"]
    states = {page["name"]: page["publishingState"]["level"] for page in pages}
    assert states["Home.aspx"] == "published"
    assert states["Draft.aspx"] != "published"
    dock = await tenant.graph(f"/sites/{DOCK}")
    assert dock["createdDateTime"].startswith("2024-05-01T08:00:00")
    assert dock["description"] == "Where the ships are."
    columns = (await tenant.graph(f"/sites/{dock['id']}/columns"))["value"]
    assert "Cost centre" in {column["displayName"] for column in columns}
    below = (await tenant.graph(f"/sites/{dock['id']}/sites", "greta"))["value"]
    assert [site["displayName"] for site in below] == ["Slip"]
    web = await tenant.api("/sites/dock/_api/web")
    assert web["Title"] == "Dock"
    webs = (await tenant.api("/sites/dock/_api/web/webs", "greta"))["value"]
    assert [one["Title"] for one in webs] == ["Slip"]


async def test_files_and_folders(tenant, folder):
    drives = {d["name"]: d for d in (await tenant.graph(f"/sites/{DOCK}/drives"))["value"]}
    assert list(drives) == ["Documents", "Archive", "Mirror"]
    assert drives["Archive"]["webUrl"].endswith("/sites/dock/Arc")
    assert drives["Archive"]["description"] == "What was."
    at = f"/drives/{drives['Documents']['id']}"
    welcome = await tenant.graph(f"{at}/root:/Welcome.md?$expand=listItem($expand=fields)")
    assert welcome["lastModifiedDateTime"] == "2026-03-01T12:00:00Z"
    assert welcome["createdBy"]["user"]["displayName"] == "Greta Green"
    assert welcome["listItem"]["fields"]["Ship"] == "Nordstern"
    hull = await tenant.graph(f"{at}/root:/Plans/Hull.bin", "greta")
    moved = await tenant.graph(f"{at}/items/{hull['id']}/content", "greta", status=302)
    content = (await tenant.http.get(moved.headers["location"])).content
    assert len(content) == hull["size"] == 3_000_000
    assert quick_xor_hash(content) == hull["file"]["hashes"]["quickXorHash"]
    logo = await tenant.graph(f"{at}/root:/Plans/Logo.svg", "greta")
    assert logo["size"] == (folder / "logo.svg").stat().st_size
    log = await tenant.graph(f"/drives/{drives['Mirror']['id']}/root:/2026/Log.txt")
    assert log["size"] == (folder / "mirrored/2026/Log.txt").stat().st_size
    archived = await tenant.graph(f"/drives/{drives['Archive']['id']}/root/children?$top=5")
    assert archived["value"][0]["name"] == "Folder 00001"
    file = await tenant.api(
        "/sites/dock/_api/web/GetFileByServerRelativePath(decodedurl='/sites/dock/Shared Documents/Welcome.md')"
    )
    assert (file["Name"], int(file["Length"])) == ("Welcome.md", 16)


async def test_lists_with_columns_and_items(tenant):
    rows = (await tenant.graph(f"/sites/{DOCK}/lists/Ships/items?$expand=fields"))["value"]
    first, second = (row["fields"] for row in rows)
    assert (first["Title"], first["Length"], first["State"]) == ("Nordstern", 41.5, "Afloat")
    assert first["Launched"].startswith("2019-06-01")
    assert second["State"] == "In dock"
    assert second["Title"] == "Südwind"
    columns = {
        c["displayName"]: c
        for c in (await tenant.graph(f"/sites/{DOCK}/lists/Ships/columns"))["value"]
    }
    built = columns["Built by"]
    assert (built["lookup"]["columnName"], first[f"{built['name']}LookupId"]) == ("Title", "1")
    shown = (await tenant.api("/sites/dock/_api/web/lists/getbytitle('Ships')/items"))["value"]
    assert [row["Title"] for row in shown] == ["Nordstern", "Südwind"]
    people = (
        await tenant.graph(f"/sites/{DOCK}/lists/User Information List/items?$expand=fields")
    )["value"]
    keeper = next(p for p in people if p["id"] == first["KeeperLookupId"])
    assert keeper["fields"]["Title"] == "Greta Green"


async def test_permissions_of_folders_files_and_libraries(tenant):
    at = (await tenant.graph(f"/sites/{DOCK}/drive"))["id"]
    nora = "nora_northwind.example#EXT#@fabrikam.onmicrosoft.com"
    await tenant.graph(f"/drives/{at}/root:/Welcome.md", nora, status=404)
    await tenant.graph(f"/drives/{at}/root:/Plans", nora)
    await tenant.graph(f"/drives/{at}/root:/Plans", "greta")  # by being in the crew
    own = (await tenant.graph(f"/drives/{at}/root:/Plans:/permissions"))["value"]
    named = {one["grantedTo"]["user"]["displayName"]: one["roles"] for one in own}
    assert named == {"Fred Fox": ["owner"], "Crew": ["write"], "Nora North": ["read"]}
    given = (await tenant.graph(f"/drives/{at}/root:/Plans/Logo.svg:/permissions"))["value"]
    links = {one["link"]["scope"]: one for one in given if "link" in one}
    assert (links["anonymous"]["link"]["type"], links["users"]["link"]["type"]) == ("view", "edit")
    assert [v["user"]["email"] for v in links["users"]["grantedToIdentitiesV2"]] == [
        "nora@northwind.example"
    ]
    drives = (await tenant.graph(f"/sites/{DOCK}/drives"))["value"]
    archive = next(d for d in drives if d["name"] == "Archive")
    await tenant.graph(f"/drives/{archive['id']}", "greta", status=403)
    roles = await tenant.api(
        "/sites/dock/_api/web/lists/getbytitle('Archive')/roleassignments?$expand=Member", "fred"
    )
    assert [one["Member"]["Title"] for one in roles["value"]] == ["Fred Fox"]


async def test_roles_of_sites(tenant):
    await tenant.graph("/sites/fabrikam.sharepoint.com:/sites/dock/slip", "greta")
    await tenant.graph("/sites/fabrikam.sharepoint.com:/sites/dock/slip", "fred", status=403)
    groups = (await tenant.api("/sites/office/_api/web/sitegroups?$expand=Users"))["value"]
    users = {one["Title"]: [user["Title"] for user in one["Users"]] for one in groups}
    assert users["Office Owners"] == ["Fred Fox"]
    assert users["Office Members"] == ["Harbour office"]
    assert users["Auditors"] == ["Nora North"]
    assert "Office Visitors" in users
    nora = "nora_northwind.example#EXT#@fabrikam.onmicrosoft.com"
    await tenant.graph("/sites/fabrikam.sharepoint.com:/sites/office", nora)
    letters = await tenant.graph("/sites/fabrikam.sharepoint.com:/sites/office:/drive", "greta")
    assert letters["name"] == "Letters"


async def test_policies(tenant):
    world = tenant.world
    first, second = world.directory.rules(world.tenant.id).policies.values()
    people = {user.upn.split("@")[0]: user.id for user in world.directory.users.values()}
    assert (first.control, first.users) == ("mfa", {people["hugo"]})
    assert first.targets == {"sharepoint", "6a000000-0000-4000-8000-000000000001"}
    assert first.mfa_lifetime == timedelta(days=1)
    assert (second.control, second.sign_in_frequency) == (None, timedelta(days=7))
    assert (second.excluded_users, second.contexts) == ({people["fred"]}, {"c1"})


async def test_earlier_versions_of_a_file(tenant):
    place = f"/sites/{DOCK}/drive/root:/Plans/Hull.bin:/versions"
    found = (await tenant.graph(place))["value"]
    assert [(one["id"], one["size"]) for one in found] == [
        ("3.0", 3000000),
        ("2.0", 1000),
        ("1.0", 9),
    ]
    assert found[2]["lastModifiedDateTime"] == "2026-01-05T09:00:00Z"
    assert found[2]["lastModifiedBy"]["user"]["displayName"] == "Fred Fox"


async def test_permissions_of_a_list(tenant):
    vendors = f"/sites/{DOCK}/lists/Vendors"
    assert (await tenant.graph(f"{vendors}/items", "greta"))["value"]
    await tenant.graph(f"{vendors}/items", "fred", status=404)
    assert (await tenant.graph(f"/sites/{DOCK}/lists/Ships/items", "fred"))["value"]

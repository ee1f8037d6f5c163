"""Permissions over HTTP: listed, granted, linked, changed, taken away."""

from datetime import timedelta

import pytest

from m365sim.testing import app_token, delegated_token


@pytest.fixture
def act(graph, world):
    """Go on as somebody else."""

    def as_user(name, **options):
        graph.token = delegated_token(world, name, lifetime=timedelta(days=400), **options)

    return as_user


@pytest.fixture
def invite(graph):
    async def send(place, roles=("read",), status=200, **options):
        recipients = options.pop("recipients", [{"email": "megan@contoso.onmicrosoft.com"}])
        body = {"recipients": recipients, "roles": list(roles), "requireSignIn": True, **options}
        response = await graph.call("POST", f"{place}/invite", json=body)
        assert response.status_code == status, response.text
        return response.json()["value"] if status == 200 else response.json()["error"]

    return send


async def permissions(graph, place):
    return (await graph.json(f"{place}/permissions"))["value"]


async def test_a_team_sites_items_inherit_from_its_groups(graph, drive, at):
    response = await graph.get(at("Welcome.md") + ":/permissions")
    assert 'rel="deprecation"' in response.headers["link"]
    value = response.json()["value"]
    assert [(p["roles"], p["grantedToV2"]["siteGroup"]["displayName"]) for p in value] == [
        (["owner"], "Marketing Owners"),
        (["read"], "Marketing Visitors"),
        (["write"], "Marketing Members"),
    ]
    assert all(p["inheritedFrom"] == {} for p in value)
    assert value[0]["grantedToV2"] == {
        "siteGroup": {"displayName": "Marketing Owners", "id": "3", "loginName": "Marketing Owners"}
    }
    assert value[0]["grantedTo"] == {"user": {"displayName": "Marketing Owners"}}
    of_root = await permissions(graph, f"/drives/{drive.id}/root")
    assert [p["id"] for p in of_root] == [p["id"] for p in value]
    assert not any("inheritedFrom" in p for p in of_root)
    one = await graph.json(at("Welcome.md") + f":/permissions/{value[0]['id']}")
    assert one["roles"] == ["owner"]
    assert (await graph.get(at("Welcome.md") + ":/permissions/x")).status_code == 404


async def test_permissions_come_in_pages(graph, at):
    whole = await permissions(graph, at("Welcome.md") + ":")
    page = await graph.json(at("Welcome.md") + ":/permissions?$top=2&$select=id")
    assert page["value"] == [{"id": one["id"]} for one in whole[:2]]
    rest = await graph.json(page["@odata.nextLink"])
    assert rest["value"] == [{"id": whole[2]["id"]}]
    assert "@odata.nextLink" not in rest


async def test_a_onedrive_is_its_owners(graph, world):
    value = await permissions(graph, "/me/drive/root")
    alex = world.directory.user_by_upn("alex@contoso.onmicrosoft.com")
    assert [(p["roles"], p["grantedToV2"]["user"]["id"]) for p in value] == [(["owner"], alex.id)]
    assert value[0]["id"] == value[0]["shareId"]
    assert value[0]["grantedToV2"]["user"]["@odata.type"] == "#microsoft.graph.sharePointIdentity"
    site_user = value[0]["grantedToV2"]["siteUser"]
    assert site_user["loginName"] == "i:0#.f|membership|alex@contoso.onmicrosoft.com"
    assert site_user["id"].isdigit()
    inherited = await permissions(graph, "/me/drive/root:/Notes.txt:")
    assert inherited == [{**value[0], "inheritedFrom": {}}]


async def test_an_invitation_opens_what_was_closed(graph, world, act, invite):
    item = await graph.json("/me/drive/root:/Drafts:")
    place = f"/drives/{item['parentReference']['driveId']}/items/{item['id']}"
    act("megan")
    for path in (place, f"{place}/children", f"{place}/permissions"):
        assert (await graph.get(path)).status_code == 403
    act("alex")
    made = await invite(place)
    assert made[0]["roles"] == ["read"]
    assert set(made[0]["grantedToV2"]) == {"user"}
    act("megan")
    assert (await graph.json(place))["shared"] == {"scope": "users"}
    assert [c["name"] for c in (await graph.json(f"{place}/children"))["value"]] == ["Speech.md"]
    # What lies beside and above stays closed; so do changes.
    drive_id = item["parentReference"]["driveId"]
    assert (await graph.get(f"/drives/{drive_id}/root")).status_code == 404
    assert (await graph.get(f"/drives/{drive_id}/root:/Notes.txt:")).status_code == 404
    assert (await graph.get(f"/drives/{drive_id}/root/children")).status_code == 404
    put = await graph.call("PUT", f"{place}:/Speech.md:/content", content=b"x")
    assert (put.status_code, put.json()["error"]["code"]) == (403, "accessDenied")
    assert (await graph.call("DELETE", place)).status_code == 403
    # A reader is shown its own permission, without the secret.
    mine = await permissions(graph, place)
    assert [p["roles"] for p in mine] == [["read"]]
    assert "shareId" not in mine[0]
    act("alex")
    changed = await graph.call(
        "PATCH", f"{place}/permissions/{made[0]['id']}", json={"roles": ["write"]}
    )
    assert (changed.status_code, changed.json()["roles"]) == (200, ["write"])
    act("megan")
    put = await graph.call("PUT", f"{place}:/Speech.md:/content", content=b"x")
    assert put.status_code == 200
    act("alex")
    gone = await graph.call("DELETE", f"{place}/permissions/{made[0]['id']}")
    assert gone.status_code == 204
    assert "shared" not in await graph.json(place)
    act("megan")
    assert (await graph.get(place)).status_code == 403


async def test_members_write_and_see_only_what_is_theirs(graph, act, at):
    act("megan")
    value = await permissions(graph, at("Welcome.md") + ":")
    assert [p["grantedToV2"]["siteGroup"]["displayName"] for p in value] == ["Marketing Members"]
    put = await graph.call("PUT", at("Welcome.md") + ":/content", content=b"hello")
    assert put.status_code == 200


async def test_inherited_permissions_are_changed_where_they_come_from(graph, at, act, invite):
    inherited = (await permissions(graph, at("Campaigns") + ":"))[0]["id"]
    own = (await invite(at("Campaigns") + ":"))[0]["id"]
    below = at("Campaigns/2026 Q4/Ideas.txt") + ":/permissions"
    for number in (inherited, own):
        patched = await graph.call("PATCH", f"{below}/{number}", json={"roles": ["read"]})
        assert (patched.status_code, patched.json()["error"]["code"]) == (403, "accessDenied")
        assert (await graph.call("DELETE", f"{below}/{number}")).status_code == 403
    assert (await graph.call("DELETE", f"{below}/nobody")).status_code == 404
    shown = {p["id"]: "inheritedFrom" in p for p in await permissions(graph, at("Campaigns") + ":")}
    assert (shown[inherited], shown[own]) == (True, False)


async def test_whom_an_invitation_may_name(graph, world, at, invite):
    place = at("Welcome.md") + ":"
    group = world.sharing.groups()[0]
    made = await invite(
        place,
        ["write"],
        recipients=[
            {"alias": "adele"},
            {"objectId": group.id},
            {"email": "guest@fabrikam.com"},
        ],
        message="Look",
    )
    assert [next(iter(p.get("grantedToV2", {"invitation": 0}))) for p in made] == [
        "user", "group", "invitation",
    ]  # fmt: skip
    assert made[1]["grantedToV2"]["group"]["id"] == group.id
    assert made[2]["invitation"] == {"email": "guest@fabrikam.com", "signInRequired": True}
    again = await invite(place, recipients=[{"email": "guest@fabrikam.com"}])
    assert again[0]["id"] == made[2]["id"]
    listed = {p["id"]: p["roles"] for p in await permissions(graph, place)}
    assert listed[made[2]["id"]] == ["read"]


async def test_mails_are_kept_for_whoever_asks(graph, at, invite):
    people = [{"alias": "megan"}, {"email": "guest@fabrikam.com"}]
    await invite(at("Welcome.md") + ":", recipients=people, message="Look", sendInvitation=True)
    await invite(at("Welcome.md") + ":", recipients=people, sendInvitation=False)
    kept = (await graph.http.get("http://control/_m365sim/mails")).json()["mails"]
    assert [(one["to"], one["itemName"], one["message"]) for one in kept] == [
        ("megan@contoso.onmicrosoft.com", "Welcome.md", "Look"),
        ("guest@fabrikam.com", "Welcome.md", "Look"),
    ]


@pytest.mark.parametrize(
    ("options", "inner"),
    [
        ({"recipients": []}, None),
        ({"recipients": [{"email": "nobody@contoso.onmicrosoft.com"}]}, "noResolvedUsers"),
        ({"recipients": [{"objectId": "nobody"}]}, "noResolvedUsers"),
        ({"roles": []}, None),
        ({"roles": ["king"]}, None),
        ({"message": "x" * 2001}, None),
        ({"expirationDateTime": "yesterday"}, None),
        ({"expirationDateTime": "2020-01-01T00:00:00Z"}, None),
    ],
)
async def test_invitations_that_cannot_be_meant(graph, at, invite, options, inner):
    error = await invite(at("Welcome.md") + ":", status=400, **options)
    assert error["code"] == "invalidRequest"
    assert error["innerError"].get("code") == inner


async def test_retaining_nothing_leaves_the_one_who_shared(graph, act, at, invite):
    place = at("Press") + ":"
    await invite(place, recipients=[{"alias": "adele"}], retainInheritedPermissions=False)
    assert sorted(p["roles"][0] for p in await permissions(graph, place)) == ["owner", "read"]
    act("megan")
    assert (await graph.get(place)).status_code == 404
    names = [i["name"] for i in (await graph.json(at("x")[:-3] + "/children"))["value"]]
    assert "Press" not in names
    assert "Campaigns" in names
    act("adele")
    assert (await graph.get(at("Press/Releases") + ":")).status_code == 200
    put = await graph.call("PUT", at("Press/y.txt") + ":/content", content=b"y")
    assert put.status_code == 403
    moved = {"parentReference": {"id": (await graph.json(place))["id"]}}
    move = await graph.call("PATCH", at("Welcome.md"), json=moved)
    assert move.status_code == 403


async def test_an_equal_link_is_found_again(graph, world, at):
    place = at("Welcome.md") + ":/createLink"
    body = {"type": "view", "scope": "organization"}
    first = await graph.call("POST", place, json=body)
    assert first.status_code == 201
    link = first.json()
    assert link["roles"] == ["read"]
    assert link["hasPassword"] is False
    assert link["link"] | {"webUrl": ""} == {
        "scope": "organization", "type": "view", "webUrl": "", "preventsDownload": False,
    }  # fmt: skip
    assert link["link"]["webUrl"].startswith("https://contoso.sharepoint.com/:t:/s/marketing/")
    again = await graph.call("POST", place, json=body)
    assert (again.status_code, again.json()) == (200, link)
    other = await graph.call("POST", place, json={**body, "type": "edit"})
    assert (other.status_code, other.json()["roles"]) == (201, ["write"])
    graph.token = app_token(world)
    assert (await graph.call("POST", place, json=body)).status_code == 201
    listed = await permissions(graph, at("Welcome.md") + ":")
    assert sum("link" in p for p in listed) == 3
    assert (await graph.json(at("Welcome.md")))["shared"] == {"scope": "organization"}


async def test_what_is_for_personal_drives_or_for_links_for_anyone(graph, at):
    place = at("Welcome.md") + ":"
    invited = {"recipients": [{"alias": "megan"}], "roles": ["read"], "password": "x"}
    assert (await graph.call("POST", f"{place}/invite", json=invited)).status_code == 400
    until = {"expirationDateTime": "2026-07-01T00:00:00Z"}
    for scope, status in (("organization", 400), ("users", 400), ("anonymous", 200)):
        made = await graph.call("POST", f"{place}/createLink", json={"scope": scope})
        one = f"{place}/permissions/{made.json()['id']}"
        assert (await graph.call("PATCH", one, json=until)).status_code == status, scope


@pytest.mark.parametrize(
    "body", [{"type": "embed"}, {"scope": "planet"}, {"password": "x"}, {"type": 1}]
)
async def test_links_that_cannot_be_meant(graph, at, body):
    response = await graph.call("POST", at("Welcome.md") + ":/createLink", json=body)
    assert response.status_code == 400


async def test_a_link_expires_and_its_roles_stay(graph, world, at):
    place = at("Welcome.md") + ":"
    until = (world.clock.now() + timedelta(days=2)).isoformat()
    body = {"type": "view", "scope": "anonymous", "expirationDateTime": until}
    made = (await graph.call("POST", f"{place}/createLink", json=body)).json()
    assert made["expirationDateTime"] == "2026-06-05T15:00:00Z"
    one = f"{place}/permissions/{made['id']}"
    assert (await graph.call("PATCH", one, json={"roles": ["write"]})).status_code == 400
    assert (await graph.call("PATCH", one, json={})).status_code == 400
    later = (world.clock.now() + timedelta(days=4)).isoformat()
    patched = await graph.call("PATCH", one, json={"expirationDateTime": later})
    assert patched.json()["expirationDateTime"] == "2026-06-07T15:00:00Z"
    assert (await graph.get(f"/shares/{made['shareId']}/driveItem")).status_code == 200
    world.clock.advance(timedelta(days=5))
    assert (await graph.get(one)).status_code == 404
    assert (await graph.get(f"/shares/{made['shareId']}/driveItem")).status_code == 404
    grant = await graph.call(
        "POST", f"{place}/invite", json={"recipients": [{"alias": "megan"}], "roles": ["read"]}
    )
    number = grant.json()["value"][0]["id"]
    patched = await graph.call(
        "PATCH", f"{place}/permissions/{number}", json={"expirationDateTime": None}
    )
    assert patched.status_code == 400


async def test_following_a_link(graph, act):
    place = "/me/drive/root:/Drafts:"
    item = await graph.json(place)
    direct = f"/drives/{item['parentReference']['driveId']}/items/{item['id']}"
    body = {"type": "view", "scope": "organization"}
    link = (await graph.call("POST", f"{place}/createLink", json=body)).json()
    shared = f"/shares/{link['shareId']}"
    act("megan")
    assert (await graph.get(f"{shared}/driveItem")).status_code == 403
    peek = {"Prefer": "redeemSharingLinkIfNecessary"}
    assert (await graph.json(f"{shared}/driveItem", headers=peek))["id"] == item["id"]
    children = (await graph.json(f"{shared}/driveItem/children", headers=peek))["value"]
    assert [child["name"] for child in children] == ["Speech.md"]
    content = f"{shared}/driveItem:/Speech.md:/content"
    assert (await graph.get(content, headers=peek)).status_code == 302
    put = await graph.call("PUT", content, headers=peek, content=b"x")
    assert put.status_code == 403
    assert (await graph.get(direct)).status_code == 403
    about = await graph.json(shared, headers={"Prefer": "redeemSharingLink"})
    assert (about["name"], about["owner"]["user"]["displayName"]) == ("Drafts", "Alex Wilber")
    assert (await graph.get(direct)).status_code == 200
    permission = await graph.json(f"{shared}/permission")
    assert permission["link"]["scope"] == "organization"
    assert "webUrl" not in permission["link"]
    holders = permission["grantedToIdentitiesV2"]
    assert [one["user"]["displayName"] for one in holders] == ["Megan Bowen"]
    assert (await graph.get("/shares/u!bm90aGluZw/driveItem")).status_code == 404
    assert (await graph.get("/shares/u!x/driveItem")).status_code == 400
    assert (await graph.get("/shares/nothing/permission")).status_code == 404


async def test_a_link_for_users_is_for_no_one_else(graph, act, world):
    place = "/me/drive/root:/Notes.txt:"
    body = {"type": "edit", "scope": "users"}
    link = (await graph.call("POST", f"{place}/createLink", json=body)).json()
    act("megan")
    response = await graph.get(
        f"/shares/{link['shareId']}/driveItem", headers={"Prefer": "redeemSharingLink"}
    )
    assert (response.status_code, response.json()["error"]["code"]) == (403, "accessDenied")
    graph.token = app_token(world)
    assert (await graph.get(f"/shares/{link['shareId']}/driveItem")).status_code == 200


async def test_people_are_let_in_by_a_link(graph, act):
    place = "/me/drive/root:/Notes.txt:"
    body = {"type": "edit", "scope": "users"}
    link = (await graph.call("POST", f"{place}/createLink", json=body)).json()
    grant = f"/shares/{link['shareId']}/permission/grant"
    body = {"recipients": [{"alias": "megan"}], "roles": ["write"]}
    for _ in range(2):
        granted = await graph.call("POST", grant, json=body)
        holders = granted.json()["value"][0]["grantedToIdentitiesV2"]
        assert [one["user"]["displayName"] for one in holders] == ["Megan Bowen"]
    for recipients in ([], ["x"], [{"email": "x@fabrikam.com"}], [{"alias": "nobody"}]):
        refused = await graph.call("POST", grant, json={"recipients": recipients})
        assert refused.status_code == 400
    assert (await graph.call("POST", grant, json={**body, "roles": ["read"]})).status_code == 400
    item = await graph.json(place)
    direct = f"/drives/{item['parentReference']['driveId']}/items/{item['id']}"
    act("megan")
    put = await graph.call("PUT", f"{direct}/content", content=b"hers")
    assert put.status_code == 200
    nothing = await graph.call("POST", "/shares/nothing/permission/grant", json=body)
    assert nothing.status_code == 404


async def test_closed_libraries_and_sites_are_not_listed(graph, world, act):
    site = world.content.site_at("contoso.sharepoint.com", "/sites/engineering")
    place = f"/sites/{site.id}"
    assert len((await graph.json(f"{place}/drives"))["value"]) == 2
    world.sharing.break_inheritance(site.drives[1], site.drives[1].root, copy=False)
    assert [d["name"] for d in (await graph.json(f"{place}/drives"))["value"]] == ["Documents"]
    assert (await graph.get(f"/drives/{site.drives[1].id}")).status_code == 403
    world.sharing.site_acl(site.subsites[0]).inherits = False
    assert (await graph.json(f"{place}/sites"))["value"] == []
    assert (await graph.get(f"/sites/{site.subsites[0].id}")).status_code == 403
    own = "/users/megan@contoso.onmicrosoft.com/drives"
    assert (await graph.json(own))["value"] == []
    act("megan")
    assert len((await graph.json(own))["value"]) == 1


async def test_an_items_own_address_is_a_sharing_token_too(graph, act):
    import base64

    url = "https://contoso.sharepoint.com/sites/marketing/Shared%20Documents/Campaigns/2026%20Q4"
    token = "u!" + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
    assert (await graph.json(f"/shares/{token}/driveItem"))["name"] == "2026 Q4"
    gone = base64.urlsafe_b64encode(f"{url}/no".encode()).decode().rstrip("=")
    assert (await graph.get(f"/shares/u!{gone}/driveItem")).status_code == 404


async def test_reading_tokens_may_not_share(graph, act, at, invite):
    act("alex", scopes=["Sites.Read.All"])
    await invite(at("Welcome.md") + ":", status=403)
    shown = await permissions(graph, at("Welcome.md") + ":")
    assert len(shown) == 3
    assert not any("shareId" in permission for permission in shown)

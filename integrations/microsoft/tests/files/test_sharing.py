"""Actions on permissions and links, compared with what m365sim holds."""

import json

import pytest

from fairlead.errors import ActionFailed, InvalidInput, Rejected, Unavailable
from fairlead.sdk.testing import Exchange, Replay, run_action
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL

MEGAN = "megan@contoso.onmicrosoft.com"


def group(lab):
    return lab.world.sharing.groups()[0]


def own_ids(lab, path):
    found = lab.world.sharing.effective(lab.drive, lab.item(path))
    return {permission.id for permission, is_own in found if is_own}


async def test_invite_a_person_and_a_group(lab):
    where = lab.where("Press")
    made = await lab.run(
        "add-drive-item-permission",
        **where,
        recipients=[{"email": MEGAN}, {"objectId": group(lab).id}],
        roles=["write"],
        message="Have a look",
        sendInvitation=True,
        requireSignIn=True,
    )
    assert "errors" not in made
    person, team = made["permissions"]
    assert person["roles"] == ["write"]
    assert person["grantedToUserDisplayName"].startswith("Megan")
    assert person["grantedToUserId"]
    assert team["grantedToGroupId"] == group(lab).id
    assert team["grantedToGroupDisplayName"] == group(lab).name
    assert team["grantedToV2"]["group"]["id"] == group(lab).id
    assert {person["id"], team["id"]} <= own_ids(lab, "Press")
    assert [mail.message for mail in lab.world.sharing.mails] == ["Have a look"] * 2


async def test_an_invitation_whose_answer_was_lost_is_not_sent_again(lab):
    lab.fail(host="graph", path="*/invite", cut_after=0)
    with pytest.raises(Unavailable):
        await lab.run(
            "add-drive-item-permission",
            **lab.where("Press"),
            recipients=[{"email": MEGAN}],
            roles=["read"],
            sendInvitation=True,
        )
    assert len(lab.http.requests) == 1
    assert lab.http.requests[0].method == "POST"
    assert len(lab.world.sharing.mails) == 1


async def test_recipients_that_are_refused_among_others_are_told():
    url = f"{GLOBAL.graph_url}/v1.0/sites/s/drives/d/items/i/invite"
    fine = {
        "id": "p1",
        "roles": ["read"],
        "grantedToV2": {"siteGroup": {"id": "5", "displayName": "M"}},
    }
    refused = {"roles": ["read"], "error": {"code": "notAllowed", "message": "Not here."}}
    where = {"siteId": "s", "driveId": "d", "itemId": "i"}
    asked = {**where, "recipients": [{"alias": "a"}, {"alias": "b"}], "roles": ["read"]}
    send = Replay([Exchange(url=url, method="POST", status=207, body={"value": [fine, refused]})])
    told = await run_action(pack(GLOBAL), "add-drive-item-permission", asked, send)
    assert told["permissions"][0]["grantedToSiteGroupId"] == "5"
    assert told["errors"][0]["code"] == "access_denied"
    assert json.loads(send.requests[0].body) == {
        "recipients": [{"alias": "a"}, {"alias": "b"}],
        "roles": ["read"],
    }
    send = Replay([Exchange(url=url, method="POST", status=207, body={"value": [refused]})])
    with pytest.raises(Rejected) as error:
        await run_action(pack(GLOBAL), "add-drive-item-permission", asked, send)
    assert error.value.code == "access_denied"


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipients": []},
        {"recipients": [{}]},
        {"recipients": [{"email": ""}]},
        {"roles": []},
        {"message": "x" * 2001},
    ],
)
async def test_invitations_that_cannot_be(lab, wrong):
    asked = {"recipients": [{"email": MEGAN}], "roles": ["read"], **wrong}
    with pytest.raises(InvalidInput):
        await lab.run("add-drive-item-permission", **lab.where("Press"), **asked)
    assert lab.http.requests == []


async def test_a_recipient_whom_nobody_knows(lab):
    with pytest.raises(Rejected) as told:
        await lab.run(
            "add-drive-item-permission",
            **lab.where("Press"),
            recipients=[{"objectId": "00000000-0000-0000-0000-00000000dead"}],
            roles=["read"],
        )
    assert told.value.code == "invalid_request"


async def test_permissions_are_listed_over_all_pages(lab):
    where = lab.where("Press")
    await lab.run(
        "add-drive-item-permission",
        **where,
        recipients=[{"email": MEGAN}, {"objectId": group(lab).id}],
        roles=["read"],
    )
    lab.world.quirks.change(page_size=1)
    found = (await lab.run("list-drive-item-permissions", **where))["permissions"]
    truth = lab.world.sharing.effective(lab.drive, lab.item("Press"))
    assert {each["id"] for each in found} == {permission.id for permission, _ in truth}
    assert len(lab.http.requests) == len(found) > 3
    inherited = {each["id"] for each in found if "inheritedFrom" in each}
    assert inherited == {permission.id for permission, is_own in truth if not is_own}
    kinds = {kind for each in found for kind in each.get("grantedToV2", {})}
    assert {"user", "group", "siteGroup"} <= kinds
    old = {"site_id": where["siteId"], "drive_id": where["driveId"], "item_id": where["itemId"]}
    assert (await lab.run("list-drive-item-permissions", **old))["permissions"] == found


async def test_change_and_remove_a_permission(lab):
    where = lab.where("Press")
    made = await lab.run(
        "add-drive-item-permission", **where, recipients=[{"email": MEGAN}], roles=["read"]
    )
    permission = {**where, "permissionId": made["permissions"][0]["id"]}
    changed = await lab.run("update-drive-item-permission", **permission, roles=["write"])
    assert changed["roles"] == ["write"]
    assert changed["grantedToV2"]["user"]["displayName"].startswith("Megan")
    assert changed["grantedTo"]["user"]["id"] == changed["grantedToV2"]["user"]["id"]
    with pytest.raises(ActionFailed) as told:
        await lab.run("update-drive-item-permission", **permission)
    assert told.value.code == "invalid_input"
    with pytest.raises(Rejected) as told:
        await lab.run("update-drive-item-permission", **permission, roles=["boss"])
    assert told.value.code == "invalid_request"
    assert await lab.run("remove-drive-item-permission", **permission) == {"success": True}
    assert own_ids(lab, "Press") == set()
    with pytest.raises(Rejected) as told:
        await lab.run("remove-drive-item-permission", **permission)
    assert told.value.code == "item_not_found"


async def test_what_is_inherited_stays(lab):
    where = lab.where("Press")
    listed = (await lab.run("list-drive-item-permissions", **where))["permissions"]
    above = {**where, "permissionId": listed[0]["id"]}
    for name, values in (
        ("remove-drive-item-permission", above),
        ("update-drive-item-permission", {**above, "roles": ["read"]}),
    ):
        with pytest.raises(Rejected) as told:
            await lab.run(name, **values)
        assert told.value.code == "access_denied"
    assert (await lab.run("list-drive-item-permissions", **where))["permissions"] == listed


async def test_sharing_links(lab):
    where = lab.where("Welcome.md")
    asked = {**where, "type": "view", "scope": "organization"}
    made = await lab.run("create-sharing-link", **asked)
    assert made["link"]["type"] == "view"
    assert made["link"]["scope"] == "organization"
    assert lab.world.sharing.find_link(made["shareId"])[1].uid == lab.item("Welcome.md").uid
    assert (await lab.run("create-sharing-link", **asked))["id"] == made["id"]
    ends = "2099-01-31T18:00:00Z"
    open_ = {**where, "type": "edit", "scope": "anonymous", "expirationDateTime": ends}
    anyone = await lab.run("create-sharing-link", **open_)
    assert anyone["expirationDateTime"] == ends
    assert anyone["roles"] == ["write"]
    later = "2099-02-28T18:00:00Z"
    changed = await lab.run(
        "update-drive-item-permission",
        **where,
        permissionId=anyone["id"],
        expirationDateTime=later,
    )
    assert changed["expirationDateTime"] == later
    with pytest.raises(InvalidInput):
        await lab.run("create-sharing-link", **where, type="view", scope="everybody")
    with pytest.raises(Rejected) as told:
        await lab.run("create-sharing-link", **where, type="embed", scope="anonymous")
    assert told.value.code == "invalid_request"

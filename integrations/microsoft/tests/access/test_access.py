"""Who may reach an item: chains, links, and what cannot be read counts as no access."""

import base64

import pytest

from fairlead.errors import ActionFailed, Throttled
from fairlead.sdk.testing import Exchange, Replay, run_action
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.sharepoint.access.holders import Kind, holder_of, login_in
from fairlead_microsoft.sharepoint.file_models import Grantee, Grantees
from fairlead_microsoft.sharepoint.file_models import Permission as GraphPermission
from m365sim.faults import Fault
from m365sim.files.item import SYSTEM
from m365sim.sharing.acl import Permission
from m365sim.sharing.grantees import app_grantee, site_group_grantee, user_grantee
from m365sim.sharing.links import create_link

MEGAN = "megan@contoso.onmicrosoft.com"
ASK = {"siteId": "s", "driveId": "d", "itemId": "i", "user": "u"}


@pytest.fixture
def closed(access):
    """A library in which nobody has anything, with a folder and a file in it."""
    content, sharing = access.world.content, access.world.sharing
    site = content.add_site("/sites/closed", "Closed")
    drive = content.add_drive(site, "Documents")
    sharing.site_acl(site).permissions.clear()
    folder = drive.create_folder(drive.root, "Plans", SYSTEM)
    return drive, folder, access.put(drive, folder, "plan.txt")


def put_on(access, drive, item, holder, role="read"):
    acl = access.world.sharing.own_acl(drive, item)
    acl.add(Permission(holder.permission_id, (role,), holder))


async def test_the_chain_from_a_folder_to_a_person(access, closed):
    drive, folder, file = closed
    sharing = access.world.sharing
    inner = sharing.add_group("Inner", [access.user("megan")])
    outer = sharing.add_group("Outer", [])
    outer.members.append(inner.id)
    readers = sharing.add_site_group(drive.site, "Readers", [outer.grantee])
    put_on(access, drive, folder, site_group_grantee(readers.number, "Readers"))
    put_on(access, drive, folder, app_grantee("app-2", "A robot", access.tenant.id), "owner")
    where = access.where(drive, file)
    told = await access.run("explain-drive-item-access", **where, user=MEGAN)
    (grant,) = told["grants"]
    assert [(step["kind"], step["name"]) for step in grant["chain"]] == [
        ("siteGroup", "Readers"),
        ("group", "Outer"),
        ("group", "Inner"),
        ("user", "Megan Bowen"),
    ]
    assert grant["isInherited"]
    assert grant["origin"] == {
        "itemId": drive.item_id(folder.uid),
        "name": "Plans",
        "isRoot": False,
    }
    assert told["reason"] == "Megan Bowen has read: Readers > Outer."
    assert told["doubts"] == []
    assert (told["user"]["id"], told["user"]["isGuest"]) == (access.user("megan").id, False)
    denied = await access.run("check-drive-item-access", **where, user=MEGAN, level="write")
    assert (denied["isAllowed"], denied["level"], denied["isCertain"]) == (False, "read", True)
    alex = await access.run("check-drive-item-access", **where, user="alex@contoso.onmicrosoft.com")
    assert (alex["isAllowed"], alex["isCertain"]) == (False, True)
    assert alex["reason"] == "No permission is known that gives Alex Wilber read."


async def test_a_group_that_cannot_be_read_lets_nobody_in(access, closed):
    drive, _, file = closed
    megan = access.user("megan")
    readers = access.world.sharing.add_site_group(drive.site, "Readers", [user_grantee(megan)])
    put_on(access, drive, file, site_group_grantee(readers.number, "Readers"))
    access.be_app(reaches_sites=False)  # an app that proves who it is by a secret
    where = access.where(drive, file)
    told = await access.run("check-drive-item-access", **where, user=megan.id)
    assert (told["isAllowed"], told["level"], told["isCertain"]) == (False, "none", False)
    assert "the site group Readers cannot be read" in told["reason"]
    # what does not depend on the group is certain all the same
    put_on(access, drive, file, user_grantee(megan), "write")
    told = await access.run("explain-drive-item-access", **where, user=megan.id)
    assert (told["isAllowed"], told["level"]) == (True, "write")
    assert [doubt["roles"] for doubt in told["doubts"]] == [["read"]]


async def test_a_link_is_for_who_followed_it(access, closed):
    drive, _, file = closed
    sharing = access.world.sharing
    megan, alex = access.user("megan"), access.user("alex")
    made, _ = create_link(
        sharing, drive, file, kind="edit", scope="organization", app=("app-1", "App")
    )
    made.link.redeemed.add(megan.id)
    where = access.where(drive, file)
    told = await access.run("explain-drive-item-access", **where, user=megan.id)
    (grant,) = told["grants"]
    assert [step["kind"] for step in grant["chain"]] == ["sharingLink", "user"]
    assert (grant["origin"]["name"], grant["isInherited"]) == ("plan.txt", False)
    told = await access.run("explain-drive-item-access", **where, user=alex.id)
    assert (told["isAllowed"], told["isCertain"]) == (False, True)
    assert told["openLinks"] == [
        {
            "permissionId": made.id,
            "level": "write",
            "scope": "organization",
            "hasPassword": False,
        }
    ]
    # of the organisation alone, whoever sent it on
    guest = access.new_user("gina", is_guest=True)
    made.link.redeemed.add(guest.id)
    told = await access.run("explain-drive-item-access", **where, user=guest.id)
    assert (told["isAllowed"], told["openLinks"]) == (False, [])


async def test_a_disabled_account_reaches_nothing(access, closed):
    drive, _, file = closed
    megan = access.user("megan")
    put_on(access, drive, file, user_grantee(megan))
    access.world.directory.disable_user(megan, access.world.clock.now())
    told = await access.run("check-drive-item-access", **access.where(drive, file), user=megan.id)
    assert (told["isAllowed"], told["level"]) == (False, "none")
    assert told["reason"] == "The account of Megan Bowen is disabled."


async def test_a_site_that_is_busy_is_no_answer(access, closed):
    drive, _, file = closed
    readers = access.world.sharing.add_site_group(drive.site, "Readers", [])
    put_on(access, drive, file, site_group_grantee(readers.number, "Readers"))
    access.world.faults.add(Fault(host="sharepoint", path="*sitegroups*", status=429))
    with pytest.raises(Throttled):
        await access.run(
            "check-drive-item-access",
            **access.where(drive, file),
            user=access.user("megan").id,
        )


def replayed(*permissions, **about):
    """Answer as Graph would: the item and its permissions, then the account, in no group."""
    user = {"id": "u", "userPrincipalName": "u@contoso.com", "displayName": "Uma", **about}
    item = {"id": "i", "name": "a.txt", "parentReference": {"id": "root"}}

    def batch(*bodies):
        answers = [{"id": str(n), "status": 200, "body": body} for n, body in enumerate(bodies)]
        return Exchange(url="/v1.0/$batch", method="POST", body={"responses": answers})

    return Replay([batch(item, {"value": list(permissions)}), batch(user, {"value": []})])


@pytest.mark.parametrize(
    ("permission", "level", "doubt"),
    [
        ({"grantedToV2": {"user": {"id": "U"}}}, "read", None),
        ({"grantedToV2": {"user": {"id": "v", "email": "u@contoso.com"}}}, "none", None),
        ({"grantedToV2": {"device": {"id": "d"}}}, "none", "of a kind that is not known here"),
        ({"grantedToV2": {"application": {"id": "u"}}}, "none", None),
        ({"grantedToV2": {"siteUser": {"loginName": "SHAREPOINT\\system"}}}, "none", None),
        (
            {"grantedToV2": {"siteUser": {"loginName": "c:0u.c|tenant|x", "displayName": "Role"}}},
            "none",
            "Role is of a kind that is not known here",
        ),
        (
            {"grantedToV2": {"siteUser": {"loginName": "i:0#.f|membership|U@contoso.com"}}},
            "read",
            None,
        ),
        # the site group knows no address of SharePoint's own API here
        ({"grantedToV2": {"siteGroup": {"id": "5", "displayName": "G"}}}, "none", "cannot be read"),
        ({"grantedTo": {"user": {"displayName": "Members"}}}, "none", "of a kind"),
        ({"roles": ["sp.strange"], "grantedToV2": {"user": {"id": "u"}}}, "none", "sp.strange"),
        ({"roles": ["sp.strange"], "grantedToV2": {"user": {"id": "v"}}}, "none", None),
        ({"roles": ["sp.strange", "write"], "grantedToV2": {"user": {"id": "u"}}}, "write", None),
        ({"invitation": {"email": "uma@contoso.com"}}, "read", None),
    ],
)
async def test_each_kind_of_grantee(permission, level, doubt):
    send = replayed({"id": "p", "roles": ["read"], **permission}, mail="Uma@contoso.com")
    told = await run_action(pack(GLOBAL), "check-drive-item-access", ASK, send)
    assert told["level"] == level
    assert told["isAllowed"] == (level != "none")
    assert told["isCertain"] == (doubt is None)
    assert doubt is None or doubt in told["reason"]


async def test_an_address_of_two_accounts_is_refused():
    gone = {"id": "0", "status": 404, "body": {"error": {"code": "Request_ResourceNotFound"}}}
    item = {"id": "0", "status": 200, "body": {"id": "i"}}
    none = {"id": "1", "status": 200, "body": {"value": []}}
    url = (
        "/v1.0/users?$filter=mail%20eq%20'o''neil@contoso.com'"
        "&$select=id,userPrincipalName,mail,displayName,userType,accountEnabled&$top=2"
    )
    send = Replay(
        [
            Exchange(url="/v1.0/$batch", method="POST", body={"responses": [item, none]}),
            Exchange(
                url="/v1.0/$batch", method="POST", body={"responses": [gone, {**gone, "id": "1"}]}
            ),
            Exchange(url=url.replace("'", "%27"), body={"value": [{"id": "a"}, {"id": "b"}]}),
        ]
    )
    with pytest.raises(ActionFailed, match="Several accounts"):
        await run_action(
            pack(GLOBAL), "check-drive-item-access", {**ASK, "user": "o'neil@contoso.com"}, send
        )


def test_the_owners_of_a_group_are_told_from_its_members():
    login = base64.urlsafe_b64encode(b"c:0o.c|federateddirectoryclaimprovider|abc_o").decode()
    permission = GraphPermission(id=login.rstrip("="))
    grantees = Grantees(group=Grantee(id="ABC", display_name="Team Owners"))
    assert holder_of(grantees, login_in(permission)).kind is Kind.GROUP_OWNERS
    assert holder_of(grantees, login_in(GraphPermission(id="not base64!"))).kind is Kind.GROUP
    assert holder_of(grantees).id == "abc"

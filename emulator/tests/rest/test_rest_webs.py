"""Webs, the people of a site, roles on lists and items, and what happened to all of them.

https://learn.microsoft.com/previous-versions/office/developer/sharepoint-rest-reference/dn499819(v=office.15),
.../dn531432(v=office.15), .../dn531433(v=office.15)
"""

from datetime import timedelta

import pytest

HOST = "https://contoso.sharepoint.com"
MERGE = {"x-http-method": "MERGE", "if-match": "*"}
READ, CONTRIBUTE, FULL = 1073741826, 1073741827, 1073741829
MEGAN = "i:0#.f|membership|megan@contoso.onmicrosoft.com"


async def test_making_and_deleting_webs(api):
    new = {"parameters": {"Url": "harbour", "Title": "Harbour", "Description": "Boats",
                          "WebTemplate": "STS#3", "UseSamePermissionsAsParentSite": True}}  # fmt: skip
    made = await api.post("web/webs/add", json=new)
    assert made["ServerRelativeUrl"] == "/sites/marketing/harbour"
    await api.post("web/webs/add", 400, json=new)
    await api.post("web/webs/add", 400, json={"parameters": {"Url": "a/b"}})
    place = f"{HOST}/sites/marketing/harbour/_api/web"
    assert [one["Title"] for one in (await api.get(f"{place}/lists"))["value"]] == ["Documents"]
    assert (await api.get(f"{place}/HasUniqueRoleAssignments"))["value"] is False
    assert (await api.get(f"{place}/ParentWeb"))["Title"] == "Marketing"
    assert (await api.get(f"{place}/DefaultDocumentLibrary"))["Title"] == "Documents"
    assert (await api.call("GET", "web/ParentWeb")).json()["odata.null"] is True
    for path in ("web/webinfos", "web/getsubwebsfilteredforcurrentuser(nwebtemplatefilter=-1)"):
        (info,) = (await api.get(path))["value"]
        assert (info["Title"], info["ServerRelativeUrl"]) == (
            "Harbour",
            "/sites/marketing/harbour",
        )
    graph = await api.graph("/sites/contoso.sharepoint.com:/sites/marketing:/sites")
    assert [one["displayName"] for one in graph["value"]] == ["Harbour"]
    changed = await api.call("POST", place, headers=MERGE, json={"Title": "Port"})
    assert changed.status_code == 204
    assert (await api.get(place))["Title"] == "Port"
    await api.post(f"{place}/webs/add", json={"parameters": {"Url": "inner", "Title": "Inner"}})
    assert (await api.call("DELETE", place)).status_code == 400  # it has a subsite
    assert (await api.call("DELETE", f"{place[:-9]}/inner/_api/web")).status_code == 200
    assert (await api.call("DELETE", place)).status_code == 200
    await api.get(place, 404)
    assert (await api.call("DELETE", "web")).status_code == 400  # the top one
    api.as_user("AllSites.Write")
    await api.post("web/webs/add", 403, json=new)


async def test_people(api):
    ensured = await api.post("web/ensureuser('megan@contoso.onmicrosoft.com')")
    assert ensured["LoginName"] == MEGAN
    body = {"logonName": MEGAN}
    assert (await api.post("web/ensureuser", json=body))["Id"] == ensured["Id"]
    await api.post("web/ensureuser('nobody@contoso.onmicrosoft.com')", 404)
    await api.post("web/ensureuser", 400, json={})
    made = await api.post("web/sitegroups", 201, json={"Title": "Crew", "Description": "All"})
    place = f"web/sitegroups({made['Id']})"
    assert made["Description"] == "All"
    assert (await api.get(f"{place}/Owner"))["Title"] == "Marketing Owners"
    change = {"Title": "Sailors", "AllowMembersEditMembership": True}
    assert (await api.call("POST", place, headers=MERGE, json=change)).status_code == 204
    taken = await api.call("POST", place, headers=MERGE, json={"Title": "Marketing Owners"})
    assert taken.status_code == 400
    shown = await api.get("web/sitegroups/getbyname('Sailors')")
    assert shown["AllowMembersEditMembership"] is True
    await api.post(f"{place}/users/add", json={"parameters": {"LoginName": MEGAN}})
    groups = (await api.get(f"web/getuserbyid({ensured['Id']})/Groups"))["value"]
    assert "Sailors" in [one["Title"] for one in groups]
    await api.post(f"web/siteusers/removebyid({ensured['Id']})")
    assert (await api.get(f"{place}/users"))["value"] == []
    await api.post(f"{place}/users/removebyloginname(@v)?@v='{MEGAN.replace('#', '%23')}'", 404)
    await api.post(f"web/sitegroups/removebyid({made['Id']})")
    await api.post("web/sitegroups/removebyloginname('Sailors')", 404)
    other = await api.post("web/sitegroups", 201, json={"Title": "Other"})
    assert (await api.call("DELETE", f"web/sitegroups({other['Id']})")).status_code == 200


@pytest.fixture
async def boats(api):
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    for title in ("Sloop", "Ketch"):
        await api.post("web/lists/getbytitle('Boats')/items", 201, json={"Title": title})
    return "web/lists/getbytitle('Boats')"


async def bindings(api, place):
    path = f"{place}/roleassignments?$expand=Member,RoleDefinitionBindings"
    return {
        one["Member"]["Title"]: [d["Name"] for d in one["RoleDefinitionBindings"]]
        for one in (await api.get(path))["value"]
    }


async def test_roles_of_lists_and_items(api, boats):
    megan = (await api.post(f"web/ensureuser('{MEGAN.replace('#', '%23')}')"))["Id"]
    add = f"roleassignments/addroleassignment(principalid={megan},roledefid={CONTRIBUTE})"
    assert (await api.get(f"{boats}/HasUniqueRoleAssignments"))["value"] is False
    await api.post(f"{boats}/{add}", 400)
    await api.post(f"{boats}/breakroleinheritance(true,false)")
    await api.post(f"{boats}/{add}")
    assert (await bindings(api, boats))["Megan Bowen"] == ["Contribute"]
    more = f"roleassignments/addroleassignment(principalid={megan},roledefid={FULL})"
    await api.post(f"{boats}/{more}")
    assert (await bindings(api, boats))["Megan Bowen"] == ["Contribute", "Full Control"]
    less = f"roleassignments/removeroleassignment(principalid={megan},roledefid={FULL})"
    await api.post(f"{boats}/{less}")
    assert (await bindings(api, boats))["Megan Bowen"] == ["Contribute"]

    item = f"{boats}/items(1)"
    await api.post(f"{item}/breakroleinheritance(copyRoleAssignments=false)")
    assert await bindings(api, item) == {}
    assert (await api.get(f"{item}?$select=HasUniqueRoleAssignments")) == {
        "HasUniqueRoleAssignments": True
    }
    full = api.token
    api.as_user("AllSites.FullControl", user="megan")
    titles = [one["Title"] for one in (await api.get(f"{boats}/items"))["value"]]
    assert titles == ["Ketch"]
    await api.get(item, 404)
    xml = {"query": {"ViewXml": "<View/>"}}
    assert len((await api.post(f"{boats}/GetItems", json=xml))["value"]) == 1
    assert (await api.call("PATCH", f"{boats}/items(2)", json={"Title": "K"})).status_code == 204
    await api.post(f"{boats}/resetroleinheritance", 403)
    api.token = full
    await api.post(
        f"{item}/roleassignments/addroleassignment(principalid={megan},roledefid={READ})"
    )
    rights = f"{item}/getusereffectivepermissions(@u)?@u='{MEGAN.replace('#', '%23')}'"
    assert (await api.get(rights))["Low"] == "138612833"
    await api.get(f"{item}/getusereffectivepermissions('nobody')", 404)
    # on the way there the site lets her pass, which is no right to read it
    assert (await bindings(api, "web"))["Megan Bowen"] == ["Limited Access"]
    await api.post(f"{boats}/breakroleinheritance(copyRoleAssignments=true,clearSubscopes=true)")
    assert (await api.get(f"{item}/HasUniqueRoleAssignments"))["value"] is False
    await api.post(f"{boats}/resetroleinheritance")
    assert "Megan Bowen" not in await bindings(api, boats)
    await api.post("web/resetroleinheritance", 400)


async def test_graph_keeps_to_the_roles_of_lists(api, boats):
    site = "/sites/contoso.sharepoint.com:/sites/marketing:/lists"
    assert "Boats" in [one["displayName"] for one in (await api.graph(site))["value"]]
    await api.post(f"{boats}/breakroleinheritance(copyRoleAssignments=false)")
    assert "Boats" not in [one["displayName"] for one in (await api.graph(site))["value"]]


async def test_who_breaks_an_inheritance_keeps_the_object(api, boats):
    api.as_user("AllSites.FullControl")
    await api.post(f"{boats}/breakroleinheritance(copyRoleAssignments=false)")
    assert await bindings(api, boats) == {"Alex Wilber": ["Full Control"]}
    assert len((await api.get(f"{boats}/items"))["value"]) == 2


async def test_roles_of_ones_own(api, boats):
    mask = {"High": "0", "Low": "5"}
    made = await api.post("web/roledefinitions", 201, json={
        "Name": "Stoker", "Description": "Adds coal", "BasePermissions": mask, "Order": 7
    })  # fmt: skip
    assert made["BasePermissions"] == mask
    place = f"web/roledefinitions({made['Id']})"
    assert (await api.get("web/roledefinitions/getbyname('Stoker')"))["Order"] == 7
    change = await api.call("POST", place, headers=MERGE, json={"Description": "Adds more"})
    assert change.status_code == 204
    alex = (await api.post("web/ensureuser('alex@contoso.onmicrosoft.com')"))["Id"]
    await api.post(f"{boats}/breakroleinheritance(copyRoleAssignments=false)")
    role = f"principalid={alex},roledefid={made['Id']}"
    await api.post(f"{boats}/roleassignments/addroleassignment({role})")
    assert await bindings(api, boats) == {"Alex Wilber": ["Stoker"]}
    await api.post("web/roledefinitions", 400, json={"Name": "Stoker"})
    await api.post("web/roledefinitions", 400, json={"Name": "x", "BasePermissions": {"Low": "?"}})
    await api.post("web/roledefinitions", 400, json={})
    assert (await api.call("DELETE", f"web/roledefinitions({READ})")).status_code == 400
    assert (await api.call("DELETE", place)).status_code == 200
    await api.get(place, 404)


# -- what happened


async def changes(api, place, token, **flags):
    query = {"Add": True, "Update": True, "DeleteObject": True, "Restore": True, **flags}
    query["ChangeTokenStart"] = {"StringValue": token}
    body = {"query": {"__metadata": {"type": "SP.ChangeQuery"}, **query}}
    return (await api.post(f"{place}/GetChanges", json=body))["value"]


async def test_changes_of_site_web_and_list(api, boats, world):
    web = (await api.get("web"))["CurrentChangeToken"]["StringValue"]
    site = (await api.get("site"))["CurrentChangeToken"]["StringValue"]
    assert web.startswith("1;2;")
    assert site.startswith("1;1;")
    await api.post("web/webs/add", json={"parameters": {"Url": "sub", "Title": "Sub"}})
    made = await api.post("web/lists", 201, json={"Title": "Ports", "BaseTemplate": 100})
    ports = "web/lists/getbytitle('Ports')"
    await api.post(f"{ports}/fields", 201, json={"Title": "Depth", "FieldTypeKind": 9})
    await api.post(f"{ports}/items", 201, json={"Title": "Kiel"})
    await api.call("DELETE", f"{boats}/items(1)")
    found = await changes(api, "web", web, List=True, Item=True, Field=True, Web=True)
    assert [(one["ChangeType"], one.get("ListId")) for one in found if "Title" in one] == [
        (1, made["Id"])
    ]
    assert {one["ChangeType"] for one in found if "ItemId" in one} == {1, 3}
    assert len([one for one in found if "FieldId" in one]) == 1
    whole = await changes(api, "site", site, List=True, Web=True)
    assert [one["ChangeType"] for one in whole if set(one) == {
        "ChangeToken", "ChangeType", "SiteId", "Time", "WebId"}] == [1]  # fmt: skip
    last = found[-1]["ChangeToken"]["StringValue"]
    assert await changes(api, "web", last, List=True, Item=True, Field=True, Web=True) == []
    sub = f"{HOST}/sites/marketing/sub/_api"
    await api.post(f"{sub}/web/lists", 201, json={"Title": "Inner", "BaseTemplate": 100})
    await api.post(f"{sub}/web/lists/getbytitle('Inner')/items", 201, json={"Title": "x"})
    later = await changes(
        api, "site", whole[-1]["ChangeToken"]["StringValue"], List=True, Item=True
    )
    assert [one["ChangeType"] for one in later if "ItemId" in one] == [1]
    assert await changes(api, "web", last, List=True, Item=True) == []
    await api.call("DELETE", ports)
    recycled = (await api.get("web/RecycleBin"))["value"][-1]["Id"]
    await api.post(f"web/RecycleBin('{recycled}')/Restore()")
    again = await changes(api, "web", last, List=True)
    assert [one["ChangeType"] for one in again] == [3, 7]
    refused = await api.call("POST", "web/GetChanges", json={"query": {
        "ChangeTokenStart": {"StringValue": site}, "Item": True}})  # fmt: skip
    assert refused.status_code == 400
    world.clock.advance(timedelta(days=61))
    api.as_user("AllSites.Read")
    old = {"query": {"ChangeTokenStart": {"StringValue": web}, "Item": True, "Add": True}}
    assert "before the start" in (await api.call("POST", "web/GetChanges", json=old)).text
    old["query"]["IgnoreStartTokenNotFoundError"] = True
    assert (await api.call("POST", "web/GetChanges", json=old)).status_code == 200


async def test_changes_of_permissions(api, boats):
    token = (await api.get(boats))["CurrentChangeToken"]["StringValue"]
    megan = (await api.post(f"web/ensureuser('{MEGAN.replace('#', '%23')}')"))["Id"]
    item = f"{boats}/items(1)"
    await api.post(f"{item}/breakroleinheritance(copyRoleAssignments=false)")
    role = f"principalid={megan},roledefid={READ}"
    await api.post(f"{item}/roleassignments/addroleassignment({role})")
    await api.post(f"{item}/roleassignments/removeroleassignment({role})")
    await api.post(f"{item}/resetroleinheritance")
    wanted = {"Item": True, "RoleAssignmentAdd": True, "RoleAssignmentDelete": True}
    found = await changes(api, boats, token, **wanted)
    assert [one["ChangeType"] for one in found] == [17, 11, 12, 18]
    await api.post(f"{item}/recycle")
    (gone,) = await changes(api, boats, found[-1]["ChangeToken"]["StringValue"], Item=True)
    assert gone["ChangeType"] == 3

"""Users, groups, roles, and inheritance."""

PLACE = "/sites/marketing/Shared Documents"
ITEM = f"web/GetFileByServerRelativePath(decodedurl='{PLACE}/Welcome.md')/ListItemAllFields"
READ, CONTRIBUTE = 1073741826, 1073741827


async def bindings(api, path):
    found = await api.get(f"{path}/roleassignments?$expand=Member,RoleDefinitionBindings")
    return {
        one["Member"]["Title"]: [role["Name"] for role in one["RoleDefinitionBindings"]]
        for one in found["value"]
    }


async def test_users(api):
    users = (await api.get("web/siteusers"))["value"]
    alex = next(one for one in users if one["Title"] == "Alex Wilber")
    assert alex["LoginName"] == "i:0#.f|membership|alex@contoso.onmicrosoft.com"
    assert alex["PrincipalType"] == 1
    assert alex["IsSiteAdmin"] is True
    assert any(one["LoginName"].startswith("c:0o.c|federated") for one in users)
    assert (await api.get(f"web/getuserbyid({alex['Id']})"))["Title"] == "Alex Wilber"
    await api.get("web/getuserbyid(4711)", 404)
    api.as_user("AllSites.Read", user="megan")
    assert (await api.get("web/currentuser"))["Title"] == "Megan Bowen"


async def test_groups(api):
    groups = (await api.get("web/sitegroups"))["value"]
    assert [one["Title"] for one in groups] == [
        "Marketing Owners", "Marketing Visitors", "Marketing Members"
    ]  # fmt: skip
    members = (await api.get("web/sitegroups(5)/users"))["value"]
    assert "Everyone except external users" in [one["Title"] for one in members]
    made = await api.post("web/sitegroups", 201, json={"Title": "Readers"})
    place = f"web/sitegroups/getbyid({made['Id']})/users"
    login = "i:0#.f|membership|megan@contoso.onmicrosoft.com"
    megan = await api.post(place, 201, json={"LoginName": login})
    assert [one["Id"] for one in (await api.get(place))["value"]] == [megan["Id"]]
    await api.post(f"{place}/removebyid({megan['Id']})")
    assert (await api.get(place))["value"] == []
    await api.get("web/sitegroups/getbyname('None')", 404)
    await api.post("web/sitegroups", 400, json={"Title": "Readers"})
    await api.post(place, 404, json={"LoginName": "nobody"})


async def test_roles_of_a_web(api):
    found = await bindings(api, "web")
    assert found["Marketing Owners"] == ["Full Control"]
    assert found["Marketing Members"] == ["Edit"]
    assert (await api.get("web/HasUniqueRoleAssignments"))["value"] is True
    names = [one["Name"] for one in (await api.get("web/roledefinitions"))["value"]]
    assert "Contribute" in names
    assert (await api.get("web/roledefinitions/getbytype(2)"))["Name"] == "Read"
    lab = "https://contoso.sharepoint.com/sites/engineering/lab/_api/web"
    assert (await api.get(f"{lab}/HasUniqueRoleAssignments"))["value"] is False
    await api.post(f"{lab}/breakroleinheritance(copyRoleAssignments=false)")
    assert (await api.get(f"{lab}/HasUniqueRoleAssignments"))["value"] is True
    await api.post(f"{lab}/resetroleinheritance")
    assert (await api.get(f"{lab}/HasUniqueRoleAssignments"))["value"] is False


async def test_roles_of_a_file(api, world, drive):
    megan = await api.get("web/siteusers/getbyemail('megan@contoso.onmicrosoft.com')")
    add = f"{ITEM}/roleassignments/addroleassignment(principalid={megan['Id']},roleDefId={READ})"
    await api.post(add, 400)
    await api.post(f"{ITEM}/breakroleinheritance(copyRoleAssignments=false,clearSubscopes=true)")
    await api.post(add)
    assert await bindings(api, ITEM) == {"Megan Bowen": ["Read"]}
    assert (await api.get(f"{ITEM}?$select=HasUniqueRoleAssignments")) == {
        "HasUniqueRoleAssignments": True
    }
    full = api.token
    api.as_user("AllSites.FullControl", user="adele")
    await api.get(f"web/GetFileByServerRelativePath(decodedurl='{PLACE}/Welcome.md')", 404)
    api.as_user("AllSites.FullControl", user="megan")
    rights = (await api.get(f"{ITEM}?$select=EffectiveBasePermissions"))["EffectiveBasePermissions"]
    assert rights == {"High": "176", "Low": "138612833"}
    await api.post(f"{ITEM}/resetroleinheritance", 403)
    api.token = full
    await api.post(
        f"{ITEM}/roleassignments/removeroleassignment(principalid={megan['Id']},roledefid={READ})"
    )
    assert await bindings(api, ITEM) == {}
    await api.post(f"{ITEM}/resetroleinheritance")
    assert "Marketing Owners" in await bindings(api, ITEM)


async def test_roles_of_a_library(api):
    place = "web/lists/getbytitle('Documents')"
    await api.post(f"{place}/breakroleinheritance(copyRoleAssignments=true)")
    assert "Marketing Owners" in await bindings(api, place)
    gone = await api.call("DELETE", f"{place}/roleassignments(4)")
    assert gone.status_code == 200
    assert "Marketing Visitors" not in await bindings(api, place)
    await api.post(f"{place}/roleassignments/addroleassignment(principalid=4,roledefid=1)", 404)

"""What was done through `_api` is there after a restart: views, roles, bins, attachments, terms."""

from m365sim.entra.resources import Resource
from m365sim.testing import app_token

SITE = "https://contoso.sharepoint.com/sites/marketing/_api"


async def test_what_rest_made_is_kept(kept):
    async def rest(method, path, status=200, **options):
        where = Resource("sharepoint", "https://contoso.sharepoint.com", "contoso")
        roles = ["Sites.FullControl.All"]
        token = app_token(kept.world, roles, resource=where, appidacr="2")
        head = {"authorization": f"Bearer {token}", "accept": "application/json;odata=nometadata"}
        found = await kept.http.request(method, f"{SITE}/{path}", headers=head, **options)
        assert found.status_code == status, found.text
        return found.json() if found.content[:1] == b"{" else found.content

    boats = "web/lists/getbytitle('Boats')"
    await rest("POST", "web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    await rest("POST", f"{boats}/items", 201, json={"Title": "Sloop"})
    await rest("POST", f"{boats}/items", 201, json={"Title": "Ketch"})
    await rest("POST", f"{boats}/views", 201, json={"Title": "Late ones", "RowLimit": 7})
    await rest("POST", f"{boats}/items(1)/AttachmentFiles/add(FileName='a.txt')", content=b"one")
    await rest("POST", f"{boats}/items(1)/breakroleinheritance(copyRoleAssignments=true)")
    await rest("POST", f"{boats}/items(2)/recycle")
    made = await rest("POST", "web/roledefinitions", 201, json={"Name": "Stoker"})
    files = (
        "web/GetFolderByServerRelativePath(decodedurl='/sites/marketing/Shared Documents')/Files"
    )
    await rest("POST", f"{files}/add(url='a.txt')", content=b"one")
    await rest("POST", f"{files}('a.txt')/CheckOut")
    token = (await rest("GET", "web"))["CurrentChangeToken"]["StringValue"]
    kept.restart()
    assert (await rest("GET", f"{boats}/views/getbytitle('Late ones')"))["RowLimit"] == 7
    attached = f"{boats}/items(1)/AttachmentFiles('a.txt')/$value"
    assert await rest("GET", attached) == b"one"
    assert (await rest("GET", f"{boats}/items(1)/HasUniqueRoleAssignments"))["value"] is True
    (gone,) = (await rest("GET", "web/RecycleBin"))["value"]
    await rest("POST", f"web/RecycleBin('{gone['Id']}')/Restore()")
    assert (await rest("GET", f"{boats}/items(2)"))["Title"] == "Ketch"
    assert (await rest("GET", f"web/roledefinitions({made['Id']})"))["Name"] == "Stoker"
    assert (await rest("GET", f"{files}('a.txt')"))["CheckOutType"] == 0
    query = {"Item": True, "Restore": True, "ChangeTokenStart": {"StringValue": token}}
    (change,) = (await rest("POST", "web/GetChanges", json={"query": query}))["value"]
    assert change["ChangeType"] == 7

"""The forms of answers, the forms of errors, and what tokens open."""

import pytest

from m365sim.entra.resources import Resource
from m365sim.testing import app_token, delegated_token

HOST = "https://contoso.sharepoint.com"
VERBOSE = "application/json;odata=verbose"
SHAREPOINT = Resource("sharepoint", HOST, "contoso")


async def test_verbose(api):
    web = (await api.get("Web", accept=VERBOSE))["d"]
    assert web["Title"] == "Marketing"
    assert web["__metadata"]["type"] == "SP.Web"
    assert web["__metadata"]["uri"] == f"{HOST}/sites/marketing/_api/Web"
    assert web["Lists"] == {"__deferred": {"uri": f"{HOST}/sites/marketing/_api/Web/Lists"}}
    lists = (await api.get("web/lists", accept=VERBOSE))["d"]["results"]
    assert "Documents" in [one["Title"] for one in lists]


async def test_minimal_is_what_plain_json_means(api):
    found = await api.call("GET", "web/lists?$top=1", accept="application/json")
    assert found.headers["content-type"].startswith("application/json;odata=minimalmetadata")
    body = found.json()
    assert body["odata.metadata"].startswith(f"{HOST}/sites/marketing/_api/$metadata#")
    (one,) = body["value"]
    assert one["odata.type"] == "SP.List"
    assert one["odata.editLink"] == f"Web/Lists(guid'{one['Id']}')"
    assert one["odata.etag"]


async def test_bare(api):
    web = await api.get("web?$select=Title,Id")
    assert set(web) == {"Title", "Id"}
    assert await api.get("web/title") == {"value": "Marketing"}


async def test_version_4_marks_annotations_with_an_at(api):
    headers = {"odata-version": "4.0"}
    web = await api.get("web", accept="application/json;odata.metadata=minimal", headers=headers)
    assert web["@odata.type"] == "#SP.Web"


async def test_atom_is_the_default(api):
    entry = await api.call("GET", "web", accept=None)
    assert entry.headers["content-type"].startswith("application/atom+xml;type=entry")
    assert "<d:Title>Marketing</d:Title>" in entry.text
    assert '<d:Created m:type="Edm.DateTime">' in entry.text
    feed = await api.call("GET", "web/lists?$expand=RootFolder", accept=None)
    assert feed.headers["content-type"].startswith("application/atom+xml;type=feed")
    assert "<m:inline><entry>" in feed.text
    bad = await api.call("GET", "web/nonsense", accept=None)
    assert bad.text.startswith('<?xml version="1.0" encoding="utf-8"?><m:error')


async def test_both_forms_of_errors(api):
    verbose = await api.get("web/lists/getbytitle('None')", 404, accept=VERBOSE)
    assert verbose["error"]["code"] == "-1, System.ArgumentException"
    assert verbose["error"]["message"]["lang"] == "en-US"
    light = await api.get("web/lists/getbytitle('None')", 404)
    assert light["odata.error"]["code"] == "-1, System.ArgumentException"


async def test_names_count_in_any_case(api):
    found = await api.call("GET", f"{HOST}/SITES/Marketing/_API/WEB/Lists/GETBYTITLE('documents')")
    assert found.json()["Title"] == "Documents"


async def test_headers_of_the_service(api):
    headers = (await api.call("GET", "web")).headers
    assert headers["sprequestguid"] == headers["request-id"]
    for name in ("x-sharepointhealthscore", "spiislatency", "spclientservicerequestduration"):
        assert headers[name]
    assert headers["microsoftsharepointteamservices"].startswith("16.0.0.")


async def test_what_is_not_modelled_is_counted(api, world):
    await api.get("web/nonsense", 404)
    assert world.faults.traffic.not_modelled[
        "sharepoint", "GET", "/sites/marketing/_api/web/nonsense"
    ]
    await api.get("web/lists/getbytitle('None')", 404)
    assert len(world.faults.traffic.not_modelled) == 1
    assert (await api.call("DELETE", "web")).status_code == 400
    assert (await api.call("GET", f"{HOST}/sites/none/_api/web")).status_code == 404


async def test_contextinfo(api):
    info = await api.post("contextInfo", accept=VERBOSE)
    info = info["d"]["GetContextWebInformation"]
    assert info["FormDigestValue"].startswith("0x")
    assert info["FormDigestTimeoutSeconds"] == 1800
    assert info["WebFullUrl"] == f"{HOST}/sites/marketing"
    assert info["SupportedSchemaVersions"]["results"] == ["14.0.0.0", "15.0.0.0"]
    assert (await api.post("contextinfo"))["FormDigestTimeoutSeconds"] == 1800


async def test_tokens(api, world):
    api.token = app_token(world, resource=SHAREPOINT)
    assert await api.get("web", 401) == {"error_description": "Unsupported app only token."}
    api.token = delegated_token(world)
    assert await api.get("web", 401) == {"error_description": "Invalid issuer or signature."}
    api.token = ""
    refused = await api.call("GET", "web")
    assert f'realm="{world.tenant.id}"' in refused.headers["www-authenticate"]
    assert refused.headers["x-ms-diagnostics"].startswith("3000006;")


@pytest.mark.parametrize(("scope", "status"), [("AllSites.Read", 403), ("AllSites.Write", 201)])
async def test_scopes(api, scope, status):
    api.as_user(scope)
    await api.get("web/lists")
    place = "web/GetFolderByServerRelativePath(decodedurl='Shared Documents')/Folders"
    await api.post(f"{place}/AddUsingPath(decodedurl='New')", 200 if status == 201 else 403)


async def test_selected_sites(api, world):
    api.token = app_token(world, resource=SHAREPOINT, appidacr="2", roles=["Sites.Selected"])
    await api.get("web", 403)
    await api.get("web/lists", 403)
    site = world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    app = next(a for a in world.directory.apps.values() if a.display_name == "nightly-indexer")
    world.content.site_grants[app.app_id, site.collection] = frozenset({"read"})
    await api.get("web/lists")
    files = "web/GetFolderByServerRelativeUrl('Shared Documents')/Files"
    await api.post(f"{files}/add(url='a.txt',overwrite=true)", 403, content=b"x")


async def test_webs_and_sites(api):
    top = await api.get(f"{HOST}/sites/engineering/_api/web/webs")
    assert [one["ServerRelativeUrl"] for one in top["value"]] == ["/sites/engineering/lab"]
    lab = await api.get(f"{HOST}/sites/engineering/lab/_api/site")
    assert lab["ServerRelativeUrl"] == "/sites/engineering"
    root = await api.get(f"{HOST}/_api/web?$select=Url")
    assert root["Url"] == HOST

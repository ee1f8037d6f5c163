"""Answers have the keys and types of the examples in Microsoft's documents.

Each shape is that of one documented example: its keys, and the type of each value. The pages are
below https://learn.microsoft.com/sharepoint/dev/; more may be there than the example shows.
"""

from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import orjson
import pytest

from m365sim.notify.post import Answer

SITE = "/sites/marketing"
M = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}"
D = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"

#: sp-add-ins/working-with-lists-and-list-items-with-rest: properties of a list, in Atom
LIST = {
    "AllowContentTypes": "Boolean", "BaseTemplate": "Int32", "BaseType": "Int32",
    "ContentTypesEnabled": "Boolean", "Created": "DateTime",
    "DefaultContentApprovalWorkflowId": "Guid", "Description": "", "Direction": "",
    "DocumentTemplateUrl": "", "DraftVersionVisibility": "Int32", "EnableAttachments": "Boolean",
    "EnableFolderCreation": "Boolean", "EnableMinorVersions": "Boolean",
    "EnableModeration": "Boolean", "EnableVersioning": "Boolean", "EntityTypeName": "",
    "ForceCheckout": "Boolean", "HasExternalDataSource": "Boolean", "Hidden": "Boolean",
    "Id": "Guid", "ImageUrl": "", "IrmEnabled": "Boolean", "IrmExpire": "Boolean",
    "IrmReject": "Boolean", "IsApplicationList": "Boolean", "IsCatalog": "Boolean",
    "IsPrivate": "Boolean", "ItemCount": "Int32", "LastItemDeletedDate": "DateTime",
    "LastItemModifiedDate": "DateTime", "ListItemEntityTypeFullName": "",
    "MultipleDataList": "Boolean", "NoCrawl": "Boolean", "ParentWebUrl": "",
    "ServerTemplateCanCreateFolders": "Boolean", "TemplateFeatureId": "Guid", "Title": "",
}  # fmt: skip
#: the same page: properties of an item
ITEM = {
    "FileSystemObjectType": "Int32", "Id": "Int32", "ID": "Int32", "ContentTypeId": "",
    "Title": "", "Modified": "DateTime", "Created": "DateTime", "AuthorId": "Int32",
    "EditorId": "Int32", "OData__UIVersionString": "", "Attachments": "Boolean", "GUID": "Guid",
}  # fmt: skip
#: sp-add-ins/working-with-folders-and-files-with-rest: properties of a folder
FOLDER = {"ItemCount": "Int32", "Name": "", "ServerRelativeUrl": "", "WelcomePage": ""}
#: apis/webhooks/lists/get-subscription, in minimal JSON
SUBSCRIPTION = {
    "odata.metadata": str, "odata.type": str, "odata.id": str, "odata.editLink": str,
    "expirationDateTime": str, "id": str, "notificationUrl": str, "resource": str,
}  # fmt: skip
#: apis/webhooks/overview-sharepoint-webhooks: a notification
NOTIFICATION = {
    "subscriptionId": str, "clientState": str, "expirationDateTime": str, "resource": str,
    "tenantId": str, "siteUrl": str, "webId": str,
}  # fmt: skip


@pytest.fixture
async def boats(api):
    await api.post("web/lists", 201, json={"Title": "Boats", "BaseTemplate": 100})
    await api.post("web/lists/getbytitle('Boats')/items", 201, json={"Title": "an item"})
    return "web/lists/getbytitle('Boats')"


def types(found):
    """Return the types of the properties of an Atom entry."""
    entry = ET.fromstring(found.content)
    (properties,) = entry.iter(f"{M}properties")
    return {
        one.tag.removeprefix(D): one.get(f"{M}type", "").removeprefix("Edm.") for one in properties
    }


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("web/lists/GetByTitle('Boats')", LIST),
        ("web/lists/GetByTitle('Boats')/items(1)", ITEM),
        (f"web/GetFolderByServerRelativeUrl('{SITE}/Shared Documents')", FOLDER),
    ],
)
async def test_in_atom(api, boats, path, shape):
    found = types(await api.call("GET", path, accept="application/atom+xml"))
    assert {name: found.get(name) for name in shape} == shape


def fits(shape, value):
    return all(isinstance(value.get(name), kind) for name, kind in shape.items())


async def test_webhooks(api, world, boats):
    came = []

    async def post(url, _, body):
        token = parse_qs(urlsplit(url).query).get("validationtoken", [""])[0]
        came.append(body)
        return Answer(200, "text/plain", token.encode())

    world.notify.post = post
    id_ = (await api.get(boats))["Id"]
    place = f"web/lists('{id_.upper()}')/subscriptions"
    body = {
        "resource": f"https://contoso.sharepoint.com{SITE}/_api/web/lists('{id_}')",
        "notificationUrl": "http://127.0.0.1:9/api/webhook/handlerequest",
        "expirationDateTime": "2026-10-27T16:17:57+00:00",
    }
    made = await api.post(place, 201, json=body, accept="application/json")
    assert fits(SUBSCRIPTION, made)
    assert made["expirationDateTime"] == "2026-10-27T16:17:57Z"
    assert made["resource"] == id_
    read = await api.get(f"{place}('{made['id']}')", accept="application/json")
    assert fits(SUBSCRIPTION, read)
    many = await api.get(place, accept="application/json")
    assert "odata.metadata" in many
    body["clientState"] = "{A0A354EC}"
    await api.post(place, 201, json=body)
    await api.post(f"{boats}/items", 201, json={"Title": "x"})
    await world.notify.pump()
    notification = orjson.loads(came[-1])["value"][-1]
    assert fits(NOTIFICATION, notification)
    assert set(notification) == set(NOTIFICATION)


async def test_only_who_made_a_subscription_sees_it(api, world, boats):
    async def post(url, _, __):
        token = parse_qs(urlsplit(url).query).get("validationtoken", [""])[0]
        return Answer(200, "text/plain", token.encode())

    world.notify.post = post
    hook = {"notificationUrl": "http://127.0.0.1:9/h"}
    made = await api.post(f"{boats}/subscriptions", 201, json=hook)
    api.as_user("AllSites.Manage")  # another app
    await api.get(f"{boats}/subscriptions('{made['id']}')", 404)
    assert (await api.get(f"{boats}/subscriptions"))["value"] == []
    api.as_user("AllSites.FullControl")
    assert len((await api.get(f"{boats}/subscriptions"))["value"]) == 1


async def test_synchronizing(api, boats):
    """sp-add-ins/synchronize-sharepoint-items-using-the-rest-service: the example request."""
    query = {
        "__metadata": {"type": "SP.ChangeLogItemQuery"},
        "ViewName": "",
        "Query": "<Where><Contains><FieldRef Name='Title' /><Value Type='Text'>it</Value>"
        "</Contains></Where>",
        "QueryOptions": "<QueryOptions><IncludeMandatoryColumns>FALSE</IncludeMandatoryColumns>"
        "<DateInUtc>False</DateInUtc><IncludePermissions>TRUE</IncludePermissions>"
        "<IncludeAttachmentUrls>FALSE</IncludeAttachmentUrls></QueryOptions>",
        "Contains": '<Contains><FieldRef Name="Title"/><Value Type="Text">an</Value></Contains>',
    }
    found = await api.call(
        "POST", f"{boats}/GetListItemChangesSinceToken", json={"d": {"query": query}}
    )
    assert found.status_code == 200
    root = ET.fromstring(found.content)
    assert root.tag == "listitems"
    assert root.find("Changes").get("LastChangeToken").startswith("1;3;")
    (row,) = root.iter("{#RowsetSchema}row")
    assert row.get("ows_Title") == "an item"


async def test_context(api):
    """sp-add-ins/complete-basic-operations-using-sharepoint-rest-endpoints"""
    verbose = "application/json;odata=verbose"
    found = (await api.post("contextinfo", accept=verbose))["d"]["GetContextWebInformation"]
    assert fits(
        {
            "FormDigestTimeoutSeconds": int,
            "FormDigestValue": str,
            "LibraryVersion": str,
            "SiteFullUrl": str,
            "WebFullUrl": str,
            "SupportedSchemaVersions": dict,
        },
        found,
    )

"""What is answered has the keys and types of the example responses in Microsoft's reference.

Each table names its page below https://learn.microsoft.com/graph/api/ and was written down from the
example there. A key that an example has must be there with that type; more keys may be there, since
the examples are shortened.
"""

from __future__ import annotations

from typing import Any

import pytest

from m365sim.testing import delegated_token

USER = {"user": {"displayName": str, "id": str}}
MAILED = {"user": {"displayName": str, "email": str}}
TEXT = {
    "allowMultipleLines": bool,
    "appendChangesToExistingText": bool,
    "linesForEditing": int,
    "maxLength": int,
}
COLUMN = {
    "description": str,
    "displayName": str,
    "hidden": bool,
    "id": str,
    "indexed": bool,
    "name": str,
    "readOnly": bool,
    "required": bool,
    "text": TEXT,
}
LIST = {
    "id": str,
    "name": str,
    "createdDateTime": str,
    "lastModifiedDateTime": str,
    "list": {"hidden": bool, "template": str},
}
BASE = {"name": str, "id": str}
CONTENT_TYPE = {
    "id": str,
    "description": str,
    "group": str,
    "hidden": bool,
    "name": str,
    "base": BASE,
}
DELTA_ENTRY = {
    "createdDateTime": str,
    "eTag": str,
    "id": str,
    "lastModifiedDateTime": str,
    "webUrl": str,
    "createdBy": {"user": {"displayName": str}},
    "parentReference": {"id": str, "path": str, "siteId": str},
    "contentType": {"id": str, "name": str},
}
CHECKED_OUT = {"level": str, "versionId": str, "checkedOutBy": MAILED}
TITLE_AREA = {
    "enableGradientEffect": bool,
    "imageWebUrl": str,
    "layout": str,
    "showAuthor": bool,
    "showPublishedDate": bool,
    "showTextBlockAboveTitle": bool,
    "textAboveTitle": str,
    "textAlignment": str,
    "imageSourceType": int,
    "title": str,
}
PAGE = {
    "@odata.type": str,
    "id": str,
    "name": str,
    "webUrl": str,
    "title": str,
    "pageLayout": str,
    "showComments": bool,
    "showRecommendedPages": bool,
    "createdBy": MAILED,
    "lastModifiedBy": MAILED,
}
TYPED_PAGE = PAGE | {
    "@odata.etag": str,
    "eTag": str,
    "description": str,
    "lastModifiedDateTime": str,
    "promotionKind": str,
    "contentType": {"id": str, "name": str},
    "parentReference": {"siteId": str},
    "publishingState": {"level": str, "versionId": str},
    "reactions": {},
}
WEB_PART = {"id": str, "innerHtml": str}
CANVAS = {
    "horizontalSections": [
        {
            "layout": str,
            "id": str,
            "emphasis": str,
            "columns": [{"id": str, "width": int, "webparts": [WEB_PART]}],
        }
    ]
}

#: page of the reference, verb, place below the site, body, what the example answers
EXAMPLES: list[tuple[str, str, str, Any, Any]] = [
    ("list-list", "GET", "lists", None, {"value": [LIST]}),
    ("list-get", "GET", "lists/Assets", None, LIST),
    (
        "list-get",
        "GET",
        (
            "lists/Assets?select=id,name,lastModifiedDateTime"
            "&expand=columns(select=name,description),"
            "items(expand=fields(select=Title,State,Quantity))"
        ),
        None,
        {
            "id": str,
            "name": str,
            "lastModifiedDateTime": str,
            "columns": [{"name": str, "description": str}],
            "items": [{"id": str, "fields": {"Title": str, "State": str, "Quantity": int}}],
        },
    ),
    (
        "list-create",
        "POST",
        "lists",
        {
            "displayName": "Books",
            "columns": [{"name": "Author", "text": {}}, {"name": "PageCount", "number": {}}],
            "list": {"template": "genericList"},
        },
        {
            "id": str,
            "createdDateTime": str,
            "createdBy": USER,
            "lastModifiedDateTime": str,
            "lastModifiedBy": USER,
        },
    ),
    (
        "listitem-list",
        "GET",
        "lists/Assets/items?expand=fields(select=Title,State,Quantity)",
        None,
        {"value": [{"id": str, "fields": {"Title": str, "State": str, "Quantity": int}}]},
    ),
    (
        "listitem-get",
        "GET",
        "lists/Assets/items/2?expand=fields",
        None,
        {"id": str, "fields": {"Title": str, "State": str, "Quantity": int}},
    ),
    (
        "listitem-create",
        "POST",
        "lists/Assets/items",
        {"fields": {"Title": "Widget", "State": "Purple", "Quantity": 32}},
        {
            "id": str,
            "createdDateTime": str,
            "createdBy": USER,
            "lastModifiedDateTime": str,
            "lastModifiedBy": USER,
        },
    ),
    (
        "listitem-update",
        "PATCH",
        "lists/Assets/items/2/fields",
        {"State": "Fuchsia", "Quantity": 934},
        {"Title": str, "State": str, "Quantity": int},
    ),
    ("listitem-delete", "DELETE", "lists/Assets/items/3", None, None),
    (
        "listitem-list-versions",
        "GET",
        "lists/Assets/items/1/versions",
        None,
        {"value": [{"id": str, "lastModifiedBy": USER, "lastModifiedDateTime": str}]},
    ),
    (
        "listitem-delta",
        "GET",
        "lists/Documents/items/delta?$top=2",
        None,
        {"value": [DELTA_ENTRY], "@odata.nextLink": str},
    ),
    (
        "listitem-delta",
        "GET",
        "lists/Documents/items/delta?token=latest",
        None,
        {"value": [], "@odata.deltaLink": str},
    ),
    ("list-list-columns", "GET", "lists/Assets/columns/Title", None, COLUMN),
    ("site-list-columns", "GET", "columns/Title", None, COLUMN),
    (
        "list-post-columns",
        "POST",
        "lists/Assets/columns",
        {
            "description": "test",
            "enforceUniqueValues": False,
            "hidden": False,
            "indexed": False,
            "name": "Colour",
            "text": dict.fromkeys(TEXT, False) | {"linesForEditing": 0, "maxLength": 255},
        },
        {
            "description": str,
            "displayName": str,
            "enforceUniqueValues": bool,
            "hidden": bool,
            "id": str,
            "indexed": bool,
            "name": str,
            "text": TEXT,
        },
    ),
    (
        "columndefinition-update",
        "PATCH",
        "lists/Assets/columns/Notes",
        {"required": True, "hidden": False, "propagateChanges": False},
        COLUMN | {"enforceUniqueValues": bool},
    ),
    ("columndefinition-delete", "DELETE", "lists/Assets/columns/Notes", None, None),
    ("site-list-contenttypes", "GET", "contentTypes", None, {"value": [CONTENT_TYPE]}),
    ("contenttype-get", "GET", "contentTypes/0x0120D520", None, CONTENT_TYPE),
    (
        "site-post-contenttypes",
        "POST",
        "contentTypes",
        {
            "name": "docSet",
            "description": "custom docset",
            "base": {"name": "Document Set", "id": "0x0120D520"},
            "group": "Document Set Content Types",
        },
        {"id": str, "name": str, "group": str, "description": str, "base": BASE},
    ),
    (
        "contenttype-addcopy",
        "POST",
        "lists/Documents/contentTypes/addCopy",
        {"contentType": "https://graph.microsoft.com/v1.0/sites/{site-id}/contentTypes/0x010102"},
        {
            "id": str,
            "description": str,
            "group": str,
            "hidden": bool,
            "name": str,
            "parentId": str,
            "readOnly": bool,
            "sealed": bool,
            "base": {
                "id": str,
                "description": str,
                "group": str,
                "hidden": bool,
                "name": str,
                "readOnly": bool,
                "sealed": bool,
            },
        },
    ),
    ("basesitepage-list", "GET", "pages", None, {"value": [TYPED_PAGE]}),
    (
        "sitepage-list",
        "GET",
        "pages/microsoft.graph.sitePage",
        None,
        {"value": [PAGE | {"publishingState": {"level": str, "versionId": str}, "reactions": {}}]},
    ),
    (
        "sitepage-create",
        "POST",
        "pages",
        {
            "@odata.type": "#microsoft.graph.sitePage",
            "name": "test.aspx",
            "title": "test",
            "pageLayout": "article",
            "showComments": True,
            "showRecommendedPages": False,
            "titleArea": {
                "enableGradientEffect": True,
                "imageWebUrl": "https://example.com/image.jpg",
                "layout": "colorBlock",
                "showAuthor": True,
                "showPublishedDate": False,
                "showTextBlockAboveTitle": False,
                "textAboveTitle": "TEXT",
                "textAlignment": "left",
                "imageSourceType": 2,
                "title": "sample1",
            },
        },
        PAGE | {"publishingState": CHECKED_OUT, "titleArea": TITLE_AREA},
    ),
    ("basesitepage-get", "GET", "pages/{page-id}", None, TYPED_PAGE),
    (
        "sitepage-get",
        "GET",
        "pages/{page-id}/microsoft.graph.sitePage?$expand=canvasLayout",
        None,
        TYPED_PAGE | {"parentReference": {"listId": str, "siteId": str}, "canvasLayout": CANVAS},
    ),
    (
        "sitepage-get",
        "GET",
        "pages/{page-id}/microsoft.graph.sitePage?$select=id,name",
        None,
        {"@odata.etag": str, "id": str, "name": str},
    ),
    (
        "sitepage-update",
        "PATCH",
        "pages/{page-id}/microsoft.graph.sitePage",
        {
            "@odata.type": "#microsoft.graph.sitePage",
            "title": "sample",
            "showComments": True,
            "showRecommendedPages": False,
        },
        PAGE | {"publishingState": CHECKED_OUT},
    ),
    (
        "sitepage-publish",
        "POST",
        "pages/{page-id}/microsoft.graph.sitePage/publish",
        None,
        None,
    ),
    ("basesitepage-delete", "DELETE", "pages/{page-id}", None, None),
]


@pytest.mark.parametrize(
    ("page", "method", "place", "body", "example"),
    EXAMPLES,
    ids=[f"{e[0]}-{e[1]}" for e in EXAMPLES],
)
async def test_examples_of_the_reference(graph, world, page, method, place, body, example):
    graph.token = delegated_token(world, scopes=["Sites.FullControl.All"])
    path = "" if "pages" in place else "/sites/engineering"
    site = world.content.site_at("contoso.sharepoint.com", path)
    if "{page-id}" in place:
        home = (await graph.json(f"/sites/{site.id}/pages"))["value"][1]
        place = place.replace("{page-id}", home["id"])
    answer = await graph.call(method, f"/sites/{site.id}/{place}", json=body)
    wanted = {"GET": 200, "PATCH": 200, "DELETE": 204}.get(method, 204 if example is None else 201)
    assert answer.status_code == wanted, answer.text
    if example is None:
        assert answer.content == b""
        return
    assert list(differences(example, answer.json(), page)) == []


def differences(example: Any, value: Any, where: str) -> Any:
    """Yield where a value is not of the shape of an example."""
    if isinstance(example, dict):
        if not isinstance(value, dict):
            yield f"{where} is no object"
            return
        for key, inner in example.items():
            if key in value:
                yield from differences(inner, value[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is missing"
    elif isinstance(example, list):
        if not isinstance(value, list) or (example and not value):
            yield f"{where} is no list, or empty"
            return
        for number, one in enumerate(value if example else []):
            yield from differences(example[0], one, f"{where}[{number}]")
    elif not isinstance(value, example) or (example is int and isinstance(value, bool)):
        yield f"{where} is {value!r}"


def test_differences_are_found():
    shape = {"a": str, "b": [{"c": int}], "d": {"e": bool}}
    assert list(differences(shape, {"a": "x", "b": [{"c": 1}], "d": {"e": True}, "f": 1}, "")) == []
    for wrong in (
        {"a": 1, "b": [{"c": 1}], "d": {"e": True}},
        {"a": "x", "b": [{"c": True}], "d": {"e": True}},
        {"a": "x", "b": [], "d": {"e": True}},
        {"a": "x", "b": [{}], "d": {"e": True}},
        {"a": "x", "b": [{"c": 1}], "d": []},
    ):
        assert len(list(differences(shape, wrong, ""))) == 1

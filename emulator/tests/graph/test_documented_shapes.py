"""Answers have the keys and types of the examples in Microsoft's reference.

Each shape below is that of one documented example response: its keys, and the type of each value.
Keys that the page itself gives to OneDrive personal alone are left out.
"""

from datetime import timedelta

import pytest

from m365sim.notify import Answer
from m365sim.testing import app_token

IDENTITY = {"user": {"id": str, "displayName": str}}
GRANTED = {
    "id": str,
    "roles": [str],
    "grantedTo": IDENTITY,
    "grantedToV2": {
        "user": {"id": str, "displayName": str},
        "siteUser": {"id": str, "displayName": str, "loginName": str},
    },
}
PICTURE = {"height": int, "width": int, "url": str}
#: Page of the reference → the shape of its example.
SHAPES = {
    "permission-get": GRANTED,
    "driveitem-invite": {"value": [{"grantedTo": IDENTITY, "grantedToV2": IDENTITY, "id": str, "roles": [str]}]},
    "driveitem-createlink": {
        "id": str, "roles": [str], "link": {"type": str, "scope": str, "webUrl": str}, "hasPassword": bool,
    },
    "driveitem-list-versions": {
        "value": [{"id": str, "lastModifiedBy": IDENTITY, "lastModifiedDateTime": str, "size": int}]
    },
    "driveitem-list-thumbnails": {
        "value": [{"id": str, "small": PICTURE, "medium": PICTURE, "large": PICTURE}]
    },
    "long-running-actions: in progress": {"operation": str, "percentageComplete": float, "status": str},
    "long-running-actions: completed": {"percentageComplete": float, "resourceId": str, "status": str},
    "driveitem-search": {"value": [{"id": str, "name": str, "folder": dict, "searchResult": dict}]},
    "driveitem-restore": {"id": str, "name": str, "size": int, "lastModifiedDateTime": str},
    "shares-get": {"id": str, "name": str, "owner": IDENTITY},
    "subscription-post-subscriptions": {
        "@odata.context": str, "id": str, "resource": str, "applicationId": str, "changeType": str,
        "clientState": str, "notificationUrl": str, "expirationDateTime": str, "creatorId": str,
        "latestSupportedTlsVersion": str,
    },
    "change notification": {
        "subscriptionId": str, "subscriptionExpirationDateTime": str, "clientState": str,
        "changeType": str, "resource": str, "tenantId": str, "resourceData": {"@odata.type": str},
    },
    "lifecycle notification": {
        "subscriptionId": str, "subscriptionExpirationDateTime": str, "tenantId": str,
        "clientState": str, "lifecycleEvent": str,
    },
    "json-batching": {"responses": [{"id": str, "status": int, "headers": dict, "body": dict}]},
    "user-get": {
        "businessPhones": list, "displayName": str, "givenName": str, "jobTitle": None, "mail": str,
        "mobilePhone": None, "officeLocation": None, "preferredLanguage": str, "surname": str,
        "userPrincipalName": str, "id": str,
    },
    "group-get": {
        "id": str, "deletedDateTime": None, "classification": None, "createdDateTime": str,
        "description": str, "displayName": str, "expirationDateTime": None, "groupTypes": [str],
        "mail": str, "mailEnabled": bool, "mailNickname": str, "membershipRule": None,
        "membershipRuleProcessingState": None, "preferredLanguage": None, "proxyAddresses": [str],
        "renewedDateTime": str, "resourceBehaviorOptions": list, "resourceProvisioningOptions": list,
        "securityEnabled": bool, "theme": None, "visibility": str,
    },
}  # fmt: skip


def misfits(answer, shape, where="") -> list[str]:
    """List where an answer lacks what the shape has, or has another type there."""
    if isinstance(shape, dict):
        if not isinstance(answer, dict):
            return [f"{where} is no object"]
        missing = [f"{where}.{key} is missing" for key in shape if key not in answer]
        kept = [key for key in shape if key in answer]
        return missing + [
            m for key in kept for m in misfits(answer[key], shape[key], f"{where}.{key}")
        ]
    if isinstance(shape, list):
        if not isinstance(answer, list) or not answer:
            return [f"{where} is no list, or an empty one"]
        return [m for one in answer for m in misfits(one, shape[0], f"{where}[]")]
    if shape is None:
        return [] if answer is None else [f"{where} is not null"]
    return [] if isinstance(answer, shape) else [f"{where} is a {type(answer).__name__}"]


@pytest.fixture
async def answers(graph, world, at, drive):
    """One answer for each page, by the calls that the pages show."""
    told = []

    async def receive(url, headers, body):
        from urllib.parse import parse_qs, urlsplit

        import orjson

        token = parse_qs(urlsplit(url).query).get("validationToken")
        if not token:
            told.extend(orjson.loads(body)["value"])
        return Answer(200, "text/plain", token[0].encode() if token else b"")

    async def post(path, **body):
        return await graph.call("POST", path, json=body)

    world.notify.post = receive
    found = {}
    place = at("Welcome.md") + ":"
    invited = await post(f"{place}/invite", recipients=[{"alias": "megan"}], roles=["write"])
    found["driveitem-invite"] = invited.json()
    number = invited.json()["value"][0]["id"]
    found["permission-get"] = await graph.json(f"{place}/permissions/{number}")
    link = (await post(f"{place}/createLink", type="view", scope="anonymous")).json()
    found["driveitem-createlink"] = link
    found["shares-get"] = await graph.json(f"/shares/{link['shareId']}")
    found["driveitem-list-versions"] = await graph.json(f"{place}/versions")
    await graph.call("PUT", at("p.png") + ":/content", content=b"x")
    found["driveitem-list-thumbnails"] = await graph.json(at("p.png") + ":/thumbnails")
    monitor = (await post(f"{place}/copy", name="Copy.md")).headers["location"]
    found["long-running-actions: in progress"] = (await graph.http.get(monitor)).json()
    found["long-running-actions: completed"] = (await graph.http.get(monitor)).json()
    found["driveitem-search"] = await graph.json(f"/drives/{drive.id}/root/search(q='2026 Q3')")
    until = (world.clock.now() + timedelta(days=1)).isoformat()
    made = await post(
        "/subscriptions",
        changeType="updated",
        notificationUrl="http://localhost/n",
        lifecycleNotificationUrl="http://localhost/l",
        resource=f"/drives/{drive.id}/root",
        expirationDateTime=until,
        clientState="secret",
    )
    found["subscription-post-subscriptions"] = made.json()
    item = await graph.json(at("Welcome.md"))
    await graph.call("DELETE", f"/drives/{drive.id}/items/{item['id']}")
    back = await post(f"/drives/{drive.id}/items/{item['id']}/restore")
    found["driveitem-restore"] = back.json()
    await world.notify.pump()
    world.notify.challenge()
    await world.notify.pump()
    found["change notification"], found["lifecycle notification"] = told
    me = {"id": "1", "method": "GET", "url": "/me"}
    found["json-batching"] = (await post("/$batch", requests=[me])).json()
    graph.token = app_token(world, roles=["User.Read.All", "Group.Read.All"])
    found["user-get"] = await graph.json("/users/megan@contoso.onmicrosoft.com")
    group = world.sharing.groups()[0]
    found["group-get"] = await graph.json(f"/groups/{group.id}")
    return found


async def test_every_answer_fits_its_example(answers):
    assert answers.keys() == SHAPES.keys()
    wrong = {page: misfits(answers[page], shape) for page, shape in SHAPES.items()}
    assert {page: faults for page, faults in wrong.items() if faults} == {}

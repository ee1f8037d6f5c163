"""Actions on site pages, against what the emulator holds."""

import json

import pytest
from action_cases import CASES, ActionLab

from fairlead.errors import Rejected

CANVAS = {
    "horizontalSections": [
        {
            "layout": "oneColumn",
            "id": "1",
            "emphasis": "none",
            "columns": [
                {
                    "id": "1",
                    "width": 12,
                    "webparts": [
                        {
                            "@odata.type": "#microsoft.graph.textWebPart",
                            "id": "6f9230af-2a98-4952-b205-9ede4f9ef548",
                            "innerHtml": "<p>Ahoy</p>",
                        }
                    ],
                }
            ],
        }
    ]
}
HEAD = {"layout": "plain", "title": "Ahoy", "enableGradientEffect": True, "imageSourceType": 2}


async def refused(lab: ActionLab, name: str, given: dict, who: str = "alex") -> str:
    with pytest.raises(Rejected) as told:
        await lab.run(name, given, who=who)
    return told.value.code


async def test_a_page_from_draft_to_bin(lab: ActionLab):
    given = await CASES["create-site-page"](lab)
    made = await lab.run(
        "create-site-page",
        {**given, "showComments": False, "titleArea": HEAD, "canvasLayout": CANVAS},
    )
    sent = json.loads(lab.requests[-1].body)
    assert sent["@odata.type"] == "#microsoft.graph.sitePage"
    assert sent["canvasLayout"] == CANVAS
    assert (made["name"], made["title"]) == (given["name"], given["title"])
    assert (made["pageLayout"], made["showComments"]) == ("article", False)
    assert await refused(lab, "create-site-page", given) == "name_taken"

    where = {"siteId": given["siteId"], "pageId": made["id"]}
    draft = await lab.run("get-site-page", where)
    assert draft["publishingState"]["level"] == "checkout"
    assert draft["canvasLayout"] == CANVAS, "what is on the page is read, too"
    assert draft["titleArea"].items() >= HEAD.items()
    assert draft["createdBy"]["user"]["displayName"] == "Alex Wilber"
    assert draft["parentReference"]["siteId"]

    assert await lab.run("publish-site-page", where) == {"success": True, **where}
    published = await lab.run("get-site-page", where)
    assert published["publishingState"] == {"level": "published", "versionId": "1.0"}

    changed = await lab.run(
        "update-site-page", {**where, "title": "Other", "promotionKind": "newsPost"}
    )
    assert json.loads(lab.requests[-1].body) == {
        "@odata.type": "#microsoft.graph.sitePage",
        "title": "Other",
        "promotionKind": "newsPost",
    }
    assert (changed["title"], changed["promotionKind"]) == ("Other", "newsPost")
    assert changed["lastModifiedBy"]["displayName"] == "Alex Wilber"
    assert "user" not in changed["lastModifiedBy"]
    # whoever else would publish it must wait until it is checked in
    assert await refused(lab, "publish-site-page", where, who="megan") == "resource_locked"
    assert await refused(lab, "update-site-page", {**where, "promotionKind": "page"}) == (
        "invalid_request"
    )

    listed = await lab.run("list-site-pages", {"siteId": given["siteId"]})
    (entry,) = [one for one in listed["items"] if one["id"] == made["id"]]
    assert entry["title"] == "Other"
    assert "canvasLayout" not in entry

    assert await lab.run("delete-site-page", where) == {"success": True, **where}
    assert await refused(lab, "delete-site-page", where) == "item_not_found"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "news.txt"},
        {"pageLayout": "poster"},
        {
            "canvasLayout": {
                "horizontalSections": [{"columns": [{"webparts": [{"webPartType": "none"}]}]}]
            }
        },
    ],
)
async def test_a_page_that_cannot_be(lab: ActionLab, wrong: dict):
    given = await CASES["create-site-page"](lab)
    assert await refused(lab, "create-site-page", {**given, **wrong}) == "invalid_request"


async def test_pages_of_pages(lab: ActionLab):
    given = {"siteId": lab.site("")}
    whole = await lab.run("list-site-pages", given)
    lab.sim.tenant.call(lambda world: world.quirks.change(page_size=1))
    try:
        found = await lab.run("list-site-pages", given)
        ids = [one["id"] for one in found["items"]]
        while "nextCursor" in found:
            found = await lab.run("list-site-pages", {**given, "cursor": found["nextCursor"]})
            ids += [one["id"] for one in found["items"]]
    finally:
        lab.sim.tenant.call(lambda world: world.quirks.change(page_size=200))
    assert ids == [one["id"] for one in whole["items"]]
    assert len(ids) > 2

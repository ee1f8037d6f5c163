from __future__ import annotations

from uuid import UUID

import pytest

from m365sim.entra.contoso import DAEMON_APP_ID, TENANT_ID

pytestmark = pytest.mark.judges

LIBRARY = "/sites/marketing/Shared Documents"


async def test_office365_rest_client(internet, judge, tree, not_modelled, certificate):
    roles = frozenset({"Sites.FullControl.All"})
    internet.world.directory.assign_roles(TENANT_ID, DAEMON_APP_ID, "sharepoint", roles)
    before = tree()
    said = await judge(
        "rest_by_office365.py",
        thumbprint=certificate.thumbprint,
        private_key=certificate.private_key,
    )
    after = tree()
    assert said["title"] == "Marketing"
    assert "i:0#.f|membership|alex@contoso.onmicrosoft.com" in said["users"]
    assert said["groups"] == ["Marketing Owners", "Marketing Visitors", "Marketing Members"]
    assert "Everyone except external users" in said["members"]
    assert said["roles"] == 3
    assert said["missing"] == [404, "-2130575338, Microsoft.SharePoint.SPException"]
    assert said["by_secret"][0] == 401

    lists = said["lists"]
    assert {"Documents", "Boats's"} <= set(lists["lists"])
    assert lists["first_page"] == ["Sloop", "Ketch"]
    assert lists["paged"] == ["Sloop", "Ketch", "Yawl"]
    assert lists["left"] == ["Sloop", "Cutter"]
    assert "Title" in lists["fields"]
    assert lists["by_title"] == lists["made"]

    files = said["files"]
    assert set(files["before"]) == {LIBRARY + path for path in before if path}
    assert set(files["after"]) == {LIBRARY + path for path in after if path}
    site = internet.world.content.site_at("contoso.sharepoint.com", "/sites/marketing")
    drive = site.drives[0]
    for name, path in (
        (files["small"], "Press/renamed.txt"),
        (files["large"][0], "Judged/large.bin"),
    ):
        assert drive.item_id(UUID(name).bytes_le) == after[f"/{path}"]["id"]
    assert files["large"][1] == after["/Judged/large.bin"]["size"] == 3 * 1024 * 1024 + 17
    assert files["same"] is True
    assert files["budget"] == "Budget #2 (50%).csv"
    assert files["bin"] == ["gone.txt", "3_.000"]
    assert files["changes"] == [1, 1, 1, 2, 1, 3, 7, 6, 4]
    assert files["versions"] == 1
    assert not_modelled() == set()


async def test_office365_rest_client_in_depth(internet, judge, tree, not_modelled, certificate):
    roles = frozenset({"Sites.FullControl.All"})
    internet.world.directory.assign_roles(TENANT_ID, DAEMON_APP_ID, "sharepoint", roles)
    said = await judge(
        "rest_depth_by_office365.py",
        thumbprint=certificate.thumbprint,
        private_key=certificate.private_key,
    )
    assert said["batch"] == {
        "made": [1, 2, 3, 4],
        "read": ["Sloop", "Ketch", "Yawl", "Cutter"],
        "fields": True,
    }
    assert said["queries"] == {
        "found": ["Yawl", "Ketch", "Cutter"],
        "paged": ["Yawl", "Sloop", "Ketch", "Cutter"],
        "views": ["All Items", "Late ones"],
        "view_fields": ["LinkTitle", "Modified"],
        "by_view": ["Yawl", "Ketch", "Cutter"],
    }
    assert said["attachments"] == {
        "names": ["plan #1.txt", "crew.txt"],
        "content": "plan #1.txt",
        "left": ["plan #1.txt"],
    }
    assert said["versions"] == {
        "comment": "Better",
        "label": "2.0",
        "old": ["1.0"],
        "restored": "one",
        "left": 0,
        "not_out": 400,
    }
    # The attachment that was deleted before lies in the first stage still.
    bins = {"names": ["4_.000", "crew.txt"], "states": [2, 1], "back": "Cutter"}
    assert said["bins"] == bins
    assert said["roles"] == {
        "names": [["Megan Bowen", ["Read"]]],
        "low": "138612833",
        "unique": False,
    }
    assert said["changes"] == {
        "list": [1, 1, 1, 1, 2, 2, 2, 3, 7],
        "web": True,
        "site": True,
        "log": 2,
    }
    hooks = said["hooks"]
    assert hooks.pop("resource") == said["list_id"]
    assert hooks == {
        "same": True,
        "keys": [
            "clientState",
            "expirationDateTime",
            "resource",
            "siteUrl",
            "subscriptionId",
            "tenantId",
            "webId",
        ],
        "listed": 1,
        "left": 0,
    }
    sub = "https://contoso.sharepoint.com/sites/marketing/judged"
    assert said["webs"] == {"seen": [["Judged", sub]], "left": 0}
    after = tree()
    assert after["/draft.txt"]["size"] == after["/Press/draft.txt"]["size"] == 3
    assert not_modelled() == set()

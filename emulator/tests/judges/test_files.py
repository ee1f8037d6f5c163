from __future__ import annotations

import pytest

from m365sim.entra.contoso import PUBLIC_APP_ID
from m365sim.faults import Fault

pytestmark = pytest.mark.judges

CONTOSO = "https://contoso.sharepoint.com"


def described(tree):
    """Say what is in a tree as the judges do."""
    return {
        path: None if item["isFolder"] else [item["size"], item["quickXorHash"]]
        for path, item in tree.items()
        if path
    }


def every_site(internet):
    return {site.web_url for site in internet.world.content.sites}


def drives_of(internet, path):
    site = internet.world.content.site_at("contoso.sharepoint.com", path)
    return {(drive.id, drive.name) for drive in site.drives if not drive.is_system}


def check_downloads(said, tree, small, large):
    for name, path in (("small", small), ("large", large)):
        assert path in tree
        assert said["downloads"][name] == [tree[path]["quickXorHash"], True]
        assert said[name] == tree[path]["id"]


async def test_msgraph_sdk(internet, judge, tree, not_modelled, certificate):
    before = tree()
    said = await judge("files_by_msgraph.py", pem=certificate.private_key + certificate.pem)
    after = tree()
    assert len(said["tokens"]) == 2
    assert set(said["sites"]) == every_site(internet)
    assert f"{CONTOSO}/sites/marketing" in said["searched"]
    assert {(id_, name) for id_, name, _ in said["drives"]} == drives_of(
        internet, "/sites/marketing"
    )
    assert said["before"] == described(before)
    assert set(said["start"]) == {item["id"] for item in before.values()}
    assert said["start_pages"] > 2
    assert said["after"] == described(after)
    check_downloads(said, after, "/Judged #1 (50%)/größer.txt", "/Campaigns/large.bin")
    assert said["again"]["status"] == 409
    assert said["again"]["code"] == "nameAlreadyExists"
    assert said["gone"]["status"] == 404
    assert said["gone"]["code"] == "itemNotFound"
    assert said["gone"]["request_id"]
    changes = said["changes"]
    assert changes[said["press"]] is True
    assert changes[said["small"]] is changes[said["large"]] is changes[said["folder"]] is False
    assert said["quiet"] == [] or said["quiet"] == [after[""]["id"]]
    assert not_modelled() == set()


async def test_o365(internet, judge, tree, not_modelled):
    before = tree()
    said = await judge("files_by_o365.py")
    after = tree()
    assert said["authenticated"] is True
    assert said["root"] == CONTOSO
    assert f"{CONTOSO}/sites/engineering" in said["searched"]
    assert said["subsites"] == [f"{CONTOSO}/sites/engineering/lab"]
    assert {tuple(one) for one in said["libraries"]} == drives_of(internet, "/sites/engineering")
    assert said["before"] == described(before)
    assert said["after"] == described(after)
    assert said["worked"] == [True, True, True]
    check_downloads(said, after, "/Judged & weighed/third.bin", "/Campaigns/lärge #1.bin")
    assert said["by_path"] == said["large"]
    assert said["parent"] == "Campaigns"
    assert set(said["start"]) == {item["id"] for item in before.values()}
    assert said["start_pages"] > 2
    assert said["changes"][said["press"]] is True
    assert said["changes"][said["small"]] is said["changes"][said["large"]] is False
    assert "/Press" not in after
    assert not_modelled() == set()


async def test_office365_rest_client(internet, judge, tree, not_modelled, certificate):
    before = tree()
    said = await judge(
        "files_by_office365.py",
        private_key=certificate.private_key,
        thumbprint=certificate.thumbprint,
    )
    after = tree()
    assert set(said["sites"]) == every_site(internet)
    assert said["root"] == CONTOSO
    assert {(id_, name) for id_, name, _ in said["drives"]} == drives_of(
        internet, "/sites/marketing"
    )
    assert said["before"] == described(before)
    assert set(said["start"]) == {item["id"] for item in before.values()}
    assert said["paged"] == said["start"]
    assert said["after"] == described(after)
    check_downloads(said, after, "/Judged again/renamed.txt", "/Campaigns/large.bin")
    assert said["by_path"] == said["large"]
    assert said["gone"] == [404, "itemNotFound"]
    assert {said["small"], said["large"], said["press"]} <= set(said["changes"])
    assert len(said["changes"]) < len(said["start"])
    assert not_modelled() == set()


@pytest.mark.parametrize("way", ["secret", "device"])
async def test_msal_and_plain_http(internet, judge, tree, not_modelled, way):
    before = tree()
    said = await judge(
        "files_by_msal.py",
        way=way,
        public_client_id=PUBLIC_APP_ID,
        upn="alex@contoso.onmicrosoft.com",
    )
    after = tree()
    assert f"{CONTOSO}/sites/marketing" in said["sites"]
    assert {tuple(one) for one in said["drives"]} == drives_of(internet, "/sites/marketing")
    assert said["before"] == described(before)
    assert set(said["start"]) == {item["id"] for item in before.values()}
    assert said["start_pages"] > 2
    assert said["after"] == described(after)
    check_downloads(said, after, "/By hand/größer.txt", "/Campaigns/large.bin")
    assert said["changes"][said["press"]] is True
    assert said["changes"][said["small"]] is said["changes"][said["large"]] is False
    assert said["pages"] == 2
    assert said["rows"] == [["Kiel", "Lübeck"], ["Turku", "Turku"]]
    assert said["granted"][said["invited"]] == ["write"]
    assert said["granted"][said["link"]] == ["read"]
    assert said["invited"] in said["kept"]
    assert said["link"] not in said["kept"]
    assert not_modelled() == set()


async def test_msgraph_sdk_waits_when_it_is_throttled(internet, judge, tree, certificate):
    faults = internet.world.faults
    struck = [
        faults.add(Fault(host="graph", path="*/children*", status=429, retry_after=1, count=2)),
        faults.add(Fault(host="graph", path="*/delta*", status=503, retry_after=1, skip=2)),
    ]
    before = tree()
    said = await judge("files_by_msgraph.py", pem=certificate.private_key + certificate.pem)
    assert [fault.hits for fault in struck] == [2, 1]
    assert said["before"] == described(before)
    assert said["after"] == described(tree())

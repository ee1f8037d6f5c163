"""Bytes of files: the redirect, and the address on the tenant host."""

import base64
import os
from datetime import timedelta

import orjson
import pytest

from m365sim.files.blob import MemoryBlob
from m365sim.files.ids import guid_of


async def address(graph, path):
    response = await graph.get(path + ":/content")
    assert response.status_code == 302, response.text
    return response.headers["location"]


async def test_redirect_to_the_tenant_host_and_the_bytes(graph, at, find):
    item = find("Campaigns/2026 Q3/Budget #2 (50%).csv")
    url = await address(graph, at("Campaigns/2026 Q3/Budget #2 (50%).csv"))
    assert url.startswith(
        "https://contoso.sharepoint.com/sites/marketing/_layouts/15/download.aspx"
        f"?UniqueId={guid_of(item.uid)}&Translate=false&tempauth=v1."
    )
    assert url.endswith("&ApiVersion=2.0")
    response = await graph.http.get(url)
    assert response.status_code == 200
    assert response.content == b"item,amount\nprint,1200\nfair,8000\n"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-length"] == str(item.size)
    assert (
        "filename*=UTF-8''Budget%20%232%20%2850%25%29.csv"
        in (response.headers["content-disposition"])
    )
    head = await graph.http.head(url)
    assert (head.content, head.headers["content-length"]) == (b"", str(item.size))


async def test_proof_says_for_whom_and_until_when(graph, at, drive, world):
    url = await address(graph, at("Welcome.md"))
    claims = url.partition("tempauth=v1.")[2].split(".")[0]
    claims = orjson.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert claims["siteid"] == guid_of(drive.site.collection)
    assert int(claims["exp"]) == int(world.clock.now().timestamp()) + 3600
    assert claims["app_displayname"] == "fairlead"
    assert claims["aud"].startswith("00000003-0000-0ff1-ce00-000000000000/contoso.sharepoint.com@")


async def test_authorization_header_makes_it_fail(graph, at):
    url = await address(graph, at("Welcome.md"))
    refused = await graph.http.get(url, headers={"Authorization": f"Bearer {graph.token}"})
    assert refused.status_code == 401
    assert (await graph.http.get(url)).status_code == 200


async def test_it_lasts_an_hour(graph, at, world):
    url = await address(graph, at("Welcome.md"))
    world.clock.advance(timedelta(minutes=59))
    assert (await graph.http.get(url)).status_code == 200
    world.clock.advance(timedelta(minutes=1))
    assert (await graph.http.get(url)).status_code == 401


async def test_tampering_and_deletion(graph, at, drive, find):
    url = await address(graph, at("Welcome.md"))
    for broken in (url.replace("tempauth=v1.", "tempauth=v1.A"), url.partition("&tempauth")[0]):
        assert (await graph.http.get(broken)).status_code == 401
    drive.delete(find("Welcome.md"))
    assert (await graph.http.get(url)).status_code == 404


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=1000-", 1000, 5000), ("bytes=-10", 4990, 5000),
     ("bytes=4990-9999", 4990, 5000)],
)  # fmt: skip
async def test_ranges(graph, at, drive, wanted, start, stop):
    content = os.urandom(5000)
    drive.put_file(drive.root, "big.bin", MemoryBlob(content), drive.owner)
    url = await address(graph, at("big.bin"))
    response = await graph.http.get(url, headers={"Range": wanted})
    assert response.status_code == 206
    assert response.content == content[start:stop]
    assert response.headers["content-range"] == f"bytes {start}-{stop - 1}/5000"


@pytest.mark.parametrize("wanted", ["bytes=5000-", "bytes=9-3", "bytes=-", "lines=1-2"])
async def test_ranges_that_cannot_be(graph, at, drive, wanted):
    drive.put_file(drive.root, "big.bin", MemoryBlob(b"x" * 5000), drive.owner)
    url = await address(graph, at("big.bin"))
    response = await graph.http.get(url, headers={"Range": wanted})
    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */5000"


async def test_unchanged_content_is_not_sent_again(graph, at):
    tag = (await graph.json(at("Welcome.md")))["eTag"]
    response = await graph.get(at("Welcome.md") + ":/content", headers={"If-None-Match": tag})
    assert response.status_code == 304
    url = await address(graph, at("Welcome.md"))
    assert (await graph.http.get(url, headers={"If-None-Match": tag})).status_code == 304


async def test_empty_file_and_folder(graph, at):
    url = await address(graph, at("Empty file.txt"))
    assert (await graph.http.get(url)).content == b""
    assert (await graph.get(at("Press") + ":/content")).status_code == 400


async def test_address_in_children_serves_the_bytes(graph, drive):
    page = await graph.json(f"/drives/{drive.id}/root/children")
    urls = {i["name"]: i.get("@microsoft.graph.downloadUrl") for i in page["value"]}
    assert (await graph.http.get(urls["Welcome.md"])).content.startswith(b"# Marketing")
    assert urls["Press"] is None


async def test_onedrive_is_served_from_the_personal_host(graph):
    response = await graph.get("/me/drive/root:/Notes.txt:/content")
    assert response.headers["location"].startswith("https://contoso-my.sharepoint.com/personal/")
    assert (await graph.http.get(response.headers["location"])).content == b"Mine alone.\n"


async def test_synthetic_file_hash_matches_its_bytes(graph, world):
    from m365sim.files.quickxor import quick_xor_hash

    site = world.content.add_site("/sites/big", "Big")
    world.content.add_drive(site, synthetic_files=500)
    place = "/sites/contoso.sharepoint.com:/sites/big:/drive"
    item = await graph.json(f"{place}/root:/Folder 00001/Contract 00000006.md")
    content = (await graph.http.get(item["@microsoft.graph.downloadUrl"])).content
    assert len(content) == item["size"]
    assert quick_xor_hash(content) == item["file"]["hashes"]["quickXorHash"]


async def test_mirrored_file_that_vanished_is_not_found(graph, world, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"a")
    drive = world.content.add_drive(world.content.add_site("/sites/m", "M"))
    world.content.mirror(drive, tmp_path)
    url = await address(graph, f"/drives/{drive.id}/root:/a.txt")
    assert (await graph.http.get(url)).content == b"a"
    (tmp_path / "a.txt").unlink()
    assert (await graph.http.get(url)).status_code == 404


async def test_other_addresses_of_the_tenant_host_are_not_modelled(graph, world):
    response = await graph.http.get("https://contoso.sharepoint.com/_vti_bin/x")
    assert response.status_code == 401
    assert f'realm="{world.tenant.id}"' in response.headers["www-authenticate"]
    assert world.faults.traffic.not_modelled["sharepoint", "GET", "/_vti_bin/x"] == 1

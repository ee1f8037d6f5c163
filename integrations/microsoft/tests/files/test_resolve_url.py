"""`resolve-url`: every form in which people copy an address."""

from uuid import UUID

import pytest

from fairlead.errors import ActionFailed, InvalidInput, MissingScope, Rejected
from m365sim.files.ids import guid_of
from m365sim.files.names import quoted

READ = ["Sites.Read.All"]
AWKWARD = "Press/it's #1 (50%) ~ü+&.txt"


@pytest.fixture
def origin(lab):
    lab.act_as("alex", READ)
    return lab.drive.site.web_url.removesuffix("/sites/marketing")


def full(lab, path, drive=None):
    where = lab.where(path, drive)
    item = lab.item(path, drive)
    return {
        "kind": "folder" if item.is_folder else "file",
        **where,
        "name": item.name,
        "path": f"/{path}",
    }


async def resolved(lab, url):
    found = await lab.run("resolve-url", url=url)
    found.pop("webUrl", None)
    return found


async def test_sites_and_libraries(lab, origin):
    site = {"kind": "site", **lab.site(), "name": "Marketing"}
    assert await resolved(lab, f"{origin}/sites/marketing") == site
    assert await resolved(lab, f"{origin}/sites/Marketing/?web=1#top") == site
    for address in (
        f"{origin}/sites/marketing/Shared%20Documents",
        f"{origin}/sites/marketing/Shared Documents/Forms/AllItems.aspx",
        f"{origin}/sites/marketing/shared%20documents/Forms/AllItems.aspx?viewid=1",
    ):
        found = await resolved(lab, address)
        assert found == {"kind": "drive", **lab.library(), "name": "Documents"}
    root = await lab.run("resolve-url", url=f"{origin}/")
    assert (root["kind"], root["siteId"]) == ("site", lab.drive_at("", "Shared Documents").site.id)


async def test_a_site_in_a_site(lab, origin):
    inner = lab.drive_at("/sites/engineering/lab", "Shared Documents")
    url = f"{origin}/sites/engineering/lab"
    assert (await lab.run("resolve-url", url=url))["siteId"] == inner.site.id
    url = f"{url}/Shared%20Documents/Results.csv"
    assert await resolved(lab, url) == full(lab, "Results.csv", inner)


@pytest.mark.parametrize(
    "form",
    [
        "{site}/{library}/{path}",
        "{site}/{library}/{path}?web=1",
        "/:t:/r{site}/{library}/{path}?csf=1&web=1&e=4Hf",
        "{site}/{library}/Forms/AllItems.aspx?id={site}/{library}/{path}&parent=x",
        "{site}/{library}/Forms/AllItems.aspx?RootFolder={site}/{library}/{path}&View=%7B1%7D",
        "{site}/_layouts/15/onedrive.aspx?id={site}/{library}/{path}",
    ],
)
@pytest.mark.parametrize("path", ["Campaigns/2026 Q3", AWKWARD])
async def test_folders_and_files(lab, origin, form, path):
    lab.put(AWKWARD, b"x")
    written = "/".join(
        quoted(name).replace("&", "%26").replace("+", "%2B") for name in path.split("/")
    )
    parts = {"site": "/sites/marketing", "library": "Shared%20Documents", "path": written}
    assert await resolved(lab, origin + form.format(**parts)) == full(lab, path)


@pytest.mark.parametrize(
    "form",
    [
        "_layouts/15/Doc.aspx?sourcedoc=%7B{guid}%7D&file=x.docx&action=default",
        "_layouts/15/WopiFrame.aspx?sourcedoc={guid}",
        "_layouts/15/download.aspx?UniqueId={guid}",
    ],
)
async def test_documents_by_their_id(lab, origin, form):
    specs = lab.drive_at("/sites/engineering", "Specs")
    guid = str(UUID(guid_of(lab.item("Protocol v1.md", specs).uid))).upper()
    url = f"{origin}/sites/engineering/{form.format(guid=guid)}"
    assert await resolved(lab, url) == full(lab, "Protocol v1.md", specs)
    with pytest.raises(ActionFailed) as told:
        await lab.run("resolve-url", url=url.replace(guid[-4:], "0000"))
    assert told.value.code == "url_not_resolved"


async def test_pages_are_files_of_a_library_that_is_hidden(lab, origin):
    pages = lab.drive_at("", "SitePages")
    found = await resolved(lab, f"{origin}/SitePages/Home.aspx")
    assert found == full(lab, "Home.aspx", pages)


async def test_sharing_links(lab, origin):
    lab.act_as("alex")
    asked = {**lab.where("Welcome.md"), "type": "view", "scope": "organization"}
    link = (await lab.run("create-sharing-link", **asked))["link"]["webUrl"]
    assert await resolved(lab, link) == full(lab, "Welcome.md")
    assert [request.method for request in lab.http.requests] == ["GET"]
    lab.act_as("alex", READ)
    assert await resolved(lab, link) == full(lab, "Welcome.md")
    lab.act_as("alex", ["User.Read"])
    with pytest.raises(MissingScope) as told:
        await lab.run("resolve-url", url=link)
    assert told.value.code == "sharing_link_refused"
    assert "Files.ReadWrite.All" in told.value.message


@pytest.mark.parametrize(
    "wrong", ["", "Shared Documents/a.txt", "ftp://x/y", "https://", "http://[x"]
)
async def test_what_is_no_address(lab, wrong):
    with pytest.raises(InvalidInput):
        await lab.run("resolve-url", url=wrong)
    assert lab.http.requests == []


async def test_addresses_that_lead_nowhere(lab, origin):
    for url, code in (
        (f"{origin}/sites/nobody/Shared%20Documents/a.txt", "item_not_found"),
        (f"{origin}/sites/marketing/Shared%20Documents/nothing.txt", "item_not_found"),
        ("https://other.example/sites/marketing", "item_not_found"),
    ):
        with pytest.raises(Rejected) as told:
            await lab.run("resolve-url", url=url)
        assert told.value.code == code
    with pytest.raises(ActionFailed) as failed:
        await lab.run("resolve-url", url=f"{origin}/sites/marketing/Nothing/a.txt")
    assert failed.value.code == "url_not_resolved"


async def test_an_address_of_anothers_drive(lab, origin):
    own = next(d for d in lab.world.content.drives() if d.site.path.startswith("/personal/alex"))
    url = f"{own.site.web_url}/Documents/Notes.txt"
    assert await resolved(lab, url) == full(lab, "Notes.txt", own)

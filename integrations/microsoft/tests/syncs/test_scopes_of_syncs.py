"""The permissions that a sync declares: with them it runs, without one of them it is told which.

The refusal is the platform's own, before anything is sent: see `fairlead_microsoft/granted.py`.
"""

import pytest

from fairlead.errors import MissingScope, Rejected
from fairlead_microsoft import pack
from fairlead_microsoft.clouds import GLOBAL
from fairlead_microsoft.granted import lacking
from m365sim.files.item import SYSTEM
from m365sim.lists.site_pages import SitePages

PACK = pack(GLOBAL)
#: these know nothing of an app alone: they are about a person
PERSONAL = {"user-files"}
CALLERS = [
    (name, is_app)
    for name in sorted(PACK.syncs)
    for is_app in (False, True)
    if not (is_app and name in PERSONAL)
]
SYNCS = pytest.mark.parametrize(
    ("name", "is_app"),
    [pytest.param(n, a, id=f"{n}-{'app' if a else 'user'}") for n, a in CALLERS],
)


def chosen(syncs) -> dict:
    site, drive = syncs.site(), syncs.drive()
    file = next(item for item in drive.walk(drive.root) if not item.is_folder)
    return {
        **{key: [site.id] for key in ("sites", "siteIds", "selectedSites", "sharedSites")},
        "driveIds": [drive.id],
        "drives": [{"siteId": site.id, "driveId": drive.id}],
        "pickedFiles": [{"driveId": drive.id, "id": drive.item_id(file.uid)}],
    }


@SYNCS
async def test_declared_permissions_suffice(syncs, name, is_app):
    scopes = PACK.syncs[name].scopes
    syncs.be_app(scopes) if is_app else syncs.be_user(scopes=scopes)
    named = chosen(syncs)
    pages = SitePages(syncs.world.lists.pages(syncs.site()))
    page = pages.create({"@odata.type": "#microsoft.graph.sitePage", "title": "News"}, SYSTEM)
    pages.publish(page, SYSTEM)
    if name in ("sites", "drive-item-versions", "permissions"):
        del named["sites"]
    ran = await syncs.run(name, named)
    assert ran.is_finished
    assert not ran.skipped
    if name != "subsites":
        assert syncs.live(name)


@SYNCS
async def test_each_is_needed_and_named(syncs, name, is_app):
    scopes = PACK.syncs[name].scopes
    named = chosen(syncs)
    if name in ("sites", "drive-item-versions", "permissions"):
        del named["sites"]
    for missing in scopes:
        held = ["User.Read", *(scope for scope in scopes if scope != missing)]
        syncs.be_app(held) if is_app else syncs.be_user(scopes=held)
        assert lacking({"access_token": syncs.token}, scopes) == [missing]
        # nor would the vendor let it
        with pytest.raises((Rejected, MissingScope)) as told:
            await syncs.run(name, named)
        assert told.value.code in {"access_denied", "missing_scope"}
        assert syncs.live(name) == {}
    syncs.be_app(scopes) if is_app else syncs.be_user(scopes=scopes)
    assert lacking({"access_token": syncs.token}, scopes) == []

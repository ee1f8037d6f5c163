"""What an action tells of its change is, to the letter, what the sync reads of it next."""

from typing import Any

import pytest

from fairlead.model.batch import Batch
from fairlead.sdk.batches import to_stored
from fairlead.sdk.testing import run_action

WRITE = ("Sites.Manage.All", "Files.ReadWrite.All")


class Told:
    """What actions say, put into what a sync holds as the store does."""

    def __init__(self, syncs: Any, sync: str) -> None:
        self._syncs = syncs
        self._table = syncs._tables[sync]
        self.sync = syncs.pack.syncs[sync]
        self.said: list[str] = []

    def _is_its(self, model: Any) -> bool:
        return model in self.sync.models.values()

    async def keeps(self, model: Any, partition: str = "") -> bool:
        return self._is_its(model) and (model.__name__, partition) in self._table._partitions

    async def find(self, model: Any, record_id: str) -> Any:
        found = self._table.live(model.__name__).get(record_id)
        return None if found is None else model.model_validate(found)

    def put(self, record: Any, partition: str = "") -> None:
        if self._is_its(type(record)):
            assert (type(record).__name__, partition) in self._table._partitions
            self._table.apply(to_stored(Batch(upsert=[record], partition=partition), self.sync))
            self.said.append(record.id)

    def delete(self, model: Any, record_id: str, partition: str = "") -> None:
        if self._is_its(model):
            assert record_id in self._table.live()
            self._table.apply(to_stored(Batch(delete=[record_id], partition=partition), self.sync))
            self.said.append(record_id)


async def both_ways(syncs: Any, name: str, metadata: Any, *calls: tuple[str, Any]) -> list[Any]:
    """Sync, act, and sync again: nothing that an action told of is news to the sync."""
    syncs.be_user("alex", WRITE)
    await syncs.run(name, metadata)
    told = Told(syncs, name)
    answers: list[Any] = []
    for action, wanted in calls:
        given = wanted(answers) if callable(wanted) else wanted
        answers.append(await run_action(syncs.pack, action, given, syncs.http, records=told))
        assert len(told.said) == len(answers), action
    before = syncs._tables[name].snapshot()
    await syncs.run(name, metadata)
    changes = list(syncs._tables[name].changes_since(before))
    assert [change.record_id for change in changes if change.record_id in told.said] == [], changes
    return changes


async def test_files_and_folders(syncs):
    drive = syncs.drive()
    where = {"siteId": drive.site.id, "driveId": drive.id}
    item = lambda answers: {**where, "itemId": answers[1]["id"]}  # noqa: E731
    changes = await both_ways(
        syncs,
        "drive-items",
        {"driveIds": [drive.id]},
        ("create-drive-folder", {**where, "parentItemId": "root", "name": "Ä #1"}),
        (
            "upload-drive-item",
            lambda made: {
                **where,
                "parentItemId": made[0]["id"],
                "fileName": "a b.txt",
                "content": "aGVsbG8=",
            },
        ),
        ("update-drive-item", lambda made: {**item(made), "name": "b.txt"}),
        ("update-drive-item", lambda made: {**where, "itemId": made[0]["id"], "name": "New"}),
        (
            "upload-drive-item",
            lambda made: {
                **where,
                "parentItemId": made[0]["id"],
                "fileName": "b.txt",
                "content": "aGVsbG8=aGVsbG8="[:8],
            },
        ),
        ("restore-drive-item-version", lambda made: {**item(made), "versionId": "1.0"}),
        ("delete-drive-item", item),
    )
    assert changes == []


async def test_files_of_ones_own(syncs):
    world = syncs.world
    drive = next(d for d in world.content.drives() if d.site.owner_id and "alex" in d.site.path)
    where = {"siteId": drive.site.id, "driveId": drive.id}
    assert not await both_ways(
        syncs,
        "user-files",
        {},
        ("create-drive-folder", {**where, "parentItemId": "root", "name": "Mine"}),
        ("update-drive-item", lambda a: {**where, "itemId": a[0]["id"], "name": "Ours"}),
        ("delete-drive-item", lambda a: {**where, "itemId": a[0]["id"]}),
    )


async def test_rows(syncs):
    site = syncs.site()
    syncs.be_user("alex", WRITE)
    made = await run_action(
        syncs.pack,
        "create-list",
        {
            "siteId": site.id,
            "displayName": "Books",
            "columns": [{"name": "Pages", "number": {}}, {"name": "Reader", "personOrGroup": {}}],
        },
        syncs.http,
    )
    where = {"siteId": site.id, "listId": made["id"]}
    assert not await both_ways(
        syncs,
        "list-items",
        {"sites": [site.id]},
        ("create-list-item", {**where, "fields": {"Title": "Ulysses", "Pages": 730}}),
        ("create-list-item", {**where, "fields": {"Title": "Emma"}}),
        (
            "update-list-item",
            lambda a: {**where, "itemId": a[0]["id"], "fields": {"Title": "Dubliners"}},
        ),
        ("delete-list-item", lambda a: {**where, "itemId": a[1]["id"]}),
    )


async def test_lists(syncs):
    site = syncs.site()
    where = {"siteId": site.id}
    assert not await both_ways(
        syncs,
        "lists",
        {"site_ids": [site.id]},
        ("create-list", {**where, "displayName": "Books"}),
        ("create-list", {**where, "displayName": "Pens"}),
        ("update-list", lambda a: {**where, "listId": a[0]["id"], "description": "Read."}),
        ("delete-list", lambda a: {**where, "listId": a[1]["id"]}),
    )


async def test_pages(syncs):
    site = syncs.site()
    where = {"siteId": site.id}
    page = {**where, "name": "News.aspx", "title": "News", "pageLayout": "article"}
    assert not await both_ways(
        syncs,
        "site-pages",
        {"selectedSites": [site.id]},
        ("create-site-page", page),
        ("update-site-page", lambda a: {**where, "pageId": a[0]["id"], "title": "Old news"}),
        ("publish-site-page", lambda a: {**where, "pageId": a[0]["id"]}),
        ("create-site-page", {**page, "name": "More.aspx"}),
        ("delete-site-page", lambda a: {**where, "pageId": a[3]["id"]}),
    )


async def test_columns_and_content_types_of_a_site(syncs):
    site = syncs.site()
    where = {"siteId": site.id}
    assert not await both_ways(
        syncs,
        "site-columns",
        {"siteIds": [site.id]},
        ("create-site-column", {**where, "name": "Shelf", "text": {"maxLength": 40}}),
        ("update-site-column", lambda a: {**where, "columnId": a[0]["id"], "description": "x"}),
        ("create-site-column", {**where, "name": "Row", "number": {}}),
        ("delete-site-column", lambda a: {**where, "columnId": a[2]["id"]}),
    )
    assert not await both_ways(
        syncs,
        "content-types",
        {"sites": [site.id]},
        ("create-content-type", {**where, "name": "Novel"}),
        ("create-content-type", {**where, "name": "Poem"}),
        ("delete-content-type", lambda a: {**where, "contentTypeId": a[1]["id"]}),
    )


async def test_columns_of_a_list(syncs):
    site = syncs.site()
    syncs.be_user("alex", WRITE)
    given = {"siteId": site.id, "displayName": "Books"}
    made = await run_action(syncs.pack, "create-list", given, syncs.http)
    where = {"siteId": site.id, "listId": made["id"]}
    column = lambda a: {**where, "columnId": a[0]["id"]}  # noqa: E731
    assert not await both_ways(
        syncs,
        "list-columns",
        {"sites": [site.id]},
        ("create-list-column", {**where, "name": "Pages", "number": {}}),
        (
            "update-list-column",
            lambda a: {**column(a), "columnDefinition": {"description": "How long."}},
        ),
        ("delete-list-column", column),
    )


@pytest.mark.parametrize("action", ["create-list-item", "update-list"])
async def test_nothing_is_read_back_that_no_sync_keeps(syncs, action):
    site = syncs.site()
    syncs.be_user("alex", WRITE)
    given = {"siteId": site.id, "displayName": "Books"}
    made = await run_action(syncs.pack, "create-list", given, syncs.http)
    where = {"siteId": site.id, "listId": made["id"]}
    more = {"create-list-item": {"fields": {"Title": "x"}}, "update-list": {"description": "y"}}
    syncs.http.requests.clear()
    await run_action(syncs.pack, action, {**where, **more[action]}, syncs.http)
    assert len(syncs.http.requests) == 1

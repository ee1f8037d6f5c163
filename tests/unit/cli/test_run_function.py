"""`fairlead run`: against a recording, and as a rehearsal and for real on a stored connection."""

import sys
from contextlib import asynccontextmanager

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from engine_world import KEY
from pydantic import SecretStr

from fairlead.cli import starter_pack
from fairlead.cli.replay_run import replay_run
from fairlead.cli.run_function import Order, run_function
from fairlead.errors import InvalidInput, NotFound
from fairlead.model.clock import SystemClock
from fairlead.model.credentials import ApiKeyCredentials
from fairlead.sdk.testing import Recording
from fairlead.settings import Settings, SettingsInvalid
from fairlead.store import connections, environments, integrations, record_lists
from fairlead.store.database import Database
from fairlead.vault.rows import credentials_row
from fairlead.vault.vault import Vault

API_KEY = "the-key-of-the-customer"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pack as `fairlead init` writes it, with an action that changes something."""
    path = tmp_path_factory.mktemp("own") / "run-trial"
    starter_pack.write("run-trial", path)
    with (path / "run_trial/tasks.py").open("a") as file:
        file.write(
            "\n\n@pack.action(scopes=[], source=DOCS)\n"
            "async def close_task(ctx: Ctx[TasksApi], task_id: str) -> Task:\n"
            '    """Close one task."""\n'
            "    from fairlead.sdk import Request\n"
            "    task = await ctx.api.get(f'/tasks/{task_id}')\n"
            "    body = b'{\"isDone\": true}'\n"
            "    request = Request(method='POST', url=f'/tasks/{task_id}', body=body)\n"
            "    async with await ctx.api._send(request) as answer:\n"
            "        return Task.model_validate(await answer.json())\n"
        )
    before = list(sys.path)
    yield path
    sys.path[:] = before
    for name in [name for name in sys.modules if name.startswith("run_trial")]:
        del sys.modules[name]


class Vendor:
    """The API of the starter pack: a list of pages of changes."""

    def __init__(self):
        self.pages = [{"changed": [{"id": "1", "title": "one"}], "deleted": [], "hasMore": False}]
        self.posts = []
        self.keys = set()
        self.url = ""

    @asynccontextmanager
    async def served(self):
        app = web.Application()
        app.router.add_get("/changes", self.changes)
        app.router.add_get("/tasks/{id}", self.task)
        app.router.add_post("/tasks/{id}", self.task)
        async with TestServer(app) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self

    async def changes(self, request):
        self.keys.add(request.headers["Authorization"])
        number = int(request.query["cursor"] or 0)
        if number >= len(self.pages):
            return web.json_response({"error": "gone"}, status=400)
        return web.json_response({**self.pages[number], "cursor": str(number + 1)})

    async def task(self, request):
        if request.method == "POST":
            self.posts.append(await request.json())
        return web.json_response({"id": request.match_info["id"], "title": "one", "isDone": True})


@pytest.fixture
async def vendor():
    async with Vendor().served() as one:
        yield one


@pytest.fixture
async def settings(sqlite_url, folder, vendor):
    """Settings of a server that knows one connection, `mine`."""
    db, vault, now = await Database.open(sqlite_url), Vault.of(KEY), SystemClock().now()
    async with db.write() as tx:
        environment = await environments.ensure_environment(tx, name="dev", key_hash="0", now=now)
        integration = await integrations.insert(
            tx,
            vault,
            environment_id=environment.id,
            unique_key="trial",
            provider="run-trial",
            display_name="Trial",
            client_id=None,
            client_secret=None,
            scopes=None,
            webhook_secret=None,
            forward_webhooks=True,
            config={},
            custom={},
            now=now,
        )
        credentials = ApiKeyCredentials(api_key=SecretStr(API_KEY))
        row = credentials_row(environment.id, integration.id, "mine")
        await connections.upsert(
            tx,
            environment_id=environment.id,
            integration=integration,
            connection_id="mine",
            sealed=vault.seal_credentials(credentials, row=row),
            connection_config={"baseUrl": vendor.url},
            now=now,
        )
    await db.close()
    return Settings(
        database_url=sqlite_url,
        encryption_key=SecretStr(KEY),
        packs=(str(folder),),
        egress_allow=("127.0.0.1",),
    )


async def titles(settings):
    db = await Database.open(settings.database_url)
    async with db.read() as tx:
        rows = await record_lists.list_records(tx, connection_pk=1, model="Task")
    await db.close()
    return {row.id: row.content["title"] for row in rows if row.deleted_at is None}


async def test_a_starter_runs_without_anything(folder, capsys):
    settings = Settings(packs=(str(folder),))
    order = Order(function="tasks", recording=folder / "tests/recordings/tasks.json")
    assert await run_function(settings, order) == 0
    out = capsys.readouterr().out
    assert '+ Task 3\n    id: "3"\n    isDone: false\n    title: "Connect an account"\n' in out
    assert out.endswith("Task: 2 added, 0 updated, 0 deleted\n(nothing was committed)\n")
    order = Order(function="get-task", recording=folder / "tests/recordings/get-task.json")
    assert await run_function(settings, order) == 0
    assert orjson.loads(capsys.readouterr().out)["title"] == "Run its tests"


async def test_a_rehearsal_shows_what_a_run_then_does(settings, vendor, capsys):
    order = Order(function="tasks", connection="mine", is_dry=True, is_json=True)
    assert await run_function(settings, order) == 0
    shown = orjson.loads(capsys.readouterr().out)
    assert shown["counts"] == {"Task": {"added": 1, "updated": 0, "deleted": 0}}
    assert shown["checkpoint"] == {"from": None, "to": {"cursor": "1"}}
    assert shown["requests"] == 1
    assert await titles(settings) == {}
    assert vendor.keys == {f"Bearer {API_KEY}"}

    assert await run_function(settings, Order(function="tasks", connection="mine")) == 0
    assert capsys.readouterr().out.startswith("Task: 1 added, 0 updated, 0 deleted, 0 unchanged\n")
    assert await titles(settings) == {"1": "one"}

    changed = [{"id": "1", "title": "uno"}, {"id": "2", "title": "two"}]
    vendor.pages.append({"changed": changed, "deleted": [], "hasMore": True})
    vendor.pages.append({"changed": [], "deleted": ["2"], "hasMore": False})
    assert await run_function(settings, Order(**{**vars_of(order), "is_json": False})) == 0
    out = capsys.readouterr().out
    assert out == (
        '~ Task 1\n    title: "one" -> "uno"\nTask: 0 added, 1 updated, 0 deleted\n'
        "(nothing was committed)\n"
    )
    assert await titles(settings) == {"1": "one"}


def vars_of(order):
    return {name: getattr(order, name) for name in order.__dataclass_fields__}


async def test_a_failed_run_is_code_one_and_says_who_must_act(settings, vendor, capsys):
    vendor.pages.clear()
    assert await run_function(settings, Order(function="tasks", connection="mine")) == 1
    out, err = capsys.readouterr()
    assert "failed: run " in out
    assert "failed: provider_rejected: The API answered 400" in err
    assert "(vendor must act)" in err
    order = Order(function="tasks", connection="mine", is_dry=True, is_json=True)
    assert await run_function(settings, order) == 1
    assert orjson.loads(capsys.readouterr().out)["error"]["code"] == "provider_rejected"


async def test_an_action_runs_and_its_rehearsal_changes_nothing(settings, vendor, capsys):
    order = {"function": "close-task", "connection": "mine", "raw_input": '{"taskId": "7"}'}
    assert await run_function(settings, Order(**order, is_dry=True)) == 0
    assert capsys.readouterr().out == 'would send POST /tasks/7\n{"isDone": true}\n'
    assert await run_function(settings, Order(**order, is_dry=True, is_json=True)) == 0
    assert orjson.loads(capsys.readouterr().out)["wouldSend"]["method"] == "POST"
    assert vendor.posts == []
    assert await run_function(settings, Order(**order)) == 0
    assert orjson.loads(capsys.readouterr().out)["isDone"] is True
    assert vendor.posts == [{"isDone": True}]


async def test_a_rehearsal_writes_a_recording_that_runs_offline(settings, vendor, tmp_path, capsys):
    path = tmp_path / "tasks.json"
    order = Order(function="tasks", connection="mine", is_dry=True, record=path)
    assert await run_function(settings, order) == 0
    first = capsys.readouterr().out
    assert API_KEY.encode() not in path.read_bytes()
    assert Recording.read(path.read_bytes()).exchanges[0].url == "/changes?cursor="
    vendor.pages.clear()
    assert await run_function(settings, Order(function="tasks", recording=path)) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    ("order", "kind", "message"),
    [
        ({"connection": None}, SettingsInvalid, "name what it runs on"),
        ({"connection": "other"}, SettingsInvalid, "there is no connection 'other'"),
        ({"integration": "other"}, SettingsInvalid, "no connection 'mine' of 'other'"),
        ({"function": "gone"}, NotFound, "there are: close-task, get-task, tasks"),
        ({"raw_input": "{"}, InvalidInput, "--input is not JSON"),
        ({"raw_input": "@gone.json"}, InvalidInput, "gone.json cannot be read"),
        ({"raw_input": "{}"}, InvalidInput, "taskId: Field required"),
        ({"raw_input": '{"taskId": 7}'}, InvalidInput, "taskId: Input should be a valid string"),
        ({"function": "tasks", "raw_input": "{}"}, InvalidInput, "A sync takes no --input"),
    ],
)
async def test_what_the_caller_can_mend_is_told(settings, order, kind, message):
    given = {"function": "get-task", "connection": "mine", **order}
    with pytest.raises(kind, match=message):
        await run_function(settings, Order(**given))


async def test_recordings_that_do_not_fit_are_told(settings, folder, tmp_path):
    path = folder / "tests/recordings/tasks.json"
    with pytest.raises(InvalidInput, match="is a recording of tasks, not get-task"):
        await run_function(settings, Order(function="get-task", recording=path))
    with pytest.raises(InvalidInput, match="cannot be read"):
        await run_function(settings, Order(function="tasks", recording=tmp_path / "gone"))
    order = Order(function="tasks", connection="mine", record=tmp_path / "x.json")
    with pytest.raises(SettingsInvalid, match="say --dry-run, too"):
        await run_function(settings, order)


async def test_a_failed_run_is_replayed_without_the_vendor(settings, vendor, tmp_path, capsys):
    pages = list(vendor.pages)
    vendor.pages.clear()
    order = Order(function="tasks", connection="mine", is_json=True)
    assert await run_function(settings, order) == 1
    run_id = orjson.loads(capsys.readouterr().out)["id"]
    vendor.pages.extend(pages)
    path = tmp_path / "failed.json"
    assert await replay_run(settings, run_id, save=path, is_json=False) == 0
    out = capsys.readouterr().out
    assert out.startswith("sync tasks, 1 exchanges\nthe same failure: provider_rejected: The API")
    assert Recording.read(path.read_bytes()).failure.code == "provider_rejected"
    assert API_KEY.encode() not in path.read_bytes()
    assert await replay_run(settings, run_id, save=None, is_json=True) == 0
    assert orjson.loads(capsys.readouterr().out)["isSame"] is True
    with pytest.raises(InvalidInput, match="cannot be written"):
        await replay_run(settings, run_id, save=tmp_path / "no" / "where", is_json=False)


async def test_what_has_no_recording_is_told(settings, capsys):
    with pytest.raises(NotFound, match="There is no run 'gone'"):
        await replay_run(settings, "gone", save=None, is_json=False)
    order = Order(function="tasks", connection="mine", is_json=True)
    assert await run_function(settings, order) == 0
    run_id = orjson.loads(capsys.readouterr().out)["id"]
    with pytest.raises(NotFound, match="it succeeded, and only failed ones are recorded"):
        await replay_run(settings, run_id, save=None, is_json=False)

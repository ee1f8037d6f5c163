"""What a type checker makes of an author's code: mypy run on small files."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = '''
from collections.abc import AsyncIterator
from fairlead.sdk import Batch, Checkpoint, Ctx, Metadata, Pack, Record, SyncCtx

class Api:
    def path(self, *segments: str) -> str: return ""

class Thing(Record):
    id: str
    web_url: str | None = None

class Chosen(Metadata):
    drive_ids: list[str] = []

class Place(Checkpoint):
    links: dict[str, str | None] = {}

pack = Pack("vendor", api=lambda send, config: Api())
reveal_type(pack)

@pack.action(scopes=["a"], source="https://vendor.example")
async def read_thing(ctx: Ctx[Api], thing_id: str, only: list[str] | None = None) -> Thing:
    """Read."""
    reveal_type(ctx.api)
    reveal_type(ctx.connection.connection_id)
    return Thing(id=thing_id, web_url=None)

reveal_type(read_thing)

@pack.sync(every="1h", scopes=["a"], source="https://vendor.example")
async def things(ctx: SyncCtx[Api, Chosen, Place]) -> AsyncIterator[Batch[Thing]]:
    """Mirror."""
    reveal_type(ctx.metadata.drive_ids)
    reveal_type(ctx.checkpoint.links)
    batch = Batch(upsert=[Thing(id="1")], checkpoint=ctx.checkpoint)
    reveal_type(batch)
    yield batch

reveal_type(things)
'''

BAD = """
from collections.abc import AsyncIterator
from fairlead.sdk import Batch, Checkpoint, Ctx, Metadata, Pack, Record, SyncCtx

class Api: ...
class Another: ...
class Thing(Record):
    id: str

pack: Pack[Api] = Pack("vendor", api=lambda send, config: Api())

@pack.action(scopes=["a"], source="https://vendor.example")  # E: wrong api
async def wrong_api(ctx: Ctx[Another]) -> Thing:
    return Thing(id="1")

@pack.action(scopes=["a"], source="https://vendor.example")  # E: not async
def not_async(ctx: Ctx[Api]) -> Thing:
    return Thing(id="1")

@pack.sync(every="1h", scopes=["a"], source="https://vendor.example")  # E: not a generator
async def no_batches(ctx: SyncCtx[Api, Metadata, Checkpoint]) -> list[Thing]:
    return []

@pack.action(scopes=["a"])  # E: no source
async def no_source(ctx: Ctx[Api]) -> Thing:
    return Thing(id="1")
"""


def mypy(tmp_path: Path, text: str) -> str:
    module = tmp_path / "author.py"
    module.write_text(text)
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--no-error-summary",
            "--no-incremental",
            "--config-file",
            str(root / "pyproject.toml"),
            str(module),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        timeout=100,
    )
    assert not ran.stderr, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def revealed(tmp_path_factory) -> list[str]:
    said = mypy(tmp_path_factory.mktemp("good"), GOOD)
    assert "error:" not in said, said
    return [text.replace("author.", "") for text in re.findall(r'Revealed type is "(.*)"', said)]


def test_a_pack_knows_its_api(revealed):
    assert revealed[0].endswith("Pack[Api]")


def test_an_action_keeps_its_signature(revealed):
    assert revealed[1] == "Api"
    assert revealed[2].removeprefix("builtins.") == "str"
    kept = revealed[3]
    assert "Ctx[Api]" in kept
    assert "thing_id:" in kept
    assert "only:" in kept
    assert kept.endswith("Awaitable[Thing]")


def test_a_sync_knows_metadata_checkpoint_and_records(revealed):
    assert revealed[4].replace("builtins.", "") == "list[str]"
    assert revealed[5].replace("builtins.", "") == "dict[str, str | None]"
    assert revealed[6].endswith("Batch[Thing]")
    assert "SyncCtx[Api, Chosen, Place]" in revealed[7]
    assert "Batch[Thing]" in revealed[7]


def test_an_authors_mistakes_are_type_errors(tmp_path):
    said = mypy(tmp_path, BAD)
    found = {int(line) for line in re.findall(r"author.py:(\d+): error", said)}
    expected = {number for number, line in enumerate(BAD.splitlines(), start=1) if "# E:" in line}
    assert found == expected, said

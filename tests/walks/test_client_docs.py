"""The code blocks of `docs/client.md` run, one after the other, against the emulated cloud."""

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from fairlead.model.clock import SystemClock
from fairlead.webhooks.standard import standard_signature
from m365sim.files import Actor
from m365sim.files.blob import MemoryBlob

SOMEBODY = Actor("somebody-id", "Somebody", "somebody@contoso.onmicrosoft.com")
PAGE = Path(__file__).resolve().parents[2] / "docs/client.md"
SECRET_KEY = "s3cr3t-key-of-the-walks"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_page_of_the_client(
    walk: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # the page saves files
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIRLEAD_HOST", walk.fairlead.url)
    monkeypatch.setenv("FAIRLEAD_SECRET_KEY", SECRET_KEY)
    await walk.connected()
    drive = walk.drive
    drive.put_file(drive.root, "a.txt", MemoryBlob(b"a"), SOMEBODY)
    await walk.sync()
    body = b'{"type":"sync"}'
    names: dict[str, Any] = {
        "connection_id": "walk",
        "secret": SECRET_KEY,
        "body": body,
        "headers": standard_signature(SECRET_KEY, "evt-1", SystemClock().now(), body),
    }
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 8
    for block in blocks:
        code = compile(block, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if code.co_flags & inspect.CO_COROUTINE:
            await eval(code, names)
        else:
            await asyncio.to_thread(exec, code, names)
    names["fairlead"].close()
    shown = capsys.readouterr().out
    assert "open http" in shown
    assert "ADDED" in shown
    assert "not_found" in shown
    assert "sync\n" in shown
    assert (tmp_path / "items.csv").read_text(encoding="utf-8").startswith("id,driveId,")
    assert "answer 401" not in shown

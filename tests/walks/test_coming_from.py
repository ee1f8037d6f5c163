"""What the page "coming from your own code" says works: a refresh token that is brought goes on."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs/coming-from/your-own-code.md"
SECRET_KEY = "s3cr3t-key-of-the-walks"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_refresh_token_is_brought(walk: Any) -> None:
    await walk.connected()
    asked = {"provider_config_key": "sp", "refresh_token": "true"}
    owned = (await walk.product.get("/connections/walk", params=asked)).json()["credentials"]
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(block.replace('"drives"', '"sp"'), str(PAGE), "exec"), names)
    tokens = {"customer": owned["refresh_token"]}
    made = await asyncio.to_thread(names["bring"], walk.fairlead.url, SECRET_KEY, tokens)
    assert made == ["customer"]
    brought = await walk.product.get("/connections/customer", params={"provider_config_key": "sp"})
    renewed = brought.json()["credentials"]["access_token"]
    assert renewed not in {"over", owned["access_token"]}

"""`fairlead dev` serves the new code once a file of a pack has changed, also after a broken one."""

import asyncio
import os
import signal
import socket
import sys

import aiohttp
import pytest
from engine_world import KEY, until

from fairlead.cli.dev import watched
from fairlead.settings import Settings, SettingsInvalid

SECRET = "the-secret-key-of-this-test"
PACK = """
from fairlead.model.provider import AuthMode, Provider
from fairlead.sdk import Pack
PROVIDER = Provider(name="dev-trial", display_name="{name}", auth_mode=AuthMode.NONE)
pack = Pack("dev-trial", api=lambda send, config: send, providers=[PROVIDER])
"""


def test_without_a_pack_it_says_what_to_do():
    with pytest.raises(SettingsInvalid, match=r"FAIRLEAD_PACKS is not set; .*fairlead init"):
        watched(Settings())


def test_it_watches_packs_and_providers(tmp_path):
    file = tmp_path / "providers.yaml"
    folder = tmp_path / "dev_watched"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    settings = Settings(packs=(str(folder),), providers_file=file)
    assert watched(settings) == [folder, file]


async def test_a_change_is_served_and_a_slip_is_survived(tmp_path):
    folder = tmp_path / "dev_trial"
    folder.mkdir()
    code = folder / "__init__.py"
    code.write_text(PACK.format(name="One"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fairlead.cli", "dev", "--port", str(port)),
        cwd=tmp_path,
        env={
            **kept,
            "FAIRLEAD_PACKS": str(folder),
            "FAIRLEAD_ENCRYPTION_KEY": KEY,
            "FAIRLEAD_SECRET_KEY": SECRET,
            # no leftover of the code before, whatever the clock's grain
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stderr=asyncio.subprocess.PIPE,
    )
    told: list[str] = []

    async def listen() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            told.append(line.decode())  # noqa: PERF401  # as they come

    listening = asyncio.create_task(listen())
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {SECRET}"}) as session:

        async def is_served(name: str) -> bool:
            try:
                url = f"http://127.0.0.1:{port}/providers/dev-trial"
                async with session.get(url) as answer:
                    return (
                        answer.status == 200
                        and (await answer.json())["data"]["display_name"] == name
                    )
            except aiohttp.ClientError:
                return False

        try:
            await until(lambda: is_served("One"), seconds=40)
            code.write_text("pack = (")
            await until(lambda: any("SyntaxError" in line for line in told), seconds=40)
            code.write_text(PACK.format(name="Two"))
            await until(lambda: is_served("Two"), seconds=40)
        finally:
            process.send_signal(signal.SIGINT)
            await process.wait()
            await listening
    assert any("fairlead restarts: __init__.py changed" in line for line in told)
    assert any("open a tunnel" in line for line in told)
    assert not [line for line in told if "Traceback" in line], told

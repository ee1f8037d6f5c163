"""The platform under demonstration: `fairlead serve`, as a process with a database of its own."""

import asyncio
import base64
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from fairlead_microsoft.demo.children import READY_SECONDS, Children
from fairlead_microsoft.demo.failure import StepFailed

HOST = "127.0.0.1"
#: names in the demo's folder
DATABASE = "fairlead.sqlite"
SETTINGS = "fairlead.env"
#: seconds between two looks whether it answers
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Platform:
    """Where it listens and the key of its environment."""

    origin: str
    key: str
    database: Path


def choose_port(wanted: int | None, default: int) -> int:
    """Return the port asked for, else the default one, else (that being taken) any free one."""
    for port in (wanted,) if wanted is not None else (default, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StepFailed(f"port {wanted} is taken; choose another with --port, or leave it out")


async def start_platform(
    children: Children, session: aiohttp.ClientSession, port: int, cloud_file: Path
) -> Platform:
    """Start `fairlead serve` on SQLite with fresh keys, and wait until it answers."""
    database = children.folder / DATABASE
    origin = f"http://{HOST}:{port}"
    key = secrets.token_hex(24)
    env = {
        "FAIRLEAD_DATABASE_URL": f"sqlite:///{database}",
        "FAIRLEAD_ENCRYPTION_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "FAIRLEAD_SECRET_KEY": key,
        "FAIRLEAD_SERVER_URL": origin,
        "FAIRLEAD_MICROSOFT_CLOUD": str(cloud_file),
    }
    _write_settings(children.folder / SETTINGS, env)
    await children.start("fairlead", ["fairlead.cli", "serve", "--port", str(port)], env)
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + READY_SECONDS
    while not await _answers(session, origin):
        children.require_alive()
        if loop.time() > give_up_at:
            raise StepFailed(f"the platform did not answer within {READY_SECONDS:.0f} s")
        await asyncio.sleep(LOOK_SECONDS)
    return Platform(origin, key, database)


def _write_settings(path: Path, env: dict[str, str]) -> None:
    """Write the settings down for whoever keeps the folder: its database opens with them only."""
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}='{value}'\n" for name, value in env.items()))


async def _answers(session: aiohttp.ClientSession, origin: str) -> bool:
    try:
        async with session.get(f"{origin}/health") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False

"""`fairlead serve` and `fairlead worker`: run until a signal, then finish what is under way."""

import asyncio
import gc
import signal
import sys

from fairlead.app import Services, open_services, run, running
from fairlead.settings import Settings, SettingsInvalid

#: where `fairlead serve` listens unless told otherwise
DEFAULT_PORT = 3003


#: exit code: this process is full, start it anew (sysexits.h: temporary failure)
EXIT_FULL = 75


def serve(settings: Settings, host: str, port: int) -> int:
    """Serve and work; SettingsInvalid if something is missing or the port is taken."""
    return run(_serve(settings, host, port))


def work(settings: Settings) -> int:
    """Work without serving; SettingsInvalid on SQLite, which has one process."""
    if settings.is_sqlite:
        raise SettingsInvalid(
            "FAIRLEAD_DATABASE_URL names a SQLite file, and there `fairlead serve` does the work: "
            "one process owns the file. Set it to a postgresql:// URL to run workers."
        )
    return run(_work(settings))


async def _serve(settings: Settings, host: str, port: int) -> int:
    stop = _on_signal()
    async with running(settings, host=host, port=port, may_end=True) as server:
        _settle()
        say(f"fairlead listens on {server.url}")
        say(f"  open      {server.services.settings.server_url}/")
        say(f"  API       {server.services.settings.server_url}/openapi.json")
        say(f"  database  {_database(settings)}")
        await _say_dashboard(server.services)
        return await _until(stop, server.services.engine.exhausted)


async def _say_dashboard(services: Services) -> None:
    url, accounts = services.settings.server_url, services.accounts
    if await accounts.is_new():
        say(f"  set up    {url}/dashboard/set-up?token={accounts.set_up_token()}")
        say("            makes the first account of the dashboard; worth nothing once there is one")
    else:
        say(f"  dashboard {url}/dashboard")


async def _work(settings: Settings) -> int:
    stop = _on_signal()
    async with open_services(settings, work=True, may_end=True) as services:
        _settle()
        say(f"fairlead works on {_database(settings)}")
        return await _until(stop, services.engine.exhausted)


async def _until(stop: asyncio.Event, exhausted: asyncio.Event) -> int:
    """Wait for either; return the exit code."""
    waiting = {asyncio.ensure_future(each.wait()) for each in (stop, exhausted)}
    _, left = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    if exhausted.is_set():
        say("fairlead holds too much memory and stops, to be started anew")
        return EXIT_FULL
    say("fairlead stops")
    return 0


def _settle() -> None:
    """Tell the garbage collector that what is here now stays, and to look less often.

    Modules, schemas and routes are some hundred thousand objects: searched again and again, they
    cost a quarter of the time of a proxied call, and a tenth of a second at once.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def say(text: str) -> None:
    """Print a line for people beside what programs read."""
    print(text, file=sys.stderr, flush=True)


def _database(settings: Settings) -> str:
    """Name the database without the password that a URL may hold."""
    if settings.sqlite_path is not None:
        return f"SQLite, {settings.sqlite_path}"
    scheme, _, rest = settings.database_url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"

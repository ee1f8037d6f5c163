"""What `fairlead config` understands: the settings, as this environment gives them."""

import asyncio
from typing import Any

import typer
from pydantic import SecretStr

from fairlead.cli.remote import Json, as_json, as_table
from fairlead.opening import open_database, vault_of
from fairlead.sdk import load_packs
from fairlead.settings import Settings, SettingsInvalid, load_settings

app = typer.Typer(help="The settings, and whether a server could start.", no_args_is_help=True)


@app.command(epilog="Example: [b]fairlead config show --json[/b]")
def show(json: Json = False) -> None:
    """Print every setting as this environment gives it; of secrets only whether they are set."""
    settings = load_settings()
    rows = [
        {
            "variable": f"FAIRLEAD_{name.upper()}",
            "value": _told(getattr(settings, name)),
            "is_set": name in settings.model_fields_set,
        }
        for name in Settings.model_fields
    ]
    columns = [
        ("variable", lambda one: one["variable"]),
        ("value", lambda one: one["value"]),
        ("", lambda one: "" if one["is_set"] else "default"),
    ]
    as_table(rows, columns, json=json)


@app.command(epilog="Example: [b]fairlead config check && fairlead serve[/b]")
def check(json: Json = False) -> None:
    """Look whether a server could start: settings, keys, packs and the database's schema."""
    settings = load_settings()
    for name, how in (("secret_key", "rand -hex 24"), ("encryption_key", "rand -base64 32")):
        if getattr(settings, name) is None:
            raise SettingsInvalid(
                f"FAIRLEAD_{name.upper()} is not set; make one with: openssl {how}"
            )
    vault_of(settings)
    packs = [pack.name for pack in load_packs().packs]
    asyncio.run(_look(settings))
    if json:
        as_json({"ok": True, "packs": packs})
    else:
        print(f"well: settings, keys, database; packs: {', '.join(packs)}")


async def _look(settings: Settings) -> None:
    # a server makes and upgrades a file of its own, so one that is not there is no trouble
    path = settings.sqlite_path
    if path is None or path.exists():
        async with open_database(settings):
            pass


def _told(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, tuple):
        return [_told(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)

"""What `fairlead records` and `fairlead sync` understand."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fairlead.cli import records
from fairlead.cli.records import Whose
from fairlead.settings import load_settings

app = typer.Typer(help="What syncs brought.", no_args_is_help=True)
sync_app = typer.Typer(help="How syncs stand.", no_args_is_help=True)
checkpoint_app = typer.Typer(help="Where a sync goes on.", no_args_is_help=True)
sync_app.add_typer(checkpoint_app, name="checkpoint")


class Form(StrEnum):
    """Form of an export."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


Connection = Annotated[str, typer.Argument(help="Id of the connection.")]
Sync = Annotated[str, typer.Argument(help="Name of the sync.")]
Integration = Annotated[str, typer.Option(help="Unique key of its integration.")]
Environment = Annotated[str, typer.Option(help="Name of the environment.")]
Variant = Annotated[str, typer.Option(help="Variant of the sync.")]


@app.command(
    epilog="Example: [b]fairlead records export 3f2a... --integration my-app --model DriveItem "
    "--out items.jsonl[/b]"
)
def export(  # noqa: PLR0917  # each is an option of the command line
    connection: Connection,
    integration: Integration,
    model: Annotated[str, typer.Option(help="Name of the model.")],
    variant: Variant = "base",
    format: Annotated[Form, typer.Option(help="Form of the output.")] = Form.JSONL,  # noqa: A002
    out: Annotated[Path | None, typer.Option(help="File to write. Default: printed.")] = None,
    environment: Environment = "dev",
) -> None:
    """Write every live record of a model, as JSON lines, CSV or Parquet."""
    whose = Whose(connection, integration, environment)
    asyncio.run(
        records.export(
            load_settings(), whose, model=model, variant=variant, form=format.value, out=out
        )
    )


@app.command()
def delete(
    connection: Connection,
    integration: Integration,
    model: Annotated[str, typer.Option(help="Name of a model that no sync keeps any more.")],
    variant: Annotated[str | None, typer.Option(help="Only this one. Default: all.")] = None,
    environment: Environment = "dev",
) -> None:
    """Delete the records of a model that no sync keeps any more, for good."""
    whose = Whose(connection, integration, environment)
    asyncio.run(records.delete_stale(load_settings(), whose, model=model, variant=variant))


@checkpoint_app.command()
def show(
    connection: Connection,
    sync: Sync,
    integration: Integration,
    variant: Variant = "base",
    environment: Environment = "dev",
) -> None:
    """Print where a sync goes on, as JSON."""
    whose = Whose(connection, integration, environment)
    asyncio.run(records.show_checkpoint(load_settings(), whose, sync, variant))


@checkpoint_app.command()
def clear(
    connection: Connection,
    sync: Sync,
    integration: Integration,
    variant: Variant = "base",
    environment: Environment = "dev",
) -> None:
    """Let the next run read everything; records stay, and what is not seen again is deleted."""
    whose = Whose(connection, integration, environment)
    asyncio.run(records.clear_checkpoint(load_settings(), whose, sync, variant))

"""What `fairlead credentials` understands."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from fairlead.cli import credentials
from fairlead.cli.credentials import Whose
from fairlead.connect.app_keys import DAYS, MOST_DAYS
from fairlead.settings import load_settings

app = typer.Typer(
    help="Keys and certificates by which your apps prove themselves. Private keys never leave.",
    no_args_is_help=True,
)

Integration = Annotated[str, typer.Argument(help="Unique key of the integration.")]
Key = Annotated[str, typer.Argument(help="Id or thumbprint of the key.")]
Connection = Annotated[
    str | None, typer.Option(help="One connection only. Default: all of the integration.")
]
Environment = Annotated[str, typer.Option(help="Name of the environment.")]
Days = Annotated[int, typer.Option(help="Life of the certificate.", min=1, max=MOST_DAYS)]
Name = Annotated[str, typer.Option(help="Name that the vendor's page shows.")]
Out = Annotated[
    Path | None,
    typer.Option(help="File for the certificate: .pem, or .cer for DER. Default: printed."),
]
Force = Annotated[bool, typer.Option("--force", help="Without asking first.")]


@app.command(
    "new-certificate",
    epilog="Example: [b]fairlead credentials new-certificate my-app --out app.cer[/b]",
)
def new_certificate(  # noqa: PLR0917  # each is an option of the command line
    integration: Integration,
    connection: Connection = None,
    days: Days = DAYS,
    name: Name = "",
    out: Out = None,
    environment: Environment = "dev",
) -> None:
    """Make a key pair: the private key stays here, sealed; the certificate is yours to register."""
    _make(Whose(integration, connection, environment), days, name, out, is_rotation=False)


@app.command(epilog="Example: [b]fairlead credentials rotate my-app --out new.cer[/b]")
def rotate(  # noqa: PLR0917  # each is an option of the command line
    integration: Integration,
    connection: Connection = None,
    days: Days = DAYS,
    name: Name = "",
    out: Out = None,
    environment: Environment = "dev",
) -> None:
    """Make the next key while the old one signs; it takes over when the vendor accepts it."""
    _make(Whose(integration, connection, environment), days, name, out, is_rotation=True)


def _make(whose: Whose, days: int, name: str, out: Path | None, *, is_rotation: bool) -> None:
    asyncio.run(
        credentials.make(
            load_settings(), whose, days=days, name=name, out=out, is_rotation=is_rotation
        )
    )


@app.command("list")
def show(
    integration: Integration, connection: Connection = None, environment: Environment = "dev"
) -> None:
    """List the keys, newest first."""
    asyncio.run(credentials.show(load_settings(), Whose(integration, connection, environment)))


@app.command()
def export(
    integration: Integration, key: Key, out: Out = None, environment: Environment = "dev"
) -> None:
    """Write a key's certificate again."""
    whose = Whose(integration, environment=environment)
    asyncio.run(credentials.export(load_settings(), whose, key, out))


@app.command()
def activate(
    integration: Integration, key: Key, force: Force = False, environment: Environment = "dev"
) -> None:
    """Ask the vendor whether it takes a key, and let it sign if so."""
    whose = Whose(integration, environment=environment)
    asyncio.run(credentials.activate(load_settings(), whose, key, force=force))


@app.command()
def retire(
    integration: Integration, key: Key, force: Force = False, environment: Environment = "dev"
) -> None:
    """Destroy a key's private half."""
    whose = Whose(integration, environment=environment)
    asyncio.run(credentials.retire(load_settings(), whose, key, force=force))

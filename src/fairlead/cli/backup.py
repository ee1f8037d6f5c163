"""`fairlead db backup` and `restore`: of a SQLite file; PostgreSQL has tools of its own."""

from contextlib import closing, nullcontext
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import Progress

from fairlead.engine import sole
from fairlead.errors import CallerError
from fairlead.settings import Settings, load_settings
from fairlead.store import backup as files
from fairlead.store import migrate

File = Annotated[Path, typer.Argument(help="The copy.", dir_okay=False, resolve_path=True)]


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command(epilog="Example: [b]fairlead db backup /var/backups/fairlead.sqlite[/b]")(backup)
    app.command(epilog="Example: [b]fairlead db restore /var/backups/fairlead.sqlite --yes[/b]")(
        restore
    )


def backup(file: File) -> None:
    """Copy the database into a file, while servers run, and check the copy.

    The encryption key is not in it: keep that elsewhere, or the copy opens nothing.
    """
    settings = load_settings()
    source = _sqlite(settings, "pg_dump --format=custom --file", file)
    if not file.parent.is_dir():
        raise CallerError(f"There is no folder {file.parent}.")
    revision = _copied(source, file)
    print(f"{file}: {file.stat().st_size:,} bytes, schema {revision}, checked")


def restore(
    file: File,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask whether you are sure.")
    ] = False,
) -> None:
    """Put a copy in the database's place; no server may run meanwhile."""
    settings = load_settings()
    target = _sqlite(settings, "pg_restore --clean --if-exists --dbname=URL", file)
    if not yes and target.exists():
        typer.confirm(f"Replace {target}?", abort=True)
    lock = sole.lock(target.with_name(target.name + ".lock"))
    with closing(lock) if lock is not None else nullcontext():
        revision = _copied(file, target)
    print(f"{target}: schema {revision}, checked; this version's is {migrate.head()}")


def _copied(source: Path, target: Path) -> str:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"copying {source.name}", total=None)
        return files.copy(
            source, target, lambda done, total: progress.update(task, completed=done, total=total)
        )


def _sqlite(settings: Settings, instead: str, file: Path) -> Path:
    path = settings.sqlite_path
    if path is not None:
        return path
    parts = urlsplit(settings.database_url)
    where = f"host={parts.hostname} port={parts.port or 5432} dbname={parts.path.strip('/')}"
    user = f" user={parts.username}" if parts.username else ""
    command = instead.replace("URL", f"'{where}{user}'")
    given = f"{command} {file}"
    if "--dbname" not in command:
        given += f" '{where}{user}'"
    raise CallerError(
        f"The database is PostgreSQL, which has tools of its own: {given}; then check it with "
        "`fairlead db current` and `fairlead vault status`.",
        code="use_postgresql_tools",
    )

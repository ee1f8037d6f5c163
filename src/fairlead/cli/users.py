"""What `fairlead users` understands: who may sign in to the dashboard."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from fairlead.errors import NotFound
from fairlead.model.clock import SystemClock, new_id
from fairlead.model.person import Person, Role
from fairlead.opening import open_database
from fairlead.people.accounts import Accounts
from fairlead.settings import load_settings

app = typer.Typer(help="People who may sign in to the dashboard.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="E-mail, by which they sign in.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.command(
    epilog="Examples: [b]fairlead users new ada@example.com[/b]; "
    "[b]fairlead users new eve@example.com --role viewer --password-stdin < password[/b]"
)
def new(
    email: Email,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.ADMIN,
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    password_stdin: FromStdin = False,
) -> None:
    """Let somebody sign in; asks for a password of 15 characters or more."""
    password = _password(is_piped=password_stdin)

    async def add(accounts: Accounts) -> None:
        made = await accounts.add(email=email, name=name, role=role, password=password)
        await accounts.note(None, "command line", f"added {made.email} as {made.role.value}")

    _with_accounts(add)
    print(f"{email} may sign in as {role.value}.", file=sys.stderr)


@app.command("list")
def list_() -> None:
    """List who may sign in: e-mail, role, name, when last."""

    async def tell(accounts: Accounts) -> None:
        for each in await accounts.everybody():
            last = f"{each.signed_in_at:%Y-%m-%d %H:%M}" if each.signed_in_at else "never"
            print(f"{each.email}\t{each.role.value}\t{each.name}\t{last}")

    _with_accounts(tell)


@app.command()
def password(email: Email, password_stdin: FromStdin = False) -> None:
    """Give somebody a new password; they are signed out everywhere."""
    fresh = _password(is_piped=password_stdin)

    async def change(accounts: Accounts) -> None:
        person = await _named(accounts, email)
        await accounts.change(person.id, password=fresh)
        await accounts.note(None, "command line", f"gave {person.email} a new password")

    _with_accounts(change)
    print(f"{email} has a new password.", file=sys.stderr)


@app.command()
def remove(email: Email) -> None:
    """Remove somebody, and sign them out everywhere."""

    async def end(accounts: Accounts) -> None:
        person = await _named(accounts, email)
        await accounts.remove(person.id)
        await accounts.note(None, "command line", f"removed {person.email}")

    _with_accounts(end)
    print(f"{email} cannot sign in any more.", file=sys.stderr)


async def _named(accounts: Accounts, email: str) -> Person:
    wanted = email.strip().lower()
    for each in await accounts.everybody():
        if each.email == wanted:
            return each
    raise NotFound(f"There is nobody with the e-mail '{wanted}'.")


def _password(*, is_piped: bool) -> str:
    if is_piped:
        return sys.stdin.readline().rstrip("\r\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked


def _with_accounts(act: Callable[[Accounts], Awaitable[None]]) -> None:
    async def run() -> None:
        settings = load_settings()
        async with open_database(settings) as db:
            await act(Accounts(db, settings, SystemClock(), new_id))

    asyncio.run(run())

"""`up42 balance`: how many credits are left."""

from __future__ import annotations

import click

import up42_facade as up42
from up42_facade.cli.connecting import connected
from up42_facade.cli.output import Output, printed

FIELDS = ("credits",)


@click.command()
@printed
@connected
def balance(out: Output, session: up42.Session) -> None:
    """Show the credits that the account can spend."""
    out.record({"credits": up42.get_balance(session=session).credits}, FIELDS)

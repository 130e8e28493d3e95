"""`up42 auth` and `up42 balance`: the account."""

from __future__ import annotations

import click

import up42_facade as up42
from up42_facade.cli.options import Group, auth_options
from up42_facade.cli.output import Output, output_options

FIELDS = ("api", "region", "workspace_id", "project_id")
BALANCE_FIELDS = ("credits",)


@click.group(cls=Group)
def auth() -> None:
    """Credentials."""


@auth.command()
@output_options
@auth_options
def check(out: Output, session: up42.Session) -> None:
    """Check credentials, region, and network with one request."""
    found = {
        "api": session.hosts.api,
        "region": session.hosts.region,
        "workspace_id": find_workspace(session),
        "project_id": session.project_id,
    }
    out.record(found, FIELDS)


def find_workspace(session: up42.Session) -> str | None:
    """Return the account's workspace; None for the credentials of a project, which has none."""
    try:
        return session.workspace_id
    except up42.ConfigurationError:
        # A project can list its jobs, so this checks its credentials.
        next(up42.get_jobs(session=session), None)
        return None


@click.command()
@output_options
@auth_options
def balance(out: Output, session: up42.Session) -> None:
    """Show the credits that the account can spend."""
    out.record({"credits": up42.get_balance(session=session).credits}, BALANCE_FIELDS)

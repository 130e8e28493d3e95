"""`up42 login-check`: are the credentials right?"""

from __future__ import annotations

import click

import up42_facade as up42
from up42_facade.cli.connecting import connected
from up42_facade.cli.output import Output, printed

FIELDS = ("api", "region", "workspace_id", "project_id")


@click.command("login-check")
@printed
@connected
def login_check(out: Output, session: up42.Session) -> None:
    """Check credentials, region and network with one request."""
    found = {
        "api": session.hosts.api,
        "region": session.hosts.region,
        "workspace_id": workspace_of(session),
        "project_id": session.project_id,
    }
    out.record(found, FIELDS)


def workspace_of(session: up42.Session) -> str | None:
    """Return the account's workspace; None for the credentials of a project, which has none."""
    try:
        return session.workspace_id
    except up42.ConfigurationError:
        # A project shows its jobs, so this asks with its credentials.
        next(up42.get_jobs(session=session), None)
        return None

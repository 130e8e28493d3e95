"""`up42 auth` and `up42 balance`: the account."""

from __future__ import annotations

import os
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.options import Group, account_options, auth_options, prompt_for_credentials
from up42_facade.cli.output import Output, is_interactive, output_options

LOGIN_FIELDS = ("profile", "path")
FIELDS = ("api", "region", "workspace_id", "project_id")
BALANCE_FIELDS = ("credits",)


@click.group(cls=Group)
def auth() -> None:
    """Stored logins, and a check of the credentials."""


@auth.command()
@output_options
@account_options
def login(out: Output, account: dict[str, Any]) -> None:
    """Check a username and password, and store them for later commands.

    They are stored unencrypted in a file that only you can read. --profile names the login, for
    several accounts. Without a terminal, UP42_USERNAME and UP42_PASSWORD are stored.
    """
    from up42_facade.session import DEFAULT_PROFILE, save_login

    if "cfg_file" in account:
        raise click.UsageError("--cfg-file can't be stored: pass it to each command instead.")
    profile = account.pop("profile", None) or os.environ.get("UP42_PROFILE") or DEFAULT_PROFILE
    if not os.environ.get("UP42_PASSWORD") and not is_interactive():
        raise click.UsageError(
            "There is no terminal to ask on: set UP42_USERNAME and UP42_PASSWORD instead."
        )
    account.update(prompt_for_credentials(account))
    with up42.Session(**account) as session:
        find_workspace(session)
        path = save_login(profile, account["username"], account["password"], session.hosts)
    out.record({"profile": profile, "path": str(path)}, LOGIN_FIELDS)


@auth.command()
@output_options
@account_options
def logout(out: Output, account: dict[str, Any]) -> None:
    """Delete a stored login. Without --profile, it's the one named default."""
    from up42_facade.session import DEFAULT_PROFILE, delete_login

    profile = account.get("profile") or os.environ.get("UP42_PROFILE") or DEFAULT_PROFILE
    out.record({"profile": profile, "path": str(delete_login(profile))}, LOGIN_FIELDS)


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

"""Authenticate with what the options, the environment and, at a terminal, the user give."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.messages import is_interactive
from up42_facade.cli.paths import LocalPath

SECRETS = ("UP42_PASSWORD", "UP42_PROJECT_API_KEY")
OPTIONS = (
    click.option(
        "--cfg-file",
        type=LocalPath(dir_okay=False),
        metavar="PATH",
        help="JSON file with username and password.",
    ),
    click.option("--username", metavar="EMAIL", help="Instead of UP42_USERNAME."),
    click.option("--region", metavar="NAME", help="eu or sa, instead of UP42_REGION."),
    click.option("--base-url", metavar="URL", help="Another UP42, instead of UP42_BASE_URL."),
)


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it the options, and a `session` while it runs."""

    @functools.wraps(command)
    def authenticated(
        *arguments: Any,
        cfg_file: Path | None,
        username: str | None,
        region: str | None,
        base_url: str | None,
        **options: Any,
    ) -> None:
        given = {
            "cfg_file": cfg_file,
            "username": username,
            "region": region,
            "base_url": base_url,
        }
        known: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        with up42.Session(**{**known, **asked_for(known)}) as session:
            command(*arguments, session=session, **options)

    wrapped: Callable[..., None] = authenticated
    for option in reversed(OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def asked_for(known: dict[str, Any]) -> dict[str, str]:
    """Ask for what is missing, if somebody can be asked."""
    has_secret = any(os.environ.get(name) for name in SECRETS)
    if "cfg_file" in known or has_secret or not is_interactive():
        return {}
    username = known.get("username") or os.environ.get("UP42_USERNAME")
    if username is None:
        username = click.prompt("E-mail address of the UP42 account", err=True)
    return {
        "username": username,
        "password": click.prompt("Password", hide_input=True, err=True),
    }

"""`up42 sandbox`: a local UP42 to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from up42_facade.cli.errors import CommandError
from up42_facade.cli.options import LocalPath

PORT = click.IntRange(0, 65_535)


@click.command()
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=LocalPath(exists=True, file_okay=False),
    help="Folder whose files the control URL can serve. Repeatable.",
)
@click.option("--port", type=PORT, default=8042, show_default=True, help="Port of the API.")
@click.option(
    "--storage-port", type=PORT, default=0, show_default="any free one", help="Port of the files."
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Clock seconds per second; a job runs for about a minute.",
)
@click.option(
    "--credits",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="Credits at the start.",
)
def sandbox(folders: tuple[Path, ...], **options: Any) -> None:
    """Start a local UP42 to try everything on.

    It behaves like UP42, without an account, network, or credits, until Ctrl-C. It prints how to
    authenticate.
    """
    from up42_sandbox import Sandbox  # noqa: F401 - fails without the extra
    from up42_sandbox.__main__ import main

    arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    if main([*arguments, *(f"--folder={folder}" for folder in folders)]):
        raise CommandError("The sandbox can't be started.")

"""`up42 sandbox`: a local UP42 to try everything on."""

from __future__ import annotations

from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.exit_codes import ExitCode
from up42_facade.cli.messages import CommandError
from up42_facade.cli.paths import LocalPath

EXTRA = "sandbox"
PORT = click.IntRange(0, 65_535)


@click.command()
@click.option(
    "--folder",
    "folders",
    multiple=True,
    type=LocalPath(exists=True, file_okay=False),
    help="Folder whose files may be served, as the control URL asks. Can be repeated.",
)
@click.option("--port", type=PORT, default=8042, show_default=True, help="Port of the API.")
@click.option(
    "--storage-port", type=PORT, default=8043, show_default=True, help="Port of the files."
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
def sandbox(folders: tuple[str, ...], **options: Any) -> None:
    """Start a local UP42 to try everything on.

    It behaves like the real one, without account, network or credits, until Ctrl-C. It prints
    how to authenticate.
    """
    try:
        from up42_sandbox.__main__ import main
        from up42_sandbox.sandbox import Sandbox  # noqa: F401 - tells whether the extra is there
    except ModuleNotFoundError as error:
        raise up42.MissingExtraError("The sandbox", EXTRA) from error
    arguments = [
        part
        for name, value in options.items()
        for part in (f"--{name.replace('_', '-')}", str(value))
    ]
    arguments += [f"--folder={folder}" for folder in folders]
    if main(arguments):
        raise CommandError("The sandbox could not be started.", ExitCode.ERROR)

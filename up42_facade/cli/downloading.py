"""The options of commands that download, and what they print."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click

from up42_facade.cli.output import Output
from up42_facade.cli.records import FILE_FIELDS

OPTIONS = (
    click.option(
        "--assets",
        multiple=True,
        metavar="KEY",
        help="Only assets with this key, role or media type; may be repeated.",
    ),
    click.option("--unpack/--no-unpack", "unpacking", default=True, help="Unpack archives. [yes]"),
    click.option("--overwrite", is_flag=True, help="Fetch also what is there already."),
)


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it the options of `Job.download_results`."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def assets_of(keys: tuple[str, ...]) -> list[str] | None:
    """Return the keys as the package takes them: None for all."""
    return list(keys) or None


def write_paths(out: Output, paths: Mapping[str, Iterable[str]]) -> None:
    """Write the paths of downloaded files: one in each line, or records with their job."""
    records: list[dict[str, Any]] = [
        {"job_id": job_id, "path": path} for job_id, found in paths.items() for path in found
    ]
    out.text("\n".join(record["path"] for record in records), records, FILE_FIELDS)

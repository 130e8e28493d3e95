"""Options and arguments that are paths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class LocalPath(click.Path):
    """A path in which `~` is the home folder, also where no shell replaces it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        home = os.path.expanduser(value)  # noqa: PTH111 - Path's raises for a file named ~draft
        return super().convert(home, param, ctx)
